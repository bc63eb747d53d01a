"""How alike texts are: by the directions an encoder gives them, or by the words they have in common."""

from collections.abc import Sequence
from functools import cached_property
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from adapter.extraction.generative.embedder import WORD, Embedder, directions

By = Literal["meaning", "words"]
Numbers = NDArray[np.float64]

EXACT = 1_040  # numbers in a row up to which products of two int8 rows are exact in float32
K1, B = 1.2, 0.75  # of BM25


class Space(Protocol):
    """Texts that can be compared with another, and with each other."""

    @property
    def by(self) -> By:
        """What is compared."""

    def near(self, text: str) -> Numbers:
        """How alike each text is to this one: 1 the same, 0 or less nothing alike."""

    def between(self, chosen: NDArray[np.int64]) -> Numbers:
        """How alike the chosen texts are to each other, a square."""


class Meanings:
    """Texts by their directions, compared in whole numbers: the same on every machine, ties are exact."""

    by: By = "meaning"

    def __init__(self, rows: NDArray[np.int8], embedder: Embedder) -> None:
        self._embedder = embedder
        self._rows = _unrounded(rows)
        self._lengths = _lengths(rows)

    def near(self, text: str) -> Numbers:
        """The cosine of each text with this one."""
        asked = directions([text], self._embedder)
        products = (self._rows @ _unrounded(asked)[0]).astype(np.float64)
        return np.asarray(products / (self._lengths * _lengths(asked)[0]))

    def between(self, chosen: NDArray[np.int64]) -> Numbers:
        """The cosines of the chosen with each other."""
        rows, lengths = self._rows[chosen], self._lengths[chosen]
        return np.asarray((rows @ rows.T).astype(np.float64) / np.outer(lengths, lengths))


class Words:
    """Texts by their words, weighed as BM25 does: rare ones count for more, repeated ones for less."""

    by: By = "words"

    def __init__(self, texts: Sequence[str]) -> None:
        self._known: dict[str, int] = {}
        told = [
            np.array([self._known.setdefault(word, len(self._known)) for word in words_of(text)], np.int64)
            for text in texts
        ]
        sizes = np.array([len(one) for one in told], np.int64)
        self._count, self._mean = len(texts), max(float(sizes.mean()) if len(sizes) else 1.0, 1.0)
        owners = np.repeat(np.arange(len(texts)), sizes)
        pairs, often = np.unique(
            owners * max(len(self._known), 1) + np.concatenate([np.empty(0, np.int64), *told]),
            return_counts=True,
        )
        self._owners, self._terms = np.divmod(pairs, max(len(self._known), 1))
        found = np.bincount(self._terms, minlength=len(self._known))
        self._rarity = np.log(1 + (len(texts) - found + 0.5) / (found + 0.5))
        weights = self._weighed(self._terms, often, sizes[self._owners])
        lengths = np.sqrt(np.bincount(self._owners, weights**2, minlength=len(texts)))
        self._weights = weights / lengths[self._owners]

    def near(self, text: str) -> Numbers:
        """The cosine of the weighed words of each text with those of this one."""
        words = words_of(text)
        terms, often = np.unique(
            [self._known[word] for word in words if word in self._known], return_counts=True
        )
        asked = np.zeros(len(self._known))
        if len(terms):
            weights = self._weighed(terms, often, np.array(len(words)))
            asked[terms] = weights / np.sqrt(weights @ weights)
        products = self._weights * asked[self._terms]
        return np.round(np.bincount(self._owners, products, minlength=self._count), 9)

    def between(self, chosen: NDArray[np.int64]) -> Numbers:
        """The same of the chosen with each other."""
        rows = np.zeros((len(chosen), len(self._known)))
        for place, number in enumerate(chosen.tolist()):
            own = slice(*np.searchsorted(self._owners, (number, number + 1)))
            rows[place, self._terms[own]] = self._weights[own]
        return np.round(rows @ rows.T, 9)

    def _weighed(
        self, terms: NDArray[np.int64], often: NDArray[np.int64], size: NDArray[np.int64]
    ) -> Numbers:
        return np.asarray(
            self._rarity[terms] * often * (K1 + 1) / (often + K1 * (1 - B + B * size / self._mean))
        )


class Copies:
    """Tells copies of a text, whole or in part, from texts that are only alike."""

    SIZE = 3  # words that are compared as one
    SHARE = 0.7  # of the shorter text's threes of words that the other must have

    def __init__(self, text: str) -> None:
        self._words = words_of(text)

    @cached_property
    def _own(self) -> frozenset[tuple[str, ...]]:
        return self._runs(self._words, self.SIZE)

    def has(self, other: str) -> bool:
        """Whether either text is nearly all in the other."""
        words = words_of(other)
        size = min(self.SIZE, len(words), len(self._words))
        if not size:
            return False
        own = self._own if size == self.SIZE else self._runs(self._words, size)
        theirs = self._runs(words, size)
        return len(own & theirs) >= self.SHARE * min(len(own), len(theirs))

    @staticmethod
    def _runs(words: Sequence[str], size: int) -> frozenset[tuple[str, ...]]:
        return frozenset(zip(*(words[start:] for start in range(size)), strict=False))


def words_of(text: str) -> list[str]:
    """The words of a text in small letters; of scripts without spaces, the letters."""
    return [word for word in WORD.findall(text.casefold()) if any(map(str.isalnum, word))]


def _unrounded(rows: NDArray[np.int8]) -> NDArray[np.floating]:
    """The rows in the smallest floating type in which sums of their products are exact."""
    return rows.astype(np.float32 if rows.shape[1] <= EXACT else np.float64)


def _lengths(rows: NDArray[np.int8]) -> Numbers:
    squares = np.array([int((row.astype(np.int64) ** 2).sum()) for row in rows], np.float64)
    return np.asarray(np.sqrt(np.maximum(squares, 1)))
