"""Matched mentions -> how right their codes are.

A question is one code system of one gold mention; any of gold's codes of that system is a right answer. The
answer is the code that was chosen; the candidates that were not chosen only count among the first five.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from adapter.evaluation import calibration
from adapter.evaluation.calibration import Point, Reliability
from adapter.evaluation.record import Annotation, Case, Coded
from adapter.evaluation.resampling import Counts
from adapter.evaluation.spans import Matched
from terminology.systems import CLASSIFICATIONS

Subsumes = Callable[[str, str, str], bool]  # system, ancestor, descendant
FIRST = 5
HALF = 0.5
CATEGORY = 3  # characters of a category of a classification
MEASURES = ("full", "category", "hierarchy", "full_5", "category_5", "whole")
"""full: the code; category: its ICD-10 category; hierarchy: half a hit for a code above or below gold's; _5:
it is among the first five; whole: full, but mentions that were not found count as not coded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A code system of a gold mention, with what was answered."""

    document: int
    system: str
    wanted: frozenset[str]
    answer: Coded | None  # None: none was chosen
    ranked: tuple[str, ...]  # all candidates, the chosen one first
    found: bool  # the mention was matched

    @property
    def right(self) -> bool:
        """Whether the chosen code is gold's."""
        return self.answer is not None and self.answer.code in self.wanted


def questions(cases: Sequence[Case], matches: Sequence[Matched]) -> list[Question]:
    """Every question of every document, in text order."""
    return [
        one
        for at, (case, match) in enumerate(zip(cases, matches, strict=True))
        for one in _questions(at, case, match)
    ]


def count(asked: Sequence[Question], documents: int, subsumes: Subsumes | None = None) -> Counts:
    """document x MEASURES x (hits, wanted, given); without `subsumes` only the same code is credited."""
    counts = np.zeros((documents, len(MEASURES), 3))
    for one in asked:
        counts[one.document] += [_measured(one, name, subsumes) for name in MEASURES]
    return counts


def reliability(asked: Sequence[Question]) -> Reliability | None:
    """The scores of chosen codes against their truth; None where there are none."""
    scored = _scored(asked)
    return calibration.reliability([score for score, _ in scored], [right for _, right in scored])


def abstention(asked: Sequence[Question]) -> tuple[Point, ...]:
    """Accuracy when codes under a score are withheld; coverage is of all questions about matched mentions."""
    scored = _scored(asked)
    total = sum(one.found for one in asked)
    return calibration.abstention([score for score, _ in scored], [right for _, right in scored], total)


def category(system: str, code: str) -> str | None:
    """The three-character category of a code of ICD-10 and its national forms; None for other systems."""
    return code.replace(".", "")[:CATEGORY].upper() if system in CLASSIFICATIONS else None


def _questions(at: int, case: Case, match: Matched) -> Iterator[Question]:
    answers = {id(gold): predicted for gold, predicted in match.pairs}
    for gold in case.gold:
        for system in dict.fromkeys(one.system for one in gold.codes if one.chosen):
            wanted = frozenset(one.code for one in gold.codes if one.chosen and one.system == system)
            yield _question(at, system, wanted, answers.get(id(gold)))


def _question(at: int, system: str, wanted: frozenset[str], predicted: Annotation | None) -> Question:
    given = [one for one in predicted.codes if one.system == system] if predicted is not None else []
    chosen = [one for one in given if one.chosen]
    others = sorted((one for one in given if not one.chosen), key=lambda one: -(one.score or 0))
    return Question(
        document=at,
        system=system,
        wanted=wanted,
        answer=chosen[0] if chosen else None,
        ranked=tuple(dict.fromkeys(one.code for one in (*chosen, *others))),
        found=predicted is not None,
    )


def _measured(one: Question, measure: str, subsumes: Subsumes | None) -> tuple[float, float, float]:
    """Hits, wanted and given of one question."""
    if not one.found:
        return (0, 1, 0) if measure == "whole" else (0, 0, 0)
    if measure.startswith("category") and category(one.system, "") is None:
        return 0, 0, 0
    if measure.endswith("_5"):
        first = one.ranked[:FIRST]
        return float(bool(_like(one, first, measure))), 1, float(bool(first))
    if one.answer is None:
        return 0, 1, 0
    if measure == "hierarchy":
        return _credit(one, one.answer.code, subsumes), 1, 1
    return float(_like(one, (one.answer.code,), measure)), 1, 1


def _like(one: Question, given: Sequence[str], measure: str) -> bool:
    """Whether one of the codes is gold's, or of gold's category."""
    if not measure.startswith("category"):
        return bool(one.wanted.intersection(given))
    wanted = {category(one.system, code) for code in one.wanted}
    return any(category(one.system, code) in wanted for code in given)


def _credit(one: Question, code: str, subsumes: Subsumes | None) -> float:
    if code in one.wanted or subsumes is None:
        return float(code in one.wanted)

    def above(general: str, special: str) -> bool:
        return subsumes(one.system, general, special) or _begins(one.system, general, special)

    near = any(above(code, true) or above(true, code) for true in sorted(one.wanted))
    return HALF if near else 0.0


def _begins(system: str, general: str, special: str) -> bool:
    """Whether a code of a classification is above another by its characters alone, as I48 is above I48.9."""
    short, long = (code.replace(".", "").upper() for code in (general, special))
    return system in CLASSIFICATIONS and len(short) >= CATEGORY and long.startswith(short)


def _scored(asked: Sequence[Question]) -> list[tuple[float, bool]]:
    answers = ((one, one.answer) for one in asked if one.found)
    return [
        (answer.score, one.right)
        for one, answer in answers
        if answer is not None and answer.score is not None
    ]
