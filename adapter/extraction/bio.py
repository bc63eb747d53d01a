"""Per-word label probabilities -> spans, by the best legal path.

Labels are "O", then "B-kind" and "I-kind" for each kind. I-x may follow only B-x or I-x (Viterbi over the
BIO scheme of Ramshaw & Marcus 1995); with that one rule the search needs no transition matrix.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Ints = NDArray[np.int64]


def labels_of(kinds: Sequence[str]) -> list[str]:
    """The labels of `kinds` in the order of the head: O, B-a, I-a, B-b, I-b, ..."""
    return ["O"] + [f"{prefix}-{kind}" for kind in kinds for prefix in "BI"]


def kinds_of(labels: Sequence[str]) -> list[str]:
    """The kinds of a head's labels.

    Raises ValueError when the labels are not in the order of `labels_of`.
    """
    kinds = [label[2:] for label in labels[1::2]]
    if list(labels) != labels_of(kinds):
        raise ValueError("labels are not O followed by B-kind and I-kind pairs")
    return kinds


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Words `start` to `end` are one mention of the kind with this index."""

    start: int
    end: int
    kind: int
    probability: float


def best_path(log_probabilities: Floats) -> Ints:
    """The most probable legal label of each word; shape (words, labels) -> (words,)."""
    count, width = log_probabilities.shape
    if count == 0:
        return np.zeros(0, np.int64)
    kinds = (width - 1) // 2
    back_free = np.zeros(count, np.int64)
    back_inside = np.zeros((count, kinds), np.int64)
    score = log_probabilities[0].copy()
    score[2::2] = -np.inf
    begin, inside = np.arange(1, width, 2), np.arange(2, width, 2)
    for index in range(1, count):
        free = int(score.argmax())
        back_free[index] = free
        from_begin = score[begin] >= score[inside]
        back_inside[index] = np.where(from_begin, begin, inside)
        continued = np.where(from_begin, score[begin], score[inside])
        best = score[free]
        score = log_probabilities[index] + best
        score[inside] += continued - best
    return _trace(int(score.argmax()), back_free, back_inside)


def _trace(last: int, back_free: Ints, back_inside: Ints) -> Ints:
    path = np.empty(len(back_free), np.int64)
    for index in range(len(path) - 1, -1, -1):
        path[index] = last
        inside = last > 0 and last % 2 == 0
        last = int(back_inside[index, last // 2 - 1] if inside else back_free[index])
    return path


def chunks(path: Ints, probabilities: Floats) -> list[Chunk]:
    """The mentions of a legal path; the probability is the geometric mean over their words."""
    found: list[Chunk] = []
    starts = np.flatnonzero(path % 2 == 1)
    for start in starts.tolist():
        kind = (int(path[start]) - 1) // 2
        end = start + 1
        while end < len(path) and path[end] == 2 * kind + 2:
            end += 1
        chosen = probabilities[np.arange(start, end), path[start:end]]
        mean = float(np.exp(np.log(np.maximum(chosen, 1e-9)).mean()))
        found.append(Chunk(start=start, end=end, kind=kind, probability=mean))
    return found
