"""Numbers as FHIR means them: 1.50 says more than 1.5. https://hl7.org/fhir/R4/datatypes.html#decimal"""

import math
import re
from typing import Final

from adapter.errors import InputError

NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
"""A decimal as it is written in JSON and XML."""


class Exact(float):
    """A decimal that keeps the text it was written in.

    A float, so that everything that takes numbers takes it (and pydantic makes the exact Decimal of it);
    `json_writer` and `xml_writer` write the text, other writers the nearest float.
    """

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> "Exact":
        """The number of this text."""
        one = super().__new__(cls, text)
        one.text = text
        return one

    def __repr__(self) -> str:
        return self.text

    __str__ = __repr__

    def __reduce__(self) -> "tuple[type[Exact], tuple[str]]":
        return Exact, (self.text,)


def parse(text: str, digits: int) -> int | float:
    """The number of a text that matches NUMBER.

    Raises InputError when it has more characters than `digits` or is beyond any float.
    """
    return integer(text, digits) if text.lstrip("-").isdigit() else decimal(text, digits)


def integer(text: str, digits: int) -> int | float:
    """The number of an optional minus and digits."""
    if len(text) > digits:
        raise InputError("a number is too long")
    return int(text) if text != "-0" else Exact(text)


def decimal(text: str, digits: int) -> float:
    """The number of a text with a point or exponent: an Exact where a float would be written otherwise."""
    if len(text) > digits:
        raise InputError("a number is too long")
    value = float(text)
    if not math.isfinite(value):
        raise InputError("a number is out of range")
    return value if repr(value) == text else Exact(text)


def written(value: float) -> str:
    """The text of a number, as it was read."""
    return str(value) if isinstance(value, int | Exact) else repr(value)
