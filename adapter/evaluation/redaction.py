"""Cases -> how well identifiers are found, and what of them is left to read.

Two questions. Is each identifier found, and taken for what it is: the levels of `spans`. And is it gone when
all that was found is blacked out, whatever it was taken for: `redacted`. A token is a run of letters and
digits; one of which a single character is left counts as left.
"""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np

from adapter.evaluation import resampling, scores, spans
from adapter.evaluation.record import Annotation, Case
from adapter.evaluation.resampling import Counts
from adapter.evaluation.scores import SEED, Prf, Score, SpanScores

ALL = "all"
DEFAULT = "redacted.tokens.all.recall"
MEASURES = ("characters", "tokens", "identifiers", "documents")
"""identifiers: those of which every token is gone; documents: those in which every token of every one is."""
TOKEN = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionEvaluation:
    """What is measured of one run."""

    documents: int
    missing: int  # documents the run said nothing of
    bare: int  # documents without any identifier
    spans: tuple[SpanScores, ...]  # by level
    redacted: Mapping[str, Mapping[str, Prf]]  # by measure, then kind and ALL
    compared: Mapping[str, Counts]  # what two runs are compared by, for each document


def evaluate(
    cases: Sequence[Case], *, seed: int = SEED, resamples: int = resampling.RESAMPLES
) -> RedactionEvaluation:
    """Everything that is measured."""
    counted = spans.count(cases)
    kinds = (ALL, *sorted({one.kind for case in cases for one in case.gold}))
    counts = np.zeros((len(cases), len(kinds), len(MEASURES), 3), np.int64)
    for at, case in enumerate(cases):
        black = _points(case.predicted)
        for place, kind in enumerate(kinds):
            gold = [one for one in case.gold if kind in (ALL, one.kind)]
            counts[at, place] = _counted(case.text, gold, black, precise=kind == ALL)
    return RedactionEvaluation(
        documents=len(cases),
        missing=sum(case.missing for case in cases),
        bare=sum(not case.gold for case in cases),
        spans=scores.of_spans(counted, seed=seed, resamples=resamples),
        redacted={
            measure: scores.by_name(counts[:, :, at], kinds, seed=seed, resamples=resamples)
            for at, measure in enumerate(MEASURES)
        },
        compared=_compared(counted, counts),
    )


def figures(found: RedactionEvaluation) -> dict[str, Score]:
    """Every figure by its name, as `strict.micro.f1` or `redacted.documents.all`."""
    return scores.named_spans(found.spans) | dict(_figures(found.redacted))


def as_json(found: RedactionEvaluation) -> dict[str, Any]:
    """The evaluation as JSON; a figure that is not known is null."""
    return {
        "documents": found.documents,
        "missing": found.missing,
        "without_identifiers": found.bare,
        "left": {
            measure: {kind: one.wanted - int(one.hits) for kind, one in by_kind.items()}
            for measure, by_kind in found.redacted.items()
        },
        "figures": {name: scores.told(one) for name, one in sorted(figures(found).items())},
    }


def left(case: Case) -> list[tuple[Annotation, Annotation | None]]:
    """The identifiers of which something is left to read, each with what of it is blacked out."""
    black = _points(case.predicted)
    found = []
    for one in case.gold:
        if not all(token <= black for token in _tokens(case.text, [one])):
            gone = sorted(_points([one]) & black)
            places = tuple((at, at + 1) for at in gone)
            found.append((one, Annotation(kind=one.kind, places=places) if places else None))
    return found


def _counted(
    text: str, gold: Sequence[Annotation], black: Set[int], *, precise: bool
) -> list[tuple[int, int, int]]:
    """(hits, wanted, given) of each of MEASURES; what was given is known of all kinds together alone."""
    points, tokens = _points(gold), _tokens(text, gold)
    gone = [one for one in tokens if one <= black]
    hidden = [one for one in gold if all(token <= black for token in _tokens(text, [one]))]
    touched = _touched(text, black) if precise else len(gone)
    some = int(bool(gold))
    whole = int(len(gone) == len(tokens)) * some
    return [
        (len(points & black), len(points), len(black) if precise else len(points & black)),
        (len(gone), len(tokens), touched),
        (len(hidden), len(gold), len(hidden)),
        (whole, some, whole),
    ]


def _tokens(text: str, gold: Sequence[Annotation]) -> list[frozenset[int]]:
    """What gold marks of each token, as code points."""
    points = _points(gold)
    if not points:
        return []
    marked = (points.intersection(range(*one.span())) for one in _near(text, min(points), max(points)))
    return [frozenset(one) for one in marked if one]


def _touched(text: str, black: Set[int]) -> int:
    """How many tokens are blacked out, in whole or in part."""
    if not black:
        return 0
    return sum(any(at in black for at in range(*one.span())) for one in _near(text, min(black), max(black)))


def _near(text: str, first: int, last: int) -> Iterator[re.Match[str]]:
    """The tokens from one code point to another, those in which these stand included."""
    while first > 0 and TOKEN.match(text, first - 1):
        first -= 1
    return (one for one in TOKEN.finditer(text, first) if one.start() <= last)


def _points(annotations: Sequence[Annotation]) -> set[int]:
    return {at for one in annotations for start, end in one.places for at in range(start, end)}


def _compared(counted: spans.Counted, counts: Counts) -> dict[str, Counts]:
    found: dict[str, Counts] = {"strict.micro.f1": counted.counts[:, spans.LEVELS.index("strict")].sum(1)}
    for name in ("tokens", "documents"):
        told = counts[:, 0, MEASURES.index(name)].copy()
        told[:, 2] = told[:, 1]  # recall: F1 when as much was given as is wanted
        found[_name(name, ALL, "recall")] = told
    return found


def _figures(redacted: Mapping[str, Mapping[str, Prf]]) -> Iterator[tuple[str, Score]]:
    for measure, by_kind in redacted.items():
        for kind, prf in by_kind.items():
            precise = kind == ALL and measure in ("characters", "tokens")
            for which in scores.PRF if precise else ("recall",):
                yield _name(measure, kind, which), getattr(prf, which)


def _name(measure: str, kind: str, which: str) -> str:
    return f"redacted.{measure}.{kind}" if measure == "documents" else f"redacted.{measure}.{kind}.{which}"
