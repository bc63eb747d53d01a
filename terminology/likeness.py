"""How alike a query and a name are: a score in which 0.9 means the same but for spelling.

Words are laid side by side. A known word is never taken for another known word ("prednisone" is not a
misspelt "prednisolone"); numbers, sides, stages and negations must agree, or the score stays low.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import log

from terminology.model import Hit
from terminology.normalise import CACHE, Guard, Normaliser
from terminology.words import Words

REORDERED = 0.95  # same words, other order or other small words
EDIT = 0.03  # taken off for each corrected letter
FIRST_LETTER = 0.03  # and once more when the first letter was wrong
SHORT = 0.8  # at most, when a four-letter word was corrected
KNOWN = 0.7  # at most, when a word that is known was taken for another
DOUBT = 0.12  # taken off when another correction is as near
PARTIAL = 0.88  # times the share of weight in common, when words are left over
ONE_SIDED = 0.5  # at most, when one side has a number, side, stage or negation that the other has not
CONFLICT = 0.3  # at most, when they contradict each other
PREFIX = 0.7  # at most, when only one side has a hyper- or hypo-
WEAK = 0.1  # weight of words like "unspecified" against an ordinary word


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """A text prepared for judging."""

    words: tuple[str, ...]  # without small words
    meant: tuple[dict[str, int], ...]  # for each word, what it may be and with how many edits
    groups: tuple[tuple[str, ...], ...]  # for each word that must be found, the words to look for
    wider: tuple[tuple[str, ...], ...]  # the same, known words corrected too
    corrected: tuple[str, ...]  # the likeliest reading
    guard: Guard


class Likeness:
    """Judges names by one store's words."""

    def __init__(self, normaliser: Normaliser, words: Words) -> None:
        self._normaliser = normaliser
        self._words = words
        self._guard = lru_cache(maxsize=CACHE)(normaliser.guard)
        self._weight = lru_cache(maxsize=CACHE)(self._weigh)

    def query(self, words: Sequence[str]) -> Query:
        """A query made ready."""
        kept = self._telling(words)
        known = [word in self._words for word in kept]
        meant = []
        for word in kept:
            near = {one.word: one.edits for one in self._words.corrections(word)}
            meant.append({word: 0} | near)
        groups = [
            (word,) if here else tuple(other for other in options if other != word)
            for word, here, options in zip(kept, known, meant, strict=True)
        ]
        return Query(
            words=kept,
            meant=tuple(meant),
            groups=tuple(groups),
            wider=tuple(tuple(options) for options in meant),
            corrected=tuple(group[0] if group else word for group, word in zip(groups, kept, strict=True)),
            guard=self._guard(tuple(words)),
        )

    def judged(self, query: Query, words: tuple[str, ...], hit: Hit) -> Hit:
        """A hit with its score."""
        return replace(hit, score=round(self._score(query, words), 4))

    def doubt(self, query: Query, hits: Iterable[Hit]) -> list[Hit]:
        """The hits, with less trust where two corrections of a word are equally near."""
        listed = list(hits)
        fixed = [(hit, self._readings(query, hit)) for hit in listed if hit.score > KNOWN]
        nearest = min((edits for _, (edits, _) in fixed), default=0)
        readings = {reading for _, (edits, reading) in fixed if edits == nearest}
        if nearest == 0 or len(readings) < 2:
            return listed
        return [replace(hit, score=round(max(0.0, hit.score - DOUBT), 4)) for hit in listed]

    def _readings(self, query: Query, hit: Hit) -> tuple[int, tuple[str, ...]]:
        words = set(self._telling(self._normaliser.words(hit.term)))
        chosen = [
            min(((edits, word) for word, edits in options.items() if word in words), default=(0, ""))
            for options in query.meant
        ]
        return sum(edits for edits, _ in chosen), tuple(sorted(word for _, word in chosen))

    def _score(self, query: Query, words: tuple[str, ...]) -> float:
        kept = self._telling(words)
        left = list(kept)
        both, edits, most = 0.0, 0.0, 1.0
        for word, options in zip(query.words, query.meant, strict=True):
            other = self._taken(options, left)
            if other is None:
                continue
            left.remove(other)
            both += 2 * self._weight(other)
            edits += options[other] + (options[other] > 0 and other[0] != word[0])
            most = min(most, self._trust(word, other))
        missing = self._left_out(query, kept, left)
        whole = sum(map(self._weight, kept)) + sum(self._weight(word) for word in query.words)
        share = both / whole if whole else 0.0
        score = REORDERED if missing == 0 else REORDERED - 0.04 if missing <= WEAK else PARTIAL * share
        return max(0.0, min(score - EDIT * edits, most, self._agreement(query.guard, self._guard(words))))

    def _left_out(self, query: Query, kept: Sequence[str], left: Sequence[str]) -> float:
        """How much of either side has no partner: 0 for nothing, little for "unspecified"."""
        used = len(kept) - len(left)
        if used < len(query.words):
            return 1.0
        return 1.0 if any(word not in self._normaliser.weak for word in left) else WEAK * bool(left)

    def _taken(self, options: dict[str, int], left: Sequence[str]) -> str | None:
        near = [(edits, other) for other, edits in options.items() if other in left]
        return min(near)[1] if near else None

    def _trust(self, word: str, other: str) -> float:
        if word == other:
            return 1.0
        if word in self._words:
            return KNOWN
        return SHORT if len(word) < 5 else 1.0

    def _agreement(self, one: Guard, two: Guard) -> float:
        """The highest score the numbers, sides, stages, negations and hyper-/hypo- of both sides allow."""
        if one == two:
            return 1.0
        if one.numbers and two.numbers and one.numbers != two.numbers:
            return CONFLICT
        only = one.words ^ two.words
        groups = [group for group, _ in only]
        if len(set(groups)) < len(groups):
            return CONFLICT
        if only or one.numbers != two.numbers:
            return ONE_SIDED
        lone = [number for number, _ in one.prefixes ^ two.prefixes]
        return CONFLICT if len(set(lone)) < len(lone) else PREFIX

    def _telling(self, words: Sequence[str]) -> tuple[str, ...]:
        kept = tuple(word for word in words if word not in self._normaliser.stop)
        return kept or tuple(words)

    def _weigh(self, word: str) -> float:
        if word in self._normaliser.weak:
            return WEAK
        return 1.0 + max(0.0, 6.0 - log(1 + self._words.terms(word))) / 6.0
