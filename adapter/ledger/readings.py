"""What was found in each document as it stands, before anybody judged it: one row a document, the newest."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, delete, func, insert, select, update

from adapter.ledger.database import Transaction
from adapter.ledger.tables import current, reading, verdict
from adapter.model import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was found in a document."""

    document: str
    version: int
    risk: float  # of the finding most in doubt that nobody has judged
    open: int  # findings in doubt that nobody has judged
    verdicts: int  # number of the last verdict that took effect
    content: Resource
    at: str = ""  # instant


def keep(tx: Transaction, one: Reading) -> None:
    """The reading stands for its document, unless there is one of a newer version."""
    tx.lock(f"reading/{one.document}")
    known = tx.connection.execute(
        select(reading.c.version).where(reading.c.document == one.document)
    ).scalar()
    if known is not None and known > one.version:
        return
    tx.connection.execute(delete(reading).where(reading.c.document == one.document))
    text = json.dumps(one.content, ensure_ascii=False, separators=(",", ":"))
    own = {"document": one.document, "version": one.version, "at": tx.now, "content": text}
    counted = {"risk": one.risk, "open": one.open, "verdicts": one.verdicts}
    tx.connection.execute(insert(reading).values(own | counted))


def read(tx: Transaction, document: str) -> Reading | None:
    """The reading of a document; None where there is none."""
    row = tx.connection.execute(select(reading).where(reading.c.document == document)).first()
    return _of(row) if row else None


def judged(tx: Transaction, document: str, *, risk: float, open: int) -> None:
    """What is left to judge in a document."""
    tx.connection.execute(update(reading).where(reading.c.document == document).values(risk=risk, open=open))


def forget(tx: Transaction, document: str) -> None:
    """Nothing is to be judged in a document any more."""
    tx.connection.execute(delete(reading).where(reading.c.document == document))


def riskiest(tx: Transaction, limit: int) -> tuple[Reading, ...]:
    """The documents with findings in doubt that nobody has judged, the most in doubt first."""
    wanted = _standing().where(reading.c.open > 0).order_by(reading.c.risk.desc(), reading.c.at)
    return tuple(_of(row) for row in tx.connection.execute(wanted.limit(limit)))


def unsent(tx: Transaction, limit: int) -> tuple[Reading, ...]:
    """The documents with verdicts that have not taken effect."""
    newest = select(func.max(verdict.c.number)).where(verdict.c.document == reading.c.document)
    wanted = _standing().where(newest.scalar_subquery() > reading.c.verdicts).order_by(reading.c.at)
    return tuple(_of(row) for row in tx.connection.execute(wanted.limit(limit)))


def count(tx: Transaction) -> tuple[int, int]:
    """How many documents have findings in doubt that nobody has judged, and how many those are."""
    wanted = _standing(func.count(), func.coalesce(func.sum(reading.c.open), 0)).where(reading.c.open > 0)
    row = tx.connection.execute(wanted).one()
    return int(row[0]), int(row[1])


def _standing(*columns: Any) -> Select[Any]:
    """Readings of documents that are there."""
    chosen: Sequence[Any] = columns or (reading,)
    same = and_(current.c.type == "DocumentReference", current.c.id == reading.c.document)
    return select(*chosen).select_from(reading.join(current, same)).where(current.c.deleted.is_(False))


def _of(row: Row[Any]) -> Reading:
    return Reading(
        document=row.document,
        version=row.version,
        at=row.at,
        risk=row.risk,
        open=row.open,
        verdicts=row.verdicts,
        content=json.loads(row.content),
    )
