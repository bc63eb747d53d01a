"""A language model run in this process by llama.cpp.

At temperature 0 and with one slot a request has the same answer on the same machine, however often it is
asked. With several slots the answers made beside it decide in which portions llama.cpp computes, the last
digits of the logits differ, and where two tokens are all but equally likely the other one may come
(`benchmarks/generation.py` counts how often).
"""

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from adapter.errors import EngineError, ModelError
from adapter.extraction.generative import grammar, prompt_cache
from adapter.extraction.generative.backend import Completion, Request
from adapter.extraction.generative.chat import Chat
from adapter.extraction.generative.context import Context
from adapter.extraction.generative.decode import Job, Loop
from adapter.extraction.generative.generation import Generation
from adapter.extraction.generative.sampling import Grammar
from adapter.extraction.generative.thinking import SWITCHES, Reasoning, reasoning
from adapter.extraction.generative.weights import Weights
from adapter.model import ModelInfo

_CONTEXT = 8192  # tokens, where nothing else is asked for: memory grows with it
_CHUNK = 512  # tokens read at once; an answer's time is looked at between two chunks
_GRAMMARS = 32  # schemas whose grammar is remembered


class LocalBackend:
    """Answers of a GGUF model. Several threads may use it; their requests are run together."""

    def __init__(
        self,
        path: Path,
        *,
        context: int = 0,
        slots: int = 1,
        threads: int = 0,
        adapters: Mapping[str, Path] | None = None,
        template: str | None = None,
    ) -> None:
        """Loads the model.

        `context`: tokens of prompt and answer together, 0 for what the model was made for, at most 8192;
        `threads`: 0 for one per core; `template`: a chat template instead of the model's own.
        Raises ModelError naming the file.
        """
        self._weights = Weights(path, adapters or {})
        try:
            self._chat = self._read_template(template)
            self._info = self._weights.info()
            self._context_size, self._slots = (
                _context_size(context, self._weights.trained_context),
                max(1, slots),
            )
            self._context = self._open(threads or os.cpu_count() or 1)
        except BaseException:
            self._weights.close()
            raise
        self._reasoning = self._read_reasoning()
        self._grammars: OrderedDict[str, Grammar] = OrderedDict()
        self._lock = threading.Lock()
        self._loop = Loop(self._context, slots=self._slots, limit=self._context_size)

    def _read_template(self, given: str | None) -> Chat:
        source = given or self._weights.template()
        name, vocabulary = self._weights.path.name, self._weights.vocabulary
        if not source:
            raise ModelError(f"{name}: has no chat template; it is no instruct model, or one must be given")
        return Chat(source, bos=vocabulary.bos, eos=vocabulary.eos, file=name)

    def _open(self, threads: int) -> Context:
        return Context(
            self._weights,
            size=self._context_size * self._slots,
            sequences=self._slots + prompt_cache.KEPT,
            chunk=_CHUNK,
            threads=threads,
        )

    def _read_reasoning(self) -> Reasoning | None:
        def has_token(text: str) -> bool:
            return self._weights.vocabulary.token(text) is not None

        switch = not self._chat.variables.isdisjoint(SWITCHES)
        return reasoning(self._chat.source, switch=switch, has_token=has_token)

    @property
    def model(self) -> ModelInfo:
        """Which model speaks."""
        return self._info

    @property
    def context(self) -> int:
        """The most tokens of prompt and answer together."""
        return self._context_size

    @property
    def slots(self) -> int:
        """How many requests run at the same time."""
        return self._slots

    def count(self, text: str) -> int:
        """How many tokens a text is, by the model's own tokenizer."""
        return self._weights.vocabulary.count(text)

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """The answers, in the order of the requests.

        Raises EngineError when the model cannot be run, or a request does not fit it.
        """
        jobs = self._jobs(requests)
        try:
            self._loop.post(jobs)
            return [job.future.result() for job in jobs]
        finally:
            for job in jobs:
                job.future.cancel()  # does nothing to those done

    def _jobs(self, requests: Sequence[Request]) -> list[Job]:
        jobs: list[Job] = []
        try:
            for request in requests:
                jobs.append(self._job(request))
        except BaseException:
            for job in jobs:
                job.generation.close()
            raise
        return jobs

    def _job(self, request: Request) -> Job:
        unknown = [name for name, _ in request.adapters if name not in self._weights.adapters]
        if unknown:
            raise _lasting(f"no file was given for the LoRA adapter {unknown[0]}")
        think = request.think > 0 and self._reasoning is not None
        prompt = self.prompt(request, think=think)
        if len(prompt) >= self._context_size:
            raise _lasting(f"the prompt has {len(prompt)} tokens, the context holds {self._context_size}")
        generation = Generation(
            request,
            prompt,
            vocabulary=self._weights.vocabulary,
            grammar=self._grammar(request.schema),
            thinking=self._reasoning.tags if think and self._reasoning else None,
        )
        return Job(generation, tuple(sorted(request.adapters)))

    def prompt(self, request: Request, *, think: bool = False) -> list[int]:
        """The tokens the model reads for a request."""
        parts = self._chat.parts(request.messages, think=think)
        tokens: list[int] = []
        for part in parts:
            add = self._weights.vocabulary.markup if part.markup else self._weights.vocabulary.data
            add(tokens, part.text)
        if self._reasoning is not None:
            tail = parts[-1].text if parts and parts[-1].markup else ""
            self._weights.vocabulary.markup(tokens, self._reasoning.opening(tail, think=think))
        return tokens

    def _grammar(self, schema: dict[str, Any]) -> Grammar:
        """The grammar of a schema at its beginning, parsed once."""
        key = json.dumps(schema)
        with self._lock:
            if key not in self._grammars:
                self._grammars[key] = Grammar.parse(self._weights.vocabulary, grammar.from_schema(schema))
                if len(self._grammars) > _GRAMMARS:
                    self._grammars.popitem(last=False)[1].close()
            self._grammars.move_to_end(key)
            return self._grammars[key].copy()

    def close(self) -> None:
        """Frees the model; requests not answered fail."""
        self._loop.close()
        with self._lock:
            while self._grammars:
                self._grammars.popitem()[1].close()
        self._context.close()
        self._weights.close()


def _context_size(asked: int, trained: int) -> int:
    return min(asked or _CONTEXT, trained) if trained > 0 else asked or _CONTEXT


def _lasting(message: str) -> EngineError:
    """An error that trying again will not mend."""
    error = EngineError(message)
    error.issue_code, error.retryable = "processing", False
    return error
