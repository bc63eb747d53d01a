"""A text and a name that was found for it -> how the one was read as the other, for people to see."""

from dataclasses import dataclass
from typing import Literal

Form = Literal["as written", "abbreviations written out", "other spelling", "modifiers left out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A word of the text and the word of the name it was taken for."""

    asked: str  # folded, as both are compared
    name: str
    edits: int  # letters corrected; 0: the same word


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How a text was read as a name."""

    form: Form  # in which the text comes nearest to the name
    text: str  # in that form
    same: bool  # the same words, run together or apart
    pairs: tuple[Pair, ...]
    unmatched: tuple[str, ...]  # words of the text that the name does not have
    more: tuple[str, ...]  # words of the name that the text does not have
