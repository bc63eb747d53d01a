"""Cases -> how many mentions were found, by document, level and kind.

Three levels. Strict: same kind, same places. Overlapping: same kind, at least one code point in common, one
to one. Characters: code points of the kind. Each is three counts (hits, wanted, given), so that any set of
documents is scored by adding up.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapter.evaluation.record import Annotation, Case

LEVELS = ("strict", "overlapping", "characters")
Counts = NDArray[np.int64]
Pair = tuple[Annotation, Annotation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """The mentions of a case: gold with predicted, gold that was missed, predicted that nothing is behind."""

    pairs: tuple[Pair, ...]  # gold first
    missed: tuple[Annotation, ...]
    invented: tuple[Annotation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What was found in each document."""

    kinds: tuple[str, ...]
    counts: Counts  # document x level x kind x (hits, wanted, given)


def kinds(cases: Iterable[Case]) -> tuple[str, ...]:
    """Every kind that is wanted or given somewhere, in order."""
    return tuple(sorted({one.kind for case in cases for one in (*case.gold, *case.predicted)}))


def count(cases: Sequence[Case], all_kinds: Sequence[str] | None = None) -> Counted:
    """The counts of every case; kinds outside `all_kinds` are left out."""
    named = kinds(cases) if all_kinds is None else tuple(all_kinds)
    counts = np.zeros((len(cases), len(LEVELS), len(named), 3), np.int64)
    for at, case in enumerate(cases):
        for place, kind in enumerate(named):
            gold = [one for one in case.gold if one.kind == kind]
            predicted = [one for one in case.predicted if one.kind == kind]
            if gold or predicted:
                counts[at, :, place] = [measure(gold, predicted) for measure in MEASURES]
    return Counted(kinds=named, counts=counts)


def matched(gold: Sequence[Annotation], predicted: Sequence[Annotation]) -> Matched:
    """Pairs of the same kind that overlap, one to one: those that are the same first, then the most alike."""
    pairs = _paired(gold, predicted, lambda one, other: one.kind == other.kind)
    true, found = {id(one) for one, _ in pairs}, {id(other) for _, other in pairs}
    return Matched(
        pairs=tuple(pairs),
        missed=tuple(one for one in gold if id(one) not in true),
        invented=tuple(one for one in predicted if id(one) not in found),
    )


def confused(case: Case) -> Iterator[tuple[Annotation | None, Annotation | None]]:
    """Each gold mention with the predicted one it was taken for, of any kind; None: missed or invented."""
    same = matched(case.gold, case.predicted)
    others = _paired(same.missed, same.invented, lambda _one, _other: True)
    yield from same.pairs
    yield from others
    true, found = {id(one) for one, _ in others}, {id(other) for _, other in others}
    yield from ((one, None) for one in same.missed if id(one) not in true)
    yield from ((None, other) for other in same.invented if id(other) not in found)


def overlap(one: Annotation, other: Annotation) -> int:
    """How many code points two annotations have in common."""
    return sum(
        max(0, min(end, last) - max(start, first))
        for start, end in one.places
        for first, last in other.places
    )


def size(one: Annotation) -> int:
    """How many code points an annotation marks."""
    return len(_points([one]))


def _paired(
    gold: Sequence[Annotation],
    predicted: Sequence[Annotation],
    fits: Callable[[Annotation, Annotation], bool],
) -> list[Pair]:
    found = []
    for at, one in enumerate(gold):
        for place, other in enumerate(predicted):
            if one.start < other.end and other.start < one.end and fits(one, other):
                common = overlap(one, other)
                if common:
                    alike = common / (size(one) + size(other) - common)
                    found.append((-alike, one.places, other.places, one.kind, other.kind, at, place))
    pairs: list[tuple[int, int]] = []
    true: set[int] = set()
    taken: set[int] = set()
    for *_, at, place in sorted(found):
        if at not in true and place not in taken:
            true.add(at)
            taken.add(place)
            pairs.append((at, place))
    return [(gold[at], predicted[place]) for at, place in sorted(pairs)]


def _strict(gold: Sequence[Annotation], predicted: Sequence[Annotation]) -> tuple[int, int, int]:
    hits = Counter(one.key for one in gold) & Counter(one.key for one in predicted)
    return hits.total(), len(gold), len(predicted)


def _overlapping(gold: Sequence[Annotation], predicted: Sequence[Annotation]) -> tuple[int, int, int]:
    return len(matched(gold, predicted).pairs), len(gold), len(predicted)


def _characters(gold: Sequence[Annotation], predicted: Sequence[Annotation]) -> tuple[int, int, int]:
    wanted, given = _points(gold), _points(predicted)
    return len(wanted & given), len(wanted), len(given)


def _points(annotations: Iterable[Annotation]) -> set[int]:
    return {at for one in annotations for start, end in one.places for at in range(start, end)}


MEASURES: tuple[Callable[[Sequence[Annotation], Sequence[Annotation]], tuple[int, int, int]], ...] = (
    _strict,
    _overlapping,
    _characters,
)
"""How each of LEVELS is counted."""
