"""A transformers folder -> a model with LoRA layers, where and how it can best be trained here."""

import warnings
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, AutoTokenizer

from adapter.errors import ModelError
from training.lora.recipe import Recipe


def tokenizer(folder: Path) -> Any:
    """The tokenizer of a folder; nothing is fetched and no code of the folder is run."""
    return _loaded(AutoTokenizer, folder)


def model(folder: Path, dtype: torch.dtype = torch.float32) -> Any:
    """The causal language model of a folder."""
    return _loaded(AutoModelForCausalLM, folder, dtype=dtype)


def device() -> str:
    """Where to train."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def precision(recipe: Recipe) -> torch.dtype:
    """bf16 where the hardware multiplies it, fp32 elsewhere, unless the recipe says."""
    if recipe.precision != "auto":
        return torch.bfloat16 if recipe.precision == "bf16" else torch.float32
    native = torch.cuda.is_bf16_supported() if device() == "cuda" else _native_bf16()
    return torch.bfloat16 if native else torch.float32


def with_lora(recipe: Recipe) -> Any:
    """The base with LoRA layers to train; the rest is frozen. The same seed gives the same first weights."""
    torch.manual_seed(recipe.seed)
    base = model(recipe.base, precision(recipe))
    if recipe.checkpointing:
        base.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
        base.config.use_cache = False
    config = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=recipe.targets[0] if recipe.targets == ("all-linear",) else list(recipe.targets),
        bias="none",
        task_type="CAUSAL_LM",
    )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # PEFT reads a name that transformers renames
            return get_peft_model(base, config).to(device())
    except ValueError as error:
        raise ModelError(f"no LoRA layers can be put on this base: {error}") from error


def with_adapter(folder: Path, adapter: Path) -> Any:
    """The base with a trained adapter, in fp32, for comparison."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        return PeftModel.from_pretrained(model(folder), str(adapter)).eval()


def _native_bf16() -> bool:
    info = Path("/proc/cpuinfo")
    flags = info.read_text("utf-8") if info.exists() else ""
    return "amx_bf16" in flags or "avx512_bf16" in flags


def _loaded(kind: Any, folder: Path, **options: Any) -> Any:
    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder.name}: no transformers folder (config.json is missing)")
    try:
        return kind.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False, **options)
    except (OSError, ValueError) as error:
        raise ModelError(f"{folder.name}: transformers cannot load it: {error}") from error
