"""Expected and emitted resources -> pairs that are about the same thing: the most alike first.

Alike means, in this order: the same in all that counts; a code in common; a place of the note in common; the
same words; the same status; the same dates. What is alike in status and dates alone is not paired.
"""

import json
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from itertools import combinations, product
from typing import Any, Final

from adapter.evaluation.resources import Clinical

Key = tuple[Any, ...]
Keys = Callable[[Clinical], Sequence[Any]]

FEATURES: Final[Sequence[tuple[float, Keys]]] = (
    (4, lambda one: sorted(one.code)),
    (2, lambda one: sorted(one.places)),
    (1, lambda one: [one.words] if one.words else []),
    (0.5, lambda one: [one.status]),
    (0.25, lambda one: [one.date]),
)
"""What resources may have in common, each worth more than all that follow it together."""
LEAST: Final = 1
MOST: Final = 1_000_000
"""Comparisons of places that overlap, for one type of resource; with more they are not made."""


class Pairs:
    """Which expected resource is about the same thing as which emitted one, by their positions."""

    def __init__(self, expected: Sequence[Clinical], emitted: Sequence[Clinical]) -> None:
        self.expected, self.emitted = expected, emitted
        self.found: dict[int, int] = {}
        self._taken: set[int] = set()

    def missed(self) -> list[int]:
        """Expected resources that are in no pair."""
        return [at for at in range(len(self.expected)) if at not in self.found]

    def invented(self) -> list[int]:
        """Emitted resources that are in no pair."""
        return [at for at in range(len(self.emitted)) if at not in self._taken]

    def add(self, at: int, place: int) -> None:
        """One more pair."""
        self.found[at] = place
        self._taken.add(place)

    def by(self, keys: Callable[[Clinical], Sequence[Key]]) -> None:
        """Pairs what has a key in common, first come, first served."""
        waiting: dict[Key, deque[int]] = defaultdict(deque)
        for place in self.invented():
            for key in keys(self.emitted[place]):
                waiting[key].append(place)
        for at in self.missed() if waiting else ():
            first = [line[0] for key in keys(self.expected[at]) if (line := self._line(waiting, key))]
            if first:
                self.add(at, min(first))

    def _line(self, waiting: dict[Key, deque[int]], key: Key) -> deque[int]:
        """Who waits for a key and is in no pair yet."""
        line = waiting.get(key) or deque()
        while line and line[0] in self._taken:
            line.popleft()
        return line


def alike(expected: Sequence[Clinical], emitted: Sequence[Clinical]) -> Pairs:
    """The pairs of what is surely about the same thing."""
    pairs = Pairs(expected, emitted)
    pairs.by(lambda one: [(one.type, _canonical(one.cleaned), one.places)])
    for asked in _stages():
        pairs.by(lambda one, asked=asked: _keys(one, asked))  # type: ignore[misc]
    return pairs


def rest(pairs: Pairs) -> None:
    """Pairs, of what is left, what stands on overlapping places, and what has nothing but its type."""
    missed, invented = (
        _by_type(some, whole)
        for some, whole in ((pairs.missed(), pairs.expected), (pairs.invented(), pairs.emitted))
    )
    for kind in missed.keys() & invented.keys():
        if len(missed[kind]) * len(invented[kind]) <= MOST:
            _overlapping(pairs, missed[kind], invented[kind])
    pairs.by(lambda one: [] if one.code or one.words or one.places else [(one.type,)])


def _stages() -> Iterator[Sequence[Keys]]:
    """What must be in common for a pair, the most alike first."""
    some = [one for size in range(1, len(FEATURES) + 1) for one in combinations(FEATURES, size)]
    ranked = sorted(some, key=lambda one: -sum(worth for worth, _ in one))
    yield from ([keys for _, keys in one] for one in ranked if sum(worth for worth, _ in one) >= LEAST)


def _keys(one: Clinical, asked: Sequence[Keys]) -> list[Key]:
    return [(one.type, *key) for key in product(*(keys(one) for keys in asked))]


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _by_type(some: Sequence[int], whole: Sequence[Clinical]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for at in some:
        found[whole[at].type].append(at)
    return found


def _overlapping(pairs: Pairs, missed: Sequence[int], invented: Sequence[int]) -> None:
    """Pairs what stands on the same characters, the longest overlap first."""
    ranked = sorted(
        (-shared, at, place)
        for at in missed
        for place in invented
        if (shared := _shared(pairs.expected[at], pairs.emitted[place])) > 0
    )
    taken: set[int] = set()
    for _, at, place in ranked:
        if at not in pairs.found and place not in taken:
            pairs.add(at, place)
            taken.add(place)


def _shared(one: Clinical, other: Clinical) -> int:
    """How many characters two resources both stand on, at most."""
    spans = ((first, second) for first in _spans(one) for second in _spans(other) if first[0] == second[0])
    return max((min(a[2], b[2]) - max(a[1], b[1]) for a, b in spans), default=0)


def _spans(one: Clinical) -> Iterator[tuple[str, int, int]]:
    for at, length in one.places:
        path, _, offset = at.rpartition(":")
        if offset.isdecimal() and length.isdecimal():
            yield path, int(offset), int(offset) + int(length)
