"""A task of another tool that was pasted, not lying beside its files -> an imported task."""

import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from adapter.errors import InputError
from adapter.tasks import importing
from adapter.tasks.importing.benchmark import CONFIGURATION, TRAINING
from adapter.tasks.importing.imported import MOST_BYTES, Imported, name_of

_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,100}")


def convert(source: str, *, name: str = "", parser: str = "", rows: str = "") -> Imported:
    """The task that a pasted file tells of: JSON of llm_extractinator or DRAGON, or Python source of models.

    `parser` is the Python file a task names, `rows` its examples, or the training data of a DRAGON job. They
    lie in a folder of our own while they are read, and are never run.
    """
    if not source.strip():
        raise InputError("there is nothing to import", path="source")
    if sum(len(text) for text in (source, parser, rows)) > MOST_BYTES:
        raise InputError(f"more than {MOST_BYTES:,} characters", path="source")
    with tempfile.TemporaryDirectory(prefix="notewright-import-") as place:
        folder = Path(place)
        path = folder / f"{name_of(name)}.py"
        if source.lstrip("\ufeff \t\r\n").startswith("{"):
            path = _laid(folder, source, name, parser, rows)
        path.write_bytes(source.encode("utf-8", "replace"))
        return importing.convert(path)


def _laid(folder: Path, source: str, name: str, parser: str, rows: str) -> Path:
    """The path a JSON file is to have, with what it names lying beside it."""
    told = _json(source)
    if "label_name" in told:
        if rows.strip():
            (folder / TRAINING).write_bytes(rows.encode("utf-8", "replace"))
        return folder / CONFIGURATION
    for key, below, text in (("Parser_Format", "parsers", parser), ("Example_Path", "examples", rows)):
        if text.strip() and isinstance(file := told.get(key), str) and _PLAIN.fullmatch(file):
            (folder / below).mkdir()
            (folder / below / file).write_bytes(text.encode("utf-8", "replace"))
    return folder / f"{name_of(name or str(told.get('Task', 'task')))}.json"


def _json(source: str) -> Mapping[str, Any]:
    try:
        told = json.loads(source.lstrip("\ufeff"))
    except (ValueError, RecursionError):
        raise InputError("not JSON that can be read", path="source") from None
    return told if isinstance(told, dict) else {}
