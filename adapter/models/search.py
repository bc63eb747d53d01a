"""Looks for the weights of a merge that score best, one coordinate after the other, with ever smaller steps.

It finds a place that is best among its neighbours, not the best of all. Each scoring makes and measures a
model, so scores are kept and the number of trials is bounded.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from adapter.errors import InputError

Weights = tuple[float, ...]
FIRST, LEAST = 0.5, 0.1  # steps
MOST = 4.0  # of a weight


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Weights that were tried, and their score."""

    weights: Weights
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The best weights, and everything that was tried, in order."""

    best: Trial
    trials: tuple[Trial, ...]


def search(
    score: Callable[[Weights], float],
    start: Sequence[float],
    *,
    trials: int = 24,
    told: Callable[[Trial], None] | None = None,
) -> Found:
    """The weights of the highest score that was found with so many trials at most.

    Weights are told apart by their shares alone, so one that was tried is not tried again in another measure.
    """
    if trials < 1:
        raise InputError("must be at least 1", path="--trials")
    looking = _Looking(score, trials, told)
    best, step = looking.tried(tuple(float(weight) for weight in start)), FIRST
    while step >= LEAST and not looking.spent:
        better = next(looking.better(best, step), None)
        best, step = (better, step) if better else (best, step / 2)
    return Found(best=best, trials=tuple(looking.seen.values()))


class _Looking:
    def __init__(
        self, score: Callable[[Weights], float], most: int, told: Callable[[Trial], None] | None
    ) -> None:
        self._score, self._most, self._told = score, most, told
        self.seen: dict[Weights, Trial] = {}

    @property
    def spent(self) -> bool:
        return len(self.seen) >= self._most

    def tried(self, weights: Weights) -> Trial:
        """The trial of these weights."""
        key = tuple(round(weight / sum(weights), 9) for weight in weights)
        if key not in self.seen:
            self.seen[key] = Trial(weights=weights, score=self._score(weights))
            if self._told:
                self._told(self.seen[key])
        return self.seen[key]

    def better(self, best: Trial, step: float) -> Iterator[Trial]:
        """Neighbours that score higher."""
        for place in range(len(best.weights)):
            for change in (step, -step):
                weights = list(best.weights)
                weights[place] = min(MOST, max(0.0, round(weights[place] + change, 9)))
                if sum(weights) <= 0 or self.spent:
                    continue
                trial = self.tried(tuple(weights))
                if trial.score > best.score:
                    yield trial
