"""What every grammar knows: a noun with its gender, and what a form makes of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Noun:
    """A name that a sentence may inflect. Gender: m, f, n, with p added for a plural; None: not known."""

    text: str
    gender: str | None = None


class Inflected(NamedTuple):
    """A name in a form: what stands before it, the name, and what stands after it."""

    before: str
    text: str
    after: str = ""


Genders = Mapping[str, str]
"""Word ending -> gender."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """How a language inflects."""

    noun: Callable[[str, Genders], Noun]  # the gender of a name, by its words
    inflect: Callable[..., Inflected | None]  # (noun, form, adjectives, owner); None: this form is not known


def by_ending(word: str, genders: Genders) -> str | None:
    """The gender of a word by the longest ending that is known."""
    lower = word.lower()
    for start in range(len(lower)):
        found = genders.get(lower[start:])
        if found:
            return found
    return None


def joined(words: Sequence[str]) -> str:
    """The words with blanks between them and one after, or nothing."""
    return "".join(word + ("" if word.endswith(("'", "’")) else " ") for word in words if word)
