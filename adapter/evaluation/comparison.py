"""Two runs on the same gold -> how they differ, and whether by more than luck."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from adapter.evaluation import resampling
from adapter.evaluation.resampling import Counts, Difference
from adapter.evaluation.scores import SEED, number

WORSE = 0.05


class Run(Protocol):
    """What is measured of a run."""

    @property
    def compared(self) -> Mapping[str, Counts]:
        """What two runs are compared by, for each document: by name, counts of which F1 is the figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """How a figure of a run differs from that of another."""

    name: str
    difference: Difference
    adjusted: float  # its chance, corrected for how many figures are tested (Holm)

    @property
    def worse(self) -> bool:
        """Whether the run is worse by more than luck."""
        return self.difference.value < 0 and self.adjusted < WORSE


def compare(
    run: Run, other: Run, *, seed: int = SEED, shuffles: int = resampling.SHUFFLES
) -> tuple[Compared, ...]:
    """Every figure that both runs are compared by; a difference above 0 speaks for `run`."""
    names = [name for name in run.compared if name in other.compared]
    found = [
        resampling.difference(
            run.compared[name], other.compared[name], resampling.f1, seed=seed, shuffles=shuffles
        )
        for name in names
    ]
    adjusted = resampling.holm([one.p for one in found])
    return tuple(
        Compared(name=name, difference=one, adjusted=p)
        for name, one, p in zip(names, found, adjusted, strict=True)
    )


def as_json(one: Compared) -> dict[str, Any]:
    """A comparison as JSON."""
    found = one.difference
    return {
        "run": number(found.first),
        "other": number(found.second),
        "difference": number(found.value),
        "low": number(found.interval.low),
        "high": number(found.interval.high),
        "p": number(found.p),
        "adjusted": number(one.adjusted),
        "worse": one.worse,
    }
