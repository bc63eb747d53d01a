"""The words of a store, and which of them a misspelt word may be."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from terminology.normalise import CACHE
from terminology.reader import Reader

MOST = 6  # corrections of one word


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """A word of the store a misspelt word may be."""

    word: str
    edits: int  # letters inserted, left out, changed, or swapped with a neighbour


class Words:
    """The word list of a store, in memory, sorted by length."""

    def __init__(self, reader: Reader) -> None:
        rows = reader.ask("SELECT word, terms FROM word")
        self._terms: dict[str, int] = dict(rows)
        letters = (word for word in self._terms if word[0].isalpha())
        self._listed = sorted(letters, key=lambda word: (len(word), word))
        self._lengths = [len(word) for word in self._listed]
        self.corrections: Callable[[str], tuple[Correction, ...]] = lru_cache(maxsize=CACHE)(self._correct)

    def __contains__(self, word: str) -> bool:
        return word in self._terms

    def terms(self, word: str) -> int:
        """In how many names a word stands."""
        return self._terms.get(word, 0)

    def _correct(self, word: str) -> tuple[Correction, ...]:
        """The nearest other words: one edit away, two from eight letters on; none for short words."""
        if len(word) < 4 or not word.isalpha():
            return ()
        most = 1 if len(word) < 8 else 2
        first = bisect_left(self._lengths, len(word) - most)
        last = bisect_right(self._lengths, len(word) + most)
        near = process.extract(
            word, self._listed[first:last], scorer=OSA.distance, score_cutoff=most, limit=4 * MOST
        )
        found = [Correction(word=other, edits=int(edits)) for other, edits, _ in near if other != word]
        found.sort(key=lambda one: (one.edits, one.word[0] != word[0], -self.terms(one.word), one.word))
        return tuple(found[:MOST])
