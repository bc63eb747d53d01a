"""What a model file says of itself, as a list of models shows it."""

import hashlib
from collections import Counter
from dataclasses import dataclass
from math import prod
from pathlib import Path

from gguf.constants import LlamaFileType

from adapter.errors import ModelError
from adapter.models.container import Layout, layout

ENCODER, DECODER, LORA = "encoder", "decoder", "LoRA"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One model."""

    name: str
    kind: str  # ENCODER, DECODER or LORA
    architecture: str
    parameters: int
    quantization: str
    bytes: int
    licence: str
    context: int  # the longest text it was made for, in tokens; 0: not said
    template: bool  # whether it brings a chat template
    sha256: str
    version: str = UNKNOWN


def card(path: Path, *, licence: str | None = None) -> Card:
    """The card of a GGUF file; `licence` is what it does not say itself.

    Raises ModelError when it is no whole GGUF model.
    """
    found = layout(path)
    whole(path, found)
    architecture = str(found.get("general.architecture"))
    return Card(
        name=str(found.get("general.name", path.stem)),
        kind=kind(found),
        architecture=architecture,
        parameters=sum(prod(tensor.shape) for tensor in found.tensors),
        quantization=quantization(found),
        bytes=path.stat().st_size,
        licence=licence or str(found.get("general.license", UNKNOWN)),
        context=int(found.get(f"{architecture}.context_length", 0)),
        template="tokenizer.chat_template" in found.fields,
        sha256=digest(path),
        version=str(found.get("general.version", UNKNOWN)),
    )


def whole(path: Path, found: Layout) -> None:
    """Raises ModelError when the file is no model, or only a part of one."""
    if "general.architecture" not in found.fields:
        raise ModelError(f"{path.name}: metadata field general.architecture is missing")
    if int(found.get("split.count", 1)) > 1:
        raise ModelError(f"{path.name}: split.count says it is one part of several; join them first")
    if not found.tensors:
        raise ModelError(f"{path.name}: holds no tensors")


def kind(found: Layout) -> str:
    """Encoder, decoder or LoRA."""
    if found.get("general.type") == "adapter":
        return LORA
    architecture = str(found.get("general.architecture"))
    causal = bool(found.get(f"{architecture}.attention.causal", True))
    return ENCODER if not causal or f"{architecture}.pooling_type" in found.fields else DECODER


def quantization(found: Layout) -> str:
    """The name of its quantization: as it says, else the type most of its weights have."""
    number = found.get("general.file_type")
    if number is not None and number in set(LlamaFileType):
        return LlamaFileType(number).name.removeprefix("MOSTLY_").removeprefix("ALL_")
    weights: Counter[str] = Counter()
    for tensor in found.tensors:
        weights[tensor.kind.name] += prod(tensor.shape)
    return weights.most_common(1)[0][0]


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
