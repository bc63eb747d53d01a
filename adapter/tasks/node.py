"""A place of an answer and what it may hold: a task's JSON Schema once it is read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Type = Literal["object", "array", "string", "number", "integer", "boolean"]
TYPES: tuple[Type, ...] = ("object", "array", "string", "number", "integer", "boolean")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a schema or an answer. Never quotes an answer."""

    pointer: str  # JSON pointer (RFC 6901) of the place; "" is the whole
    message: str

    def __str__(self) -> str:
        return f"{self.pointer or '(the whole)'}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What one place of an answer may hold."""

    type: Type
    nullable: bool = False
    title: str = ""
    description: str = ""
    properties: Mapping[str, "Node"] = field(default_factory=dict)  # of an object, in order
    required: frozenset[str] = frozenset()
    items: "Node | None" = None  # of an array; None: it is no array
    least: int = 0  # items
    most: int | None = None  # items
    length: int | None = None  # code points of a string
    choices: tuple[Any, ...] | None = None  # enum or const
    constant: bool = False  # it was a const
    minimum: float | None = None
    maximum: float | None = None
    date: bool = False  # a string YYYY-MM-DD
    value: bool = False  # a string that need not stand in the note
    unit: str = ""  # of a number

    @property
    def quotes(self) -> bool:
        """Whether it holds words copied from the note."""
        return self.type == "string" and not (self.value or self.date or self.choices is not None)

    @property
    def quoted(self) -> bool:
        """Whether it is an object with a quote of its own, on which everything beside it rests."""
        own = self.properties.get("quote")
        return own is not None and own.quotes

    @property
    def fixed(self) -> bool:
        """Whether it is an array of a fixed length, where the place of an item means something."""
        return self.type == "array" and self.most is not None and 0 < self.least == self.most

    @property
    def item(self) -> "Node":
        """What an array holds."""
        assert self.items is not None
        return self.items

    def settled(self, name: str) -> bool:
        """Whether a property holds the same in every answer, so that it says nothing about the note."""
        part = self.properties[name]
        return part.constant and name in self.required and not part.nullable


def step(pointer: str, *parts: str | int) -> str:
    """The JSON pointer of something inside what a pointer points to."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in parts)
    return "".join([pointer, *(f"/{part}" for part in escaped)])


def steps(pointer: str) -> tuple[str, ...]:
    """The parts of a JSON pointer; its leading "/" may be left out."""
    parts = pointer.removeprefix("/").split("/") if pointer else []
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in parts)
