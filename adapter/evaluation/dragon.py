"""Scores of the DRAGON benchmark: predictions of a task against its labels, over folds, over tasks.

The rules are those of dragon_eval 0.2.11 (https://github.com/DIAGNijmegen/dragon_eval), computed anew.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np

from adapter.errors import InputError
from adapter.evaluation import metrics
from adapter.tasks.importing.benchmark import Configuration, Metric

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """How good the predictions of a task are."""

    task: str
    metric: Metric
    cases: int
    folds: tuple[float, ...]  # one score for each file of predictions; NaN where it is undefined

    @property
    def mean(self) -> float:
        """The task's score."""
        return float(np.mean(self.folds))

    @property
    def deviation(self) -> float:
        """Standard deviation over the folds there are."""
        return float(np.std(self.folds))


def scored(asked: Configuration, folds: Sequence[Sequence[Row]], truth: Sequence[Row]) -> Scored:
    """The scores of the predictions of each fold against the same labels."""
    scores = tuple(score(asked, predictions, truth) for predictions in folds)
    return Scored(task=asked.task_name, metric=asked.metric, cases=len(truth), folds=scores)


def overall(tasks: Iterable[Scored]) -> float:
    """S_DRAGON: the mean of the tasks' scores, each counting the same."""
    means = [one.mean for one in tasks]
    return float(np.mean(means)) if means else math.nan


def score(asked: Configuration, predictions: Sequence[Row], truth: Sequence[Row]) -> float:
    """The score of one file of predictions."""
    labels = [_told(row, asked.target) for row in truth]
    given = _matched(asked, predictions, truth)
    if asked.kind.several or asked.kind.answer == "entities":
        _same_lengths(asked, labels, given)
    return SCORES[asked.metric](asked, labels, given)


def _matched(asked: Configuration, predictions: Sequence[Row], truth: Sequence[Row]) -> list[Any]:
    by_uid = {row["uid"]: _told(row, asked.prediction) for row in predictions}
    wanted = {row["uid"] for row in truth}
    if missing := len(wanted - by_uid.keys()):
        raise InputError(f"predictions: missing for {missing} of {len(wanted)} cases", path="predictions")
    if unknown := len(by_uid.keys() - wanted):
        raise InputError(f"predictions: {unknown} cases that have no label", path="predictions")
    return [by_uid[row["uid"]] for row in truth]


def _told(row: Row, key: str) -> Any:
    if key not in row:
        raise InputError(f"{key}: missing in a row", path=key)
    return row[key]


def _same_lengths(asked: Configuration, labels: Sequence[Any], given: Sequence[Any]) -> None:
    for label, one in zip(labels, given, strict=True):
        if not isinstance(one, list) or not isinstance(label, list) or len(one) != len(label):
            raise InputError(f"{asked.prediction}: not as many parts as its label", path=asked.prediction)


def _auc(asked: Configuration, labels: Sequence[Any], given: Sequence[Any]) -> float:
    truth = [bool(one) for one in _numbers(asked.target, _flat(labels))]
    return _or_nothing(metrics.auc(truth, _numbers(asked.prediction, _flat(given))))


def _auc_per_label(asked: Configuration, labels: Sequence[Any], given: Sequence[Any]) -> float:
    return float(np.mean([_auc(asked, a, b) for a, b in zip(_columns(labels), _columns(given), strict=True)]))


def _or_nothing(value: float) -> float:
    """An area without both classes is 0 in DRAGON."""
    return 0.0 if math.isnan(value) else value


def _columns(rows: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    if len({len(row) for row in rows}) > 1:
        raise InputError("labels: not as many parts in every row")
    return list(zip(*rows, strict=True))


def _kappa(_asked: Configuration, labels: Sequence[Any], given: Sequence[Any]) -> float:
    return metrics.kappa(*_classes(_flat(labels), _flat(given)))


def _linear_kappa(_asked: Configuration, labels: Sequence[Any], given: Sequence[Any]) -> float:
    return metrics.kappa(*_classes(_flat(labels), _flat(given)), linear=True)


def _classes(first: Sequence[Any], second: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """The classes as numbers where all of them are, so that 10 comes after 9; else as texts."""
    texts = [str(one) for one in first], [str(one) for one in second]
    try:
        return [float(one) for one in texts[0]], [float(one) for one in texts[1]]
    except ValueError:
        return texts


def _r_smape(asked: Configuration, labels: Sequence[Any], given: Sequence[Any]) -> float:
    if asked.epsilon is None or not asked.epsilon > 0:
        raise InputError("epsilon: needed for R-SMAPE of a task that is none of DRAGON's", path="epsilon")
    truth = _numbers(asked.target, _flat(labels), missing=True)
    return metrics.r_smape(truth, _numbers(asked.prediction, _flat(given), missing=True), asked.epsilon)


def _f1_macro(_asked: Configuration, labels: Sequence[Any], given: Sequence[Any]) -> float:
    return metrics.entity_f1(labels, given, "macro")


def _f1_weighted(asked: Configuration, labels: Sequence[Any], given: Sequence[Any]) -> float:
    if not all(isinstance(word, list) for row in chain(labels, given) for word in row):
        raise InputError(f"{asked.prediction}: a word without a list of labels", path=asked.prediction)
    return metrics.several_f1(labels, given)


def _flat(values: Sequence[Any]) -> list[Any]:
    return [one for value in values for one in (value if isinstance(value, list) else [value])]


def _numbers(key: str, values: Sequence[Any], *, missing: bool = False) -> list[Any]:
    for one in values:
        if not (isinstance(one, int | float) or (missing and one is None)):
            raise InputError(f"{key}: a value that is no number", path=key)
    return list(values)


SCORES: Mapping[Metric, Callable[[Configuration, Sequence[Any], Sequence[Any]], float]] = {
    "auc": _auc,
    "auc-per-label": _auc_per_label,
    "kappa": _kappa,
    "linear-kappa": _linear_kappa,
    "r-smape": _r_smape,
    "f1-macro": _f1_macro,
    "f1-weighted": _f1_weighted,
}
