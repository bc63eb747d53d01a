"""Tasks of other tools -> tasks of Notewright. What is imported is read, never run.

Formats: `extractinator` (task files of llm_extractinator), `pydantic` (a source file of models alone),
`dragon` (`nlp-task-configuration.json` of the DRAGON benchmark).
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from adapter.errors import InputError
from adapter.tasks import schema
from adapter.tasks.importing import dragon, extractinator
from adapter.tasks.importing.imported import Imported, json_of
from mappings import MappingError

__all__ = ["FORMATS", "Imported", "convert"]

FORMATS: Mapping[str, Callable[[Path], Imported]] = {
    "extractinator": extractinator.convert_task,
    "pydantic": extractinator.convert_source,
    "dragon": dragon.convert_configuration,
}


def convert(path: Path, format: str | None = None) -> Imported:
    """The task that a file of another tool tells of; its format is found by looking when none is named."""
    whole = path / dragon.CONFIGURATION if path.is_dir() else path
    name = format or _looked(whole)
    if name not in FORMATS:
        raise InputError(f"format: none of {', '.join(FORMATS)}", path="format")
    imported = FORMATS[name](whole)
    try:
        schema.parse(imported.schema)
    except MappingError as error:
        raise InputError(f"the schema is not one a task may have: {error}", path="schema") from None
    return imported


def _looked(path: Path) -> str:
    if path.suffix == ".py":
        return "pydantic"
    told = json_of(path)
    if isinstance(told, Mapping) and "label_name" in told:
        return "dragon"
    if isinstance(told, Mapping) and {"Parser_Format", "Description"} & told.keys():
        return "extractinator"
    raise InputError(f"{path.name}: none of the formats {', '.join(FORMATS)}", path=path.name)
