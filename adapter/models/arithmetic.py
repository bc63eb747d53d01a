"""The arithmetic of merging, on arrays alone.

Soup: the weighted mean (Wortsman 2022, arXiv 2203.05482). TIES: of each model's change to the base the
smallest numbers are trimmed, the sign with the greater weight is elected, and the changes of that sign are
averaged (Yadav 2023, arXiv 2306.01708). DARE: numbers of a change are dropped by chance and the others scaled
up (Yu 2023, arXiv 2311.03099). All in float64 on pieces of a tensor, rounded once to float32.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]


def soup(models: Sequence[Floats], shares: Sequence[float]) -> Floats:
    """The weighted mean."""
    whole = np.zeros(models[0].shape, np.float64)
    for values, share in zip(models, shares, strict=True):
        if share:
            whole += share * values.astype(np.float64)
    return whole.astype(np.float32)


def changes(base: Floats, models: Sequence[Floats]) -> list[Doubles]:
    """What each model changed of the base."""
    return [values.astype(np.float64) - base for values in models]


def threshold(sizes: Floats, density: float) -> float:
    """The size from which a number is kept so that `density` of them are; `sizes` is reordered.

    Numbers of the same size as the last that is kept are kept too.
    """
    if density >= 1 or not sizes.size:
        return 0.0
    kept = max(1, round(density * sizes.size))
    sizes.partition(sizes.size - kept)
    return float(sizes[sizes.size - kept])


def trimmed(change: Doubles, least: float) -> Doubles:
    """A change without its numbers below a size."""
    return np.where(np.abs(change).astype(np.float32) >= least, change, 0.0)


def dropped(change: Doubles, density: float, chance: np.random.Generator) -> Doubles:
    """A change of which each number stays with the chance `density`, and is scaled up by it."""
    if density >= 1:
        return change
    stays = chance.random(change.shape, np.float32) < density
    return np.where(stays, change / density, 0.0)


def summed(base: Floats, parts: Sequence[Doubles], shares: Sequence[float], scale: float) -> Floats:
    """The base and the weighted mean of changes."""
    whole = np.zeros(base.shape, np.float64)
    for part, share in zip(parts, shares, strict=True):
        whole += share * part
    return (base + scale * whole).astype(np.float32)


def elected(base: Floats, parts: Sequence[Doubles], shares: Sequence[float], scale: float) -> Floats:
    """The base and, number by number, the weighted mean of the changes that have the elected sign."""
    weighted = [share * part for part, share in zip(parts, shares, strict=True)]
    sign = np.sign(np.sum(weighted, axis=0))
    total, weight = np.zeros(base.shape, np.float64), np.zeros(base.shape, np.float64)
    for part, one, share in zip(parts, weighted, shares, strict=True):
        agrees = (np.sign(part) == sign) & (part != 0)
        total += np.where(agrees, one, 0.0)
        weight += np.where(agrees, share, 0.0)
    mean = np.divide(total, weight, out=np.zeros_like(total), where=weight > 0)
    return (base + scale * mean).astype(np.float32)


def chance(seed: int, model: int, tensor: str) -> np.random.Generator:
    """The chance of one model's tensor: the same for the same seed, whatever else is merged before it."""
    key = hashlib.sha256(f"{seed}/{model}/{tensor}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(key[:16], "little")))
