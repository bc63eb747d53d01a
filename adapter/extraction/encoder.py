"""The `encoder` engine: a GGUF token classifier reads every word of the note.

It quotes by construction: a mention is a run of words of the note, so nothing can be made up.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapter.extraction import bio, consistency, edges
from adapter.extraction.classifier import Classifier
from adapter.extraction.wordpiece import Words
from adapter.model import Issue, Mention, ModelInfo, Note, Step

NAME = "encoder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the encoder thinks of every word of a note."""

    words: Words
    probabilities: NDArray[np.float32]  # (words, labels), rows sum to 1
    said: NDArray[np.float32]  # (words, names), each from 0 to 1
    names: tuple[
        str, ...
    ] = ()  # what the encoder may say of a mention: flags of Assertion, "family", "other"

    def evidence(self, start: int, end: int) -> float:
        """The mean probability that the words between two code points belong to any mention."""
        inside = self._inside(start, end)
        return float(1.0 - self.probabilities[inside, 0].mean()) if inside.start < inside.stop else 0.0

    def claims(self, start: int, end: int, least: Mapping[str, float]) -> tuple[str, ...]:
        """What the encoder says of the words between two code points, as surely as is asked for."""
        return tuple(name for name, share in self.sure(start, end).items() if share >= least.get(name, 2))

    def sure(self, start: int, end: int) -> Mapping[str, float]:
        """How sure the encoder is of each thing it may say of the words between two code points."""
        inside = self._inside(start, end)
        if inside.start >= inside.stop or not self.names:
            return {}
        return dict(zip(self.names, map(float, self.said[inside].mean(axis=0)), strict=True))

    def _inside(self, start: int, end: int) -> slice:
        """The words that overlap these code points."""
        first = int(np.searchsorted(self.words.ends, start, "right"))
        return slice(first, int(np.searchsorted(self.words.starts, end)))


class EncoderEngine:
    """Finds mentions with a token classifier; those less sure than `threshold` are left out.

    `same_word` and `abbreviation` are the shares of evidence taken from other places of the note; `heads` are
    nouns that belong to a condition or finding right before them.
    """

    name = NAME

    def __init__(
        self,
        classifier: Classifier,
        *,
        threshold: float,
        same_word: float = 0.0,
        abbreviation: float = 0.0,
        heads: Collection[str] = (),
    ) -> None:
        self.classifier, self._threshold = classifier, threshold
        self._same_word, self._abbreviation = same_word, abbreviation
        self._heads = heads
        self._coded = _indices(classifier.kinds, {"medication"})
        self._headed = _indices(classifier.kinds, {"condition", "finding"})

    @property
    def model(self) -> ModelInfo:
        """The open model."""
        return self.classifier.info

    @property
    def languages(self) -> Collection[str] | None:
        """Those the model says it was trained for."""
        return self.classifier.languages

    def read(self, note: Note) -> Reading:
        """The label probabilities of every word."""
        words = self.classifier.tokenizer.words(note.text)
        probabilities, said = self.classifier.read(words, note.sentences)
        return Reading(words=words, probabilities=probabilities, said=said, names=self.classifier.said)

    def mentions(self, note: Note) -> Step[Mention]:
        """See `Engine.mentions`."""
        return self.decide(note, self.read(note))

    def decide(self, note: Note, reading: Reading) -> Step[Mention]:
        """The mentions of a note that has been read."""
        headings = {section.heading.start for section in note.sections}
        chunks = edges.settled(
            note.text,
            reading.words,
            self._chunks(note.text, reading),
            coded=self._coded,
            headings=headings,
            sentences={sentence.start for sentence in note.sentences},
            headed=self._headed,
            heads=self._heads,
        )
        found = [self._mention(note, reading.words, chunk) for chunk in chunks]
        kept = tuple(mention for mention in found if mention.confidence >= self._threshold)
        unsure = tuple(_unsure(mention) for mention in found if mention.confidence < self._threshold)
        return Step(name="extraction", kept=kept, left_out=unsure)

    def _chunks(self, text: str, reading: Reading) -> list[bio.Chunk]:
        """The best legal mentions, after the places of the note have spoken to each other."""
        words = reading.words
        shared = consistency.same_words(words, reading.probabilities, self._same_word)
        chunks = _decoded(shared)
        told = consistency.abbreviations(text, words, shared, chunks, self._abbreviation)
        return chunks if told is None else _decoded(told)

    def _mention(self, note: Note, words: Words, chunk: bio.Chunk) -> Mention:
        start, end = words.starts[chunk.start], words.ends[chunk.end - 1]
        return Mention(
            start=start,
            end=end,
            text=note.text[start:end],
            kind=self.classifier.kinds[chunk.kind],
            confidence=round(chunk.probability, 4),
            sources=(NAME,),
        )

    def close(self) -> None:
        """Frees the model."""
        self.classifier.close()


def _indices(kinds: Sequence[str], chosen: Collection[str]) -> frozenset[int]:
    return frozenset(index for index, kind in enumerate(kinds) if kind in chosen)


def _decoded(probabilities: NDArray[np.float32]) -> list[bio.Chunk]:
    with np.errstate(divide="ignore"):
        return bio.chunks(bio.best_path(np.log(probabilities)), probabilities)


def _unsure(mention: Mention) -> Issue:
    return Issue(
        code="informational",
        reason="below-threshold",
        message="The engine was not sure enough of this mention.",
        severity="information",
        start=mention.start,
        end=mention.end,
        kind=mention.kind,
    )
