"""AuditEvents: appended, read in order, never changed."""

import json
from collections.abc import Iterator

from sqlalchemy import insert, select

from adapter.ledger.database import Transaction
from adapter.ledger.tables import audit
from adapter.model import Resource

PAGE = 500


def append(tx: Transaction, event: Resource) -> None:
    """The event is kept."""
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    tx.connection.execute(insert(audit).values(at=tx.now, content=text))


def every(tx: Transaction, since: str = "", until: str = "~") -> Iterator[Resource]:
    """The events recorded from one instant up to before another, in the order they were written."""
    last = 0
    while True:
        wanted = select(audit).where(audit.c.number > last, audit.c.at >= since, audit.c.at < until)
        rows = tx.connection.execute(wanted.order_by(audit.c.number).limit(PAGE)).all()
        yield from (json.loads(row.content) for row in rows)
        if len(rows) < PAGE:
            return
        last = rows[-1].number
