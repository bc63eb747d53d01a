"""A server's hierarchy of one system, as expression constraints ask it."""

from collections.abc import Callable, Iterable
from typing import Protocol

PAGE = 1000


class Asked(Protocol):
    """What is asked of a store."""

    def active(self, system: str, code: str) -> bool:
        """Whether there is this code, and it is active."""

    def codes(self, system: str, start: int, count: int) -> list[str]:
        """A stretch of a system's codes."""

    def parents(self, system: str, code: str) -> list[str]:
        """The codes directly above."""

    def children(self, system: str, code: str) -> list[str]:
        """The codes directly below."""

    def ancestors(self, system: str, code: str) -> list[str]:
        """The codes above."""

    def descendants(self, system: str, code: str) -> list[str]:
        """The codes below."""

    def subsumes(self, system: str, ancestor: str, descendant: str) -> bool:
        """Whether one code is another or below it."""

    def members(self, system: str, set_id: str) -> list[str]:
        """The codes of a reference set."""


class RemoteHierarchy:
    """One system's hierarchy by code."""

    def __init__(self, store: Asked, system: str) -> None:
        self._store, self._system = store, system

    def has(self, code: str) -> bool:
        """Whether the system has this code, and it is active."""
        return self._store.active(self._system, code)

    def all(self) -> list[str]:
        """Every active code, each looked up: for small systems."""
        found = list[str]()
        while page := self._store.codes(self._system, len(found), PAGE):
            found += page
        return [code for code in found if self.has(code)]

    def parents(self, code: str) -> list[str]:
        """The codes directly above."""
        return self._store.parents(self._system, code)

    def children(self, code: str) -> list[str]:
        """The codes directly below."""
        return self._store.children(self._system, code)

    def ancestors(self, code: str) -> list[str]:
        """The codes above."""
        return self._store.ancestors(self._system, code)

    def descendants(self, code: str) -> list[str]:
        """The codes below."""
        return self._store.descendants(self._system, code)

    def is_a(self, code: str, other: str) -> bool:
        """Whether a code is another or below it."""
        return self._store.subsumes(self._system, other, code)

    def members(self, set_id: str) -> list[str]:
        """The codes of a reference set."""
        return self._store.members(self._system, set_id)


def reached(start: str, step: Callable[[str], Iterable[str]]) -> set[str]:
    """What one step or more lead to, without the start."""
    found, waiting = set[str](), [start]
    while waiting:
        fresh = set(step(waiting.pop())) - found - {start}
        found |= fresh
        waiting += fresh
    return found
