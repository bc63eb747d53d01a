"""Counts of documents -> precision, recall, F1, their intervals, and whether two runs differ.

Counts are (hits, wanted, given) on the last axis. A share of nothing is NaN: not known, neither good nor bad.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64] | NDArray[np.float64]
Floats = NDArray[np.float64]
Figure = Callable[[Floats], Floats]  # added-up counts, any leading axes -> a figure for each
RESAMPLES = 1000
SHUFFLES = 10_000
LEVEL = 0.95
CELLS = 4_000_000  # numbers held at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Where a figure lies in 95 of 100 sets of such documents."""

    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How two runs on the same documents differ in a figure."""

    first: float
    second: float
    interval: Interval  # of first - second
    p: float  # chance of a difference as large if both runs were equally good

    @property
    def value(self) -> float:
        """How much better the first is."""
        return self.first - self.second


def precision(counts: Floats) -> Floats:
    """The share of what was given that is right; 0 where nothing was given of something that is there."""
    return _known(counts, share(counts[..., 0], np.maximum(counts[..., 2], 1)))


def recall(counts: Floats) -> Floats:
    """The share of what was wanted that was found; 0 where only what is not there was given."""
    return _known(counts, share(counts[..., 0], np.maximum(counts[..., 1], 1)))


def when_given(counts: Floats) -> Floats:
    """The share of what was given that is right, not known where nothing was."""
    return share(counts[..., 0], counts[..., 2])


def f1(counts: Floats) -> Floats:
    """The harmonic mean of both."""
    return share(2 * counts[..., 0], counts[..., 1] + counts[..., 2])


def share(part: Floats, whole: Floats) -> Floats:
    """`part` of `whole`, NaN where there is nothing."""
    empty = np.full(np.broadcast(part, whole).shape, np.nan)
    np.divide(part, whole, out=empty, where=np.asarray(whole) > 0)
    return empty


def _known(counts: Floats, values: Floats) -> Floats:
    return np.where(counts[..., 1] + counts[..., 2] > 0, values, np.nan)


def macro(figure: Figure) -> Figure:
    """The mean of a figure over the kinds (second to last axis) of which there is something."""

    def mean(counts: Floats) -> Floats:
        each = figure(counts)
        known = ~np.isnan(each)
        return share(np.where(known, each, 0).sum(-1), known.sum(-1).astype(float))

    return mean


def difference(
    first: Counts,
    second: Counts,
    figure: Figure,
    *,
    seed: int,
    shuffles: int = SHUFFLES,
    resamples: int = RESAMPLES,
) -> Difference:
    """How a figure of two runs differs; `p` by approximate randomisation over documents."""
    one, other = first.sum(0).astype(float), second.sum(0).astype(float)
    seen = float(figure(one) - figure(other))
    gap = _flat(second - first)
    as_large = 0
    for drawn in _drawn(len(first), shuffles, seed):
        moved = (drawn @ gap).reshape(len(drawn), *one.shape)
        swapped = figure(one + moved) - figure(other - moved)
        as_large += int((np.abs(np.nan_to_num(swapped)) >= abs(seen) - 1e-12).sum())
    both = np.stack([first, second], axis=1).astype(float)
    sums = resampled(both, seed=seed, resamples=resamples)
    spread = between(figure(sums[:, 0]) - figure(sums[:, 1]))
    p = 1.0 if np.isnan(seen) else (as_large + 1) / (shuffles + 1)
    return Difference(first=float(figure(one)), second=float(figure(other)), interval=spread, p=p)


def holm(chances: Sequence[float]) -> list[float]:
    """The chances of several tests, made larger so that testing often finds no more by luck (Holm)."""
    adjusted, highest = [0.0] * len(chances), 0.0
    for rank, at in enumerate(sorted(range(len(chances)), key=lambda at: chances[at])):
        highest = max(highest, min(1.0, (len(chances) - rank) * chances[at]))
        adjusted[at] = highest
    return adjusted


def resampled(counts: Counts, *, seed: int, resamples: int = RESAMPLES) -> Floats:
    """The added-up counts of sets of documents drawn with replacement, one set a resample."""
    documents = len(counts)
    flat = _flat(counts)
    generator = np.random.default_rng(seed)
    parts = []
    for rows in _blocks(documents, resamples):
        drawn = generator.integers(0, max(documents, 1), (rows, documents))
        drawn += np.arange(rows)[:, None] * documents
        times = np.bincount(drawn.ravel(), minlength=rows * documents).reshape(rows, documents)
        parts.append(times.astype(float) @ flat)
    return np.concatenate(parts).reshape(resamples, *counts.shape[1:])


def _flat(counts: Counts) -> Floats:
    """The counts of each document in a row."""
    return counts.reshape(len(counts), math.prod(counts.shape[1:])).astype(float)


def _drawn(documents: int, shuffles: int, seed: int) -> Iterator[Floats]:
    generator = np.random.default_rng(seed)
    for rows in _blocks(documents, shuffles):
        yield generator.integers(0, 2, (rows, documents)).astype(float)


def _blocks(documents: int, rows: int) -> Iterator[int]:
    most = max(1, CELLS // max(documents, 1))
    for start in range(0, rows, most):
        yield min(most, rows - start)


def between(values: Floats) -> Interval:
    """The interval that holds 95 of 100 of the values."""
    known = values[~np.isnan(values)]
    if not len(known):
        return Interval(low=float("nan"), high=float("nan"))
    low, high = np.quantile(known, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(low=float(low), high=float(high))
