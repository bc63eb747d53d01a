"""The nouns of a draft. All in it is as it was typed: what is wrong with it is told when it is written."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Kind = Literal["text", "number", "boolean", "date", "choice", "list", "group"]
KINDS: tuple[Kind, ...] = get_args(Kind)

Presence = Literal["needed", "null", "absent", "either"]
PRESENCES: tuple[Presence, ...] = get_args(Presence)
"""Where the note does not say it: reported as a gap; null; left out; null or left out."""

Path = tuple[int, ...]
"""A field by its number among its siblings, from the outside in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A place of the answer."""

    name: str = ""  # "" for what a list holds
    kind: Kind = "text"
    title: str = ""
    description: str = ""
    presence: Presence = "needed"
    free: bool = False  # a text that need not stand in the note
    length: str = ""  # of a text, at most
    whole: bool = False  # a number without fraction
    minimum: str = ""
    maximum: str = ""
    unit: str = ""
    choices: str = ""  # one a line
    of: Literal["string", "integer", "number", "boolean"] = "string"  # what the choices are
    constant: bool = False  # the same in every answer: its only choice
    least: str = ""  # items of a list
    most: str = ""
    bound: str = ""  # of a text: the kind its words are coded as
    within: str = ""  # value set that the codes of a bound text are of
    finding: str = ""  # of a list of the answer: the kind of finding each item becomes
    role: str = ""  # in such an item: "words", "status", or the kind of detail it is
    claims: str = ""  # of a status, one a line: "choice: flag, flag"
    fields: tuple["Field", ...] = ()  # of a group; of a list, the one it holds


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An example that is shown to the model."""

    text: str = ""
    answer: str = ""  # JSON, in the task's own shape
    evidence: str = ""  # JSON: pointer of a value -> words of the text; may be empty


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A task as it is typed."""

    name: str = ""
    version: str = "1"
    title: str = ""
    instruction: str = ""
    rules: str = ""  # one a line
    strategy: str = "advanced"
    evidence: str = "quote"
    languages: str = ""  # tags with commas between
    shots: str = "0"
    max_tokens: str = "1024"
    fields: tuple[Field, ...] = ()
    shown: tuple[Shown, ...] = ()

    def at(self, path: Path) -> Field | None:
        """The field of a path."""
        fields, found = self.fields, None
        for number in path:
            if not 0 <= number < len(fields):
                return None
            found = fields[number]
            fields = found.fields
        return found

    def walk(self) -> Iterator[tuple[Path, Field]]:
        """Every field with its path, in order."""
        yield from _walk(self.fields, ())

    def named(self, path: Path) -> str:
        """What people call a field: the names on the way to it."""
        names: list[str] = []
        for end in range(1, len(path) + 1):
            one = self.at(path[:end])
            above = self.at(path[: end - 1])
            if above is not None and above.kind == "list":
                names[-1] += "[]"
            elif one is not None:
                names.append(one.name or f"field {path[end - 1] + 1}")
        return ".".join(names)


def _walk(fields: tuple[Field, ...], above: Path) -> Iterator[tuple[Path, Field]]:
    for number, one in enumerate(fields):
        yield (*above, number), one
        yield from _walk(one.fields, (*above, number))
