"""Training examples -> windows of word pieces with the labels each word may have.

Supervision is partial: a corpus that annotates diseases says nothing about procedures. So each word carries
the *set* of labels that agree with its annotation, and the loss is the marginal likelihood of that set
(Cour, Sapp & Taskar 2011, "Learning from Partial Labels").
"""

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from adapter import notes
from adapter.extraction import windows
from adapter.extraction.wordpiece import WordPiece
from training.heads import MENTIONS, Head

LABELS = MENTIONS.labels
CLS, SEP, PAD = 101, 102, 0
SAID = MENTIONS.said  # what the second part of the head says of a mention
OUTPUTS = MENTIONS.outputs
UNTOLD = 0.15  # weight of a kind the corpus does not annotate, against "nothing", for a word it left bare


@dataclass(frozen=True)
class Item:
    """One window: its piece ids, where each word's first piece stands, and its row in the label-set table.

    `said` has a bit for each of SAID that holds of the mention a word belongs to; -1 where nothing is known.
    """

    ids: np.ndarray
    firsts: np.ndarray
    sets: np.ndarray
    said: np.ndarray


@dataclass
class LabelSets:
    """Distinct sets of allowed labels, numbered; some labels of a set may be allowed with less weight."""

    head: Head = MENTIONS
    numbers: dict[tuple[tuple[int, ...], tuple[int, ...]], int] = field(default_factory=dict)

    def number(self, labels: Sequence[int], untold: Sequence[int] = ()) -> int:
        """The number of the set of these labels, and of those the corpus says nothing about."""
        return self.numbers.setdefault((tuple(sorted(labels)), tuple(sorted(untold))), len(self.numbers))

    def table(self) -> Tensor:
        """Shape (sets, labels): log weight, 0 where allowed, -inf where not."""
        table = torch.full((len(self.numbers), len(self.head.labels)), float("-inf"))
        for (labels, untold), number in self.numbers.items():
            table[number, list(untold)] = math.log(UNTOLD)
            table[number, list(labels)] = 0.0
        return table


def read(path: Path) -> Iterator[dict]:
    """The examples of a file made by `training.build`."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def items(path: Path, tokenizer: WordPiece, sets: LabelSets) -> list[Item]:
    """All windows of a file of examples."""
    return [item for example in read(path) for item in windowed(example, tokenizer, sets)]


def windowed(example: dict, tokenizer: WordPiece, sets: LabelSets) -> Iterator[Item]:
    """The windows of one example; words an overlap gives to another window may have any label there."""
    words = tokenizer.words(example["text"])
    numbers, told = allowed(example, words, sets), said(example, words, sets.head)
    anything = sets.number(range(len(sets.head.labels)))
    sentences = notes.from_text(example["id"], example["text"]).sentences
    for window in windows.cut(words, sentences):
        pieces = words.pieces[window.start : window.end]
        lengths = np.array([len(piece) for piece in pieces])
        flat = [one for piece in pieces for one in piece]
        ids = np.array([CLS, *flat[: windows.SIZE], SEP])
        firsts = 1 + np.concatenate([[0], np.cumsum(lengths)[:-1]])
        chosen = [
            numbers[index] if window.keep_start <= index < window.keep_end else anything
            for index in range(window.start, window.end)
        ]
        inside = firsts < len(ids) - 1
        here = np.array(told[window.start : window.end])
        yield Item(ids, firsts[inside], np.array(chosen)[inside], here[inside])


def allowed(example: dict, words, sets: LabelSets) -> list[int]:
    """The number of the allowed label set of each word."""
    label = sets.head.label
    unknown = [kind for kind in sets.head.kinds if kind not in example["complete"]]
    free = sets.number([0], [label(kind, prefix) for kind in unknown for prefix in "BI"])
    outside = sets.number([0])
    numbers = [free] * len(words)
    for start, end in example.get("outside", ()):
        for index in covered(words, start, end):
            numbers[index] = outside
    for start, end, kinds in example["spans"]:
        for place, index in enumerate(covered(words, start, end)):
            numbers[index] = sets.number([label(kind, "I" if place else "B") for kind in kinds])
    return numbers


def said(example: dict, words, head: Head) -> list[int]:
    """What is said of the mention each word belongs to, as bits; -1 where that is not known."""
    bits = [-1] * len(words)
    for start, end, names in example.get("said", ()):
        for index in covered(words, start, end):
            bits[index] = sum(1 << head.said.index(name) for name in names)
    return bits


def covered(words, start: int, end: int) -> range:
    """The words that overlap these characters."""
    return range(int(np.searchsorted(words.ends, start, "right")), int(np.searchsorted(words.starts, end)))


def batches(pool: Sequence[Item], pieces: int, generator: np.random.Generator) -> Iterator[list[Item]]:
    """Shuffled batches of windows of like length, at most `pieces` with padding."""
    order = generator.permutation(len(pool))
    found = []
    for begin in range(0, len(order), 512):
        group = sorted(order[begin : begin + 512], key=lambda index: len(pool[index].ids))
        batch: list[Item] = []
        for index in group:
            if batch and len(pool[index].ids) * (len(batch) + 1) > pieces:
                found.append(batch)
                batch = []
            batch.append(pool[index])
        found.append(batch)
    for index in generator.permutation(len(found)):
        yield found[index]


def tensors(batch: Sequence[Item], device: str) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, Tensor]:
    """A batch as ids, mask, and for each word its row, place, label-set number and what is said of it."""
    width = max(len(item.ids) for item in batch)
    ids = np.full((len(batch), width), PAD)
    for row, item in enumerate(batch):
        ids[row, : len(item.ids)] = item.ids
    rows = np.concatenate([np.full(len(item.firsts), row) for row, item in enumerate(batch)])
    places = np.concatenate([item.firsts for item in batch])
    sets = np.concatenate([item.sets for item in batch])
    told = np.concatenate([item.said for item in batch])
    mask = ids != PAD
    return tuple(torch.from_numpy(array).to(device) for array in (ids, mask, rows, places, sets, told))
