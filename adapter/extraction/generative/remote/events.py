"""Bytes of a stream -> the data of its events, each bounded.

https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

LONGEST: Final = 4 * 1024 * 1024  # bytes of one line, and of the data of one event
_BREAK = re.compile(rb"\r\n|\n|\r")


class BrokenStream(Exception):
    """The stream is no stream of events."""


def data(chunks: Iterable[bytes]) -> Iterator[str]:
    """The data of each event that is complete; an event that repeats the id before it is left out.

    Raises BrokenStream for what is no UTF-8 or too long.
    """
    parts: list[str] = []
    size, seen, current = 0, "", ""
    for line in _lines(chunks):
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if line == "":
            if parts and not (current and current == seen):
                yield "\n".join(parts)
            parts, size, seen, current = [], 0, current or seen, ""
        elif name == "data":
            size += len(value)
            if size > LONGEST:
                raise BrokenStream
            parts.append(value)
        elif name == "id":
            current = value


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    begun: list[bytes] = []  # parts of the line that is not over yet
    size, held, first = 0, b"", True
    for chunk in chunks:
        come = held + chunk
        held = come[-1:] if come.endswith(b"\r") else b""  # it may be the first half of \r\n
        *ends, rest = _BREAK.split(come[: len(come) - len(held)])
        for end in ends:
            yield _text(b"".join((*begun, end)), first)
            begun, size, first = [], 0, False
        begun.append(rest)
        size += len(rest)
        if size > LONGEST:
            raise BrokenStream
    if held:
        yield _text(b"".join(begun), first)


def _text(line: bytes, first: bool) -> str:
    try:
        return line.decode("utf-8-sig" if first else "utf-8")
    except UnicodeDecodeError:
        raise BrokenStream from None
