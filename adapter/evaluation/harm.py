"""What is denied, or a relative's, and would be written as an active Condition of the patient.

Told of findings, before any policy of emission: a condition or finding that the run says is there, or is
unsure of, counts as written, although emission leaves out findings that have no code.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from adapter.evaluation import spans
from adapter.evaluation.record import Annotation, Case
from adapter.evaluation.resampling import Counts
from adapter.evaluation.spans import Matched, Pair

NAME = "denied_or_family_active"
KINDS = ("condition", "finding")
ALL = "all"
NOT_THE_PATIENTS = ("negated", "ruled_out", "family")
NOT_ACTIVE = (*NOT_THE_PATIENTS, "other", "hypothetical", "historical", "planned", "stopped", "allergen")


def count(cases: Sequence[Case], matches: Sequence[Matched]) -> Counts:
    """document x (ALL and KINDS, of gold) x (written as active, of how many, the same)."""
    counts = np.zeros((len(cases), 1 + len(KINDS), 3), np.int64)
    for at, (case, match) in enumerate(zip(cases, matches, strict=True)):
        written = {id(gold) for gold, _ in active(case, match)}
        for gold in _concerned(case):
            counts[at, 1 + KINDS.index(gold.kind)] += (id(gold) in written, 1, 1)
    counts[:, 0] = counts[:, 1:].sum(1)
    return counts


def active(case: Case, match: Matched) -> Iterator[Pair]:
    """Each mention of gold that is harmed, with the one of the run that harms it.

    What was taken for another mention of gold harms none that it merely overlaps.
    """
    taken = {id(found): gold for gold, found in match.pairs}
    harmful = [one for one in case.predicted if one.kind in KINDS and not _says(one, NOT_ACTIVE)]
    for gold in _concerned(case):
        near = [one for one in harmful if taken.get(id(one), gold) is gold and spans.overlap(gold, one)]
        if near:
            yield gold, near[0]


def _concerned(case: Case) -> list[Annotation]:
    return [one for one in case.gold if one.kind in KINDS and _says(one, NOT_THE_PATIENTS)]


def _says(one: Annotation, axes: Sequence[str]) -> bool:
    return one.assertion is not None and any(one.assertion.get(axis) for axis in axes)
