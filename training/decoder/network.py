"""The decoder in PyTorch: the Llama architecture, with rotary pairs side by side as GGUF has them."""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from training.decoder import start

Kept = tuple[Tensor, Tensor]
TAGS = 7  # none; the first word and a later word of a problem, a medication, a procedure
SPREAD = 0.05  # of the numbers of vectors to begin with: wide against the steps they take


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How big a decoder is."""

    vocabulary: int
    width: int = 256
    layers: int = 5
    heads: int = 8
    shared: int = 4  # heads of keys and values
    inner: int = 512
    context: int = 1024
    base: float = 500000.0
    epsilon: float = 1e-5

    def plain(self) -> dict:
        """The shape as JSON."""
        return asdict(self)


class Norm(nn.Module):
    """Root mean square norm."""

    def __init__(self, width: int, epsilon: float) -> None:
        super().__init__()
        self.weight, self.epsilon = nn.Parameter(torch.ones(width)), epsilon

    def forward(self, x: Tensor) -> Tensor:
        """The input at unit size, scaled."""
        return F.rms_norm(x, (x.shape[-1],), self.weight, self.epsilon)


class Embedding(nn.Module):
    """Vectors of pieces; a twin's is that of its piece without the space, plus one that means the space."""

    def __init__(self, shape: Shape, twins: list[tuple[int, int]]) -> None:
        super().__init__()
        twin = dict(twins)
        own = [index for index in range(shape.vocabulary) if index not in twin]
        row = {index: at for at, index in enumerate(own)}
        rows = [row[twin.get(index, index)] for index in range(shape.vocabulary)]
        self.register_buffer("rows", torch.tensor(rows), persistent=False)
        spaced = torch.tensor([float(index in twin) for index in range(shape.vocabulary)])
        self.register_buffer("spaced", spaced, persistent=False)
        self.weight = nn.Parameter(torch.randn(len(own), shape.width) * SPREAD)
        self.space = nn.Parameter(torch.randn(shape.width) * SPREAD * 0.3)

    def forward(self, ids: Tensor) -> Tensor:
        """The vectors of ids."""
        return F.embedding(self.rows[ids], self.weight) + self.spaced[ids].unsqueeze(-1) * self.space

    def scores(self, x: Tensor) -> Tensor:
        """How well each piece goes with a vector."""
        return (x @ self.weight.T)[:, self.rows] + (x @ self.space).unsqueeze(-1) * self.spaced

    def whole(self) -> Tensor:
        """The table with the twins written out."""
        return self.weight[self.rows] + self.spaced.unsqueeze(-1) * self.space


class Layer(nn.Module):
    """Attention over what came before, then a gated network."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads, self.shared, self.size = shape.heads, shape.shared, shape.width // shape.heads
        kept = self.shared * self.size
        self.norm_attention = Norm(shape.width, shape.epsilon)
        self.query = linear(shape.width, shape.width)
        self.key = linear(shape.width, kept)
        self.value = linear(shape.width, kept)
        self.output = linear(shape.width, shape.width, silent=True)
        self.norm_inner = Norm(shape.width, shape.epsilon)
        self.gate = linear(shape.width, shape.inner)
        self.up = linear(shape.width, shape.inner)
        self.down = linear(shape.inner, shape.width, silent=True)

    def forward(self, x: Tensor, turn: Tensor, before: Kept | None = None) -> tuple[Tensor, Kept]:
        """The input, enriched, and its keys and values; `before` are those of a beginning all rows share."""
        rows, length, _ = x.shape
        h = self.norm_attention(x)
        q = turned(self.query(h).view(rows, length, self.heads, self.size), turn).transpose(1, 2)
        k = turned(self.key(h).view(rows, length, self.shared, self.size), turn)
        v = self.value(h).view(rows, length, self.shared, self.size)
        more = self.heads // self.shared
        kept = k.repeat_interleave(more, 2).transpose(1, 2), v.repeat_interleave(more, 2).transpose(1, 2)
        if before is None:
            seen = F.scaled_dot_product_attention(q, *kept, is_causal=True)
        else:
            k, v = (
                torch.cat([old.expand(rows, -1, -1, -1), new], 2)
                for old, new in zip(before, kept, strict=True)
            )
            mask = torch.ones(length, k.shape[2], dtype=torch.bool).tril(k.shape[2] - length)
            seen = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        x = x + self.output(seen.transpose(1, 2).reshape(rows, length, -1))
        h = self.norm_inner(x)
        return x + self.down(F.silu(self.gate(h)) * self.up(h)), kept


class Decoder(nn.Module):
    """Ids -> vectors, from which the next piece is told."""

    def __init__(self, shape: Shape, twins: list[tuple[int, int]]) -> None:
        super().__init__()
        self.shape = shape
        self.embedding = Embedding(shape, twins)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.width, shape.epsilon)
        self.tags = nn.Linear(shape.width, TAGS)  # of use in training alone; no part of the file
        half = torch.arange(0, shape.width // shape.heads, 2) / (shape.width // shape.heads)
        angles = torch.outer(torch.arange(shape.context).float(), shape.base**-half)
        self.register_buffer("turns", torch.stack([angles.cos(), angles.sin()]), persistent=False)
        start.copying(self)

    def forward(self, ids: Tensor, prompt: Tensor | None = None) -> Tensor:
        """The last vectors, (rows, length, width); `prompt` stands before every row and is read once."""
        return self.vectors(ids, prompt)[0]

    def vectors(self, ids: Tensor, prompt: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The last vectors, and what the tags of the note's words say after the second layer."""
        first = 0 if prompt is None else prompt.shape[1]
        x, turn = self.embedding(ids), self.turns[:, first : first + ids.shape[1]]
        shared = None if prompt is None else self.embedding(prompt)
        tags = x
        for number, layer in enumerate(self.layers):
            before = None
            if shared is not None:
                shared, before = layer(shared, self.turns[:, :first])
            x, _ = layer(x, turn, before)
            if number == 1:
                tags = self.tags(F.rms_norm(x, (x.shape[-1],)))
        return self.norm(x), tags

    def scores(self, ids: Tensor) -> Tensor:
        """The score of every piece at every place."""
        return self.embedding.scores(self(ids).flatten(0, 1)).view(*ids.shape, -1)


def linear(inputs: int, outputs: int, *, silent: bool = False) -> nn.Linear:
    """A linear map without bias; a silent one gives nothing at first, so that it adds no noise."""
    layer = nn.Linear(inputs, outputs, bias=False)
    nn.init.normal_(layer.weight, std=0.0 if silent else inputs**-0.5)
    return layer


def turned(x: Tensor, turn: Tensor) -> Tensor:
    """Rotary positions: neighbours (2i, 2i + 1) are one pair."""
    cos, sin = turn[0].unsqueeze(1), turn[1].unsqueeze(1)
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack([even * cos - odd * sin, even * sin + odd * cos], -1).flatten(-2)
