"""Read-only connections to a store file: one for each thread and process, none shared."""

import os
import sqlite3
import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from terminology.errors import TerminologyError
from terminology.model import Hit

MOST = 500  # bound values in one question
HIT = "system, code, display, kind, text, language, preferred, source"  # of a term and its concept


class _Handle:
    """One thread's connection; closed when the thread ends."""

    def __init__(self, path: Path) -> None:
        self.process = os.getpid()
        self.connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False
        )
        self.connection.execute("PRAGMA query_only=ON")
        self.connection.execute("PRAGMA mmap_size=1073741824")

    def __del__(self) -> None:
        if hasattr(self, "connection"):
            self.connection.close()


class Reader:
    """Asks a store file, from any thread."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._here = threading.local()
        self._closed = False

    def ask(self, question: str, values: Sequence[Any] = ()) -> list[Any]:
        """Every row of the answer."""
        return self._handle().connection.execute(question, values).fetchall()

    def ask_each(self, question: str, values: Iterable[Any]) -> list[Any]:
        """The rows for many values, where `question` holds `{}` for their placeholders."""
        listed, found = list(values), []
        for start in range(0, len(listed), MOST):
            part = listed[start : start + MOST]
            found += self.ask(question.format(",".join("?" * len(part))), part)
        return found

    def close(self) -> None:
        """No more questions; connections of other threads go with their threads or this object."""
        self._closed = True
        self._here = threading.local()

    def _handle(self) -> _Handle:
        if self._closed:
            raise TerminologyError(f"{self._path.name}: the store is closed")
        handle: _Handle | None = getattr(self._here, "handle", None)
        if handle is None or handle.process != os.getpid():
            handle = self._here.handle = _Handle(self._path)
        return handle


def as_hit(row: Sequence[Any], *, score: float, match: str) -> Hit:
    """A name and its concept, from the columns of `HIT`."""
    system, code, display, kind, term, language, preferred, source = row
    return Hit(
        system=system,
        code=code,
        display=display,
        kind=kind,
        term=term,
        language=language,
        score=score,
        match=match,
        preferred=bool(preferred),
        source=source,
    )
