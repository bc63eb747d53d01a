"""Whether llama.cpp says what PyTorch says: logits and tokens of GGUF files against their folders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
import torch
from numpy.typing import NDArray

from adapter.errors import ModelError
from adapter.models.quantizer import said

PROBES = (
    "BP 140/85 mmHg, HbA1c 7.25 %; metformin 1000mg b.i.d.",
    "  Two  spaces,\ttab,\n\n\nlines\r\nand 'quoted' words they'll have",
    "Übelkeit, fièvre élevée, 38,5 °C – Verdacht auf Pneumonie\u00a0(J18.9)",
    "患者は発熱。Ελληνικά. Кашель 3 дня. 🩺",
    '{"diagnosis":"N/A","age":"54 years"}',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """How near two sets of logits are."""

    tokens: int
    cosine: float  # the least over positions
    difference: float  # the greatest absolute one
    same_first: float  # share of positions where the likeliest token is the same


def compared(ours: NDArray[Any], theirs: NDArray[Any]) -> Likeness:
    """How near two sets of logits are, position by position."""
    norms = np.linalg.norm(ours, axis=1) * np.linalg.norm(theirs, axis=1)
    return Likeness(
        tokens=len(ours),
        cosine=float(np.min((ours * theirs).sum(1) / norms)),
        difference=float(np.max(np.abs(ours - theirs))),
        same_first=float(np.mean(ours.argmax(1) == theirs.argmax(1))),
    )


def torch_logits(model: Any, tokens: Sequence[int]) -> NDArray[Any]:
    """The logits of a transformers model after each token."""
    with torch.inference_mode():
        found = model(input_ids=torch.tensor([list(tokens)], device=model.device)).logits
    return np.asarray(found[0].float().cpu().numpy())


def llama_logits(model: Path, tokens: Sequence[int], adapter: Path | None = None) -> NDArray[Any]:
    """The logits of llama.cpp after each token, its memory of the text in fp32 so that nothing is rounded."""
    llama = llama_cpp.Llama(
        str(model),
        lora_path=str(adapter) if adapter else None,
        n_gpu_layers=0,
        n_ctx=len(tokens) + 8,
        n_batch=len(tokens) + 8,
        n_ubatch=len(tokens) + 8,
        n_threads=1,
        logits_all=True,
        type_k=llama_cpp.GGML_TYPE_F32,
        type_v=llama_cpp.GGML_TYPE_F32,
        verbose=False,
    )
    try:
        llama.eval(list(tokens))
        return np.array(llama.scores[: len(tokens)])
    finally:
        llama.close()


def check_tokens(model: Path, tokenizer: Any, texts: Iterable[str] = PROBES) -> None:
    """Raises ModelError where a GGUF file cuts a text into other tokens than its folder does."""
    params = llama_cpp.llama_model_default_params()
    params.vocab_only = True
    with said() as words:
        loaded = llama_cpp.llama_model_load_from_file(str(model).encode(), params)
    if not loaded:
        raise ModelError(f"{model.name}: llama.cpp cannot load it: {' '.join(words[-1:])}")
    try:
        for text in texts:
            theirs = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
            if llama_tokens(loaded, text) != list(theirs):
                raise ModelError(f"{model.name}: llama.cpp cuts words otherwise than the base's tokenizer")
    finally:
        llama_cpp.llama_model_free(loaded)


def llama_tokens(model: Any, text: str) -> list[int]:
    """The tokens of a text that is data, by a model that llama.cpp has loaded."""
    raw = text.encode()
    room = (llama_cpp.llama_token * (len(raw) + 8))()
    words = llama_cpp.llama_model_get_vocab(model)
    return list(room[: llama_cpp.llama_tokenize(words, raw, len(raw), room, len(raw) + 8, False, False)])
