"""The lines of a fetched file, from a file without a name: gone when it is closed, or the process ends."""

import hashlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

PIECE = 64 * 1024  # bytes of a line that is too long and only passed over
BATCH = 8 * 1024 * 1024  # bytes of lines handed out at once, the last line aside


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some lines, in order."""

    lines: tuple[tuple[int, bytes | None], ...]  # number and content; None for a line that is too long
    last: int  # number of the last line passed, blank ones included
    ended: bool  # there are no more


class Spool:
    """A file of lines on disk, read forwards; going back starts over."""

    def __init__(self, fill: Callable[[BinaryIO], object], *, line: int) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `close`
        self._most, self._passed = line, 0
        try:
            fill(self._file)
            self._file.seek(0)
            self.digest = hashlib.file_digest(self._file, "sha256").hexdigest()
            self._file.seek(0)
        except BaseException:
            self._file.close()
            raise

    def batch(self, after: int, count: int) -> Batch:
        """The lines after a line, `count` at most."""
        self._go(after)
        found: list[tuple[int, bytes | None]] = []
        size = 0
        while len(found) < count and size < BATCH:
            content = self._next()
            if content == b"":
                return Batch(lines=tuple(found), last=self._passed, ended=True)
            if content is None or content.strip():
                found.append((self._passed, content))
                size += len(content or b"")
        return Batch(lines=tuple(found), last=self._passed, ended=False)

    def close(self) -> None:
        """The file is gone."""
        self._file.close()

    def _go(self, after: int) -> None:
        if after < self._passed:
            self._file.seek(0)
            self._passed = 0
        while self._passed < after and self._next() != b"":
            pass

    def _next(self) -> bytes | None:
        """The next line with its end; None when it is too long, empty at the end of the file."""
        content = self._file.readline(self._most + 2)
        if not content:
            return b""
        self._passed += 1
        if len(content.rstrip(b"\r\n")) <= self._most:
            return content
        while content and not content.endswith(b"\n"):
            content = self._file.readline(PIECE)
        return None
