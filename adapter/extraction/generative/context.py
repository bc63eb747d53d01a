"""A llama.cpp context of several sequences: tokens in, logits out, and what each sequence remembers.

One pool of memory for all sequences, so that a beginning several have in common is held once. Belongs to one
thread.
"""

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from adapter.errors import EngineError, ModelError
from adapter.extraction.generative.weights import Weights

Mix = tuple[tuple[str, float], ...]  # names of adapters and their scales

BLOCK = 128  # tokens llama.cpp computes at once; what is remembered ends at a multiple of it
_FULL = 1  # llama_decode: no room for the batch


class OutOfMemory(EngineError):
    """The sequences hold all the memory there is."""


@dataclass(frozen=True, slots=True)
class Row:
    """Tokens one sequence goes on with, from a position; the logits after the last are wanted or not."""

    sequence: int
    position: int
    tokens: Sequence[int]
    logits: bool


@dataclass(slots=True)
class _Batch:
    """The arrays of a llama_batch, in memory of our own that is written through numpy."""

    size: int
    token: NDArray[np.int32] = field(init=False)
    position: NDArray[np.int32] = field(init=False)
    counts: NDArray[np.int32] = field(init=False)
    sequence: NDArray[np.int32] = field(init=False)
    pointers: NDArray[np.uint64] = field(init=False)
    logits: NDArray[np.int8] = field(init=False)

    def __post_init__(self) -> None:
        self.token, self.position = np.zeros(self.size, np.int32), np.zeros(self.size, np.int32)
        self.counts, self.sequence = np.ones(self.size, np.int32), np.zeros(self.size, np.int32)
        self.pointers = np.arange(self.size, dtype=np.uint64) * 4 + np.uint64(self.sequence.ctypes.data)
        self.logits = np.zeros(self.size, np.int8)

    def native(self, count: int) -> Any:
        """The first `count` entries as llama.cpp wants them."""
        batch = llama_cpp.llama_batch()
        batch.n_tokens = count
        batch.token = _pointer(self.token, ctypes.c_int32)
        batch.pos = _pointer(self.position, ctypes.c_int32)
        batch.n_seq_id = _pointer(self.counts, ctypes.c_int32)
        batch.seq_id = _pointer(self.pointers, ctypes.POINTER(ctypes.c_int32))
        batch.logits = _pointer(self.logits, ctypes.c_int8)
        return batch


def _pointer(array: NDArray[Any], kind: Any) -> Any:
    return ctypes.cast(array.ctypes.data, ctypes.POINTER(kind))


class Context:
    """`sequences` conversations with one model, `size` tokens of memory together."""

    def __init__(self, weights: Weights, *, size: int, sequences: int, chunk: int, threads: int) -> None:
        self._weights = weights
        params = _params(size=size, sequences=sequences, chunk=chunk, threads=threads)
        self._pointer = llama_cpp.llama_init_from_model(weights.pointer, params)
        if not self._pointer:
            raise ModelError(f"{weights.path.name}: llama.cpp cannot make a context of {size} tokens")
        self._memory = llama_cpp.llama_get_memory(self._pointer)
        self._batch = _Batch(chunk)
        self._native = self._batch.native(0)
        self._mix: Mix = ()
        self.chunk = chunk

    def run(self, rows: Sequence[Row]) -> list[NDArray[np.float32] | None]:
        """The logits after the last token of each row that wants them.

        The arrays are llama.cpp's own: use them before the next call. Raises OutOfMemory, with nothing
        changed, or EngineError, after which the memory is of no use until it is cleared.
        """
        lasts = self._write(rows)
        code = int(llama_cpp.llama_decode(self._pointer, self._native))
        if code == _FULL:
            raise OutOfMemory
        if code != 0:
            raise EngineError(f"llama.cpp could not run the model (code {code})")
        return [self._logits(at) if row.logits else None for row, at in zip(rows, lasts, strict=True)]

    def _write(self, rows: Sequence[Row]) -> list[int]:
        """Where the last token of each row stands in the batch."""
        batch, at, lasts = self._batch, 0, []
        for row in rows:
            end = at + len(row.tokens)
            batch.token[at:end] = row.tokens
            batch.position[at:end] = np.arange(row.position, row.position + end - at)
            batch.sequence[at:end] = row.sequence
            batch.logits[at:end] = 0
            batch.logits[end - 1] = row.logits
            lasts.append(end - 1)
            at = end
        self._native.n_tokens = at
        return lasts

    def _logits(self, at: int) -> NDArray[np.float32]:
        pointer = llama_cpp.llama_get_logits_ith(self._pointer, at)
        address = ctypes.cast(pointer, ctypes.c_void_p).value
        if address is None:
            raise EngineError("llama.cpp gave no logits")
        memory = (ctypes.c_char * (4 * self._weights.vocabulary.size)).from_address(address)
        return np.frombuffer(memoryview(memory), np.float32)

    def use(self, mix: Mix) -> None:
        """Runs what follows with these adapters. What was remembered with others must not be gone on from."""
        if mix == self._mix:
            return
        pointers = [self._weights.adapters[name] for name, _ in mix]
        kind = llama_cpp.llama_adapter_lora_p_ctypes * max(1, len(mix))
        scales = (ctypes.c_float * max(1, len(mix)))(*(scale for _, scale in mix))
        code = llama_cpp.llama_set_adapters_lora(self._pointer, kind(*pointers), len(mix), scales)
        if code != 0:
            raise EngineError(f"llama.cpp could not set the adapters (code {code})")
        self._mix = mix

    def cut(self, sequence: int, length: int) -> int:
        """How many tokens a sequence holds after all from `length` on were forgotten.

        Models with a recurrent state cannot forget a part: they forget all.
        """
        if length and llama_cpp.llama_memory_seq_rm(self._memory, sequence, length, -1):
            return length
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        return 0

    def copy(self, source: int, target: int, length: int) -> int:
        """How many tokens an empty sequence holds after it got the first of another: `length` or none."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, 0, length)
        if int(llama_cpp.llama_memory_seq_pos_max(self._memory, target)) == length - 1:
            return length
        return self.cut(target, 0)

    def clear(self) -> None:
        """Forgets everything."""
        llama_cpp.llama_memory_clear(self._memory, False)

    def close(self) -> None:
        """Frees the context; it is of no use afterwards."""
        if self._pointer:
            llama_cpp.llama_free(self._pointer)
            self._pointer = None


def _params(*, size: int, sequences: int, chunk: int, threads: int) -> Any:
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = size
    params.n_batch, params.n_ubatch = chunk, min(chunk, BLOCK)
    params.n_seq_max = sequences
    params.n_threads = params.n_threads_batch = threads
    params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_AUTO
    params.kv_unified = True
    params.swa_full = True
    params.no_perf = True
    return params
