"""`notewright train lora`: a language model of one's own fine-tuned for a task. PyTorch is read only here."""

import json
import sys
from importlib import import_module
from typing import Any

from adapter.cli.streams import say
from adapter.errors import NotewrightError
from adapter.settings import Settings
from adapter.tasks import library

NEEDED = ("torch", "transformers", "peft", "safetensors")


def lora(settings: Settings, *, quiet: bool, **given: Any) -> int:
    """Trains, evaluates and exports an adapter; the report is written to standard output."""
    whole = _training("run")
    options = {name: value for name, value in given.items() if value is not None}
    for name in ("targets", "exports"):
        if f"lora_{name}" in options:
            options[name] = tuple(options.pop(f"lora_{name}"))
    task = library.find(settings.task, settings.tasks)
    recipe = _training("recipe").Recipe(task=settings.task, threads=settings.threads or None, **options)
    report = whole.run(recipe, task, _nothing if quiet else say)
    sys.stdout.write(json.dumps(report, default=str) + "\n")
    return 0


def _training(module: str) -> Any:
    """A module of `training.lora`. Raises NotewrightError that says what is to be installed."""
    try:
        return import_module(f"training.lora.{module}")
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing not in {"training", *NEEDED}:
            raise
        needed = ", ".join(NEEDED)
        raise NotewrightError(
            f"{missing} is not installed; fine-tuning needs {needed}: pip install 'notewright[train]'"
        ) from error


def _nothing(_text: str) -> None:
    """Says nothing."""
