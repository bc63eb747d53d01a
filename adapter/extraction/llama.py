"""llama.cpp as an encoder: word pieces of one window in, hidden states out.

The low-level API of llama-cpp-python with pooling off: one window a micro-batch, flash attention, the batch
arrays written through numpy views and the hidden states read from llama.cpp's own buffer, so that no Python
list is built on the way. Contexts share the weights and use one thread each: on two cores that is faster
than one context with two threads (`docs/decisions/002-windows.md`).
"""

import ctypes
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from adapter.errors import EngineError, ModelError
from adapter.extraction import windows

WINDOW = windows.SIZE + 2  # pieces in one call, [CLS] and [SEP] included


@llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
def _silent(_level: int, _text: bytes, _data: object) -> None:
    """llama.cpp would speak to standard error by itself; its errors reach us as return codes."""


def silence() -> None:
    """From here on llama.cpp says nothing by itself."""
    llama_cpp.llama_log_set(_silent, ctypes.c_void_p(0))


class Weights:
    """The weights of a GGUF file in memory, shared by the encoders made from it."""

    def __init__(self, path: Path) -> None:
        silence()
        llama_cpp.llama_backend_init()
        params = llama_cpp.llama_model_default_params()
        params.n_gpu_layers = 0
        self.model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
        if not self.model:
            raise ModelError(f"{path.name}: llama.cpp cannot load it")

    def close(self) -> None:
        """Frees the weights; no encoder made from them may be used afterwards."""
        if self.model:
            llama_cpp.llama_model_free(self.model)
            self.model = None


class Encoder:
    """One llama.cpp context. Not for use by two threads at once."""

    def __init__(self, weights: Weights, *, threads: int = 1) -> None:
        model = weights.model
        self._context = llama_cpp.llama_init_from_model(model, _context_params(threads))
        if not self._context:
            raise ModelError("llama.cpp cannot make a context for the model")
        self._width = int(llama_cpp.llama_model_n_embd(model))
        vocabulary = llama_cpp.llama_model_get_vocab(model)
        self._first = int(llama_cpp.llama_vocab_bos(vocabulary))
        self._last = int(llama_cpp.llama_vocab_sep(vocabulary))
        self._batch = llama_cpp.llama_batch_init(WINDOW, 0, 1)
        self._tokens = _view(self._batch.token, np.dtype(np.int32))
        self._prepare()

    def _prepare(self) -> None:
        """Positions, sequence ids and output flags are the same for every window: written once."""
        _view(self._batch.pos, np.dtype(np.int32))[:] = np.arange(WINDOW)
        _view(self._batch.n_seq_id, np.dtype(np.int32))[:] = 1
        _view(self._batch.logits, np.dtype(np.int8))[:] = 1
        for index in range(WINDOW):
            self._batch.seq_id[index][0] = 0

    def hidden(self, pieces: Sequence[int]) -> NDArray[np.float32]:
        """Hidden states of the pieces of one window, shape (pieces, width).

        The array is llama.cpp's own buffer: use it before the next call. Raises EngineError.
        """
        count = len(pieces) + 2
        self._tokens[0] = self._first
        self._tokens[1 : count - 1] = pieces
        self._tokens[count - 1] = self._last
        self._batch.n_tokens = count
        if llama_cpp.llama_encode(self._context, self._batch) != 0:
            raise EngineError("llama.cpp could not encode a window")
        states = llama_cpp.llama_get_embeddings(self._context)
        return np.ctypeslib.as_array(states, shape=(count, self._width))[1:-1]

    def close(self) -> None:
        """Frees the context; the encoder is of no use afterwards."""
        if self._context:
            llama_cpp.llama_batch_free(self._batch)
            llama_cpp.llama_free(self._context)
            self._context = None


def _context_params(threads: int) -> Any:
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = WINDOW
    params.n_seq_max = 1
    params.n_threads = params.n_threads_batch = threads
    params.pooling_type = llama_cpp.LLAMA_POOLING_TYPE_NONE
    params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_ENABLED
    params.embeddings = True
    params.no_perf = True
    return params


def _view(pointer: Any, dtype: np.dtype[Any]) -> Any:
    """A numpy view of the first WINDOW entries of a C array."""
    address = ctypes.cast(pointer, ctypes.c_void_p).value
    if address is None:
        raise EngineError("llama.cpp gave no memory for a batch")
    memory = (ctypes.c_char * (WINDOW * dtype.itemsize)).from_address(address)
    return np.frombuffer(memoryview(memory), dtype=dtype)
