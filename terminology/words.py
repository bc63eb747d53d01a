"""The words of a store, and which of them a misspelt word may be."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from terminology.normalise import CACHE
from terminology.reader import Reader

MOST = 6  # corrections of one word
NEGATING = ("a", "an", "in", "im", "il", "ir", "un", "non")


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A word of the store a misspelt word may be."""

    word: str
    edits: int  # letters inserted, left out, changed, or swapped with a neighbour


class Words:
    """The word list of a store, in memory, sorted into shelves by how words begin and end."""

    def __init__(self, reader: Reader) -> None:
        self._terms: dict[str, int] = dict(reader.ask("SELECT word, terms FROM word"))
        self._shelves: dict[tuple[int, str, str], list[str]] = {}
        for word in sorted(self._terms):
            if len(word) >= 3 and word.isalpha():
                for shelf in _shelves(word):
                    self._shelves.setdefault(shelf, []).append(word)
        self.corrections: Callable[[str], tuple[Correction, ...]] = lru_cache(maxsize=CACHE)(self._correct)

    def __contains__(self, word: str) -> bool:
        return word in self._terms

    def terms(self, word: str) -> int:
        """In how many names a word stands."""
        return self._terms.get(word, 0)

    def _correct(self, word: str) -> tuple[Correction, ...]:
        """The nearest other words: one edit away, two from eight letters on; none for short words.

        Only words that begin or end alike are compared: a single edit leaves one end whole.
        """
        if len(word) < 4 or not word.isalpha():
            return ()
        most = 1 if len(word) < 8 else 2
        listed = list(
            dict.fromkeys(other for shelf in _shelves(word) for other in self._shelves.get(shelf, ()))
        )
        near = process.extract(word, listed, scorer=OSA.distance, score_cutoff=most, limit=4 * MOST)
        found = [Correction(word=other, edits=int(edits)) for other, edits, _ in near if _slip(word, other)]
        found.sort(key=lambda one: (one.edits, one.word[0] != word[0], -self.terms(one.word), one.word))
        return tuple(found[:MOST])


def _slip(word: str, other: str) -> bool:
    """Whether one may be a slip for the other: not when it denies it, as "afebrile" does "febrile"."""
    long, short = sorted((word, other), key=len, reverse=True)
    before = long.removesuffix(short)
    return word != other and not (before in NEGATING and before[0] != short[0] and len(long) > len(short))


def _shelves(word: str) -> Iterator[tuple[int, str, str]]:
    """Where a word stands and is looked for: by three letters at either end, by two when it is short."""
    for width in (2, 3):
        if (width == 2 and len(word) <= 6) or (width == 3 and len(word) >= 6):
            yield width, "begins", word[:width]
            yield width, "ends", word[-width:]
