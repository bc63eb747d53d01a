"""A mention's confidence, made honest: of mentions said to be right with 0.8, eight in ten are.

Platt scaling of the model's own probability, for each language, with one bend, and a shift for what the
terminology names too or alone: Platt 1999, "Probabilistic outputs for support vector machines"; Guo et al.
2017, https://arxiv.org/abs/1706.04599. Fitted by `training/sureness.py`.
"""

import math
from collections.abc import Collection
from typing import Self

from pydantic import model_validator

import mappings
from adapter.model import DICTIONARY

EDGE = 1e-4  # a probability nearer to 0 or 1 is taken for this far from it
BEND = 3.0  # log odds, about 0.95, below which another slope may hold


def found_by(sources: Collection[str]) -> tuple[bool, bool]:
    """Whether encoder and dictionary found a mention, and whether the dictionary alone did."""
    named = DICTIONARY in sources
    return named and len(set(sources)) > 1, named and len(set(sources)) == 1


class Sureness(mappings.Table):
    """How log odds become others, and so a probability a confidence.

    They are slope * odds + shift; below BEND the slope is `below` more. `both` is added where encoder and
    dictionary found the mention, `named` where the dictionary alone did.
    """

    slope: float
    shift: float
    below: float = 0.0
    both: float = 0.0
    named: float = 0.0

    @model_validator(mode="after")
    def _rises(self) -> Self:
        if min(self.slope, self.slope + self.below) <= 0:
            raise ValueError("the more probable must be the more sure: slope, and slope + below, above 0")
        return self

    def of(self, probability: float, sources: Collection[str] = ()) -> float:
        """The confidence, between 0 and 1, of what these found; it rises with the probability."""
        inside = min(max(probability, EDGE), 1 - EDGE)
        odds = math.log(inside / (1 - inside))
        honest = self.slope * odds + self.shift + self.below * min(odds - BEND, 0)
        both, named = found_by(sources)
        honest += self.both * both + self.named * named
        return round(1 / (1 + math.exp(-honest)), 4)
