"""A text and a name that was found for it -> how the one was read as the other, for people to see."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from terminology.likeness import (
    DOUBT,
    EDIT,
    FIRST_LETTER,
    KNOWN,
    REORDERED,
    SAME,
    SHORT,
    SPECIFIED,
    Laid,
)
from terminology.model import Hit

Form = Literal[
    "as written", "abbreviations written out", "another form", "other spelling", "modifiers left out"
]
CLOSE: Final = 0.005
BEGUN: Final[Mapping[float, str]] = {
    SAME: "the same words",
    REORDERED: "the same words in another order",
    SPECIFIED: 'the same words but for "unspecified" and the like',
}
TRUST: Final[Mapping[float, str]] = {
    KNOWN: "a word that the store knows was taken for another",
    SHORT: "a short word was corrected",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A word of the text and the word of the name it was taken for."""

    asked: str  # folded, as both are compared
    name: str
    edits: int  # letters corrected; 0: the same word


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something that made a score what it is."""

    sign: Literal["", "-", "+", "x"]  # how it went in; "": what it began with
    amount: float
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How a text was read as a name."""

    form: Form  # in which the text comes nearest to the name
    text: str  # in that form
    same: bool  # the same words, run together or apart
    pairs: tuple[Pair, ...]
    unmatched: tuple[str, ...]  # words of the text that the name does not have
    more: tuple[str, ...]  # words of the name that the text does not have
    parts: tuple[Part, ...]  # what the score of the hit is made of; none where the name is the same


def parts(laid: Laid, hit: Hit) -> Iterator[Part]:
    """What the score of a hit is made of."""
    yield Part(sign="", amount=laid.closeness, why=BEGUN.get(laid.closeness, "words partly in common"))
    if laid.edits:
        yield Part(sign="-", amount=EDIT * laid.edits, why="letters corrected")
    if laid.first:
        yield Part(sign="-", amount=FIRST_LETTER * laid.first, why="first letter corrected")
    if laid.trust < 1:
        yield Part(
            sign="x", amount=laid.trust, why=TRUST.get(laid.trust, "a known or short word was corrected")
        )
    if laid.agreement < 1:
        yield Part(
            sign="x", amount=laid.agreement, why="numbers, sides, stages, negations or hyper-/hypo- differ"
        )
    yield from _rest(laid.score, hit)


def _rest(score: float, hit: Hit) -> Iterator[Part]:
    """What the search made of it after the comparison."""
    rest = hit.score - score
    if hit.match == "broader" and score:
        yield Part(sign="x", amount=hit.score / score, why="modifiers left out")
    elif abs(rest + DOUBT) < CLOSE:
        yield Part(sign="-", amount=DOUBT, why="another correction is as near")
    elif abs(rest) >= CLOSE:
        yield Part(sign="+" if rest > 0 else "-", amount=abs(rest), why="of the way it was found")
