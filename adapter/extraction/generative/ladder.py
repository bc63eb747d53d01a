"""What is tried next when a model's answer to a stretch of a note failed.

An answer that grew too long or took too long is asked for in two halves; one that repeats itself, or is not
what the schema says, is asked for again with some chance in it, and then in halves. A stretch that fails at
the last rung is reported as not read: there is no default and no guess.
"""

from dataclasses import dataclass
from typing import Literal

DEEPEST = 3  # times a stretch is halved
WARM = 0.4  # temperature of the second try
AGAIN = frozenset({"loop", "invalid"})

Failure = Literal["length", "time", "loop", "invalid", "disagreed"]


@dataclass(frozen=True, slots=True)
class Again:
    """The same stretch once more."""

    temperature: float
    seed: int


@dataclass(frozen=True, slots=True)
class Halve:
    """The stretch in two."""


@dataclass(frozen=True, slots=True)
class GiveUp:
    """The stretch is not read."""


def step(failure: Failure, *, tries: int, depth: int, seed: int) -> Again | Halve | GiveUp:
    """What follows the `tries`-th failure of a stretch that was halved `depth` times."""
    if failure in AGAIN and tries == 1:
        return Again(temperature=WARM, seed=seed + 1)
    return Halve() if depth < DEEPEST else GiveUp()
