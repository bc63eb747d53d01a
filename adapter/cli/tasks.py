"""`notewright tasks COMMAND`: what tasks there are, whether one is sound, and tasks of other tools."""

import json
import sys
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from adapter import engines
from adapter.cli.streams import say
from adapter.errors import InputError
from adapter.settings import Settings
from adapter.tasks import Task, folder, grounded, importing, library
from mappings import MappingError

BROKEN = 3


def list_(settings: Settings) -> int:
    """Every task there is, one JSON line each; exit code 3 when one of them cannot be used."""
    broken = 0
    for entry in library.entries(settings.tasks):
        try:
            task = entry.read()
        except MappingError as error:
            broken += 1
            say(f"notewright: {error}")
            continue
        place = "built-in" if entry.ships else str(entry.path)
        told = {"name": task.name, "version": task.version, "title": task.title, "strategy": task.strategy}
        _out(json.dumps(told | {"from": place}, ensure_ascii=False))
    return BROKEN if broken else 0


def show(settings: Settings, *, name: str) -> int:
    """A task's definition, and the schema a model answers in."""
    task = library.find(name, settings.tasks)
    _out(json.dumps(_told(task), ensure_ascii=False, indent=2))
    return 0


def validate(settings: Settings, *, path: Path) -> int:
    """Everything that is wrong with a task's folder, or with those in a directory; exit code 3 then."""
    if not path.is_dir():
        raise InputError(f"{path.name}: not a directory")
    inside = sorted(one.parent for one in path.glob(f"*/{folder.TASK}"))
    found = 0
    for one in [path] if (path / folder.TASK).is_file() or not inside else inside:
        found += _checked(one)
    return BROKEN if found else 0


def import_(settings: Settings, *, source: Path, format: str | None, output: Path) -> int:
    """A task of another tool as a folder of ours, in a directory of tasks; what was changed is said."""
    imported = importing.convert(source, format)
    name = str(tomllib.loads(imported.task_toml)["name"])
    target = output / name
    if target.exists():
        raise InputError(f"{name}: is there already", path="--output")
    target.mkdir(parents=True)
    _file(target / folder.TASK, imported.task_toml)
    _file(target / folder.SCHEMAS[0], json.dumps(imported.schema, ensure_ascii=False, indent=2) + "\n")
    if imported.examples:
        rows = (_kept(asdict(example)) for example in imported.examples)
        _file(target / folder.EXAMPLES, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows))
    for note in imported.notes:
        say(note)
    _out(str(target))
    return BROKEN if _checked(target) else 0


def _told(task: Task) -> dict[str, Any]:
    told = {name: value for name, value in asdict(task).items() if name not in ("examples", "schema")}
    shapes = {"schema": task.schema, "grounded": grounded.schema(task), "prompt": engines.prompt(task)}
    return told | {"examples": len(task.examples)} | shapes


def _checked(path: Path) -> int:
    """How many things are wrong with a folder; each is said."""
    task, faults = folder.examine(path)
    for fault in faults:
        _out(f"{path.name}/{fault}")
    if task is not None and not faults:
        say(f"{task.name} {task.version}: sound, {len(task.examples)} examples")
    return len(faults)


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value or name != "evidence"}


def _file(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _out(line: str) -> None:
    sys.stdout.write(line + "\n")
