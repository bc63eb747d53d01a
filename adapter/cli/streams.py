"""Line streams: bounded reading, work ahead in order, progress on standard error."""

import io
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, TextIO, TypeVar

In = TypeVar("In")
Out = TypeVar("Out")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of input; `data` is None when it was longer than allowed."""

    number: int  # from 1
    data: bytes | None


@contextmanager
def source(name: str) -> Iterator[BinaryIO]:
    """A file to read, or standard input for "-"."""
    if name == "-":
        yield sys.stdin.buffer
    else:
        with open(name, "rb") as file:
            yield file


@contextmanager
def target(name: str) -> Iterator[TextIO]:
    """A file to write, or standard output for "-"; always UTF-8."""
    if name == "-":
        text = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="\n", write_through=True)
        try:
            yield text
        finally:
            text.detach()
    else:
        with open(name, "w", encoding="utf-8", newline="\n") as file:
            yield file


def lines(file: BinaryIO, most: int) -> Iterator[Line]:
    """The lines that hold anything; of a line over `most` bytes no more than that is ever in memory."""
    number = 0
    while data := file.readline(most + 1):
        number += 1
        if len(data) > most and not data.endswith(b"\n"):
            while (rest := file.readline(1 << 20)) and not rest.endswith(b"\n"):
                pass
            yield Line(number=number, data=None)
        elif data.strip():
            yield Line(number=number, data=data)


def ordered(work: Callable[[In], Out], items: Iterable[In], workers: int) -> Iterator[Out]:
    """The results in the order of the items, with a few items worked on ahead."""
    if workers <= 1:
        yield from map(work, items)
        return
    with ThreadPoolExecutor(workers, thread_name_prefix="line") as pool:
        waiting: deque[Future[Out]] = deque()
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


class Progress:
    """Counts lines on standard error, at most once in two seconds, and once at the end."""

    def __init__(self, what: str, *, quiet: bool, every: float = 2.0, things: str = "lines") -> None:
        self._what, self._quiet, self._every, self._things = what, quiet, every, things
        self._began = self._last = time.monotonic()
        self.done = self.failed = 0

    def count(self, *, failed: bool = False) -> None:
        """One more line."""
        self.done += 1
        self.failed += failed
        now = time.monotonic()
        if now - self._last >= self._every:
            self._last = now
            self._say()

    def end(self) -> None:
        """The final count."""
        self._say()

    def _say(self) -> None:
        if not self._quiet:
            rate = self.done / max(time.monotonic() - self._began, 1e-9)
            told = f"{self.done:,} {self._things}, {rate:,.1f}/s, {self.failed:,} failed"
            sys.stderr.write(f"{self._what}: {told}\n")
            sys.stderr.flush()


def say(text: str) -> None:
    """A message for the person at the terminal."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
