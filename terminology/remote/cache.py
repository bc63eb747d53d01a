"""A file of answers: for many threads and processes, each entry for a time, the least recently used dropped.

A key is a digest, so that the file holds no question; it is readable by its owner alone.
"""

import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from terminology.errors import TerminologyError

FORMAT = 1
MOST = 256 << 20  # bytes of all values
GRAIN = 60.0  # seconds between notes that an entry was used
BUSY = 5.0  # seconds that another process is waited for
TRIES, PAUSE = 50, 0.05  # at making a file, seconds between them
TABLES = """
CREATE TABLE entry (
  key BLOB PRIMARY KEY, value TEXT NOT NULL, size INTEGER NOT NULL, expires REAL NOT NULL, used REAL NOT NULL
);
CREATE INDEX entry_used ON entry (used);
CREATE INDEX entry_expires ON entry (expires);
CREATE TABLE total (size INTEGER NOT NULL);
INSERT INTO total VALUES (0);
CREATE TRIGGER entry_in AFTER INSERT ON entry BEGIN UPDATE total SET size = size + new.size; END;
CREATE TRIGGER entry_out AFTER DELETE ON entry BEGIN UPDATE total SET size = size - old.size; END;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A value that was kept; it may be None."""

    value: Any


class _Handle:
    """One thread's connection; closed when the thread ends."""

    def __init__(self, path: Path) -> None:
        self.process = os.getpid()
        self.connection = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
        self.connection.execute("PRAGMA synchronous=NORMAL")

    def __del__(self) -> None:
        if hasattr(self, "connection"):
            self.connection.close()


class Cache:
    """Answers in a file, which is made where there is none."""

    def __init__(self, path: Path, *, most: int = MOST, clock: Callable[[], float] = time.time) -> None:
        self._path, self._most, self._clock = path, most, clock
        self._here = threading.local()
        self._closed = False
        self._make()

    def get(self, key: bytes) -> Kept | None:
        """The value of a key, while it may be used."""
        now = self._clock()
        rows = self._run("SELECT value, expires, used FROM entry WHERE key = ?", key)
        if not rows or rows[0][1] <= now:
            return None
        if now - rows[0][2] >= GRAIN:
            self._change(("UPDATE entry SET used = ? WHERE key = ?", (now, key)))
        return Kept(value=json.loads(rows[0][0]))

    def put(self, key: bytes, value: Any, seconds: float) -> None:
        """Keeps a value for a time; what is larger than the whole cache may be is not kept."""
        text, now = json.dumps(value, separators=(",", ":")), self._clock()  # ASCII: any text can be kept
        size = len(text) + len(key)
        changes: list[tuple[str, tuple[Any, ...]]] = [("DELETE FROM entry WHERE key = ?", (key,))]
        if seconds > 0 and size <= self._most:
            row = (key, text, size, now + seconds, now)
            changes.append(("INSERT INTO entry VALUES (?, ?, ?, ?, ?)", row))
        self._change(*changes)

    def clear(self) -> None:
        """Forgets everything."""
        self._change(("DELETE FROM entry", ()))

    def size(self) -> int:
        """Bytes of all values."""
        return int(self._run("SELECT size FROM total")[0][0])

    def close(self) -> None:
        """No more questions; connections of other threads go with their threads or this object."""
        self._closed = True
        self._here = threading.local()

    def _make(self) -> None:
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as error:
            raise TerminologyError(f"{self._path}: cannot be a cache: {error.strerror}") from None
        connection = self._connection()
        for left in reversed(range(TRIES)):
            try:
                return self._fill(connection)
            except sqlite3.Error as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if not left or not isinstance(error, sqlite3.OperationalError):
                    raise self._broken(error) from None
                time.sleep(PAUSE)  # another process makes the same file: not every such lock is waited for

    def _fill(self, connection: sqlite3.Connection) -> None:
        """Makes the tables of a new file; leaves a file of another kind as it is."""
        if self._is_new(connection):
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("BEGIN IMMEDIATE")
            for statement in _statements(TABLES) if self._is_new(connection) else ():
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version={FORMAT}")
            connection.execute("COMMIT")

    def _is_new(self, connection: sqlite3.Connection) -> bool:
        format_ = connection.execute("PRAGMA user_version").fetchone()[0]
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if format_ != FORMAT and (format_ or tables):
            raise TerminologyError(
                f"{self._path}: not a cache of this version; name another file or delete it"
            )
        return not tables

    def _run(self, question: str, *values: Any) -> list[Any]:
        try:
            return self._connection().execute(question, values).fetchall()
        except sqlite3.Error as error:
            raise self._broken(error) from None

    def _change(self, *changes: tuple[str, tuple[Any, ...]]) -> None:
        """Changes the file, and makes room; a file that is busy or full is left as it is."""
        connection = self._connection()
        try:
            connection.execute("BEGIN IMMEDIATE")
            for change, values in changes:
                connection.execute(change, values)
            self._shrink(connection)
            connection.execute("COMMIT")
        except sqlite3.OperationalError:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise self._broken(error) from None

    def _shrink(self, connection: sqlite3.Connection) -> None:
        """Drops what is too old, then what was not used for longest, until the rest fits."""
        if self._over(connection) <= 0:
            return
        connection.execute("DELETE FROM entry WHERE expires <= ?", (self._clock(),))
        over = self._over(connection)
        dropped = list[tuple[int]]()
        for row, size in connection.execute("SELECT rowid, size FROM entry ORDER BY used, rowid"):
            if over <= 0:
                break
            dropped.append((row,))
            over -= size
        connection.executemany("DELETE FROM entry WHERE rowid = ?", dropped)

    def _over(self, connection: sqlite3.Connection) -> int:
        return int(connection.execute("SELECT size FROM total").fetchone()[0]) - self._most

    def _connection(self) -> sqlite3.Connection:
        if self._closed:
            raise TerminologyError(f"{self._path.name}: the cache is closed")
        handle: _Handle | None = getattr(self._here, "handle", None)
        if handle is None or handle.process != os.getpid():
            try:
                handle = self._here.handle = _Handle(self._path)
            except sqlite3.Error as error:
                raise self._broken(error) from None
        return handle.connection

    def _broken(self, error: sqlite3.Error) -> TerminologyError:
        return TerminologyError(f"{self._path}: not a usable cache ({error}); delete it and it is made anew")


def _statements(script: str) -> list[str]:
    found, begun = list[str](), ""
    for line in script.strip().splitlines():
        begun += line + "\n"
        if sqlite3.complete_statement(begun):
            found.append(begun)
            begun = ""
    return found
