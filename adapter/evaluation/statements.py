"""Matched mentions -> how well what is said of them is told: assertions by axis, details by kind."""

from collections.abc import Sequence

import numpy as np

from adapter.evaluation import spans
from adapter.evaluation.record import AXES, Annotation
from adapter.evaluation.resampling import Counts
from adapter.evaluation.spans import Matched, Pair

ALL = "all"
EXACT = "exact"
"""The name under which mentions count of which every axis is right."""


def axes(matches: Sequence[Matched]) -> Counts:
    """document x (AXES and EXACT) x (hits, wanted, given), of pairs whose gold tells an assertion.

    A hit is an axis that is true in both.
    """
    counts = np.zeros((len(matches), len(AXES) + 1, 3), np.int64)
    for at, one in enumerate(matches):
        for pair in one.pairs:
            if pair[0].assertion is not None:
                counts[at] += _axes(pair)
    return counts


def wrong_axes(pair: Pair) -> tuple[str, ...]:
    """The axes in which a prediction says something else than gold; none where gold says nothing."""
    if pair[0].assertion is None:
        return ()
    return tuple(axis for axis in AXES if _flag(pair[0], axis) != _flag(pair[1], axis))


def detail_kinds(matches: Sequence[Matched]) -> tuple[str, ...]:
    """The kinds of the details in gold, in order."""
    pairs = (pair for one in matches for pair in one.pairs)
    return tuple(sorted({detail.kind for gold, _ in pairs for detail in gold.details}))


def hosts(matches: Sequence[Matched]) -> tuple[str, ...]:
    """The kinds of the mentions in gold that details hang on, in order."""
    pairs = (pair for one in matches for pair in one.pairs)
    return tuple(sorted({gold.kind for gold, _ in pairs if gold.details}))


def details(matches: Sequence[Matched], kinds: Sequence[str], on: Sequence[str] = ()) -> Counts:
    """document x (ALL, kinds, and kinds of the mention `on` which they hang) x (hits, wanted, given).

    Details that hang on the mention they belong to: a hit has the same kind and overlaps. Only matched
    mentions count: what was missed is in the span scores.
    """
    counts = np.zeros((len(matches), 1 + len(kinds) + len(on), 3), np.int64)
    for at, one in enumerate(matches):
        for gold, predicted in one.pairs:
            places = [0, *(1 + len(kinds) + nth for nth, kind in enumerate(on) if kind == gold.kind)]
            for place, kind in enumerate(kinds, start=1):
                wanted, given = _marks(gold, kind), _marks(predicted, kind)
                found = (len(spans.matched(wanted, given).pairs), len(wanted), len(given))
                counts[at, [*places, place]] += found
    return counts


def _axes(pair: Pair) -> Counts:
    flags = [(_flag(pair[0], axis), _flag(pair[1], axis)) for axis in AXES]
    rows = [(wanted and given, wanted, given) for wanted, given in flags]
    return np.asarray([*rows, (not wrong_axes(pair), True, True)], np.int64)


def _flag(one: Annotation, axis: str) -> bool:
    """Whether an axis is true; what was ruled out is negated, whether or not that is said too."""
    said = one.assertion or {}
    return said.get(axis, False) or (axis == "negated" and said.get("ruled_out", False))


def _marks(one: Annotation, kind: str) -> list[Annotation]:
    return [Annotation(kind=kind, places=((d.start, d.end),)) for d in one.details if d.kind == kind]
