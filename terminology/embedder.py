"""Texts -> vectors that lie near each other when the texts mean much the same."""

import ctypes
import hashlib
import queue
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from terminology.errors import TerminologyError

SEQUENCES = 4  # texts in one call of llama.cpp; with more, a text's vector would depend on its neighbours
PIECES = 128  # word pieces of a text; what is longer is cut
CHARACTERS = 2_000  # of a text, before it is cut into word pieces


class Embedder(Protocol):
    """What turns texts into vectors. May be called from several threads."""

    @property
    def model(self) -> str:
        """What decides the vectors, as one name: the SHA-256 of the model's file."""

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row for each text; the same text always has the same row."""


class GgufEmbedder:
    """A sentence encoder in a GGUF file: the mean of its hidden states, of length 1, by llama.cpp."""

    def __init__(self, path: Path, *, workers: int = 1) -> None:
        self.model = _sha256(path)
        self._llama = _backend()[0]
        params = self._llama.llama_model_default_params()
        params.n_gpu_layers = 0
        self._weights = self._llama.llama_model_load_from_file(str(path).encode(), params)
        if not self._weights:
            raise TerminologyError(f"{path.name}: llama.cpp cannot load it")
        self._contexts: queue.Queue[_Context] = queue.Queue()
        self._workers = workers
        for _ in range(workers):
            self._contexts.put(_Context(self._llama, self._weights))

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of length 1 for each text."""
        parts = list(_parts(texts, SEQUENCES))
        if len(parts) == 1 or self._workers == 1:
            found = [self._part(part) for part in parts]
        else:
            with ThreadPoolExecutor(self._workers) as pool:
                found = list(pool.map(self._part, parts))
        width = int(self._llama.llama_model_n_embd(self._weights))
        return np.concatenate([np.empty((0, width), np.float32), *found])

    def close(self) -> None:
        """Frees the model; the embedder is of no use afterwards."""
        if self._weights:
            for _ in range(self._workers):
                self._contexts.get().close()
            self._llama.llama_model_free(self._weights)
            self._weights = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _part(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not self._weights:
            raise TerminologyError("the embedding model is closed")
        pieces = [self._pieces(text) for text in texts]
        context = self._contexts.get()
        try:
            return context.means(pieces)
        finally:
            self._contexts.put(context)

    def _pieces(self, text: str) -> list[int]:
        raw = text[:CHARACTERS].encode("utf-8", "replace")
        room = (self._llama.llama_token * (4 * len(raw) + 16))()
        vocabulary = self._llama.llama_model_get_vocab(self._weights)
        count = self._llama.llama_tokenize(vocabulary, raw, len(raw), room, len(room), True, False)
        if count <= 0:
            raise TerminologyError("the embedding model cannot cut a text into word pieces")
        found = list(room[:count])
        return found if count <= PIECES else [*found[: PIECES - 1], found[-1]]


class _Context:
    """One llama.cpp context. Not for use by two threads at once."""

    def __init__(self, llama: Any, weights: Any) -> None:
        self._llama = llama
        self._context = llama.llama_init_from_model(weights, _params(llama))
        if not self._context:
            raise TerminologyError("llama.cpp cannot make a context for the embedding model")
        self._width = int(llama.llama_model_n_embd(weights))
        self._batch = llama.llama_batch_init(SEQUENCES * PIECES, 0, 1)

    def means(self, texts: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """The mean hidden state of each text, of length 1."""
        batch, place = self._batch, 0
        for number, pieces in enumerate(texts):
            for position, piece in enumerate(pieces):
                batch.token[place], batch.pos[place], batch.logits[place] = piece, position, 1
                batch.n_seq_id[place], batch.seq_id[place][0] = 1, number
                place += 1
        batch.n_tokens = place
        if self._llama.llama_encode(self._context, batch) != 0:
            raise TerminologyError("llama.cpp could not embed a text")
        return np.stack([self._mean(number) for number in range(len(texts))])

    def _mean(self, number: int) -> NDArray[np.float32]:
        state = self._llama.llama_get_embeddings_seq(self._context, number)
        if not state:
            raise TerminologyError("the embedding model gives no vector for a text")
        found = np.ctypeslib.as_array(state, shape=(self._width,)).astype(np.float32)
        length = float(np.linalg.norm(found))
        return found / np.float32(length) if length else found

    def close(self) -> None:
        """Frees the context."""
        self._llama.llama_batch_free(self._batch)
        self._llama.llama_free(self._context)


@lru_cache(maxsize=1)
def _backend() -> tuple[Any, Any]:
    """llama.cpp made ready and silent; the callback must live as long as the process."""
    try:
        import llama_cpp  # noqa: PLC0415  # only who embeds needs it
    except ImportError as error:
        raise TerminologyError("embedding needs the package llama-cpp-python") from error

    @llama_cpp.llama_log_callback  # type: ignore[untyped-decorator]
    def silent(_level: int, _text: bytes, _data: object) -> None:
        """Errors reach us as return codes."""

    llama_cpp.llama_log_set(silent, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    return llama_cpp, silent


def _params(llama: Any) -> Any:
    params = llama.llama_context_default_params()
    params.n_ctx = params.n_batch = params.n_ubatch = SEQUENCES * PIECES
    params.n_seq_max = SEQUENCES
    params.n_threads = params.n_threads_batch = 1
    params.kv_unified = True
    params.pooling_type = llama.LLAMA_POOLING_TYPE_MEAN
    params.flash_attn_type = llama.LLAMA_FLASH_ATTN_TYPE_DISABLED
    params.embeddings = True
    params.no_perf = True
    return params


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise TerminologyError(f"{path}: {error.strerror or error}") from error


def _parts(texts: Sequence[str], size: int) -> Iterator[list[str]]:
    rest = iter(texts)
    while part := list(islice(rest, size)):
        yield part
