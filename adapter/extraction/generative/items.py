"""Does a list of an answer still say anything new? Told from its bytes as they are written.

A weak model goes on with items that stand in the list already, until the list is as long as it may be. One
repeated item is no harm: a quote stands for all its places in the note, and equal items become one. Several
in a row are a loop, which ends the list, not the answer.
"""

import re
from dataclasses import dataclass, field

STALE = 3  # items in a row that the list has already
_SIGN = re.compile(rb'["\\{}\[\]]')


@dataclass(slots=True)
class _List:
    depth: int  # open brackets around an item
    seen: set[bytes] = field(default_factory=set)
    begun: int = 0  # where the item that is being written begins
    stale: int = 0


class Items:
    """Follows the lists of objects in one JSON text, piece by piece."""

    def __init__(self) -> None:
        self._text = bytearray()
        self._lists: list[_List] = []
        self._depth = 0
        self._quoted = False
        self._escaped = 0  # bytes at the beginning of the next piece that a backslash stands before

    def follow(self, piece: bytes) -> int | None:
        """How many bytes of the piece end an item after which its list is to end; what follows is not read.

        None where the piece is read whole.
        """
        begun, at = len(self._text), min(self._escaped, len(piece))
        self._escaped -= at
        self._text += piece
        while match := _SIGN.search(piece, at):
            at = match.end()
            if self._quoted:
                at += self._inside(match[0])
                self._escaped = max(0, at - len(piece))
            elif self._outside(match[0], begun + at):
                del self._text[begun + at :]
                return at
        return None

    def _inside(self, sign: bytes) -> int:
        """How many further bytes to pass over in a string."""
        if sign == b'"':
            self._quoted = False
        return sign == b"\\"

    def _outside(self, sign: bytes, end: int) -> bool:
        """Whether an item ended here that was one too many."""
        if sign == b'"':
            self._quoted = True
        elif sign in b"{[":
            self._open(sign, end)
        else:
            return self._close(sign, end)
        return False

    def _open(self, sign: bytes, end: int) -> None:
        self._depth += 1
        if sign == b"[":
            self._lists.append(_List(self._depth))
        elif self._lists and self._lists[-1].depth == self._depth - 1:
            self._lists[-1].begun = end - 1

    def _close(self, sign: bytes, end: int) -> bool:
        self._depth -= 1
        if sign == b"]":
            self._lists.pop()
            return False
        return (
            bool(self._lists) and self._lists[-1].depth == self._depth and self._stale(self._lists[-1], end)
        )

    def _stale(self, items: _List, end: int) -> bool:
        item = bytes(self._text[items.begun : end])
        items.stale = items.stale + 1 if item in items.seen else 0
        items.seen.add(item)
        return items.stale >= STALE
