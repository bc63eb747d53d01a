"""A mention's confidence, made honest: of mentions said to be right with 0.8, eight in ten are.

Platt scaling of the model's own probability, for each language: Platt 1999, "Probabilistic outputs for
support vector machines"; Guo et al. 2017, https://arxiv.org/abs/1706.04599. `training/sureness.py` fits it.
"""

import math

import mappings

EDGE = 1e-4  # a probability nearer to 0 or 1 is taken for this far from it


class Sureness(mappings.Table):
    """How a probability becomes a confidence: sigmoid(slope * logit(probability) + shift)."""

    slope: float
    shift: float

    def of(self, probability: float) -> float:
        """The confidence, between 0 and 1; it rises with the probability."""
        inside = min(max(probability, EDGE), 1 - EDGE)
        odds = self.slope * math.log(inside / (1 - inside)) + self.shift
        return round(1 / (1 + math.exp(-odds)), 4)
