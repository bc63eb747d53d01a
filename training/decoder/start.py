"""Weights to begin with that already copy: after "che" comes what came after "che" before.

Two heads make it (Olsson et al. 2022, "In-context Learning and Induction Heads"): one of the first layer
looks one place back and writes down what stood there; one of the second looks for a place that wrote down the
present piece, and says the piece that stands there. Small models need long to find this by themselves.
"""

from typing import Any, Protocol

import torch
from torch import Tensor

FAST = 4  # rotary pairs that tell neighbours apart
SLOW = 9 / 16  # of the numbers of a head: they hardly turn within a chunk, so they can compare pieces
NOTED = 3.0  # how loud the piece before is written down, against the piece itself
SHARP = 3.0  # how sure the look-up is
LOUD = 0.5  # how loud the found piece is said


class Begun(Protocol):
    """What is set here of a decoder: its shape, embedding and layers (`training.decoder.network`)."""

    shape: Any
    embedding: Any
    layers: Any


@torch.no_grad()
def copying(model: Begun) -> None:
    """Sets the heads that copy; everything else stays as it is."""
    shape, spread = model.shape, model.embedding.weight.std().item()
    model.embedding.weight[:, 0], model.embedding.space[0] = 4 * spread, 0.0
    size = shape.width // shape.heads
    codes, marks = basis(shape.width, size), basis(shape.width, size)
    for group, back in enumerate((1, 2)):
        look_back(model, group, back)
    model.layers[0].value.weight[:size] = codes
    model.layers[0].output.weight[:, :size] = NOTED * spread * marks.T
    slow, said = int(SLOW * size), basis(shape.width, 2 * size)
    look_up(model, 0, codes[:slow], marks[:slow], said[:size])
    look_up(model, 1, codes[-slow:], marks[-slow:], said[size:])


def look_back(model: Begun, group: int, back: int) -> None:
    """A head of the first layer looks `back` places back: it knows the constant alone, so only distance."""
    shape, layer = model.shape, model.layers[0]
    size = shape.width // shape.heads
    turns = shape.base ** -(torch.arange(0, size, 2) / size)[:FAST]
    ahead = torch.stack([(turns * back).cos(), -(turns * back).sin()], -1).flatten()
    key, query = group * size, group * (shape.heads // shape.shared) * size
    layer.key.weight[key : key + size] *= 0.05
    layer.query.weight[query : query + size] *= 0.05
    layer.key.weight[key : key + 2 * FAST, 0] = torch.tensor([1.0, 0.0]).repeat(FAST)
    layer.query.weight[query : query + 2 * FAST, 0] = 2 * ahead


def look_up(model: Begun, group: int, codes: Tensor, marks: Tensor, said: Tensor) -> None:
    """A head of the second layer finds the place whose mark is this piece's code, and says it."""
    shape, layer = model.shape, model.layers[1]
    size = shape.width // shape.heads
    key, query = group * size, group * (shape.heads // shape.shared) * size
    layer.key.weight[key : key + size] *= 0.05
    layer.query.weight[query : query + size] *= 0.05
    layer.key.weight[key + size - len(marks) : key + size] = SHARP**0.5 * marks
    layer.query.weight[query + size - len(codes) : query + size] = SHARP**0.5 * 2 * codes
    layer.value.weight[key : key + size] = said
    layer.output.weight[:, query : query + size] = LOUD * said.T


def basis(width: int, rows: int) -> Tensor:
    """Orthonormal rows that leave the first number, the constant, out."""
    found = torch.linalg.qr(torch.randn(width - 1, rows))[0].T
    return torch.cat([torch.zeros(rows, 1), found], 1)
