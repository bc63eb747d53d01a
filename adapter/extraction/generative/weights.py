"""A language model in a GGUF file, loaded: what it says of itself, its vocabulary, its LoRA adapters."""

import ctypes
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import llama_cpp

from adapter.errors import ModelError
from adapter.extraction.generative.vocabulary import Vocabulary
from adapter.extraction.llama import silence
from adapter.model import ModelInfo

_FTYPE = "LLAMA_FTYPE_MOSTLY_"


class Weights:
    """A model that generates, and LoRA adapters for it. Raises ModelError naming the file at fault."""

    def __init__(self, path: Path, adapters: Mapping[str, Path]) -> None:
        self.path = path
        self.pointer = _load(path)
        try:
            self._refuse_others()
            self.vocabulary = Vocabulary(self.pointer)
            self.adapters = {name: self._adapter(place) for name, place in adapters.items()}
            self._adapted = ",".join(f"{name}={_digest(adapters[name])}" for name in sorted(adapters))
        except BaseException:
            self.close()
            raise

    def _refuse_others(self) -> None:
        if (
            not llama_cpp.llama_model_has_decoder(self.pointer)
            or self.field("tokenizer.ggml.model") == "bert"
        ):
            raise ModelError(f"{self.path.name}: not a model that generates text")
        if llama_cpp.llama_model_has_encoder(self.pointer):
            raise ModelError(f"{self.path.name}: models with an encoder beside the decoder are not run")

    def _adapter(self, path: Path) -> Any:
        if not path.is_file():
            raise ModelError(f"{path.name}: no such adapter file")
        pointer = llama_cpp.llama_adapter_lora_init(self.pointer, str(path).encode())
        if not pointer:
            raise ModelError(f"{path.name}: not a LoRA adapter for {self.path.name}")
        return pointer

    @property
    def trained_context(self) -> int:
        """The most tokens the model was made for."""
        return int(llama_cpp.llama_model_n_ctx_train(self.pointer))

    def template(self) -> str | None:
        """The chat template of the model, or None."""
        found = llama_cpp.llama_model_chat_template(self.pointer, None)
        return found.decode("utf-8", "replace") if found else None

    def field(self, key: str) -> str | None:
        """A value of the metadata as text, or None."""
        room = 256
        while True:
            buffer = ctypes.create_string_buffer(room)
            size = int(llama_cpp.llama_model_meta_val_str(self.pointer, key.encode(), buffer, room))
            if size < room:
                return buffer.value.decode("utf-8", "replace") if size >= 0 else None
            room = size + 1

    def info(self) -> ModelInfo:
        """What the model says of itself, with the digest of its file (of a split model: the first part)."""
        return ModelInfo(
            name=self.field("general.name") or self.path.stem,
            version=self.field("general.version") or "unknown",
            digest=_digest(self.path),
            quantization=_quantization(self.field("general.file_type")),
            details={"license": self.field("general.license") or "unknown", **self._own()},
        )

    def _own(self) -> dict[str, str]:
        """How many tokens of a note the file says to read at once, and the digests of the adapters' files."""
        told = self.field("notewright.chunk_tokens") or ""
        said = {"chunk_tokens": told if told.isdigit() and int(told) else "", "adapters": self._adapted}
        return {name: value for name, value in said.items() if value}

    def close(self) -> None:
        """Frees the weights and the adapters; no context made from them may be used afterwards."""
        if self.pointer:
            llama_cpp.llama_model_free(self.pointer)  # and the adapters with it
            self.pointer = None


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _load(path: Path) -> Any:
    if not path.is_file():
        raise ModelError(f"{path.name}: no such model file")
    silence()
    llama_cpp.llama_backend_init()
    params = llama_cpp.llama_model_default_params()
    params.n_gpu_layers = 0
    params.load_mode = llama_cpp.LLAMA_LOAD_MODE_MMAP
    pointer = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
    if not pointer:
        raise ModelError(f"{path.name}: llama.cpp cannot load it")
    return pointer


def _quantization(file_type: str | None) -> str:
    """The name llama.cpp has for a number, such as Q4_K_M."""
    names = {0: "F32"}
    for name, value in vars(llama_cpp).items():
        if name.startswith(_FTYPE) and isinstance(value, int):
            names[value] = name.removeprefix(_FTYPE)
    return names.get(int(file_type), "unknown") if file_type and file_type.isdigit() else "unknown"
