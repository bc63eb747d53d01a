"""A bare llama.cpp loop over a decoder: nothing but tokens in and logits out.

What it costs is the least that anything built on llama.cpp can cost, so it is what speed is measured against;
and it tells how well a model foresees a text (perplexity).
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from adapter.errors import EngineError, InputError, ModelError
from adapter.extraction.llama import Weights

STEP = 128  # tokens given to llama.cpp at once, so that their logits take little memory
WINDOW = 512  # tokens of text in view at most when a text is foreseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Foreseen:
    """How well texts were foreseen."""

    perplexity: float
    tokens: int  # that were foreseen


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    """Tokens a second."""

    prompt: float
    generation: float


class Loop:
    """One model and one context. Not for use by two threads at once."""

    def __init__(self, path: Path, *, threads: int, context: int = WINDOW, step: int = STEP) -> None:
        self._weights = Weights(path)
        model = self._weights.model
        trained = int(llama_cpp.llama_model_n_ctx_train(model))
        self.context = min(context, trained) if trained > 0 else context
        self._step = min(step, self.context)
        self._state = llama_cpp.llama_init_from_model(model, _params(threads, self.context, self._step))
        if not self._state:
            self._weights.close()
            raise ModelError(f"{path.name}: llama.cpp cannot make a context for the model")
        self._vocabulary = llama_cpp.llama_model_get_vocab(model)
        self.size = int(llama_cpp.llama_vocab_n_tokens(self._vocabulary))
        self._batch = llama_cpp.llama_batch_init(self._step, 0, 1)

    def tokens(self, text: str) -> list[int]:
        """The tokens of a text, without any of the model's own marks."""
        raw = text.encode("utf-8", "replace")
        room = (llama_cpp.llama_token * (len(raw) + 8))()
        count = llama_cpp.llama_tokenize(self._vocabulary, raw, len(raw), room, len(room), False, False)
        if count < 0:
            raise EngineError("llama.cpp could not cut a text into tokens")
        return list(room[:count])

    def foreseen(self, texts: Iterable[str]) -> Foreseen:
        """The perplexity of texts, each read in windows that begin anew; the first token of one is given.

        Raises InputError when there is nothing to foresee.
        """
        loss, count = 0.0, 0
        for text in texts:
            tokens = self.tokens(text)
            for window in self._windows(tokens):
                loss += self._surprise(window)
                count += len(window) - 1
        if not count:
            raise InputError("no text of two tokens or more", path="--texts")
        return Foreseen(perplexity=float(np.exp(loss / count)), tokens=count)

    def speed(self, *, prompt: int = 256, generation: int = 64, rounds: int = 3, warm: bool = True) -> Speed:
        """Tokens a second for reading a prompt, and then for one token after the other: the best round's.

        With `warm` a round before them is not counted: it pays for the memory.
        """
        prompt = min(prompt, self.context // 2)
        generation = min(generation, self.context - prompt)
        tokens = np.random.default_rng(0).integers(0, self.size, prompt + generation).tolist()
        if warm:
            self._timed(tokens, prompt)
        timed = [self._timed(tokens, prompt) for _ in range(rounds)]
        return Speed(prompt=max(one.prompt for one in timed), generation=max(one.generation for one in timed))

    def _timed(self, tokens: Sequence[int], prompt: int) -> Speed:
        self.forget()
        began = time.perf_counter()
        self._prompt(tokens[:prompt])
        between = time.perf_counter()
        for at in range(prompt, len(tokens)):
            self.read(tokens[at : at + 1], at, last=True)
        end = time.perf_counter()
        return Speed(prompt=prompt / (between - began), generation=(len(tokens) - prompt) / (end - between))

    def _prompt(self, tokens: Sequence[int]) -> None:
        for at in range(0, len(tokens), self._step):
            self.read(tokens[at : at + self._step], at, last=True)

    def read(self, tokens: Sequence[int], at: int = 0, *, last: bool = False) -> None:
        """Reads tokens that stand from `at` on; logits are kept of all, or of the last alone."""
        batch = self._batch
        batch.n_tokens = len(tokens)
        for index, token in enumerate(tokens):
            batch.token[index] = token
            batch.pos[index] = at + index
            batch.n_seq_id[index] = 1
            batch.seq_id[index][0] = 0
            batch.logits[index] = not last or index == len(tokens) - 1
        if llama_cpp.llama_decode(self._state, batch) != 0:
            raise EngineError("llama.cpp could not read on")

    def logits(self, count: int) -> NDArray[np.float32]:
        """The logits of the tokens read last; llama.cpp's own buffer, to be used before the next call."""
        return np.ctypeslib.as_array(llama_cpp.llama_get_logits(self._state), shape=(count, self.size))

    def forget(self) -> None:
        """Empties the context."""
        llama_cpp.llama_memory_clear(llama_cpp.llama_get_memory(self._state), True)

    def close(self) -> None:
        """Frees the model."""
        if self._state:
            llama_cpp.llama_batch_free(self._batch)
            llama_cpp.llama_free(self._state)
            self._state = None
            self._weights.close()

    def __enter__(self) -> "Loop":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _windows(self, tokens: Sequence[int]) -> Iterable[Sequence[int]]:
        """Stretches of at most a context, each after the mark for a beginning if the model has one."""
        first: list[int] = []
        if llama_cpp.llama_vocab_get_add_bos(self._vocabulary):
            first = [int(llama_cpp.llama_vocab_bos(self._vocabulary))]
        step = self.context - len(first)
        for start in range(0, len(tokens), step):
            window = [*first, *tokens[start : start + step]]
            if len(window) > 1:
                yield window

    def _surprise(self, window: Sequence[int]) -> float:
        """The negative log probability of every token but the first, summed."""
        self.forget()
        total = 0.0
        for start in range(0, len(window), self._step):
            part = window[start : start + self._step]
            self.read(part, start)
            following = np.asarray(window[start + 1 : start + len(part) + 1])
            logits = self.logits(len(part))[: len(following)]
            most = logits.max(axis=1)
            whole = np.log(np.exp(logits - most[:, None]).sum(axis=1, dtype=np.float64)) + most
            total += float((whole - logits[np.arange(len(following)), following]).sum())
        return total


def _params(threads: int, context: int, step: int) -> Any:
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = context, step, step
    params.n_seq_max = 1
    params.n_threads = params.n_threads_batch = threads
    params.no_perf = True
    return params
