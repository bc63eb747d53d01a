"""A row for each document version and target: what was sent, and what the target said.

waiting -> sending -> sent
                   -> waiting   worth trying again
                   -> dead      refused or given up; somebody may ask for it again or discard it
waiting -> superseded           a newer version of the document is sent instead
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Update, func, insert, select, update

from adapter.errors import PreconditionFailed, UnknownResource
from adapter.ledger.database import Transaction
from adapter.ledger.tables import attempt, delivery
from adapter.model import Resource

WAITING, SENDING, SENT, DEAD, DISCARDED, SUPERSEDED = (
    "waiting",
    "sending",
    "sent",
    "dead",
    "discarded",
    "superseded",
)
STATES = (WAITING, SENDING, SENT, DEAD, DISCARDED, SUPERSEDED)
ENDED = (SENT, DEAD, DISCARDED, SUPERSEDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came of one attempt at a delivery, or of a decision about it."""

    version: int
    target: str
    at: str  # instant
    state: str  # of the delivery since
    due: str | None = None  # when it was to be tried again
    outcome: Resource | None = None  # OperationOutcome of a failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where the delivery of one document version to one target stands."""

    document: str
    version: int
    target: str
    state: str
    hop: int  # which workflow of the chain is in charge
    attempts: int
    at: str  # of the last change, instant
    due: str | None = None  # when it is tried again
    outcome: Resource | None = None  # OperationOutcome of the last failure
    receipt: Resource | None = None

    @property
    def reached(self) -> bool:
        """Whether something may have arrived at the target."""
        return self.state in (SENT, SENDING) or self.attempts > 0


def plan(tx: Transaction, document: str, version: int, targets: Iterable[str]) -> None:
    """The document version is to be delivered to these targets; what is planned already stays as it is."""
    known = {one.target for one in of(tx, document, version)}
    for target in targets:
        if target not in known:
            tx.connection.execute(
                insert(delivery).values(
                    document=document,
                    version=version,
                    target=target,
                    state=WAITING,
                    hop=0,
                    attempts=0,
                    at=tx.now,
                )
            )


def read(tx: Transaction, document: str, version: int, target: str) -> Delivery:
    """One delivery. Raises UnknownResource."""
    row = tx.connection.execute(
        select(delivery).where(
            delivery.c.document == document, delivery.c.version == version, delivery.c.target == target
        )
    ).first()
    if row is None:
        raise UnknownResource("there is no such delivery")
    return _of(row)


def of(tx: Transaction, document: str, version: int | None = None) -> tuple[Delivery, ...]:
    """The deliveries of a document, or of one version of it."""
    wanted = select(delivery).where(delivery.c.document == document)
    wanted = wanted.where(delivery.c.version == version) if version is not None else wanted
    rows = tx.connection.execute(wanted.order_by(delivery.c.version, delivery.c.target))
    return tuple(_of(row) for row in rows)


def mark(tx: Transaction, one: Delivery, state: str, **values: Any) -> None:
    """The delivery is in this state from now on; `values` are other columns, JSON ones as objects."""
    for name in ("outcome", "receipt"):
        if values.get(name) is not None:
            values[name] = json.dumps(values[name], ensure_ascii=False, separators=(",", ":"))
    tx.connection.execute(_one(one).values(state=state, at=tx.now, **values))
    if state in ENDED or values.get("outcome"):
        _noted(tx, one, state, due=values.get("due"), outcome=values.get("outcome"))


def attempts(tx: Transaction, document: str, limit: int = 1_000) -> tuple[Attempt, ...]:
    """What came of the attempts at the deliveries of a document, and decisions on them, newest first."""
    wanted = select(attempt).where(attempt.c.document == document).order_by(attempt.c.number.desc())
    return tuple(
        Attempt(
            version=row.version,
            target=row.target,
            at=row.at,
            state=row.state,
            due=row.due,
            outcome=json.loads(row.outcome) if row.outcome else None,
        )
        for row in tx.connection.execute(wanted.limit(limit))
    )


def again(tx: Transaction, document: str, version: int, target: str) -> Delivery:
    """A dead or discarded delivery waits again, with a new workflow in charge."""
    found = _locked(tx, document, version, target)
    return _decided(tx, found, (DEAD, DISCARDED), WAITING)


def discard(tx: Transaction, document: str, version: int, target: str) -> Delivery:
    """A dead delivery is given up for good."""
    found = _locked(tx, document, version, target)
    return _decided(tx, found, (DEAD,), DISCARDED)


def hop(tx: Transaction, one: Delivery) -> bool:
    """Whether another workflow is in charge from now on; not when something happened since `one` was read."""
    seen = _one(one).where(delivery.c.state == one.state, delivery.c.state.in_((WAITING, SENDING)))
    seen = seen.where(delivery.c.hop == one.hop, delivery.c.attempts == one.attempts)
    return bool(
        tx.connection.execute(seen.values(state=WAITING, hop=one.hop + 1, at=tx.now, due=None)).rowcount
    )


def listed(
    tx: Transaction, states: Sequence[str], *, target: str | None = None, limit: int = 1_000
) -> tuple[Delivery, ...]:
    """The deliveries in these states, oldest first."""
    wanted = select(delivery).where(delivery.c.state.in_(states))
    wanted = wanted.where(delivery.c.target == target) if target else wanted
    rows = tx.connection.execute(wanted.order_by(delivery.c.at, delivery.c.document).limit(limit))
    return tuple(_of(row) for row in rows)


def count(tx: Transaction, state: str, target: str) -> int:
    """How many deliveries to a target are in a state."""
    wanted = select(func.count()).where(delivery.c.state == state, delivery.c.target == target)
    return tx.connection.execute(wanted).scalar_one()


def counts(tx: Transaction) -> dict[tuple[str, str], int]:
    """How many deliveries each target has in each state."""
    rows = tx.connection.execute(
        select(delivery.c.target, delivery.c.state, func.count()).group_by(
            delivery.c.target, delivery.c.state
        )
    )
    return {(row[0], row[1]): row[2] for row in rows}


def _one(one: Delivery) -> Update:
    return update(delivery).where(
        delivery.c.document == one.document,
        delivery.c.version == one.version,
        delivery.c.target == one.target,
    )


def _locked(tx: Transaction, document: str, version: int, target: str) -> Delivery:
    tx.lock(f"delivery/{document}/{version}/{target}")
    return read(tx, document, version, target)


def _decided(tx: Transaction, found: Delivery, allowed: Sequence[str], state: str) -> Delivery:
    if found.state not in allowed:
        raise PreconditionFailed(f"the delivery is {found.state}")
    mark(tx, found, state, hop=found.hop + 1, attempts=0, due=None)
    if state == WAITING:
        _noted(tx, found, state)
    return read(tx, found.document, found.version, found.target)


def _noted(
    tx: Transaction, one: Delivery, state: str, *, due: str | None = None, outcome: str | None = None
) -> None:
    own = {"document": one.document, "version": one.version, "target": one.target}
    told = {"at": tx.now, "state": state, "due": due, "outcome": outcome}
    tx.connection.execute(insert(attempt).values(**own, **told))


def _of(row: Row[Any]) -> Delivery:
    return Delivery(
        document=row.document,
        version=row.version,
        target=row.target,
        state=row.state,
        hop=row.hop,
        attempts=row.attempts,
        at=row.at,
        due=row.due,
        outcome=json.loads(row.outcome) if row.outcome else None,
        receipt=json.loads(row.receipt) if row.receipt else None,
    )
