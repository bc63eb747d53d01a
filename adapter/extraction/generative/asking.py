"""Stretches of a note -> answers, asked of a backend in batches, down the ladder where one fails."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from time import monotonic
from typing import Any

from adapter.extraction.generative import chunks, ladder
from adapter.extraction.generative.answer import Answer, Attempt
from adapter.extraction.generative.backend import Backend, Completion, Request
from adapter.extraction.generative.grounding import Ground
from adapter.extraction.generative.ladder import Failure
from adapter.extraction.generative.reading import Parsed, Reader
from adapter.extraction.generative.showing import Showing
from adapter.model import Issue, Note, Span
from adapter.tasks import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a model is asked."""

    runs: int = 1  # answers to each question; more than one are voted on
    temperature: float = 0.7  # of several runs; a single one is at 0
    seed: int = 0
    seconds: float = 120.0  # the most one answer may take
    patience: float = 1800.0  # seconds the most a note may take, all its answers together
    think: int = 0  # tokens a reasoning model may think
    adapters: tuple[tuple[str, float], ...] = ()  # LoRA adapters and their scales


@dataclass(frozen=True, slots=True)
class _Stretch:
    """A part of the note still to be read."""

    span: Span
    depth: int = 0  # times it was halved
    tries: int = 0  # failures so far
    temperature: float | None = None  # of the next try, where the ladder says so
    seed: int = 0


class Asking:
    """Asks one task about one note."""

    def __init__(
        self,
        backend: Backend,
        task: Task,
        manner: Manner,
        *,
        reader: Reader,
        schema: dict[str, Any],
        showing: Showing,
        apart: Sequence[Span] = (),
    ) -> None:
        """Words of the note that are `apart` bear nothing out."""
        self._backend, self._task, self._manner = backend, task, manner
        self._schema, self._showing, self._apart = schema, showing, apart
        self._reader = reader

    def answers(self, note: Note, spans: Sequence[Span]) -> list[Answer]:
        """The answers to the stretches of a note, in text order; a stretch not read is an answer of issues.

        Raises EngineError when the model cannot be run.
        """
        late = monotonic() + self._manner.patience
        waiting = [_Stretch(span, seed=self._manner.seed) for span in spans]
        done: list[tuple[int, Answer]] = []
        while waiting:
            batch, waiting = waiting[: self._at_once()], waiting[self._at_once() :]
            if monotonic() > late:
                done += [(one.span.start, _unread(one.span, "time", ())) for one in (*batch, *waiting)]
                break
            again = []
            for stretch, completions in zip(batch, self._complete(note, batch), strict=True):
                answer, further = self._settle(note, stretch, completions)
                again += further
                if answer is not None:
                    done.append((stretch.span.start, answer))
            waiting = again + waiting
        return [answer for _, answer in sorted(done, key=lambda one: one[0])]

    def _at_once(self) -> int:
        return max(1, self._backend.slots // self._manner.runs)

    def _complete(self, note: Note, batch: Sequence[_Stretch]) -> list[list[Completion]]:
        requests = [request for stretch in batch for request in self._requests(note, stretch)]
        told = iter(self._backend.complete(requests))
        return [[next(told) for _ in range(self._manner.runs)] for _ in batch]

    def _requests(self, note: Note, stretch: _Stretch) -> list[Request]:
        text = note.text[stretch.span.start : stretch.span.end]
        manner = self._manner
        usual = 0.0 if manner.runs == 1 else manner.temperature
        first = Request(
            messages=self._showing.messages(text),
            schema=self._schema,
            max_tokens=self._task.max_tokens,
            temperature=usual if stretch.temperature is None else stretch.temperature,
            seed=stretch.seed,
            seconds=manner.seconds,
            think=manner.think,
            adapters=manner.adapters,
        )
        return [replace(first, seed=stretch.seed + 100 * run) for run in range(manner.runs)]

    def _settle(
        self, note: Note, stretch: _Stretch, completions: Sequence[Completion]
    ) -> tuple[Answer | None, list[_Stretch]]:
        """What a stretch's completions come to: an answer, or what is tried next."""
        ground = Ground(note.text, stretch.span.start, stretch.span.end, self._apart)
        parsed = [self._reader.parse(one) for one in completions]
        result = self._result(ground, parsed, completions)
        tried = self._attempts(stretch, parsed, completions, result)
        if isinstance(result, Answer):
            return replace(result, attempts=tried), []
        next_step = ladder.step(result, tries=stretch.tries + 1, depth=stretch.depth, seed=stretch.seed)
        match next_step:
            case ladder.Again(temperature, seed):
                again = replace(stretch, tries=stretch.tries + 1, temperature=temperature, seed=seed)
                return Answer(value=None, attempts=tried), [again]
            case ladder.Halve():
                parts = chunks.halves(note, stretch.span)
                if parts:
                    halves = [_Stretch(part, stretch.depth + 1, seed=self._manner.seed) for part in parts]
                    return Answer(value=None, attempts=tried), halves
        return _unread(stretch.span, result, tried), []

    def _result(
        self, ground: Ground, parsed: Sequence[Parsed | Failure], completions: Sequence[Completion]
    ) -> Answer | Failure:
        read = [one for one in parsed if isinstance(one, Parsed)]
        failed = [one for one in parsed if not isinstance(one, Parsed)]
        if 2 * len(read) <= len(parsed):
            return failed[0]
        if len(parsed) == 1:
            return self._reader.read(ground, read[0], completions[0])
        return self._reader.read_votes(ground, read, len(parsed))

    def _attempts(
        self,
        stretch: _Stretch,
        parsed: Sequence[Parsed | Failure],
        completions: Sequence[Completion],
        result: Answer | Failure,
    ) -> tuple[Attempt, ...]:
        outvoted = "disagreed" if result == "disagreed" else "read"
        usual = 0.0 if self._manner.runs == 1 else self._manner.temperature
        return tuple(
            Attempt(
                start=stretch.span.start,
                end=stretch.span.end,
                result=outvoted if isinstance(one, Parsed) else one,
                temperature=usual if stretch.temperature is None else stretch.temperature,
                seed=stretch.seed + 100 * run,
                generated_tokens=completion.generated_tokens,
            )
            for run, (one, completion) in enumerate(zip(parsed, completions, strict=True))
        )


def _unread(span: Span, failure: Failure, tried: tuple[Attempt, ...]) -> Answer:
    issue = Issue(
        code="incomplete",
        reason=f"answer-{failure}",
        message=f"{_WHY[failure]}; this stretch of the note was not read.",
        severity="error",
        start=span.start,
        end=span.end,
    )
    return Answer(value=None, left_out=(issue,), attempts=tried)


_WHY: dict[Failure, str] = {
    "length": "The model's answer was too long",
    "time": "The model took too long",
    "loop": "The model repeated itself",
    "invalid": "The model's answer was not what the task asks for",
    "disagreed": "The model's answers contradict each other",
}
