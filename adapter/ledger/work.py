"""A row for each document version: what is to become of it, and what was derived from it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, func, insert, select, update

from adapter.errors import UnknownResource
from adapter.ledger.database import Transaction
from adapter.ledger.tables import work
from adapter.model import Resource

ACCEPTED, EXTRACTED, FAILED, RETRACTED = "accepted", "extracted", "failed", "retracted"
BATCH, NORMAL = 20, 10  # priorities: the smaller the sooner


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What became of one document version so far."""

    document: str
    version: int
    state: str  # "accepted", "extracted", "failed", "retracted"
    priority: int
    at: str  # when it was accepted, instant
    done: str | None = None
    attempts: int = 0
    hop: int = 0  # which workflow is in charge
    retracts: bool = (
        False  # the document was entered in error: nothing is derived, what was derived is withdrawn
    )
    bundles: Mapping[str, Resource] | None = None  # what was derived, by FHIR version
    outcome: Resource | None = None
    seconds: float | None = None


def add(
    tx: Transaction, document: str, version: int, *, priority: int = NORMAL, retracts: bool = False
) -> None:
    """The document version is to be worked on."""
    tx.connection.execute(
        insert(work).values(
            document=document,
            version=version,
            state=ACCEPTED,
            priority=priority,
            at=tx.now,
            attempts=0,
            hop=0,
            retracts=retracts,
        )
    )


def finish(
    tx: Transaction,
    document: str,
    version: int,
    state: str,
    *,
    bundles: Mapping[str, Resource] | None = None,
    outcome: Resource | None = None,
    seconds: float | None = None,
) -> bool:
    """Whether this is what became of the document version; not when somebody else was done before."""
    values = {"done": tx.now, "bundle": _text(bundles), "outcome": _text(outcome), "seconds": seconds}
    open_one = _one(document, version).where(work.c.state == ACCEPTED)
    return bool(tx.connection.execute(open_one.values(state=state, **values)).rowcount)


def begin(tx: Transaction, document: str, version: int) -> Work:
    """The work, with one attempt more."""
    tx.connection.execute(_one(document, version).values(attempts=work.c.attempts + 1))
    return read(tx, document, version)


def again(tx: Transaction, document: str, version: int) -> Work:
    """A failed document version is accepted anew. Raises UnknownResource."""
    tx.lock(f"work/{document}/{version}")
    if read(tx, document, version).state != FAILED:
        raise UnknownResource("the document version did not fail")
    anew = {"state": ACCEPTED, "attempts": 0, "done": None, "outcome": None}
    tx.connection.execute(_one(document, version).values(**anew, hop=work.c.hop + 1))
    return read(tx, document, version)


def hop(tx: Transaction, one: Work) -> bool:
    """Whether another workflow is in charge from now on; not when something happened since `one` was read."""
    seen = _one(one.document, one.version).where(work.c.state == ACCEPTED, work.c.hop == one.hop)
    return bool(tx.connection.execute(seen.values(hop=one.hop + 1)).rowcount)


def priority(tx: Transaction, document: str, version: int) -> int:
    """How urgent a document version is: the smaller the sooner."""
    wanted = select(work.c.priority).where(work.c.document == document, work.c.version == version)
    found = tx.connection.execute(wanted).scalar()
    return NORMAL if found is None else found


def read(tx: Transaction, document: str, version: int) -> Work:
    """The work of a document version. Raises UnknownResource."""
    wanted = select(work).where(work.c.document == document, work.c.version == version)
    row = tx.connection.execute(wanted).first()
    if row is None:
        raise UnknownResource("there is no work for this document version")
    return _of(row)


def versions(tx: Transaction, document: str) -> tuple[Work, ...]:
    """The work of all versions of a document, oldest first."""
    rows = tx.connection.execute(select(work).where(work.c.document == document).order_by(work.c.version))
    return tuple(_of(row) for row in rows)


def latest(tx: Transaction, document: str) -> int:
    """The newest version of a document that there is work for; 0 when there is none."""
    wanted = select(func.max(work.c.version)).where(work.c.document == document)
    return tx.connection.execute(wanted).scalar() or 0


def waiting(tx: Transaction, before: str | None = None, limit: int = 1_000) -> tuple[Work, ...]:
    """What was accepted (before an instant) and is not done, oldest first."""
    wanted = select(work).where(work.c.state == ACCEPTED).order_by(work.c.at).limit(limit)
    wanted = wanted.where(work.c.at < before) if before else wanted
    return tuple(_of(row) for row in tx.connection.execute(wanted))


def failed(tx: Transaction, limit: int = 1_000) -> tuple[Work, ...]:
    """The document versions that could not be read, oldest first."""
    wanted = select(work).where(work.c.state == FAILED).order_by(work.c.at).limit(limit)
    return tuple(_of(row) for row in tx.connection.execute(wanted))


def counts(tx: Transaction) -> dict[str, int]:
    """How many document versions are in each state."""
    rows = tx.connection.execute(select(work.c.state, func.count()).group_by(work.c.state))
    return {row[0]: row[1] for row in rows}


def oldest(tx: Transaction) -> str | None:
    """When the longest waiting document version was accepted."""
    return tx.connection.execute(select(func.min(work.c.at)).where(work.c.state == ACCEPTED)).scalar()


def _one(document: str, version: int) -> Any:
    return update(work).where(work.c.document == document, work.c.version == version)


def _text(value: object) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _of(row: Row[Any]) -> Work:
    return Work(
        document=row.document,
        version=row.version,
        state=row.state,
        priority=row.priority,
        at=row.at,
        done=row.done,
        attempts=row.attempts,
        hop=row.hop,
        retracts=row.retracts,
        bundles=json.loads(row.bundle) if row.bundle else None,
        outcome=json.loads(row.outcome) if row.outcome else None,
        seconds=row.seconds,
    )
