"""The `encoder` engine: a GGUF token classifier reads every word of the note.

It quotes by construction: a mention is a run of words of the note, so nothing can be made up.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from adapter.extraction import bio
from adapter.extraction.classifier import Classifier
from adapter.extraction.wordpiece import Words
from adapter.model import Issue, Mention, ModelInfo, Note, Step

NAME = "encoder"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the encoder thinks of every word of a note."""

    words: Words
    probabilities: NDArray[np.float32]  # (words, labels), rows sum to 1

    def evidence(self, start: int, end: int) -> float:
        """The mean probability that the words between two code points belong to any mention."""
        first = int(np.searchsorted(self.words.ends, start, "right"))
        last = int(np.searchsorted(self.words.starts, end))
        if first >= last:
            return 0.0
        return float(1.0 - self.probabilities[first:last, 0].mean())


class EncoderEngine:
    """Finds mentions with a token classifier; those less sure than `threshold` are left out."""

    name = NAME

    def __init__(self, classifier: Classifier, *, threshold: float) -> None:
        self._classifier, self._threshold = classifier, threshold

    @property
    def model(self) -> ModelInfo:
        """The open model."""
        return self._classifier.info

    def read(self, note: Note) -> Reading:
        """The label probabilities of every word."""
        words = self._classifier.tokenizer.words(note.text)
        return Reading(words=words, probabilities=self._classifier.probabilities(words, note.sentences))

    def mentions(self, note: Note) -> Step[Mention]:
        """See `Engine.mentions`."""
        return self.decide(note, self.read(note))

    def decide(self, note: Note, reading: Reading) -> Step[Mention]:
        """The mentions of a note that has been read."""
        with np.errstate(divide="ignore"):
            path = bio.best_path(np.log(reading.probabilities))
        found = [
            self._mention(note, reading.words, chunk) for chunk in bio.chunks(path, reading.probabilities)
        ]
        kept = tuple(mention for mention in found if mention.confidence >= self._threshold)
        unsure = tuple(_unsure(mention) for mention in found if mention.confidence < self._threshold)
        return Step(name="extraction", kept=kept, left_out=unsure)

    def _mention(self, note: Note, words: Words, chunk: bio.Chunk) -> Mention:
        start, end = words.starts[chunk.start], words.ends[chunk.end - 1]
        return Mention(
            start=start,
            end=end,
            text=note.text[start:end],
            kind=self._classifier.kinds[chunk.kind],
            confidence=round(chunk.probability, 4),
            sources=(NAME,),
        )

    def close(self) -> None:
        """Frees the model."""
        self._classifier.close()


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
