"""DRAGON's files as nouns: the configuration of a task, its rows, and what is known of each task.

The forms are those of https://github.com/DIAGNijmegen/dragon_baseline (Apache-2.0). The name of the label
tells the type of the task; the prediction has the same name without `_target`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from adapter.errors import InputError
from adapter.tasks.importing.imported import MOST_ROWS_BYTES, json_of

CONFIGURATION = "nlp-task-configuration.json"
TRAINING = "nlp-training-dataset.json"
PREDICTIONS = "nlp-predictions-dataset.json"
Metric = Literal["auc", "auc-per-label", "kappa", "linear-kappa", "r-smape", "f1-macro", "f1-weighted"]
METRICS: tuple[Metric, ...] = (
    "auc",
    "auc-per-label",
    "kappa",
    "linear-kappa",
    "r-smape",
    "f1-macro",
    "f1-weighted",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One of the eight types of task."""

    answer: Literal["binary", "classes", "number", "entities"]
    several: bool  # the label is a list of parts, or a token has several labels
    metric: Metric  # where nothing else is known


KINDS: Mapping[str, Kind] = {
    "single_label_binary_classification": Kind(answer="binary", several=False, metric="auc"),
    "multi_label_binary_classification": Kind(answer="binary", several=True, metric="auc"),
    "single_label_multi_class_classification": Kind(answer="classes", several=False, metric="kappa"),
    "multi_label_multi_class_classification": Kind(answer="classes", several=True, metric="kappa"),
    "single_label_regression": Kind(answer="number", several=False, metric="r-smape"),
    "multi_label_regression": Kind(answer="number", several=True, metric="r-smape"),
    "named_entity_recognition": Kind(answer="entities", several=False, metric="f1-macro"),
    "multi_label_named_entity_recognition": Kind(answer="entities", several=True, metric="f1-weighted"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a configuration file says of a task, and what is known of it by its name."""

    task_name: str
    prediction: str  # key of a prediction; its label is `<prediction>_target`
    input_name: Literal["text", "text_parts"]
    kind: Kind
    metric: Metric
    truncation: str = ""  # the side the baseline cuts long reports at
    question: str = ""
    labels: tuple[str, ...] = ()  # names of the parts of a label that is a list
    epsilon: float | None = None  # of R-SMAPE

    @property
    def target(self) -> str:
        """The key of a label."""
        return f"{self.prediction}_target"


def configuration(path: Path) -> Configuration:
    """The task of a configuration file."""
    told = json_of(path)
    if not isinstance(told, Mapping):
        raise InputError(f"{path.name}: not an object", path=path.name)
    name, prediction = told.get("task_name"), str(told.get("label_name")).removesuffix("_target")
    if not isinstance(name, str) or not name:
        raise InputError("task_name: missing", path="task_name")
    if prediction not in KINDS or told.get("label_name") == prediction:
        raise InputError("label_name: none of the eight types of DRAGON", path="label_name")
    if told.get("input_name") not in ("text", "text_parts"):
        raise InputError("input_name: neither text nor text_parts", path="input_name")
    known = {"metric": KINDS[prediction].metric, **_known().get(name.split("-fold")[0], {})}
    return Configuration(
        task_name=name,
        prediction=prediction,
        input_name=told["input_name"],
        kind=KINDS[prediction],
        truncation=str(told.get("recommended_truncation_side", "")),
        metric=known["metric"],
        question=known.get("question", ""),
        labels=tuple(known.get("labels", ())),
        epsilon=known.get("epsilon"),
    )


def rows(path: Path) -> list[dict[str, Any]]:
    """The rows of a file of reports, labels or predictions, each with its uid."""
    found = json_of(path, MOST_ROWS_BYTES)
    if not isinstance(found, list) or not all(isinstance(row, dict) and "uid" in row for row in found):
        raise InputError(f"{path.name}: not a list of objects with a uid", path=path.name)
    by_uid = {str(row["uid"]): row | {"uid": str(row["uid"])} for row in found}
    if len(by_uid) < len(found):
        raise InputError(f"{path.name}: a uid stands twice", path=path.name)
    return list(by_uid.values())


def words(row: Mapping[str, Any]) -> list[str]:
    """The words of a report whose every word has a label."""
    parts = row.get("text_parts")
    if not isinstance(parts, list):
        raise InputError("text_parts: not a list", path="text_parts")
    return [str(part) for part in parts]


def text(asked: Configuration, row: Mapping[str, Any]) -> str:
    """The note of a row: words with a blank between, statements with a new line between."""
    if asked.input_name == "text":
        return str(row.get("text", ""))
    return (" " if asked.kind.answer == "entities" else "\n").join(words(row))


def places(parts: Sequence[str]) -> list[tuple[int, int]]:
    """Where each word stands in the note of a row."""
    found, at = [], 0
    for part in parts:
        found.append((at, at + len(part)))
        at += len(part) + 1
    return found


def _known() -> dict[str, Any]:
    return tomllib.loads(files(__package__).joinpath("dragon.toml").read_text("utf-8"))
