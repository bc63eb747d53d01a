"""Rules, tables and policies as data, and the one loader that refuses what it does not know.

A file is TOML, validated into a pydantic model that forbids unknown keys; an error names the file and
the key and stops the start. Tasks have JSON beside it (`adapter/tasks` reads them). This package knows
nothing of the adapter.
"""

import hashlib
import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

ROOT = Path(__file__).parent
DATA = (".toml", ".json", ".jsonl", ".yaml")

ModelT = TypeVar("ModelT", bound=BaseModel)


class MappingError(Exception):
    """A mapping file cannot be read; the message names file and key."""


class Table(BaseModel):
    """Base of every mapping table: frozen, unknown keys forbidden."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def read(name: str, model: type[ModelT], root: Path = ROOT) -> ModelT:
    """The mapping file `name` (e.g. "context/en.toml") as a `model`."""
    path = root / name
    try:
        return model.model_validate(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        raise MappingError(f"{name}: no such mapping file") from None
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{name}: not TOML: {error}") from error
    except ValidationError as error:
        raise MappingError(f"{name}: {_first(error)}") from error


def names(folder: str, root: Path = ROOT) -> list[str]:
    """The mapping files of a folder, sorted, as names that `read` takes."""
    return sorted(path.relative_to(root).as_posix() for path in (root / folder).glob("*.toml"))


def digest(root: Path = ROOT) -> str:
    """SHA-256 over every mapping file: the version of the mappings that Provenance records."""
    whole = hashlib.sha256()
    for path in sorted(path for path in root.rglob("*") if path.suffix in DATA and path.is_file()):
        whole.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return whole.hexdigest()


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
