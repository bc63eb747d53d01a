"""`notewright evaluate COMMAND`."""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from adapter.cli import streams
from adapter.errors import InputError
from adapter.evaluation import dragon as scoring
from adapter.evaluation import findings as measuring
from adapter.evaluation import readers, record
from adapter.settings import Settings
from adapter.tasks import library
from adapter.tasks.importing import benchmark

UNDER = 5  # exit code: a figure is under what was asked, or worse than that of another run


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


def findings(
    settings: Settings,
    *,
    gold: Path,
    predicted: Path,
    output: str,
    kinds: Sequence[str] | None,
    asked_task: str | None,
    least: Sequence[str] | None,
    seed: int,
) -> int:
    """How good findings are against gold; exit code 5 when a figure is under what was asked."""
    wanted = _wanted(least or ())
    truth = readers.read(gold)
    texts = {one.id: one.text for one in truth if one.text is not None}
    cases = record.paired(truth, readers.read(predicted, texts=texts), _kinds(settings, kinds, asked_task))
    found = measuring.evaluate(cases, seed=seed)
    under = measuring.under(found, wanted)
    with streams.target(output) as out:
        out.write(json.dumps(measuring.as_json(found) | {"under": under}, indent=2) + "\n")
    for name in under:
        streams.say(f"notewright: {name} is under what was asked")
    return UNDER if under else 0


def _kinds(settings: Settings, kinds: Sequence[str] | None, task: str | None) -> tuple[str, ...]:
    """The kinds that are measured: those named, else those the answers of a task give; none: all."""
    if kinds or task is None:
        return tuple(kinds or ())
    views = library.find(task, settings.tasks).views
    found = [kind for view in views for kind in (view.kind, *(one.kind for one in view.details))]
    if not found:
        raise InputError("the answers of this task give no mentions", path="--task")
    return tuple(dict.fromkeys(found))


def _wanted(least: Sequence[str]) -> dict[str, float]:
    """The least each figure may be, of FIGURE=VALUE, or VALUE for strict micro F1."""
    found = {}
    for one in least:
        name, _, value = one.rpartition("=")
        try:
            found[name or measuring.DEFAULT] = float(value)
        except ValueError:
            raise InputError("--least: not FIGURE=VALUE or a number", path="--least") from None
    return found


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
