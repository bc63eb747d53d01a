"""A transformers folder, with or without a LoRA adapter merged in -> a GGUF file.

Weights are read, merged and written one at a time: a large model needs the memory of its largest tensor.
"""

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from safetensors import safe_open
from transformers import AutoConfig

from adapter.errors import ModelError
from training.lora import adapter_file, base, naming, vocabulary
from training.lora.chats import Encoder
from training.lora.naming import Array, Naming

_STORED = {
    "F32": (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
    "F16": (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    "BF16": (gguf.GGMLQuantizationType.BF16, gguf.LlamaFileType.MOSTLY_BF16),
}


def write(folder: Path, output: Path, *, name: str, peft: Path | None = None, kind: str = "") -> Path:
    """The path of the GGUF file; `kind` is F32, F16 or BF16, by itself what the base is stored in.

    Raises ModelError for a model whose architecture, tokenizer or position encoding llama.cpp would read
    otherwise than transformers does.
    """
    config = AutoConfig.from_pretrained(str(folder), local_files_only=True)
    names, source = naming.of(config), _Source(folder)
    stored, file_type = _STORED[kind or source.kind()]
    fresh = output.with_name(output.name + ".new")
    writer = gguf.GGUFWriter(fresh, names.architecture)
    writer.add_name(name)
    writer.add_file_type(file_type)
    _parameters(writer, config)
    tokenizer = base.tokenizer(folder)
    words = vocabulary.read(folder, config.vocab_size)
    vocabulary.add(writer, words, tokenizer, Encoder(tokenizer).end())
    _tensors(writer, names, source, _Plan(config=config, stored=stored, peft=peft))
    return fresh.replace(output)


class _Source:
    """The weights of a folder, read one at a time."""

    def __init__(self, folder: Path) -> None:
        index = folder / "model.safetensors.index.json"
        if index.is_file():
            self._files = json.loads(index.read_text("utf-8"))["weight_map"]
        elif (folder / "model.safetensors").is_file():
            with safe_open(folder / "model.safetensors", framework="pt") as file:
                self._files = dict.fromkeys(file.keys(), "model.safetensors")
        else:
            raise ModelError(f"{folder.name} has no model.safetensors")
        self._folder = folder

    def names(self) -> list[str]:
        """The names of the weights; position frequencies that some folders store are no weights."""
        return [name for name in self._files if not name.endswith("rotary_emb.inv_freq")]

    def kind(self) -> str:
        """How most of the weights are stored."""
        found = [self._slice(name).get_dtype() for name in self.names() if name.endswith("_proj.weight")]
        kinds = {str(kind) for kind in found}
        if len(kinds) != 1 or not kinds <= set(_STORED):
            raise ModelError(f"{self._folder.name}: the weights are not stored as F32, F16 or BF16")
        return kinds.pop()

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a weight."""
        return tuple(self._slice(name).get_shape())

    def array(self, name: str) -> Array:
        """A weight in fp32."""
        with safe_open(self._folder / self._files[name], framework="pt") as file:
            return np.asarray(file.get_tensor(name).to(torch.float32).numpy())

    def _slice(self, name: str) -> Any:
        with safe_open(self._folder / self._files[name], framework="pt") as file:
            return file.get_slice(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """What becomes of the weights."""

    config: Any
    stored: Any  # type of the matrices
    peft: Path | None  # the adapter to merge in


def _tensors(writer: gguf.GGUFWriter, names: Naming, source: _Source, plan: _Plan) -> None:
    """Announces every tensor, then writes them in the same order."""
    deltas = adapter_file.deltas(plan.peft) if plan.peft else {}
    tied, stored = bool(plan.config.tie_word_embeddings), plan.stored
    wanted = [name for name in source.names() if not (tied and name == "lm_head.weight")]
    if set(deltas) - set(wanted):
        raise ModelError("the adapter changes weights that the base does not have")
    for name in wanted:
        shape = source.shape(name)
        kind = stored if len(shape) > 1 else gguf.GGMLQuantizationType.F32
        size = math.prod(shape) * (4 if kind == gguf.GGMLQuantizationType.F32 else 2)
        dtype = np.dtype(np.float16 if kind == gguf.GGMLQuantizationType.F16 else np.float32)
        writer.add_tensor_info(names.gguf_name(name), shape, dtype, size, raw_dtype=kind)
    factors = _frequency_factors(plan.config)
    if factors is not None:
        writer.add_tensor_info("rope_freqs.weight", factors.shape, factors.dtype, factors.nbytes)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for array in _arrays(wanted, names, source, deltas):
        kind = stored if array.ndim > 1 else gguf.GGMLQuantizationType.F32
        writer.write_tensor_data(gguf.quants.quantize(array, kind))
    if factors is not None:
        writer.write_tensor_data(factors)
    writer.close()


def _arrays(
    wanted: list[str], names: Naming, source: _Source, deltas: dict[str, "adapter_file.Delta"]
) -> Iterator[Array]:
    for name in wanted:
        array = source.array(name)
        if name in deltas:
            array = array + deltas[name].array()
        yield np.ascontiguousarray(names.laid_out(names.gguf_name(name), array))


def _parameters(writer: gguf.GGUFWriter, config: Any) -> None:
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    if getattr(config, "sliding_window", None):
        raise ModelError("a sliding window is not written to a GGUF file")
    if config.hidden_act != "silu":
        raise ModelError(f"llama.cpp knows no {config.hidden_act} in this architecture")
    writer.add_vocab_size(config.vocab_size)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(width)
    writer.add_value_length(width)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_dimension_count(width)
    writer.add_rope_freq_base(_rope(config)["rope_theta"])
    if _rope(config)["rope_type"] == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(_rope(config)["factor"])


def _rope(config: Any) -> dict[str, Any]:
    """How positions are encoded, under the names of today's transformers and of older ones."""
    found = getattr(config, "rope_parameters", None) or getattr(config, "rope_scaling", None) or {}
    kind = found.get("rope_type") or found.get("type") or "default"
    if kind not in {"default", "linear", "llama3"}:
        raise ModelError(f"positions scaled by {kind} are not written to a GGUF file")
    return {"rope_theta": getattr(config, "rope_theta", 10000.0), **found, "rope_type": kind}


def _frequency_factors(config: Any) -> Array | None:
    """What Llama 3.1 divides the frequencies of positions by: long waves are stretched, short ones not."""
    rope = _rope(config)
    if rope["rope_type"] != "llama3":
        return None
    width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    waves = 2 * np.pi * rope["rope_theta"] ** (np.arange(0, width, 2, dtype=np.float64) / width)
    low, high, factor = rope["low_freq_factor"], rope["high_freq_factor"], rope["factor"]
    turns = rope["original_max_position_embeddings"] / waves
    smooth = np.clip((turns - low) / (high - low), 0, 1)
    return np.asarray(1 / ((1 - smooth) / factor + smooth), np.float32)
