"""Expression Constraint Language over a hierarchy: what an expression means, and whether it means a concept.

`holds` never lists what an expression means: it goes from the concept to its neighbours, so that its cost is
that of one concept. Only `>` before brackets makes it look through what is below the concept, each once.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from terminology.ecl_text import Both, Code, Either, Everything, Expression, Members, Related, Without, parse

__all__ = ["Expression", "Hierarchy", "holds", "members", "parse"]


class Hierarchy(Protocol):
    """Concepts of one code system and their reference sets; a concept it has not has no neighbours."""

    def has(self, code: str) -> bool:
        """Whether there is such a concept."""

    def all(self) -> Collection[str]:
        """Every concept."""

    def parents(self, code: str) -> Collection[str]:
        """What a concept is directly a kind of."""

    def children(self, code: str) -> Collection[str]:
        """What is directly a kind of a concept."""

    def ancestors(self, code: str) -> Collection[str]:
        """What a concept is a kind of, without itself."""

    def descendants(self, code: str) -> Collection[str]:
        """What is a kind of a concept, without itself."""

    def is_a(self, code: str, other: str) -> bool:
        """Whether a concept is a kind of another; of itself may be either."""

    def members(self, set_id: str) -> Collection[str]:
        """What is in a reference set; nothing when there is no such set."""


def members(  # noqa: PLR0911 (one for each kind of expression)
    expression: Expression, hierarchy: Hierarchy
) -> frozenset[str]:
    """Every concept that an expression means."""
    match expression:
        case Everything():
            return frozenset(hierarchy.all())
        case Code(code=code):
            return frozenset({code}) if hierarchy.has(code) else frozenset()
        case Related():
            return _related(expression, hierarchy)
        case Members(of=of):
            return frozenset[str]().union(*(hierarchy.members(each) for each in _sets(of, hierarchy)))
        case Both(parts=parts):
            found = members(parts[0], hierarchy)
            for part in parts[1:]:
                found &= members(part, hierarchy)
            return found
        case Either(parts=parts):
            return frozenset[str]().union(*(members(part, hierarchy) for part in parts))
        case Without(of=of, but=but):
            return members(of, hierarchy) - members(but, hierarchy)


def holds(expression: Expression, code: str, hierarchy: Hierarchy) -> bool:
    """Whether an expression means a concept; the same as `code in members(expression, hierarchy)`."""
    return _Judge(hierarchy).holds(expression, code)


def _related(expression: Related, hierarchy: Hierarchy) -> frozenset[str]:
    start = members(expression.of, hierarchy)
    step = hierarchy.children if expression.below else hierarchy.parents
    if expression.near:
        found = frozenset[str]().union(*map(step, start))
    elif isinstance(expression.of, Code):
        reach = hierarchy.descendants if expression.below else hierarchy.ancestors
        found = frozenset[str]().union(*map(reach, start))
    else:
        found = _reached(start, step)
    return found | start if expression.itself else found


def _reached(start: Iterable[str], step: Callable[[str], Collection[str]]) -> frozenset[str]:
    """What one step or more lead to, each concept left once."""
    found, ahead = set[str](), list(start)
    left = set(ahead)
    while ahead:
        reached = step(ahead.pop())
        found.update(reached)
        ahead += [code for code in reached if code not in left]
        left.update(reached)
    return frozenset(found)


def _sets(expression: Expression, hierarchy: Hierarchy) -> frozenset[str]:
    """The reference sets that an expression names; one named by its id need not be a known concept."""
    match expression:
        case Code(code=code):
            return frozenset({code})
        case Either(parts=parts):
            return frozenset[str]().union(*(_sets(part, hierarchy) for part in parts))
        case _:
            return members(expression, hierarchy)


class _Judge:
    """Judges concepts by the parts of one expression, each concept once by each part."""

    def __init__(self, hierarchy: Hierarchy) -> None:
        self._hierarchy = hierarchy
        self._known: dict[tuple[int, str], bool] = {}
        self._sets: dict[int, frozenset[str]] = {}

    def holds(  # noqa: PLR0911 (one for each kind of expression)
        self, expression: Expression, code: str
    ) -> bool:
        """Whether an expression means a concept."""
        match expression:
            case Everything():
                return self._hierarchy.has(code)
            case Code(code=one):
                return code == one and self._hierarchy.has(code)
            case Related():
                return self._once(expression, code)
            case Members(of=of):
                return any(code in self._hierarchy.members(each) for each in self._sets_of(of))
            case Both(parts=parts):
                return all(self.holds(part, code) for part in parts)
            case Either(parts=parts):
                return any(self.holds(part, code) for part in parts)
            case Without(of=of, but=but):
                return self.holds(of, code) and not self.holds(but, code)

    def _sets_of(self, expression: Expression) -> frozenset[str]:
        if id(expression) not in self._sets:
            self._sets[id(expression)] = _sets(expression, self._hierarchy)
        return self._sets[id(expression)]

    def _once(self, expression: Related, code: str) -> bool:
        key = (id(expression), code)
        if key not in self._known:
            own = expression.itself and self.holds(expression.of, code)
            self._known[key] = own or self._related(expression, code)
        return self._known[key]

    def _related(self, expression: Related, code: str) -> bool:
        hierarchy, of = self._hierarchy, expression.of
        if isinstance(of, Code) and not expression.near:
            lower, upper = (code, of.code) if expression.below else (of.code, code)
            return code != of.code and hierarchy.is_a(lower, upper)
        if expression.near or isinstance(of, Everything):
            around = hierarchy.parents if expression.below else hierarchy.children
        else:
            around = hierarchy.ancestors if expression.below else hierarchy.descendants
        return any(self.holds(of, other) for other in around(code))
