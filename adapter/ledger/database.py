"""The database: opening it, and transactions in which what was read still holds when it is written.

SQLite runs in WAL mode with every commit on disk before the answer (`synchronous = FULL`). The queues have
an engine of their own, whose commits may wait for the next one of the ledger: what a power cut takes from
them is put up again from the ledger.
"""

import hashlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, insert, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from adapter.errors import LedgerError, LedgerUnavailable
from adapter.ledger.tables import FORMAT, METADATA, about

Clock = Callable[[], datetime]

_LOCK = 7_460_093  # of an advisory lock: the one under which tables are made
PATIENCE = 30  # seconds to wait for the one writer of SQLite
_PRAGMAS = ("journal_mode=WAL", f"busy_timeout={PATIENCE * 1000}", "foreign_keys=ON")


def _utc() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """An open transaction and its time."""

    connection: Connection
    moment: datetime

    @property
    def now(self) -> str:
        """The instant of this transaction."""
        return instant(self.moment)

    def lock(self, name: str) -> None:
        """From here on, nobody else holds the lock of this name until the transaction ends.

        SQLite has one writer at a time anyway.
        """
        if self.connection.dialect.name == "postgresql":
            self.connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _number(name)})

    def taken(self, name: str) -> bool:
        """Whether the lock of this name is ours until the transaction ends; nobody waits for it.

        On SQLite there is one process, and this is always true.
        """
        if self.connection.dialect.name != "postgresql":
            return True
        asked = text("SELECT pg_try_advisory_xact_lock(:number)")
        return bool(self.connection.execute(asked, {"number": _number(name)}).scalar())


class Database:
    """An open database. Safe to use from several threads and, with PostgreSQL, several processes."""

    def __init__(self, engine: Engine, clock: Clock = _utc, *, queues: Engine | None = None) -> None:
        self.engine = engine
        self.queues = queues or engine
        self._clock = clock
        self._turn = threading.Lock()  # SQLite's own way of waiting is to sleep and look again

    @property
    def shared(self) -> bool:
        """Whether several processes may work on it."""
        return self.engine.dialect.name == "postgresql"

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """A transaction that only reads; all that it reads is as of one moment."""
        with _told(), self.engine.connect() as connection:
            if self.shared:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            else:
                connection.execute(text("BEGIN"))
            yield Transaction(connection=connection, moment=self._clock())

    @contextmanager
    def writing(self, *, lasting: bool = True) -> Iterator[Transaction]:
        """A transaction that is on disk when the context ends, whole or not at all.

        Without `lasting`, a power cut may undo it, but never without all that was written after it: for what
        is simply done again. The end of the process does not undo it.
        """
        with self._writer(), _told(), (self.engine if lasting else self.queues).begin() as connection:
            if connection.dialect.name == "sqlite":
                connection.execute(text("BEGIN IMMEDIATE"))
            yield Transaction(connection=connection, moment=self._clock())

    @contextmanager
    def _writer(self) -> Iterator[None]:
        """SQLite has one writer at a time: the others of this process wait here, and go on at once."""
        if self.shared:
            yield
            return
        if not self._turn.acquire(timeout=PATIENCE):
            raise LedgerUnavailable
        try:
            yield
        finally:
            self._turn.release()

    def close(self) -> None:
        """No connection is open any more."""
        self.queues.dispose()
        self.engine.dispose()


@contextmanager
def opened(url: str, clock: Clock = _utc) -> Iterator[Database]:
    """The database at an SQLAlchemy URL (`sqlite:///path`, `postgresql+psycopg://...`), its tables made.

    Raises LedgerError when it cannot be used, and never quotes the URL, which may hold a password.
    """
    database = Database(_engine(url), clock, queues=_engine(url, lasting=False))
    try:
        _migrate(database)
        yield database
    finally:
        database.close()


def instant(moment: datetime) -> str:
    """A FHIR instant in UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _number(name: str) -> int:
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)


def _engine(url: str, *, lasting: bool = True) -> Engine:
    """The engine; with `lasting`, a commit is on disk when it is done."""
    try:
        engine = create_engine(url, **_options(url))
    except (ArgumentError, ImportError, ValueError) as error:
        raise LedgerError("the database URL cannot be understood") from error
    if engine.dialect.name not in ("sqlite", "postgresql"):
        raise LedgerError("the database must be SQLite or PostgreSQL")
    prepare = _prepare if engine.dialect.name == "sqlite" else _prepare_shared
    event.listen(engine, "connect", partial(prepare, lasting=lasting))
    return engine


def _options(url: str) -> dict[str, Any]:
    if url.startswith("sqlite"):
        return {"connect_args": {"timeout": PATIENCE}}
    return {"pool_size": 10, "max_overflow": 20, "pool_pre_ping": True}


def _prepare(connection: sqlite3.Connection, _: object, *, lasting: bool) -> None:
    connection.isolation_level = "IMMEDIATE"
    for pragma in (*_PRAGMAS, f"synchronous={'FULL' if lasting else 'NORMAL'}"):
        connection.execute(f"PRAGMA {pragma}")


def _prepare_shared(connection: DBAPIConnection, _: object, *, lasting: bool) -> None:
    if not lasting:
        with closing(connection.cursor()) as cursor:
            cursor.execute("SET synchronous_commit TO off")
        connection.commit()


def _migrate(database: Database) -> None:
    with database.writing() as tx:
        if database.shared:
            tx.connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        METADATA.create_all(tx.connection)
        found = tx.connection.execute(select(about.c.value).where(about.c.key == "format")).scalar()
        if found is None:
            tx.connection.execute(insert(about).values(key="format", value=str(FORMAT)))
        elif found != str(FORMAT):
            raise LedgerError(f"the database has format {found}; this version works with {FORMAT}")


@contextmanager
def _told() -> Iterator[None]:
    """A database that cannot be reached is said to be so, without its address."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise LedgerUnavailable from error
