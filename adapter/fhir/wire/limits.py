"""How much of a body is read before it is refused."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of one body."""

    size: int = 32 * 1024 * 1024  # bytes
    depth: int = 64  # objects and arrays within each other, as JSON
    digits: int = 64  # characters of one number


DEFAULT: Final = Limits()
"""Wider than any resource met in practice, and far from what would hurt."""
