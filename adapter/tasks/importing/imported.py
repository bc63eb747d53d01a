"""What an importer hands over, and what all importers share: bounded reading, names, TOML."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapter.errors import InputError
from adapter.tasks.task import Example

MOST_BYTES = 1 << 20  # of a task file
MOST_ROWS_BYTES = 256 << 20  # of a file of examples or of training data
MOST_NODES = 2000  # places in one answer; a few lines of source can ask for billions
MOST_DEPTH = 12  # objects and lists inside each other


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A task of another tool as one of ours, and in words what was left out or changed."""

    task_toml: str
    schema: dict[str, Any]
    examples: tuple[Example, ...] = ()
    notes: tuple[str, ...] = ()

    def files(self) -> dict[str, str]:
        """The files of its folder, by name."""
        files = {
            "task.toml": self.task_toml,
            "answer.schema.json": json.dumps(self.schema, ensure_ascii=False, indent=2) + "\n",
        }
        rows = [
            {"text": one.text, "answer": one.answer, **({"evidence": one.evidence} if one.evidence else {})}
            for one in self.examples
        ]
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        return files | ({"examples.jsonl": lines} if lines else {})


def text_of(path: Path, most: int = MOST_BYTES) -> str:
    """The text of a file of at most `most` bytes."""
    with path.open("rb") as file:
        data = file.read(most + 1)
    if len(data) > most:
        raise InputError(f"{path.name}: longer than {most:,} bytes", path=path.name)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path.name}: not UTF-8", path=path.name) from None


def json_of(path: Path, most: int = MOST_BYTES) -> Any:
    """The JSON value a file holds."""
    try:
        return json.loads(text_of(path, most))
    except (ValueError, RecursionError):
        raise InputError(f"{path.name}: not JSON that can be read", path=path.name) from None


def name_of(text: str) -> str:
    """A task's name: lower case letters, digits and hyphens."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64].strip("-")
    return plain or "task"


def title_of(text: str) -> str:
    """A task's title, from the name of a file or a task: Task001_adhesion_clf -> Task001 adhesion clf."""
    return " ".join(re.split(r"[\s_]+", text.strip())) or "Task"


def toml_of(values: dict[str, Any]) -> str:
    """TOML of strings, numbers, and lists and tables of them; what is empty is left out."""
    told = {key: value for key, value in values.items() if value not in ("", [], (), {})}
    return "".join(f"{_key(key)} = {_toml(value)}\n" for key, value in told.items())


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _toml(key)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{_key(key)} = {_toml(one)}" for key, one in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    whole = value.encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair is no letter
    return json.dumps(whole, ensure_ascii=False).replace("\x7f", "\\u007f")
