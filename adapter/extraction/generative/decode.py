"""The loop that runs the model: several answers at a time, each in a sequence of its own.

One thread owns the context. Every step is one call of llama.cpp: a token for each answer in the making, and
the next part of the prompts that are still read. Answers under other adapters wait until those in the making
are done.
"""

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from queue import SimpleQueue

import numpy as np
from numpy.typing import NDArray

from adapter.errors import EngineError
from adapter.extraction.generative.backend import Completion
from adapter.extraction.generative.context import Context, Mix, OutOfMemory, Row
from adapter.extraction.generative.generation import Generation
from adapter.extraction.generative.prompt_cache import Held, PromptCache


@dataclass(slots=True, eq=False)
class Job:
    """An answer somebody waits for."""

    generation: Generation
    mix: Mix = ()
    future: "Future[Completion]" = field(default_factory=Future)


@dataclass(slots=True, eq=False)
class _Run:
    """A job in a sequence, and the tokens the model is still to read for it."""

    job: Job
    held: Held
    pending: list[int]
    reading: int = 0  # how many of them are read in this step


class Loop:
    """Runs jobs on a context until it is closed. `limit`: the most tokens one sequence may hold."""

    def __init__(self, context: Context, *, slots: int, limit: int) -> None:
        self._context, self._limit = context, limit
        self._cache = PromptCache(context, slots)
        self._posted: SimpleQueue[Job | None] = SimpleQueue()
        self._waiting: deque[Job] = deque()
        self._runs: list[_Run] = []
        self._closing = False
        self._door = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="generation", daemon=True)
        self._thread.start()

    def post(self, jobs: Sequence[Job]) -> None:
        """Queues jobs, whose futures get the answers; of a closed loop they get an EngineError."""
        with self._door:
            for job in jobs:
                if self._closing:
                    _tell(job, EngineError("the model was closed"), None)
                else:
                    self._posted.put(job)

    def close(self) -> None:
        """Ends the loop after the step it is in; jobs not done fail."""
        with self._door:
            if self._closing:
                return
            self._closing = True
            self._posted.put(None)
        self._thread.join()

    def _work(self) -> None:
        while self._receive():
            try:
                self._drop()
                self._admit()
                if self._runs:
                    self._step()
            except Exception as error:  # whatever it is, those who wait must hear of it
                self._fail_all(error)
        self._fail_all(EngineError("the model was closed"))

    def _receive(self) -> bool:
        """Takes in what was posted, waiting for it when there is nothing to do. False: the loop is to end."""
        while not self._posted.empty() or not (self._runs or self._waiting):
            job = self._posted.get()
            if job is None:
                return False
            self._waiting.append(job)
        return True

    def _drop(self) -> None:
        """Ends the answers whose time is over, and those nobody waits for any more."""
        for run in list(self._runs):
            if run.job.future.cancelled():
                self._end(run)
            elif run.job.generation.late():
                run.job.generation.stop = "time"
                self._finish(run)

    def _admit(self) -> None:
        """Gives free sequences to the jobs that waited longest."""
        for job in list(self._waiting):
            if self._runs and job.mix != self._runs[0].job.mix:
                return  # nobody overtakes a job that waits for other adapters
            if job.future.cancelled():
                self._waiting.remove(job)
                job.generation.close()
                continue
            held = self._cache.take(job.generation.prompt, job.mix)
            if held is not None:
                self._waiting.remove(job)
                self._start(job, held)

    def _start(self, job: Job, held: Held) -> None:
        known = len(held.tokens)
        job.generation.begin(known)
        self._runs.append(_Run(job, held, job.generation.prompt[known:]))
        self._context.use(job.mix)

    def _step(self) -> None:
        """One call of llama.cpp and what follows from it."""
        reading = self._share()
        rows = [
            Row(
                run.held.number,
                len(run.held.tokens),
                run.pending[: run.reading],
                run.reading == len(run.pending),
            )
            for run in reading
        ]
        try:
            logits = self._context.run(rows)
        except OutOfMemory:
            if not self._cache.forget_idle():
                raise
            return
        for run, row, found in zip(reading, rows, logits, strict=True):
            run.held.tokens += row.tokens
            run.pending = run.pending[run.reading :]
            if found is not None:
                self._go_on(run, found)

    def _share(self) -> list[_Run]:
        """Who reads how much in this step: answers first, then prompts in the order they came."""
        room, reading = self._context.chunk, []
        for run in sorted(self._runs, key=lambda run: len(run.pending) > 1):
            run.reading = min(len(run.pending), room)
            room -= run.reading
            if run.reading:
                reading.append(run)
        return reading

    def _go_on(self, run: _Run, logits: NDArray[np.float32]) -> None:
        generation = run.job.generation
        try:
            run.pending = generation.next(logits)
        except EngineError as error:
            self._end(run, error)
            return
        if generation.stop is None and len(run.held.tokens) + len(run.pending) > self._limit:
            generation.stop = "length"
        if generation.stop is not None:
            self._finish(run)

    def _finish(self, run: _Run) -> None:
        """Hands over the answer."""
        completion = run.job.generation.completion()
        self._end(run, None, completion)

    def _end(self, run: _Run, error: Exception | None = None, completion: Completion | None = None) -> None:
        """Frees what a run held and tells whoever waits."""
        self._runs.remove(run)
        self._cache.give(run.held)
        _tell(run.job, error, completion)

    def _fail_all(self, error: Exception) -> None:
        """Every job fails, and nothing is remembered."""
        jobs = [run.job for run in self._runs] + list(self._waiting)
        self._runs.clear()
        self._waiting.clear()
        self._cache.forget()
        while not self._posted.empty():
            job = self._posted.get()
            if job is not None:
                jobs.append(job)
        for job in jobs:
            _tell(job, error, None)


def _tell(job: Job, error: Exception | None, completion: Completion | None) -> None:
    job.generation.close()
    if not job.future.set_running_or_notify_cancel():
        return
    if completion is not None:
        job.future.set_result(completion)
    else:
        job.future.set_exception(error or EngineError("the answer was given up"))
