"""Text -> a vector for each of its tokens, by any GGUF model, for scores that compare texts by meaning.

What llama.cpp gives are the states of the last layer, after its norm. An encoder reads a text both ways; a
model that writes text reads it from the left, so that its first tokens know little of what follows.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from adapter.errors import EngineError
from adapter.extraction.llama import Weights

LAYER = "last"
WINDOW = 512  # tokens read at once; fewer where the model was made for fewer
Floats = NDArray[np.float32]


class TokenVectors:
    """An open model; not for two threads at once. Texts longer than its window are read in several."""

    layer = LAYER

    def __init__(self, path: Path, *, threads: int = 1) -> None:
        self._weights = Weights(path)
        self.name, self.digest = path.name, _digest(path)
        model = self._weights.model
        self._vocabulary = llama_cpp.llama_model_get_vocab(model)
        self._width = int(llama_cpp.llama_model_n_embd(model))
        trained = int(llama_cpp.llama_model_n_ctx_train(model))
        size = min(WINDOW, trained) if trained > 0 else WINDOW
        self._context = llama_cpp.llama_init_from_model(model, _params(size, threads))
        if not self._context:
            self._weights.close()
            raise EngineError(f"{path.name}: llama.cpp cannot make a context for the model")
        self._batch = llama_cpp.llama_batch_init(size, 0, 1)
        self._before, self._after = self._marks()
        self._room = size - len(self._before) - len(self._after)

    def __call__(self, text: str) -> Floats:
        """One row of length 1 for each token, marks of beginning and end left out.

        Raises EngineError when the model cannot read it.
        """
        tokens = self._tokens(text, special=False)
        rows = [
            self._states(tokens[start:end])[first - start : last - start]
            for start, end, first, last in windows(len(tokens), self._room)
        ]
        found = np.concatenate([np.empty((0, self._width), np.float32), *rows])
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        return np.asarray(found / np.where(lengths > 0, lengths, 1), np.float32)

    def _states(self, tokens: Sequence[int]) -> Floats:
        """The states of the tokens of one window."""
        whole = [*self._before, *tokens, *self._after]
        batch = self._batch
        for place, token in enumerate(whole):
            batch.token[place], batch.pos[place], batch.logits[place] = token, place, 1
            batch.n_seq_id[place], batch.seq_id[place][0] = 1, 0
        batch.n_tokens = len(whole)
        memory = llama_cpp.llama_get_memory(self._context)
        if memory:
            llama_cpp.llama_memory_clear(memory, True)
        read = llama_cpp.llama_decode if memory else llama_cpp.llama_encode
        if read(self._context, batch) != 0:
            raise EngineError("llama.cpp could not read a text")
        states = llama_cpp.llama_get_embeddings(self._context)
        if not states:
            raise EngineError("the model gives no vectors")
        found = np.ctypeslib.as_array(states, shape=(len(whole), self._width))
        return found[len(self._before) : len(self._before) + len(tokens)].copy()

    def _tokens(self, text: str, *, special: bool) -> list[int]:
        raw = text.encode("utf-8", "replace")
        room = (llama_cpp.llama_token * (4 * len(raw) + 16))()
        count = llama_cpp.llama_tokenize(self._vocabulary, raw, len(raw), room, len(room), special, False)
        if count < 0:
            raise EngineError("llama.cpp cannot cut a text into tokens")
        return list(room[:count])

    def _marks(self) -> tuple[list[int], list[int]]:
        """What the model wants before and after a text."""
        bare, whole = self._tokens("a", special=False), self._tokens("a", special=True)
        starts = range(len(whole) - len(bare) + 1)
        at = next((at for at in starts if whole[at : at + len(bare)] == bare), 0)
        return whole[:at], whole[at + len(bare) :]

    def close(self) -> None:
        """Frees the model; it is of no use afterwards."""
        if self._context:
            llama_cpp.llama_batch_free(self._batch)
            llama_cpp.llama_free(self._context)
            self._context = None
            self._weights.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def windows(count: int, size: int) -> Iterator[tuple[int, int, int, int]]:
    """Windows (start, end) over so many tokens, and (first, last) of those read from each.

    Neighbours share half a window; a token is read where it stands further from the edge.
    """
    if count <= size:
        if count:
            yield 0, count, 0, count
        return
    step = max(1, size // 2)
    starts = [*range(0, count - size, step), count - size]
    edges = [0, *((one + size + other) // 2 for one, other in pairwise(starts)), count]
    for at, start in enumerate(starts):
        yield start, start + size, edges[at], edges[at + 1]


def _params(size: int, threads: int) -> Any:
    params = llama_cpp.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = size
    params.n_seq_max = 1
    params.n_threads = params.n_threads_batch = threads
    params.pooling_type = llama_cpp.LLAMA_POOLING_TYPE_NONE
    params.embeddings = True
    params.no_perf = True
    return params


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
