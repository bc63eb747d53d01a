"""llama.cpp's own quantizer: a GGUF model in, a smaller one out."""

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import llama_cpp

from adapter.errors import InputError, ModelError
from adapter.extraction.llama import silence
from adapter.models.card import LORA, kind, whole
from adapter.models.container import layout

KEPT = (rb"^cls\.",)  # tensors that are small, and read by others than llama.cpp: heads of classifiers
_F32 = 0
_ERROR = 4  # log level of llama.cpp
_PREFIXES = ("LLAMA_FTYPE_MOSTLY_", "LLAMA_FTYPE_ALL_")


def levels() -> dict[str, int]:
    """Every quantization the binding knows, by its short name, with llama.cpp's number."""
    found: dict[str, int] = {}
    for name, value in vars(llama_cpp.llama_cpp).items():
        for prefix in _PREFIXES:
            if name.startswith(prefix):
                found[name.removeprefix(prefix)] = int(value)
    return found


def level(name: str) -> tuple[str, int]:
    """A quantization by its name in any case.

    Raises InputError listing what there is.
    """
    known = levels()
    if name.upper() not in known:
        raise InputError(f"{name}: no such quantization; there are {', '.join(known)}", path="--to")
    return name.upper(), known[name.upper()]


def quantize(source: Path, target: Path, to: str, *, threads: int = 0) -> None:
    """Writes the model quantized, at once or not at all.

    Raises ModelError with llama.cpp's own last word when it cannot: some levels need an importance matrix.
    """
    name, number = level(to)
    found = layout(source)
    whole(source, found)
    if kind(found) == LORA:
        raise ModelError(f"{source.name}: a LoRA adapter is not quantized")
    if target.resolve() == source.resolve():
        raise InputError("would overwrite the model that is read", path="--output")
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=".quantize-") as folder:
        part = Path(folder) / target.name
        with said() as words:
            failed = llama_cpp.llama_model_quantize(
                str(source).encode(), str(part).encode(), _params(number, threads)
            )
        if failed or not part.is_file():
            why = words[-1] if words else "no reason given"
            raise ModelError(f"{source.name}: llama.cpp cannot quantize it to {name}: {why}")
        layout(part)  # a level that llama.cpp writes and the reader does not know is no result
        part.replace(target)


@contextmanager
def said() -> Iterator[list[str]]:
    """The error lines that llama.cpp would write to standard error, collected instead."""
    words: list[str] = []

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
    def hear(severity: int, text: bytes, _data: object) -> None:
        if severity == _ERROR and text.strip():
            words.append(text.decode("utf-8", "replace").strip())

    llama_cpp.llama_backend_init()
    llama_cpp.llama_log_set(hear, ctypes.c_void_p(0))
    try:
        yield words
    finally:
        silence()


def _params(number: int, threads: int) -> Any:
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = number
    params.nthread = threads
    params.allow_requantize = True
    kept = (llama_cpp.llama_model_tensor_override * (len(KEPT) + 1))()  # ends with an empty one
    for index, pattern in enumerate(KEPT):
        kept[index].pattern, kept[index].type = pattern, _F32
    params.tt_overrides = kept
    return params
