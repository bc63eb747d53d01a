"""Masked-language training: whole words are hidden and guessed, so that texts nobody labelled teach too.

Devlin et al. 2019, https://arxiv.org/abs/1810.04805; on the domain's own texts, Gururangan et al. 2020,
https://arxiv.org/abs/2004.10964.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from adapter.extraction import windows
from adapter.extraction.wordpiece import WordPiece
from training import dataset, network

MASK = 103
HIDDEN = 0.15  # share of the words that are to be guessed: of these
SHOWN, OTHER = 0.1, 0.1  # so many are shown as they are, or as another piece; the rest is masked


class Guess(nn.Module):
    """Hidden states -> logits over the vocabulary, by the embeddings of the pieces themselves."""

    def __init__(self, model: network.TokenClassifier) -> None:
        super().__init__()
        width = model.word.weight.shape[1]
        self.turn = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(model.word.weight.shape[0]))
        nn.init.eye_(self.turn.weight)

    def forward(self, hidden: Tensor, pieces: Tensor) -> Tensor:
        """Hidden states (places, width) and the embeddings (pieces, width) -> logits (places, pieces)."""
        return self.norm(functional.gelu(self.turn(hidden))) @ pieces.T + self.bias


def items(path: Path, tokenizer: WordPiece) -> list[dataset.Item]:
    """The texts of a file one after the other, cut into windows."""
    found: list[dataset.Item] = []
    ids: list[int] = []
    firsts: list[int] = []
    for example in dataset.read(path):
        for pieces in tokenizer.words(example["text"]).pieces:
            if len(ids) + len(pieces) > windows.SIZE:
                found.append(_item(ids, firsts))
                ids, firsts = [], []
            firsts.append(1 + len(ids))
            ids += pieces[: windows.SIZE]
    return [*found, _item(ids, firsts)] if ids else found


def _item(ids: Sequence[int], firsts: Sequence[int]) -> dataset.Item:
    whole = np.array([dataset.CLS, *ids, dataset.SEP])
    return dataset.Item(whole, np.array(firsts), np.zeros(len(firsts), int), np.full(len(firsts), -1))


def loss_of(
    model: network.TokenClassifier,
    guess: Guess,
    batch: Sequence[dataset.Item],
    device: str,
    generator: np.random.Generator,
) -> Tensor:
    """How badly the hidden pieces of a batch are guessed: cross entropy, a mean over them."""
    ids, mask, *_ = dataset.tensors(batch, device)
    hidden = torch.zeros(ids.shape, dtype=torch.bool)
    for row, item in enumerate(batch):
        bounds = np.append(item.firsts, len(item.ids) - 1)
        for word in np.flatnonzero(generator.random(len(item.firsts)) < HIDDEN):
            hidden[row, bounds[word] : bounds[word + 1]] = True
    if not hidden.any():
        hidden[0, 1] = True
    hidden = hidden.to(device)
    wanted = ids[hidden]
    draw = torch.from_numpy(generator.random(len(wanted))).to(device)
    random = torch.from_numpy(generator.integers(1000, model.word.num_embeddings, len(wanted))).to(device)
    seen = torch.where(draw < SHOWN, wanted, torch.where(draw < SHOWN + OTHER, random, MASK))
    states = model.hidden(ids.masked_scatter(hidden, seen), mask)
    return functional.cross_entropy(guess(states[hidden], model.word.weight), wanted)
