"""The formulas: area under the curve, kappa, R-SMAPE, F1 of entities. What is undefined is NaN."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from adapter.tasks.importing import tags

Average = Literal["micro", "macro", "weighted"]


def auc(truth: Sequence[bool], scores: Sequence[float]) -> float:
    """The chance that a true case has the higher score, a tie counting half; NaN without both classes."""
    is_true, values = np.asarray(truth, bool), np.asarray(scores, float)
    positive, negative = int(is_true.sum()), int((~is_true).sum())
    if not positive or not negative:
        return math.nan
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return float((ranks[is_true].sum() - positive * (positive + 1) / 2) / (positive * negative))


def kappa(first: Sequence[Any], second: Sequence[Any], *, linear: bool = False) -> float:
    """Cohen's kappa; `linear`: a disagreement weighs as the distance of the classes in sorted order.

    NaN when nothing but one class is there.
    """
    classes = sorted({*first, *second})
    index = {one: at for at, one in enumerate(classes)}
    seen: NDArray[np.float64] = np.zeros((len(classes), len(classes)))
    for one, other in zip(first, second, strict=True):
        seen[index[one], index[other]] += 1
    expected = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / max(seen.sum(), 1)
    grid = np.arange(len(classes))
    apart = np.abs(grid[:, None] - grid[None, :])
    weights = apart if linear else (apart > 0).astype(float)
    chance = float((weights * expected).sum())
    return 1 - float((weights * seen).sum()) / chance if chance else math.nan


def r_smape(truth: Sequence[float | None], predicted: Sequence[float | None], epsilon: float) -> float:
    """One less the mean of |y - p| / (|y| + |p| + epsilon); labels that are missing do not count.

    A prediction that is missing counts as 0, as DRAGON has it. NaN when there is no label.
    """
    pairs = [(y, p) for y, p in zip(truth, predicted, strict=True) if y is not None and not math.isnan(y)]
    y = np.asarray([one for one, _ in pairs], float)
    p = np.nan_to_num(np.asarray([0.0 if one is None else one for _, one in pairs], float), nan=0.0)
    if not pairs:
        return math.nan
    return 1 - float(np.mean(np.abs(y - p) / (np.abs(y) + np.abs(p) + epsilon)))


def entity_f1(truth: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]], average: Average) -> float:
    """F1 of the entities that BIO labels mark, right where words and label are; as seqeval computes it."""
    true, found = _entities(truth), _entities(predicted)
    hits, wanted, given = _by_kind(true & found), _by_kind(true), _by_kind(found)
    if average == "micro":
        return _f1(sum(hits.values()), sum(wanted.values()), sum(given.values()))
    kinds = sorted({*wanted, *given})
    scores = [_f1(hits[kind], wanted[kind], given[kind]) for kind in kinds]
    return _mean(scores, [1] * len(kinds) if average == "macro" else [wanted[kind] for kind in kinds])


def several_f1(
    truth: Sequence[Sequence[Sequence[str]]], predicted: Sequence[Sequence[Sequence[str]]]
) -> float:
    """F1 where a word may have several labels: that of each kind by itself, weighted by how often it is true.

    The labels of a kind are those its name stands in anywhere, as in DRAGON: 1-lesion stands in B-11-lesion.
    """
    kinds = sorted({_kind(label) for row in truth for word in row for label in word if label != "O"})
    scores, weights = [], []
    for kind in kinds:
        one, other = _selected(truth, kind), _selected(predicted, kind)
        scores.append(entity_f1(one, other, "weighted"))
        weights.append(len(_entities(one)))
    return _mean(scores, weights)


def _entities(rows: Sequence[Sequence[str]]) -> set[tuple[str, int, int, int]]:
    return {(e.label, at, e.first, e.last) for at, row in enumerate(rows) for e in tags.entities(row)}


def _by_kind(entities: set[tuple[str, int, int, int]]) -> Counter[str]:
    return Counter(entity[0] for entity in entities)


def _f1(hits: int, wanted: int, given: int) -> float:
    return 2 * hits / (wanted + given) if hits else 0.0


def _mean(scores: Sequence[float], weights: Sequence[int]) -> float:
    return float(np.average(scores, weights=weights)) if sum(weights) else 0.0


def _kind(label: str) -> str:
    return label[2:] if label[:2] in ("B-", "I-") else label


def _selected(rows: Sequence[Sequence[Sequence[str]]], kind: str) -> list[list[str]]:
    return [[next((label for label in word if kind in label), "O") for word in row] for row in rows]
