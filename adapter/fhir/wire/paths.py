"""Paths of elements, as FHIRPath writes them: `DocumentReference.content[0].attachment`."""

import re
from typing import Final

_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,63}")
_TYPE = re.compile(r"[A-Z][A-Za-z0-9]{1,63}")

UNNAMED: Final = "(unnamed)"
"""Stands for a name that no element can have, which might be anything."""


def is_type(value: object) -> bool:
    """Whether this could be the name of a resource type."""
    return isinstance(value, str) and _TYPE.fullmatch(value) is not None


def child(path: str, name: str) -> str:
    """The path of an element within another."""
    known = name if _NAME.fullmatch(name) else UNNAMED
    return f"{path}.{known}" if path else known


def item(path: str, number: int) -> str:
    """The path of one of several."""
    return f"{path}[{number}]"
