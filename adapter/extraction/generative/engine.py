"""The `generative` and `remote` engines: a language model answers a task, and the note bears the answer out.

Note -> stretches -> chats -> completions -> grounded answers -> one Answer -> mentions
"""

import hashlib
from collections.abc import Collection
from copy import copy
from dataclasses import dataclass, replace

from adapter.errors import EngineError
from adapter.extraction.generative import chunks, mentioning, numbers, prompts, showing
from adapter.extraction.generative.answer import Answer, joined
from adapter.extraction.generative.asking import Asking, Manner
from adapter.extraction.generative.backend import Backend
from adapter.extraction.generative.numbers import Numbers
from adapter.extraction.generative.reading import Reader
from adapter.extraction.generative.showing import Shots, Showing
from adapter.extraction.orders import Orders
from adapter.model import Mention, ModelInfo, Note, Step
from adapter.tasks import Task, grounded

LEAST = 16  # tokens of note text worth asking about


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(Step[Mention]):
    """The extraction Step of a language model, with the answer the mentions were taken from."""

    task: Task
    answer: Answer


class GenerativeEngine:
    """Answers one task with one language model. Safe to use from several threads if its backend is."""

    languages: Collection[str] | None = None  # an answer stands by itself; findings need context rules

    def __init__(
        self,
        backend: Backend,
        task: Task,
        *,
        name: str = "generative",
        manner: Manner | None = None,
        shots: Shots | None = None,
        chunk_tokens: int | None = None,
        orders: Orders | None = None,
        number_words: Numbers | None = None,
    ) -> None:
        self.name = name
        self.task = replace(task, max_tokens=min(task.max_tokens, backend.context // 2))
        self._backend, self._manner = backend, manner or Manner()
        self._orders = orders
        self._reader = Reader(self.task, number_words or numbers.load())
        room = backend.context - self.task.max_tokens - self._manner.think
        self._showing = Showing(self.task, shots or (lambda _text: ()), count=backend.count, room=room)
        self._schema = grounded.schema(task)
        self._most = self._room(chunk_tokens)
        self._digest = self._asked()

    @property
    def model(self) -> ModelInfo:
        """The open model, with the task it was asked and how."""
        info, manner = self._backend.model, self._manner
        asked = {
            "task": self.task.name,
            "task-version": self.task.version,
            "task-digest": self._digest,
            "runs": str(manner.runs),
            "temperature": str(manner.temperature if manner.runs > 1 else 0.0),
            "seed": str(manner.seed),
        }
        return replace(info, details={**info.details, **asked})

    def answer(self, note: Note) -> Answer:
        """The answer to the task about a note, as far as the note bears it out.

        Raises EngineError when the model cannot be run or reached.
        """
        spans = chunks.split(note, self._most, self._backend.count)
        apart = self._orders.spans(note) if self._orders else ()
        asking = Asking(
            self._backend,
            self.task,
            self._manner,
            reader=self._reader,
            schema=self._schema,
            showing=self._showing,
            apart=apart,
        )
        return joined(asking.answers(note, spans), surest=self.task.evidence == "none")

    def ruled(self, orders: Orders | None, number_words: Numbers) -> "GenerativeEngine":
        """The same model, task and manner, by other rules; to close either closes the model."""
        made = copy(self)
        made._orders, made._reader = orders, Reader(self.task, number_words)
        return made

    @property
    def backend(self) -> Backend:
        """What runs the model; other tasks may be asked of it too."""
        return self._backend

    def mentions(self, note: Note) -> Told:
        """See `Engine.mentions`; none for a task without views."""
        answer = self.answer(note)
        step = mentioning.mentions(note, answer, self.task, self.name)
        return Told(name=step.name, kept=step.kept, left_out=step.left_out, task=self.task, answer=answer)

    def close(self) -> None:
        """Frees the model."""
        self._backend.close()

    def _room(self, asked: int | None) -> int:
        """How many tokens of note text fit beside the instruction, the examples and the answer.

        Where examples are chosen for each text, half of the room is theirs.
        """
        told = self._backend.model.details.get("chunk_tokens")
        shown = prompts.messages(self.task, "", showing.longest(self.task))
        fixed = showing.size(shown, self._backend.count)
        room = self._backend.context - fixed - self.task.max_tokens - self._manner.think
        if self.task.strategy == "retrieved":
            room //= 2
        most = min([room, *([asked] if asked else [int(told)] if told else [])])
        if most < LEAST:
            raise EngineError(
                f"the prompt of task {self.task.name} and its answer leave {max(room, 0)} of "
                f"{self._backend.context} tokens for the note"
            )
        return most

    def _asked(self) -> str:
        """SHA-256 over what decides an answer beside the model: the task and how it is asked."""
        adapters = self._backend.model.details.get("adapters")
        parts = (self.task.digest, self.task.strategy, repr(self._manner), str(self._most))
        return hashlib.sha256("\0".join((*parts, *([adapters] if adapters else []))).encode()).hexdigest()
