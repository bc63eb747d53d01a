"""A PEFT folder -> a GGUF LoRA adapter that llama.cpp loads on top of the base."""

import json
import math
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np
from safetensors.torch import load_file
from transformers import AutoConfig

from adapter.errors import ModelError
from training import adapter_gguf
from training.lora.naming import Array, Naming, of

_WEIGHT = re.compile(r"^base_model\.model\.(.+)\.lora_(A|B)\.weight$")


def write(peft: Path, base: Path, output: Path, *, name: str, description: str = "") -> Path:
    """The path of the adapter file. Raises ModelError for an adapter that llama.cpp cannot hold."""
    config = settings(peft)
    naming = of(AutoConfig.from_pretrained(str(base), local_files_only=True))
    fresh = output.with_name(output.name + ".new")
    with adapter_gguf.writing(fresh, naming.architecture, name=name, alpha=alpha(config)) as writer:
        writer.add_description(description or f"LoRA adapter of rank {config['r']}")
        writer.add_file_type(gguf.LlamaFileType.ALL_F32)
        for tensor, array in tensors(peft, naming).items():
            writer.add_tensor(tensor, array)
    return fresh.replace(output)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """What an adapter adds to one weight: scale times B times A."""

    a: Array
    b: Array
    scale: float

    def array(self) -> Array:
        """The sum to add, in the shape of the weight."""
        return np.asarray((self.b @ self.a) * np.float32(self.scale))


def deltas(peft: Path) -> dict[str, Delta]:
    """What a PEFT folder adds, by the names of the weights in transformers."""
    config = settings(peft)
    halves: dict[str, dict[str, Array]] = defaultdict(dict)
    for key, tensor in load_file(peft / "adapter_model.safetensors").items():
        found = _WEIGHT.match(key)
        if not found:
            raise ModelError(f"the adapter holds {key}, which is no half of a LoRA")
        halves[f"{found[1]}.weight"][found[2]] = np.asarray(tensor.float().numpy())
    scale = alpha(config) / config["r"]
    return {name: Delta(a=half["A"], b=half["B"], scale=scale) for name, half in sorted(halves.items())}


def tensors(peft: Path, naming: Naming) -> dict[str, Array]:
    """The two halves of each adapted tensor under llama.cpp's names.

    The order of query and key rows is a matter of what comes out, so only B is laid out anew.
    """
    made = {}
    for name, delta in deltas(peft).items():
        ours = naming.gguf_name(name)
        made[f"{ours}.lora_a"] = np.ascontiguousarray(delta.a)
        made[f"{ours}.lora_b"] = np.ascontiguousarray(naming.laid_out(ours, delta.b))
    return made


def alpha(config: dict[str, Any]) -> float:
    """The alpha that gives PEFT's scale when it is divided by the rank, as llama.cpp does."""
    given, rank = float(config["lora_alpha"]), int(config["r"])
    return given * math.sqrt(rank) if config.get("use_rslora") else given


def settings(peft: Path) -> dict[str, Any]:
    """The configuration of a PEFT folder. Raises ModelError for one that is more than a plain LoRA."""
    config: dict[str, Any] = json.loads((peft / "adapter_config.json").read_text("utf-8"))
    _check(config)
    return config


def _check(config: dict[str, Any]) -> None:
    if config.get("peft_type") != "LORA":
        raise ModelError("the adapter is no LoRA")
    unheld = ("use_dora", "rank_pattern", "alpha_pattern", "modules_to_save", "fan_in_fan_out", "lora_bias")
    for key in unheld:
        if config.get(key):
            raise ModelError(f"a GGUF LoRA cannot hold {key}")
    if config.get("bias", "none") != "none":
        raise ModelError("a GGUF LoRA cannot hold biases")
