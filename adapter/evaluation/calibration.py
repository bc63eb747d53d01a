"""How sure a system said it was, and how often it was right: reliability, calibration error, abstention."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Some answers the system was about as sure of."""

    sure: float  # mean confidence
    right: float  # share that is right
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Bins of about as many answers each, from the least sure to the surest."""

    bins: tuple[Bin, ...]
    error: float  # mean distance of sure and right over the answers (ECE)
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """What is left when answers under a threshold are withheld."""

    threshold: float
    coverage: float  # share of all questions that is still answered
    accuracy: float  # share of the answers that is right


def reliability(sure: Sequence[float], right: Sequence[bool], bins: int = BINS) -> Reliability | None:
    """Confidence against truth, in bins of equal mass; None without answers.

    Answers that are equally sure share their truth evenly, so that their order does not matter.
    """
    if not sure:
        return None
    confidence, truth = _shared(sure, right)
    parts = [
        Bin(sure=float(a.mean()), right=float(b.mean()), count=len(a))
        for a, b in zip(_split(confidence, bins), _split(truth, bins), strict=True)
    ]
    error = sum(one.count * abs(one.sure - one.right) for one in parts) / len(sure)
    return Reliability(bins=tuple(parts), error=error, count=len(sure))


def abstention(scores: Sequence[float], right: Sequence[bool], questions: int) -> tuple[Point, ...]:
    """Coverage against accuracy at every score that was given, from the highest."""
    order = np.argsort(-np.asarray(scores, float), kind="stable")
    ranked = np.asarray(scores, float)[order]
    hits = np.cumsum(np.asarray(right, float)[order])
    last = np.append(ranked[1:] != ranked[:-1], True) if len(ranked) else np.zeros(0, bool)
    return tuple(
        Point(threshold=float(ranked[at]), coverage=(at + 1) / questions, accuracy=float(hits[at] / (at + 1)))
        for at in np.flatnonzero(last).tolist()
    )


def _shared(sure: Sequence[float], right: Sequence[bool]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    values, place, counts = np.unique(np.asarray(sure, float), return_inverse=True, return_counts=True)
    shares = np.bincount(place, np.asarray(right, float)) / counts
    return np.repeat(values, counts), np.repeat(shares, counts)


def _split(values: NDArray[np.float64], bins: int) -> list[NDArray[np.float64]]:
    return [part for part in np.array_split(values, bins) if len(part)]
