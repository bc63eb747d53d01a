"""`notewright evaluate COMMAND`."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from adapter.errors import InputError
from adapter.evaluation import dragon as scoring
from adapter.settings import Settings
from adapter.tasks.importing import benchmark


def dragon(
    _settings: Settings,
    *,
    task_configuration: Path,
    predictions: Sequence[str],
    ground_truth: Path,
    epsilon: str | None,
) -> int:
    """The DRAGON score of predictions, one file for each fold; exit code 1 when it is undefined."""
    asked = benchmark.configuration(task_configuration)
    if epsilon is not None:
        asked = replace(asked, epsilon=_positive(epsilon))
    folds = [benchmark.rows(Path(name)) for name in predictions]
    scored = scoring.scored(asked, folds, benchmark.rows(ground_truth))
    told = {
        "task": scored.task,
        "type": asked.prediction,
        "metric": scored.metric,
        "cases": scored.cases,
        "folds": [_number(one) for one in scored.folds],
        "mean": _number(scored.mean),
        "deviation": _number(scored.deviation),
    }
    print(json.dumps(told, indent=2))  # noqa: T201
    return int(math.isnan(scored.mean))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else value


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < math.inf:
        raise InputError("--epsilon: not a number above 0", path="--epsilon")
    return value
