"""Rules, tables and policies as data, and the one loader that refuses what it does not know.

A file is TOML, validated into a pydantic model that forbids unknown keys; an error names the file and
the key and stops the start. Tasks have JSON beside it (`adapter/tasks` reads them). A site's own files take
the place of those that ship: see `Files`. This package knows nothing of the adapter.
"""

import hashlib
import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Annotated, Final, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

ROOT = Path(__file__).parent
DATA = (".toml", ".json", ".jsonl", ".yaml")

ModelT = TypeVar("ModelT", bound=BaseModel)


class MappingError(Exception):
    """A mapping file cannot be read; the message names file and key."""


class Table(BaseModel):
    """Base of every mapping table: frozen, unknown keys forbidden."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _compiled(value: object) -> object:
    try:
        return re.compile(value, re.IGNORECASE) if isinstance(value, str) else value
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error


Pattern = Annotated[re.Pattern[str], BeforeValidator(_compiled)]
"""A regular expression that does not see case; a table that has one allows arbitrary types."""


@dataclass(frozen=True, slots=True)
class Files:
    """The mapping files there are, by name (e.g. "context/en.toml").

    A file of a later directory takes the place of that of the same name in an earlier one, and a text that
    is given takes the place of both. Files are read anew each time; what was made of them is kept elsewhere.
    """

    roots: tuple[Path, ...] = (ROOT,)
    texts: tuple[tuple[str, str], ...] = ()  # name and text

    def over(self, folder: Path | None) -> "Files":
        """The same, with the files of a directory in place of their namesakes; None changes nothing."""
        return self if folder is None else replace(self, roots=(*self.roots, folder))

    def draft(self, name: str, text: str) -> "Files":
        """The same, with a text in place of one file."""
        others = tuple(one for one in self.texts if one[0] != name)
        return replace(self, texts=(*others, (name, text)))

    def taken(self) -> "Files":
        """The same as they are now, whatever becomes of the directories.

        Raises MappingError for a file that is not UTF-8.
        """
        return Files((), tuple((name, self.text(name)) for name in self.every()))

    def read(self, name: str, model: type[ModelT]) -> ModelT:
        """A mapping file as a `model`.

        Raises MappingError naming file and key.
        """
        try:
            return model.model_validate(tomllib.loads(self.text(name)))
        except tomllib.TOMLDecodeError as error:
            raise MappingError(f"{name}: not TOML: {error}") from error
        except ValidationError as error:
            raise MappingError(f"{name}: {_first(error)}") from error

    def text(self, name: str) -> str:
        """What a mapping file says.

        Raises MappingError when it is not there, or not UTF-8.
        """
        try:
            return self._bytes(name).decode("utf-8")
        except UnicodeDecodeError as error:
            raise MappingError(f"{name}: not UTF-8") from error

    def names(self, folder: str) -> list[str]:
        """The mapping files of a folder, sorted, as names that `read` takes; "" are those in none."""
        return [name for name in self.every() if name.endswith(".toml") and _folder(name) == folder]

    def every(self) -> list[str]:
        """The names of all files that are data, in any folder, sorted; hidden ones are none of them."""
        found = {name for root in self.roots for name in _inside(root)} | {name for name, _ in self.texts}
        return sorted(found, key=PurePosixPath)

    def differing(self, other: "Files") -> set[str]:
        """The names of the files that are not the same here and there, or only in one of the two."""
        if self == other:
            return set()
        mine, theirs = set(self.every()), set(other.every())
        return mine ^ theirs | {name for name in mine & theirs if self._bytes(name) != other._bytes(name)}

    def digest(self) -> str:
        """SHA-256 over every mapping file: the version of the mappings that Provenance records."""
        whole = hashlib.sha256()
        for name in self.every():
            whole.update(name.encode() + b"\0" + self._bytes(name) + b"\0")
        return whole.hexdigest()

    def _bytes(self, name: str) -> bytes:
        for given, text in self.texts:
            if given == name:
                return text.encode("utf-8", "surrogatepass")
        for root in reversed(self.roots):
            if (root / name).is_file():
                return (root / name).read_bytes()
        raise MappingError(f"{name}: no such mapping file")


SHIPPED: Final = Files()
"""The files of this package."""


def _inside(root: Path) -> list[str]:
    found = (path.relative_to(root) for path in root.rglob("*") if path.suffix in DATA and path.is_file())
    return [path.as_posix() for path in found if not any(part.startswith(".") for part in path.parts)]


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _first(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
