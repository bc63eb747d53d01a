"""Expression constraints (ECL) asked of a store: listed when they must be, else judged code by code."""

from collections.abc import Collection, Iterator
from functools import cached_property
from typing import Protocol

from terminology import ecl
from terminology.fhir.store import TerminologyStore
from terminology.systems import SNOMED

PAGE = 5000  # codes asked for at once


class Matching(Protocol):
    """The codes an expression means."""

    def __iter__(self) -> Iterator[str]:
        """Each of them, in a fixed order."""

    def __contains__(self, code: object, /) -> bool:
        """Whether a code is one of them."""


class Hierarchy:
    """The SNOMED CT concepts of a store, as expressions see them."""

    def __init__(self, store: TerminologyStore) -> None:
        self._store = store
        self._sets: dict[str, frozenset[str]] = {}

    def has(self, code: str) -> bool:
        """Whether there is such a concept."""
        return self._store.lookup(SNOMED, code) is not None

    def all(self) -> Collection[str]:
        """Every concept."""
        found: list[str] = []
        while page := self._store.codes(SNOMED, len(found), PAGE):
            found += page
        return found

    def parents(self, code: str) -> Collection[str]:
        """What a concept is directly a kind of."""
        return self._store.parents(SNOMED, code)

    def children(self, code: str) -> Collection[str]:
        """What is directly a kind of a concept."""
        return self._store.children(SNOMED, code)

    def ancestors(self, code: str) -> Collection[str]:
        """What a concept is a kind of, without itself."""
        return self._store.ancestors(SNOMED, code)

    def descendants(self, code: str) -> Collection[str]:
        """What is a kind of a concept, without itself."""
        found, waiting = set[str](), [code]
        while waiting:
            fresh = set(self._store.children(SNOMED, waiting.pop())) - found
            found |= fresh
            waiting += fresh
        return found

    def is_a(self, code: str, other: str) -> bool:
        """Whether a concept is a kind of another."""
        return self._store.subsumes(SNOMED, other, code)

    def members(self, set_id: str) -> Collection[str]:
        """What is in a reference set."""
        if set_id not in self._sets:
            self._sets[set_id] = frozenset(self._store.members(SNOMED, set_id))
        return self._sets[set_id]


class Constrained:
    """The codes an expression means: worked out once, and only when they are listed."""

    def __init__(self, expression: ecl.Expression, hierarchy: Hierarchy) -> None:
        self._expression = expression
        self._hierarchy = hierarchy

    @cached_property
    def _listed(self) -> list[str]:
        return sorted(ecl.members(self._expression, self._hierarchy))

    def __iter__(self) -> Iterator[str]:
        return iter(self._listed)

    def __contains__(self, code: object, /) -> bool:
        return isinstance(code, str) and ecl.holds(self._expression, code, self._hierarchy)


def constraint(text: str, store: TerminologyStore) -> Matching:
    """The codes an expression means; TerminologyError when it cannot be read."""
    return Constrained(ecl.parse(text), Hierarchy(store))
