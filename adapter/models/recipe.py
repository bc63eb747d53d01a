"""How models are merged, as data; it is written into the model that comes out."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from adapter.errors import InputError

METHODS = ("soup", "ties", "dare", "dare-ties")
LORA = "lora-soup"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A way of merging. Weights are shares: they are divided by their sum."""

    method: str
    weights: tuple[float, ...]
    density: float = 1.0  # ties: the share of each change that is kept; dare: the chance that a number is
    scale: float = 1.0  # of the merged change
    seed: int = 0

    def __post_init__(self) -> None:
        if self.method not in (*METHODS, LORA):
            raise InputError(f"must be one of {', '.join((*METHODS, LORA))}", path="--method")
        if not self.weights or min(self.weights) < 0 or sum(self.weights) <= 0:
            raise InputError(
                "weights must not be negative, and one must be more than nothing", path="--model"
            )
        if not 0 < self.density <= 1:
            raise InputError("must be above 0 and at most 1", path="--density")
        if self.seed < 0:
            raise InputError("must not be negative", path="--seed")

    @property
    def shares(self) -> tuple[float, ...]:
        """The weights, divided by their sum."""
        whole = sum(self.weights)
        return tuple(weight / whole for weight in self.weights)

    def told(self, parents: Sequence[tuple[str, str]], base: tuple[str, str] | None) -> str:
        """The whole recipe as JSON: parents and base are names and digests."""
        said: dict[str, Any] = {
            "method": self.method,
            "models": [
                {"name": name, "sha256": sha, "weight": weight}
                for (name, sha), weight in zip(parents, self.weights, strict=True)
            ],
            "density": self.density,
            "scale": self.scale,
            "seed": self.seed,
        }
        if base:
            said["base"] = {"name": base[0], "sha256": base[1]}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
