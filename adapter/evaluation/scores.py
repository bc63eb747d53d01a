"""Counts -> precision, recall and F1 with their intervals, as values that a report and a gate read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapter.errors import InputError
from adapter.evaluation import resampling, spans
from adapter.evaluation.resampling import Counts, Figure, Floats, Interval

SEED = 1234
PRF: dict[str, Figure] = {
    "precision": resampling.precision,
    "recall": resampling.recall,
    "f1": resampling.f1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One figure, with its interval."""

    value: float  # NaN: not known
    interval: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Prf:
    """Precision, recall and F1 of something, with the counts they are made of."""

    precision: Score
    recall: Score
    f1: Score
    hits: float  # whole numbers, but for half hits of codes
    wanted: int
    given: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanScores:
    """How well mentions are found, on one level."""

    level: str
    micro: Prf
    macro: dict[str, Score]  # by precision, recall, f1
    kinds: dict[str, Prf]


def of_spans(
    counted: spans.Counted, *, seed: int = SEED, resamples: int = resampling.RESAMPLES
) -> tuple[SpanScores, ...]:
    """The scores of each level."""
    total = counted.counts.sum(0).astype(float)
    sums = resampling.resampled(counted.counts, seed=seed, resamples=resamples)
    return tuple(
        SpanScores(
            level=level,
            micro=prf(total[at].sum(0), sums[:, at].sum(1)),
            macro={name: score(resampling.macro(one), total[at], sums[:, at]) for name, one in PRF.items()},
            kinds={
                kind: prf(total[at, place], sums[:, at, place]) for place, kind in enumerate(counted.kinds)
            },
        )
        for at, level in enumerate(spans.LEVELS)
    )


def by_name(
    counts: Counts,
    names: Sequence[str],
    *,
    figures: Mapping[str, Figure] = PRF,
    seed: int = SEED,
    resamples: int = resampling.RESAMPLES,
) -> dict[str, Prf]:
    """The scores of several things; `counts` is document x thing x (hits, wanted, given)."""
    total = counts.sum(0).astype(float)
    sums = resampling.resampled(counts, seed=seed, resamples=resamples)
    return {name: prf(total[at], sums[:, at], figures) for at, name in enumerate(names)}


def prf(total: Floats, sums: Floats, figures: Mapping[str, Figure] = PRF) -> Prf:
    """The scores of one thing, of its counts and those of the resamples."""
    scores = {name: score(figure, total, sums) for name, figure in figures.items()}
    return Prf(**scores, hits=float(total[0]), wanted=int(total[1]), given=int(total[2]))


def score(figure: Figure, total: Floats, sums: Floats) -> Score:
    """A figure of some counts, with its interval over those of the resamples."""
    return Score(value=float(figure(total)), interval=resampling.between(figure(sums)))


def named(name: str, prf: Prf) -> dict[str, Score]:
    """Precision, recall and F1 by their names."""
    return {f"{name}.{which}": getattr(prf, which) for which in PRF}


def named_spans(levels: Sequence[SpanScores]) -> dict[str, Score]:
    """Every figure of spans by its name, as `strict.micro.f1`."""
    found: dict[str, Score] = {}
    for level in levels:
        for name, prf in {"micro": level.micro, **level.kinds}.items():
            found |= named(f"{level.level}.{name}", prf)
        found |= {f"{level.level}.macro.{which}": one for which, one in level.macro.items()}
    return found


def under(measured: Mapping[str, Score], least: Mapping[str, float]) -> list[str]:
    """The figures that are under what was asked; one that is not known is.

    Raises InputError for a figure that is not measured.
    """
    for name in least.keys() - measured.keys():
        raise InputError(f"--least: no figure {name} is measured here", path="--least")
    return sorted(name for name, value in least.items() if not measured[name].value >= value)


def over(measured: Mapping[str, Score], most: Mapping[str, float]) -> list[str]:
    """The figures that are over what may be; one that is not known is.

    Raises InputError for a figure that is not measured.
    """
    for name in most.keys() - measured.keys():
        raise InputError(f"--most: no figure {name} is measured here", path="--most")
    return sorted(name for name, value in most.items() if not measured[name].value <= value)


def told(one: Score) -> dict[str, float | None]:
    """A figure and its interval as JSON."""
    low, high = one.interval.low, one.interval.high
    return {"value": number(one.value), "low": number(low), "high": number(high)}


def number(value: float) -> float | None:
    """A figure as JSON has it: null where it is not known."""
    return None if math.isnan(value) else round(value, 6)
