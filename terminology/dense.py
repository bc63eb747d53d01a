"""Text -> the concepts whose names mean much the same, though they may share no letter.

An addition to `terminology.search` for where that finds little: never an exact match, and never a score
that says the same thing. Numbers, sides, stages and negations must not contradict, as encoders overlook them.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from terminology.dense_index import COMPARED, DenseManifest, Index, Near, build_index, open_index
from terminology.embedder import Embedder, GgufEmbedder
from terminology.model import Hit
from terminology.normalise import Guard, Normaliser
from terminology.ranking import best
from terminology.reader import HIT, Reader, as_hit

CEILING = 0.75  # score of the same vector
FLOOR = 0.1  # cosine of the score 0
LOWEST = 0.25  # hits under this score are not given
WEAK = 0.6  # best lexical score under which dense hits are added
ONE_SIDED = 0.5  # times, when one side has a number, side, stage or negation that the other has not
SAID = {  # words that say what a prefix says: "high blood pressure" is a hypertension, and no hypotension
    "high": "hyper",
    "increased": "hyper",
    "elevated": "hyper",
    "raised": "hyper",
    "overactive": "hyper",
    "low": "hypo",
    "decreased": "hypo",
    "reduced": "hypo",
    "lowered": "hypo",
    "underactive": "hypo",
    "fast": "tachy",
    "rapid": "tachy",
    "slow": "brady",
}
STEM = "----"  # makes a word of a prefix
NAMES = (
    f"SELECT term.id, {HIT}, words"
    " FROM term JOIN concept ON concept.id = term.concept WHERE term.id IN ({})"
)


class DenseSearch:
    """Searches a store by an index of vectors. May be asked from several threads."""

    def __init__(self, store: Path, index: Index) -> None:
        self._reader = Reader(store)
        self._normaliser = Normaliser(dict(self._reader.ask("SELECT key, value FROM about"))["words"])
        self._index = index

    def search(
        self,
        text: str,
        *,
        kinds: Sequence[str] = (),
        languages: Sequence[str] = (),
        systems: Sequence[str] = (),
        limit: int = 10,
    ) -> list[Hit]:
        """The concepts a text may mean, best first, each once; an empty filter lets everything pass."""
        words = self._normaliser.words(text)
        if not words:
            return []
        guard = self._guard(words)
        near = self._index.search(self._normaliser.strip_tag(text)[0], COMPARED)
        scores = {one.term: scored(one.cosine) for one in near if scored(one.cosine) >= LOWEST}
        hits = [self._hit(row, scores[row[0]], guard) for row in self._reader.ask_each(NAMES, scores)]
        return best(
            hit
            for hit in hits
            if hit.score >= LOWEST
            and (not kinds or hit.kind in kinds)
            and (not languages or hit.language in languages)
            and (not systems or hit.system in systems)
        )[:limit]

    def _hit(self, row: Any, score: float, guard: Guard) -> Hit:
        _, *columns, words = row
        score *= _agreement(guard, self._guard(words.split(" ")))
        return as_hit(columns, score=round(score, 4), match="dense")

    def _guard(self, words: Sequence[str]) -> Guard:
        return self._normaliser.guard([*words, *(SAID[word] + STEM for word in words if word in SAID)])

    def close(self) -> None:
        """Gives the store's file back."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_dense(store: Path, index: Path, embedder: Embedder) -> DenseSearch:
    """A search by the index beside a store."""
    return DenseSearch(store, open_index(index, store, embedder))


def union(lexical: Sequence[Hit], dense: Iterable[Hit]) -> list[Hit]:
    """The lexical hits; dense ones among them where the best of those is weak. One hit per concept."""
    if max((hit.score for hit in lexical), default=0.0) >= WEAK:
        return list(lexical)
    return best([*lexical, *dense])


def scored(cosine: float) -> float:
    """A cosine as a score of a hit: rising, and never above `CEILING`."""
    return CEILING * max(0.0, (cosine - FLOOR) / (1 - FLOOR))


def _agreement(one: Guard, two: Guard) -> float:
    """The trust left by numbers, sides, stages, negations and hyper-/hypo-; 0 when they contradict.

    A lone hyper- or hypo- says nothing here: the other side may say it with other words.
    """
    if one.numbers and two.numbers and one.numbers != two.numbers:
        return 0.0
    for left, right in ((one.words, two.words), (one.prefixes, two.prefixes)):
        groups = [group for group, _ in left ^ right]
        if len(set(groups)) < len(groups):
            return 0.0
    lone = {word for _, word in one.words ^ two.words} - SAID.keys()
    return ONE_SIDED if lone or one.numbers != two.numbers else 1.0


__all__ = [
    "DenseManifest",
    "DenseSearch",
    "Embedder",
    "GgufEmbedder",
    "Index",
    "Near",
    "build_index",
    "open_dense",
    "open_index",
    "union",
]
