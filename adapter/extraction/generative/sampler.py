"""Tasks tried on a note: what a model would be asked, and what it answers, with what it cost.

The model is opened when the first note is tried, once, and asked about one note at a time.
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import Any

from adapter.errors import EngineError, InputError
from adapter.extraction.generative import grammar, prompts
from adapter.extraction.generative.answer import Answer
from adapter.extraction.generative.backend import Backend, Completion, Message, Request
from adapter.extraction.generative.engine import GenerativeEngine
from adapter.extraction.generative.reading import WHY
from adapter.model import Issue, ModelInfo, Note
from adapter.tasks import Example, Task, grounded
from adapter.tasks.sample import Asked, Lost, Sample, Turn
from adapter.tasks.task import Strategy

LONGEST = 20_000  # code points of a note
QUEUE = 30.0  # seconds somebody waits for the notes of others
NOTE = "‹the note›"


@dataclass(slots=True)
class _Watched:
    """A backend that keeps what it is asked and what it answers."""

    inner: Backend
    requests: list[Request] = field(default_factory=list)
    completions: list[Completion] = field(default_factory=list)

    @property
    def model(self) -> ModelInfo:
        return self.inner.model

    @property
    def context(self) -> int:
        return self.inner.context

    @property
    def slots(self) -> int:
        return self.inner.slots

    def count(self, text: str) -> int:
        return self.inner.count(text)

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        found = self.inner.complete(requests)
        self.requests += requests
        self.completions += found
        return found

    def close(self) -> None:
        return None  # who opened it closes it


class Sampler:
    """Asks any task about any note, for who builds the task. Safe to use from several threads."""

    def __init__(
        self,
        open: Callable[[], Backend],
        engine: Callable[[Backend, Task], GenerativeEngine],
        *,
        strategy: Strategy | None = None,
        lent: bool = False,
        small: bool = False,
    ) -> None:
        """`strategy` is in place of each task's own; a backend that is `lent` is closed by who lends it.

        `small`: the model is the one that ships, trained for one task.
        """
        self.small = small
        self._open, self._engine, self._lent = open, engine, lent
        self._strategy = strategy
        self._backend: Backend | None = None
        self._reading = threading.Lock()

    def asked(self, task: Task) -> Asked:
        """What a model is asked by a task. Needs no model. Raises EngineError for what no grammar binds."""
        task = replace(task, strategy=self._strategy or task.strategy)
        schema = grounded.schema(task)
        return Asked(
            schema=schema,
            grammar=grammar.from_schema(schema),
            turns=_turns(prompts.messages(task, NOTE, _first(task))),
        )

    def run(self, task: Task, note: Note) -> Sample:
        """What the model answers.

        Raises InputError for a note that is too long, EngineError when the model cannot be run or is busy.
        """
        if len(note.text) > LONGEST:
            raise InputError(f"the note is longer than {LONGEST:,} characters")
        if not self._reading.acquire(timeout=QUEUE):
            raise EngineError("The language model reads another note; try again in a moment.")
        try:
            watched = _Watched(self._opened())
            began = perf_counter()
            answer = self._engine(watched, task).answer(note)
            return _sample(task, note, answer, watched, perf_counter() - began)
        finally:
            self._reading.release()

    def close(self) -> None:
        """Frees the model."""
        with self._reading:
            if self._backend is not None and not self._lent:
                self._backend.close()
            self._backend = None

    def _opened(self) -> Backend:
        if self._backend is None:
            self._backend = self._open()
        return self._backend


def _first(task: Task) -> tuple[Example, ...]:
    """The examples shown; of those that are chosen by their likeness to a note, the first."""
    if task.strategy == "naive":
        return ()
    return task.examples[: task.shots or 3 if task.strategy == "retrieved" else task.shots]


def _turns(messages: Sequence[Message]) -> tuple[Turn, ...]:
    return tuple(Turn(role=one.role, text=one.content) for one in messages)


def _sample(task: Task, note: Note, answer: Answer, watched: _Watched, seconds: float) -> Sample:
    told, info = watched.completions, watched.model
    return Sample(
        answer=answer.value,
        values=answer.facts,
        lost=tuple(_lost(task, note, answer.left_out, told)),
        issues=tuple(one for one in answer.left_out if not _of_value(one)),
        written=tuple(one.text for one in told),
        turns=_turns(watched.requests[0].messages) if watched.requests else (),
        model=" ".join(filter(None, (info.name, info.version, info.quantization))),
        tries=len(told),
        prompt_tokens=sum(one.prompt_tokens for one in told),
        cached_tokens=sum(one.cached_tokens for one in told),
        generated_tokens=sum(one.generated_tokens for one in told),
        seconds=seconds,
    )


def _of_value(issue: Issue) -> bool:
    return issue.reason in WHY and issue.reason != "required-missing"


def _lost(
    task: Task, note: Note, issues: Sequence[Issue], completions: Sequence[Completion]
) -> Iterator[Lost]:
    """What was left out, with the words the model named for it: the issue itself does not quote them."""
    said = [leaf for one in completions for leaf in _leaves(task, one)]
    for issue in filter(_of_value, issues):
        fit = [leaf for leaf in said if leaf.pointer == issue.path]
        absent = [leaf for leaf in fit if leaf.quote is not None and leaf.quote not in note.text]
        found = next(iter(absent if issue.reason == "quote-not-found" and absent else fit), None)
        if found is not None:
            said.remove(found)
        yield Lost(
            path=issue.path or "",
            value=found.value if found else None,
            words=found.quote if found else None,
            reason=issue.reason,
            message=issue.message,
        )


def _leaves(task: Task, completion: Completion) -> tuple[grounded.Leaf, ...]:
    try:
        value: Any = json.loads(completion.text)
        return grounded.leaves(task, value)
    except (ValueError, RecursionError, TypeError, KeyError, AttributeError):
        return ()  # of a shape that was not read
