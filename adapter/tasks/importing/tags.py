"""BIO labels of words, and the entities they mark.

Read as seqeval reads them in its default mode (https://github.com/chakki-works/seqeval), which DRAGON scores
with: an I after O, or after another label, begins an entity as B does.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Entity:
    """Some words next to each other, and what they are."""

    first: int
    last: int  # the last word itself
    label: str


def entities(labels: Sequence[str]) -> list[Entity]:
    """The entities that labels mark, one label to a word."""
    found, begun = [], 0
    prefix, kind = "O", ""
    for at, label in enumerate([*labels, "O"]):
        this, here = _split(label)
        if prefix != "O" and (this in ("B", "O") or here != kind):
            found.append(Entity(first=begun, last=at - 1, label=kind))
        if this != "O" and (this == "B" or prefix == "O" or here != kind):
            begun = at
        prefix, kind = this, here
    return found


def single(count: int, marked: Iterable[Entity]) -> list[str]:
    """One label to each of `count` words; where entities overlap, the one that was first stays."""
    labels = ["O"] * count
    for one in marked:
        if all(label == "O" for label in labels[one.first : one.last + 1]):
            labels[one.first : one.last + 1] = _written(one)
    return labels


def several(count: int, marked: Iterable[Entity]) -> list[list[str]]:
    """All the labels of each of `count` words, ["O"] where there is none."""
    labels: list[list[str]] = [[] for _ in range(count)]
    for one in marked:
        for at, label in enumerate(_written(one), start=one.first):
            if not any(_split(other)[1] == one.label for other in labels[at]):
                labels[at].append(label)
    return [some or ["O"] for some in labels]


def kind(label: str) -> str:
    """What a label says a word is, without B or I; "" for O."""
    return _split(label)[1]


def _written(one: Entity) -> list[str]:
    return [f"B-{one.label}"] + [f"I-{one.label}"] * (one.last - one.first)


def _split(label: str) -> tuple[str, str]:
    if label == "O" or not label:
        return "O", ""
    rest = label[1:].split("-", maxsplit=1)[-1]
    return label[0], rest or "_"
