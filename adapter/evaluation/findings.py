"""Cases -> everything that is measured of findings, as one value and as JSON.

`figures` gives every figure a name, so that a gate can ask for it: `strict.micro.f1`,
`overlapping.condition.recall`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from adapter.errors import InputError
from adapter.evaluation import resampling, scores, spans
from adapter.evaluation.record import Case
from adapter.evaluation.scores import SEED, Prf, Score, SpanScores

DEFAULT = "strict.micro.f1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What is measured of one run."""

    documents: int
    missing: int  # documents the run said nothing of
    spans: tuple[SpanScores, ...]  # by level


def evaluate(cases: Sequence[Case], *, seed: int = SEED, resamples: int = resampling.RESAMPLES) -> Evaluation:
    """Everything that is measured."""
    counted = spans.count(cases)
    return Evaluation(
        documents=len(cases),
        missing=scores.missing(cases),
        spans=scores.of_spans(counted, seed=seed, resamples=resamples),
    )


def figures(found: Evaluation) -> dict[str, Score]:
    """Every figure by its name."""
    return dict(_figures(found))


def under(found: Evaluation, least: Mapping[str, float]) -> list[str]:
    """The figures that are under what was asked; one that is not known is.

    Raises InputError for a figure that is not measured.
    """
    measured = figures(found)
    for name in least.keys() - measured.keys():
        raise InputError(f"--least: no figure {name} is measured here", path="--least")
    return sorted(name for name, value in least.items() if not measured[name].value >= value)


def _figures(found: Evaluation) -> Iterator[tuple[str, Score]]:
    for level in found.spans:
        for name, prf in {"micro": level.micro, **level.kinds}.items():
            yield from _prf(f"{level.level}.{name}", prf)
        yield from ((f"{level.level}.macro.{name}", one) for name, one in level.macro.items())


def _prf(name: str, prf: Prf) -> Iterator[tuple[str, Score]]:
    yield f"{name}.precision", prf.precision
    yield f"{name}.recall", prf.recall
    yield f"{name}.f1", prf.f1


def as_json(found: Evaluation) -> dict[str, Any]:
    """The evaluation as JSON; a figure that is not known is null."""
    return {
        "documents": found.documents,
        "missing": found.missing,
        "figures": {name: _told(one) for name, one in sorted(figures(found).items())},
    }


def _told(one: Score) -> Mapping[str, float | None]:
    number = scores.number
    return {"value": number(one.value), "low": number(one.interval.low), "high": number(one.interval.high)}
