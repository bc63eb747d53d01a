"""The mapping files there are: what each decides, what reads it, and all that is wrong with one.

The line stops at the first fault when it opens; people who write a file want every fault, with its line.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ValidationError

from adapter import categories
from adapter.coding.rules import Ambiguous, CodingTable
from adapter.context import dates, expressions
from adapter.context.rules import ContextFile
from adapter.delivery import packs
from adapter.emission.rules import ResourceRules
from adapter.extraction import arbiter, orders
from adapter.extraction.generative import numbers
from adapter.notes.headings import HeadingFile
from mappings import Files, MappingError, concepts, lines

Read = Callable[[str, Files], object]
"""What reads a file, by the name of the file without folder and ending; MappingError for what is wrong."""

_AT = re.compile(r"\s*\(at line (\d+), column \d+\)$|\s*\(at end of document\)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A sort of mapping file."""

    folder: str  # "" for the files in none
    decides: str
    stem: str  # pattern of its name without the ending
    model: Callable[[str], type[BaseModel]]  # by that name
    read: Read | None = None  # what finds more than the model does

    def fits(self, name: str) -> bool:
        """Whether a file is one of these."""
        folder, _, file = name.rpartition("/")
        return folder == self.folder and re.fullmatch(rf"(?:{self.stem})\.toml", file) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """Something that is wrong with a mapping file."""

    file: str
    message: str
    key: str = ""
    line: int | None = None

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return ": ".join(filter(None, (where, self.key, self.message)))


def _resource(stem: str) -> type[BaseModel]:
    model = ResourceRules.model_fields[stem].annotation
    assert isinstance(model, type) and issubclass(model, BaseModel)
    return model


def _rows(stem: str, files: Files) -> object:
    """The rows of a concept table, which may stand in another file."""
    return files.read(f"concepts/{stem}.toml", concepts.ConceptTable).rows(files)


def _doubts(_: str) -> type[BaseModel]:
    """The reasons to doubt a finding; who reviews brings the service with it, so it is read when needed."""
    model: type[BaseModel] = import_module("adapter.reviews.doubts").Doubts
    return model


LANGUAGE: Final = "[a-z]{2,3}"

KINDS: Final[Sequence[Kind]] = (
    Kind(
        folder="sections",
        decides="which headings there are and what they are called; where sentences end",
        stem=LANGUAGE,
        model=lambda _: HeadingFile,
    ),
    Kind(
        folder="context",
        decides="negation, certainty, time, person; what belongs to what",
        stem=LANGUAGE,
        model=lambda _: ContextFile,
    ),
    Kind(
        folder="dates",
        decides="how a note tells times",
        stem=LANGUAGE,
        model=lambda _: expressions.TimeFile,
        read=expressions.load,
    ),
    Kind(
        folder="dates",
        decides="what a time may be to a finding",
        stem=expressions.ATTACHMENT,
        model=lambda _: dates.Attachment,
    ),
    Kind(
        folder="coding",
        decides="which concepts may name a finding, and from what score",
        stem="coding",
        model=lambda _: CodingTable,
    ),
    Kind(
        folder="coding",
        decides="which words name something else as often, and what a note must say for their codes",
        stem="ambiguous",
        model=lambda _: Ambiguous,
    ),
    Kind(
        folder="resources",
        decides="which resource a finding becomes, with which status",
        stem="|".join(ResourceRules.model_fields),
        model=_resource,
    ),
    Kind(
        folder="extraction",
        decides="how encoder and dictionary become one list of mentions",
        stem="arbiter",
        model=lambda _: arbiter.ArbiterRules,
    ),
    Kind(
        folder="extraction",
        decides="what in a note is an order to a machine",
        stem="orders",
        model=lambda _: orders.OrderRules,
        read=lambda _, files: orders.load(files),
    ),
    Kind(
        folder="extraction",
        decides="the numbers that words say",
        stem="numbers",
        model=lambda _: numbers.NumberWords,
    ),
    Kind(
        folder="profiles",
        decides="what a delivery target's profile pack asks of each resource",
        stem="[a-z0-9][a-z0-9-]{0,40}",
        model=lambda _: packs.Pack,
    ),
    Kind(
        folder="concepts",
        decides="a table published as a FHIR ConceptMap",
        stem="[a-z0-9][a-z0-9-]{0,60}",
        model=lambda _: concepts.ConceptTable,
        read=_rows,
    ),
    Kind(
        folder="review",
        decides="why a finding is in doubt, and how much",
        stem="doubts",
        model=_doubts,
    ),
    Kind(
        folder="",
        decides="the fifteen ELMTEX categories as a view over findings",
        stem="categories",
        model=lambda _: categories.Categories,
    ),
)


def kind(name: str) -> Kind | None:
    """What a file is, by its name; None for what nothing reads."""
    return next((one for one in KINDS if one.fits(name)), None)


def known(files: Files) -> Mapping[str, Kind]:
    """The mapping files there are, with what they are, in the order of the line."""
    names = files.every()
    return {name: one for one in KINDS for name in names if one.fits(name)}


def faults(name: str, files: Files) -> list[Fault]:
    """All that is wrong with one file; none where the line can open with it."""
    found = kind(name)
    if found is None:
        return [Fault(file=name, message=_unread(name))]
    try:
        text = files.text(name)
        found.model(_stem(name)).model_validate(tomllib.loads(text))
        if found.read is not None:
            found.read(_stem(name), files)
    except tomllib.TOMLDecodeError as error:
        return [_syntax(name, text, str(error))]
    except ValidationError as error:
        return list(_problems(name, text, error))
    except MappingError as error:
        return [_told(name, str(error))]
    except RecursionError:
        return [Fault(file=name, message="nested too deep")]
    return []


def validated(folder: Path, files: Files) -> list[Fault]:
    """All that is wrong with a directory of mapping files that is one of those of `files`."""
    own = names(folder)
    found = [fault for name in own for fault in faults(name, files)]
    read = (name for name in files.names("concepts") if name not in own)
    return found or [fault for name in read for fault in faults(name, files)]


def check(files: Files) -> None:
    """Raises MappingError for the first fault in files that take the place of those that ship."""
    for folder in files.roots[1:]:
        for fault in validated(folder, files):
            raise MappingError(str(fault))


def names(folder: Path) -> list[str]:
    """The files of a directory that are meant to be read: all but hidden ones and what explains them."""
    found = (
        path.relative_to(folder) for path in folder.rglob("*") if path.is_file() and path.suffix != ".md"
    )
    return sorted(path.as_posix() for path in found if not any(part[0] == "." for part in path.parts))


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".toml")


def _unread(name: str) -> str:
    if name.startswith("tasks/"):
        return "tasks of a site stand in a directory of their own (NOTEWRIGHT_TASKS)"
    return "nothing reads a file of this name"


def _syntax(name: str, text: str, said: str) -> Fault:
    place = _AT.search(said)
    number = int(place[1]) if place and place[1] else text.count("\n") + 1
    return Fault(file=name, line=number, message=f"not TOML: {_AT.sub('', said)}")


def _problems(name: str, text: str, error: ValidationError) -> Iterator[Fault]:
    found = lines.places(text)
    for problem in error.errors(include_url=False, include_input=False):
        key = ".".join(str(part) for part in problem["loc"])
        yield Fault(file=name, key=key, line=lines.line(found, problem["loc"]), message=problem["msg"])


def _told(name: str, said: str) -> Fault:
    """What a reader says; where it is of another file that goes with this one, it says so itself."""
    return Fault(file=name, message=said.removeprefix(f"{name}: "))
