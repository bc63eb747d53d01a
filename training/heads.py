"""What a model is asked of every word: the kinds of a head, and what may be said of a mention beside them."""

from dataclasses import dataclass

from adapter.extraction import bio
from adapter.model import FLAGS, KINDS

AXES = {"other": "other_person"}  # what the context rules call what is said


@dataclass(frozen=True)
class Head:
    """One linear layer: the labels of its kinds first, then what is said."""

    kinds: tuple[str, ...]
    said: tuple[str, ...] = ()

    @property
    def labels(self) -> list[str]:
        """The labels of words: O, B-a, I-a, ..."""
        return bio.labels_of(self.kinds)

    @property
    def outputs(self) -> int:
        """How many numbers it gives for a word."""
        return len(self.labels) + len(self.said)

    @property
    def names(self) -> list[str]:
        """What the outputs are called in a model file."""
        return [*self.labels, *(f"said:{AXES.get(name, name)}" for name in self.said)]

    def label(self, kind: str, prefix: str) -> int:
        """The index of a label."""
        return 1 + 2 * self.kinds.index(kind) + (prefix == "I")


MENTIONS = Head(kinds=tuple(KINDS), said=(*FLAGS, "family", "other"))
IDENTIFIERS = Head(
    kinds=(
        "name",
        "date",
        "birthdate",
        "record",
        "insurance",
        "phone",
        "fax",
        "email",
        "address",
        "zip",
        "city",
        "hospital",
    )
)
HEADS = {"mentions": MENTIONS, "identifiers": IDENTIFIERS}
