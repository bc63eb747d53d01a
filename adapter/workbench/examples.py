"""The notes that ship with the workbench: fictitious, in our own words, one file each."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """A note to try."""

    key: str
    title: str
    language: str
    shows: str  # what is worth looking at
    text: str


@cache
def examples() -> Mapping[str, Example]:
    """The shipped notes, by key, in the order of their list."""
    folder = files(__package__).joinpath("examples")
    listed = tomllib.loads(folder.joinpath("list.toml").read_text("utf-8"))
    return MappingProxyType(
        {
            key: Example(key=key, text=folder.joinpath(f"{key}.txt").read_text("utf-8"), **said)
            for key, said in listed.items()
        }
    )
