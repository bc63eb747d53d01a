"""Who is signed in through a browser: a row for each, found by the hash of what the browser holds."""

from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from adapter.ledger.database import Transaction
from adapter.ledger.tables import session


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One that is open, or was."""

    seen: str  # instant of the last request, to the minute
    ends: str  # instant after which it is over, used or not
    sealed: str


def add(tx: Transaction, key: str, *, once: str, ends: str, sealed: str) -> bool:
    """Whether it was begun: False when the same sign-in began one before, which may be over by now."""
    row = {"key": key, "once": once, "seen": tx.now, "ends": ends, "sealed": sealed}
    try:
        with tx.connection.begin_nested():
            tx.connection.execute(insert(session).values(**row))
    except IntegrityError:
        return False
    return True


def read(tx: Transaction, key: str) -> Session | None:
    """The session of a key."""
    columns = (session.c.seen, session.c.ends, session.c.sealed)
    row = tx.connection.execute(select(*columns).where(session.c.key == key)).one_or_none()
    return Session(seen=row.seen, ends=row.ends, sealed=row.sealed) if row else None


def touch(tx: Transaction, key: str) -> None:
    """It is in use."""
    tx.connection.execute(update(session).where(session.c.key == key).values(seen=tx.now))


def close(tx: Transaction, key: str) -> None:
    """It is over; that its sign-in was used stays known until the end it would have had."""
    tx.connection.execute(update(session).where(session.c.key == key).values(sealed="", key=_closed(key)))


def forget(tx: Transaction) -> None:
    """What has ended leaves the table."""
    tx.connection.execute(delete(session).where(session.c.ends < tx.now))


def _closed(key: str) -> str:
    """A key no browser's hash can be."""
    return f"-{key[1:]}"
