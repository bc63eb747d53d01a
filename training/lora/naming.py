"""How llama.cpp names and lays out the tensors of a transformers model."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gguf
import numpy as np
from numpy.typing import NDArray

from adapter.errors import ModelError

Array = NDArray[np.float32]
_ARCHITECTURES = {  # transformers' model_type -> llama.cpp's architecture
    "llama": gguf.MODEL_ARCH.LLAMA,
    "mistral": gguf.MODEL_ARCH.LLAMA,
    "qwen2": gguf.MODEL_ARCH.QWEN2,
    "qwen3": gguf.MODEL_ARCH.QWEN3,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """The names and layouts of one model."""

    architecture: str  # as GGUF spells it
    gguf_name: Callable[[str], str]  # of a module or tensor of transformers
    heads: int
    key_heads: int
    permuted: bool  # whether llama.cpp wants the rows of query and key in another order

    def laid_out(self, name: str, rows: Array) -> Array:
        """A weight, a bias or a LoRA B of a module, with its rows in llama.cpp's order."""
        if not self.permuted:
            return rows
        if ".attn_q." in name:
            return permuted(rows, self.heads)
        return permuted(rows, self.key_heads) if ".attn_k." in name else rows


def of(config: Any) -> Naming:
    """The naming of a model by its transformers configuration. Raises ModelError where it is not known."""
    if config.model_type not in _ARCHITECTURES:
        known = ", ".join(sorted(_ARCHITECTURES))
        raise ModelError(f"a GGUF file is written for {known}; this model is {config.model_type}")
    architecture = _ARCHITECTURES[config.model_type]
    table = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)

    def gguf_name(name: str) -> str:
        found = table.get_name(name, try_suffixes=(".weight", ".bias"))
        if found is None:
            raise ModelError(f"llama.cpp has no tensor for {name}")
        return found

    return Naming(
        architecture=gguf.MODEL_ARCH_NAMES[architecture],
        gguf_name=gguf_name,
        heads=config.num_attention_heads,
        key_heads=getattr(config, "num_key_value_heads", None) or config.num_attention_heads,
        permuted=architecture == gguf.MODEL_ARCH.LLAMA,
    )


def permuted(rows: Array, heads: int) -> Array:
    """Rows of a query or key projection in the order of llama.cpp's rotary embedding.

    transformers turns the first half of a head's dimensions against the second, llama.cpp neighbours.
    """
    half = rows.shape[0] // heads // 2
    return rows.reshape(heads, 2, half, *rows.shape[1:]).swapaxes(1, 2).reshape(rows.shape)
