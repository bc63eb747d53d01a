"""Task files of llm_extractinator (v0.6 and before) -> tasks. See https://github.com/DIAGNijmegen/llm_extractinator.

`Parser_Format` is either the older dictionary of fields or the name of a file of Pydantic models under
`parsers/` beside the task file; that file is read as text and never run. Only files below the folder of the
task file, and examples below the folder that holds it, are opened.
"""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from adapter.errors import InputError
from adapter.tasks import answers, checking
from adapter.tasks.importing import dictionary, evidence, pydantic_source
from adapter.tasks.importing.imported import (
    MOST_BYTES,
    Imported,
    json_of,
    name_of,
    text_of,
    title_of,
    toml_of,
)
from adapter.tasks.node import Node
from adapter.tasks.schema import write
from adapter.tasks.task import Example, Task

MOST_EXAMPLES_BYTES = 16 * MOST_BYTES
SHOTS = 3
READ = {"Description", "Parser_Format", "Example_Path", "Extra_Instructions", "Task"}
QUOTES = "texts are answered with words copied from the note; x-evidence: value says that one need not be"
LOST = "no input, no answer of this task, or a value whose words are not in the input"
NO_QUESTION = "Extract what the note states about the patient. Leave out what it does not state."


def convert_task(path: Path) -> Imported:
    """The task of a task file."""
    task = json_of(path)
    if not isinstance(task, Mapping) or not isinstance(task.get("Description"), str):
        raise InputError("Description: missing", path="Description")
    node, notes = _parser(task.get("Parser_Format"), path.parent)
    examples, said = _examples(task.get("Example_Path"), path.parent, node)
    extra = task.get("Extra_Instructions")
    left = [f"{key} is left out" for key in task if key not in READ]
    title = task["Task"] if isinstance(task.get("Task"), str) else title_of(path.stem)
    toml = _toml(
        path.stem, title, task["Description"], [extra] if isinstance(extra, str) else [], len(examples)
    )
    return Imported(
        task_toml=toml, schema=write(node), examples=examples, notes=(*_quotes(node), *notes, *said, *left)
    )


def convert_source(path: Path) -> Imported:
    """The task of a file of Pydantic models alone."""
    models = pydantic_source.read(text_of(path))
    instruction = models.told or NO_QUESTION
    said = () if models.told else ("the source does not say what is asked: edit the instruction",)
    toml = _toml(path.stem, title_of(path.stem), instruction, [], 0)
    return Imported(
        task_toml=toml, schema=write(models.root), notes=(*_quotes(models.root), *models.notes, *said)
    )


def _toml(name: str, title: str, instruction: str, rules: list[str], examples: int) -> str:
    return toml_of(
        {
            "name": name_of(name),
            "version": "1",
            "title": title,
            "instruction": instruction.strip(),
            "rules": rules,
            "strategy": "advanced",
            "evidence": "quote",
            "shots": min(SHOTS, examples),
        }
    )


def _parser(told: object, folder: Path) -> tuple[Node, tuple[str, ...]]:
    if isinstance(told, Mapping):
        return dictionary.read(told)
    if not isinstance(told, str):
        raise InputError("Parser_Format: neither fields nor the name of a file", path="Parser_Format")
    for base in (folder / "parsers", folder):
        if (found := _below(base, told, folder)) is not None:
            models = pydantic_source.read(text_of(found))
            return models.root, models.notes
    raise InputError("Parser_Format: no such file below the folder of the task file", path="Parser_Format")


def _below(base: Path, name: str, top: Path) -> Path | None:
    """The file of a name in a folder, when it is a file and lies below `top`."""
    try:
        found = (base / name).resolve(strict=True)
    except (OSError, ValueError):
        return None
    return found if found.is_file() and found.is_relative_to(top.resolve()) else None


def _examples(told: object, folder: Path, node: Node) -> tuple[tuple[Example, ...], tuple[str, ...]]:
    if not isinstance(told, str) or not told:
        return (), ()
    places = (folder / "examples", folder.parent / "examples", folder.parent / "data", folder)
    found = next(filter(None, (_below(place, told, folder.parent) for place in places)), None)
    if found is None:
        return (), ("Example_Path: no such file beside the task file; examples are left out",)
    rows = list(_rows(found))
    kept = tuple(one for row in rows if (one := _example(row, node)) is not None)
    lost = len(rows) - len(kept)
    said = (f"Example_Path: {lost} of {len(rows)} examples are left out: {LOST}",)
    return kept, said if lost else ()


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    if path.suffix.lower() == ".csv":
        yield from csv.DictReader(io.StringIO(text_of(path, MOST_EXAMPLES_BYTES)))
        return
    rows = json_of(path, MOST_EXAMPLES_BYTES)
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise InputError("Example_Path: not a list of objects", path="Example_Path")
    yield from rows


def _example(row: Mapping[str, Any], node: Node) -> Example | None:
    text, answer = row.get("input"), row.get("output")
    if isinstance(answer, str):
        try:
            answer = json.loads(answer)
        except (ValueError, RecursionError):
            return None
    if not isinstance(text, str) or not isinstance(answer, dict) or answers.problems(node, answer):
        return None
    example = Example(text=text, answer=answer, evidence=evidence.found(node, answer, text))
    task = Task(name="t", version="1", title="t", instruction="t", schema=write(node))
    return None if any(checking.example_faults(task, node, example)) else example


def _quotes(node: Node) -> tuple[str, ...]:
    return (QUOTES,) if _holds_quote(node) else ()


def _holds_quote(node: Node) -> bool:
    inner = [*node.properties.values(), *([node.items] if node.items is not None else [])]
    return node.quotes or any(_holds_quote(one) for one in inner)
