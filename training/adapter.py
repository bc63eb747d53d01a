"""A generation as an adapter: what a stage learns on top of a shipped model, in matrices of low rank.

    python -m training.adapter start --model models/BASE.gguf --weights S.pt --vocabulary PIECES
    python -m training.train --recipe training/adapter.toml --start S.pt --vocabulary PIECES ...
    python -m training.adapter write --weights RUN/STAGE.pt --version 3 --base BASE.gguf --output ADAPTER

Hu et al. 2021, "LoRA", https://arxiv.org/abs/2106.09685. `start` gives the weights that the users of the base
have, after quantization, so that the adapter mends what they run.
"""

import argparse
import math
from pathlib import Path
from tempfile import TemporaryDirectory

import gguf
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from adapter.models import lora
from adapter.models.card import digest
from training import adapter_gguf, convert
from training.heads import HEADS, Head

FACTORS = ".parametrizations.weight.0."


class Change(nn.Module):
    """A matrix with the product of two of low rank added: W + B A, B zero at first."""

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        height, width = weight.shape
        self.a = nn.Parameter(torch.randn(rank, width) / math.sqrt(width))
        self.b = nn.Parameter(torch.zeros(height, rank))

    def forward(self, weight: Tensor) -> Tensor:
        """The changed matrix."""
        return weight + self.b @ self.a


def adapt(model: nn.Module, rank: int, *, head: bool = False) -> None:
    """From here on only changes of low rank of the layers' matrices are learned, and a head that is new."""
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    for parameter in model.head.parameters():
        parameter.requires_grad_(head)
    for layer in model.layers.modules():
        if isinstance(layer, nn.Linear):
            parametrize.register_parametrization(layer, "weight", Change(layer.weight, rank))


def started(model: Path) -> tuple[dict[str, Tensor], list[str]]:
    """The weights of a GGUF file under our names, and its pieces as a vocabulary file spells them."""
    reader = gguf.GGUFReader(model)
    read = {one.name: gguf.quants.dequantize(one.data, one.tensor_type) for one in reader.tensors}
    found = {name: torch.from_numpy(np.array(values, np.float32)) for name, values in read.items()}
    blocks = sum(name.endswith("attn_q.weight") for name in found)
    tokens = reader.fields["tokenizer.ggml.tokens"]
    return convert.ours(found, blocks), [
        convert.unspelled(bytes(tokens.parts[at]).decode()) for at in tokens.data
    ]


def factors(state: dict[str, Tensor]) -> dict[str, np.ndarray]:
    """Both halves of every change, under the names that llama.cpp reads, in float16."""
    halves = {}
    for name, theirs in convert.places(sum(name.endswith("qkv" + FACTORS + "a") for name in state)):
        learned = name.removesuffix(".weight") + FACTORS
        if not name.endswith(".weight") or learned + "a" not in state:
            continue
        for target, below in zip(theirs, state[learned + "b"].chunk(len(theirs)), strict=True):
            for half, values in (("a", state[learned + "a"]), ("b", below)):
                halves[f"{target}.lora_{half}"] = values.contiguous().half().numpy()
    return halves


def write(
    state: dict[str, Tensor], output: Path, *, name: str, version: str, head: Head | None = None
) -> None:
    """Writes the adapter file, with a head of its own if there is one."""
    halves = factors(state)
    rank = float(len(next(iter(halves.values()))))
    with adapter_gguf.writing(output, "bert", name=name, alpha=rank) as writer:
        writer.add_version(version)
        writer.add_license("apache-2.0")
        writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
        for tensor, values in halves.items():
            writer.add_tensor(tensor, values)
        if head is not None:
            writer.add_classifier_output_labels(head.names)
            for half in ("weight", "bias"):
                writer.add_tensor(convert.WHOLE[f"head.{half}"], state[f"head.{half}"].float().numpy())


def made(base: Path, adapter: Path, title: lora.Title) -> str:
    """The SHA-256 of the model that is made of both, for `adapter.engines.ENCODER`."""
    with TemporaryDirectory() as folder:
        output = Path(folder) / "made.gguf"
        lora.bake(adapter, base, output, title=title)
        return digest(output)


def main() -> None:
    """Runs one of the two commands."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    start = commands.add_parser("start", help="the weights and the pieces of a shipped model")
    start.add_argument("--model", type=Path, required=True)
    start.add_argument("--weights", type=Path, required=True)
    start.add_argument("--vocabulary", type=Path, required=True)
    written = commands.add_parser("write", help="what was learned, as a GGUF adapter")
    written.add_argument("--weights", type=Path, required=True)
    written.add_argument("--name", default="notewright-minilm")
    written.add_argument("--version", required=True)
    written.add_argument("--head", choices=HEADS, help="the head that was learned too")
    written.add_argument("--base", type=Path, required=True)
    written.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    if options.command == "start":
        state, pieces = started(options.model)
        torch.save(state, options.weights)
        options.vocabulary.write_text("".join(one + "\n" for one in pieces), "utf-8")
    else:
        state = torch.load(options.weights, map_location="cpu")
        head = HEADS[options.head] if options.head else None
        write(state, options.output, name=options.name, version=options.version, head=head)
        print(made(options.base, options.output, lora.Title(name=options.name, version=options.version)))


if __name__ == "__main__":
    main()
