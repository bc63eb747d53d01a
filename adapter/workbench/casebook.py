"""The cases of a workbench, with what became of them in this process, and the runs under way."""

import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from adapter.cases import Case, Result, Shelf

RUNS: Final = 16  # kept, the latest
TOLD: Final = 5  # sentences kept of a result
LONGEST: Final = 10.0  # seconds of one step of a run


@dataclass(frozen=True, slots=True, kw_only=True)
class Last:
    """What became of a case when it was last run."""

    status: str
    sentences: tuple[str, ...]  # the first of them
    more: int  # how many there are beside those
    seconds: float


@dataclass(slots=True, kw_only=True)
class Run:
    """Cases that are run one after another, step by step."""

    id: str
    waiting: deque[str]
    of: int
    done: int = 0
    failed: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


class CaseBook:
    """Cases and their results. Safe to use from several threads."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self._lock = threading.Lock()
        self._results: dict[str, tuple[Any, Last]] = {}
        self._runs: OrderedDict[str, Run] = OrderedDict()

    def keep(self, result: Result, maker: object) -> None:
        """Remembers a result; `maker` is who made it: a change of model or mappings makes it old."""
        said = result.sentences
        last = Last(
            status=result.status,
            sentences=tuple(said[:TOLD]),
            more=max(0, len(said) - TOLD),
            seconds=result.seconds,
        )
        with self._lock:
            self._results[result.case.name] = ((result.case.stamp, maker), last)

    def last(self, case: Case, maker: object) -> Last | None:
        """What became of a case as it stands; None when it was not run since it, or who runs it, changed."""
        with self._lock:
            stamp, last = self._results.get(case.name, (None, None))
        return last if stamp == (case.stamp, maker) else None

    def forget(self, name: str) -> None:
        """Remembers nothing more of a case."""
        with self._lock:
            self._results.pop(name, None)

    def begin(self, names: Sequence[str]) -> Run:
        """A run of these cases, of which none has been run yet."""
        run = Run(id=secrets.token_urlsafe(9), waiting=deque(names), of=len(names))
        with self._lock:
            self._runs[run.id] = run
            while len(self._runs) > RUNS:
                self._runs.popitem(last=False)
        return run

    def run(self, id: str) -> Run | None:
        """A run that was begun here lately."""
        with self._lock:
            return self._runs.get(id)

    def step(self, run: Run, work: Callable[[Case], Result], maker: object, seconds: float) -> None:
        """Runs some more cases of a run, as many as begin within the time, and one at least."""
        until = time.monotonic() + min(seconds, LONGEST)
        while (name := _next(run)) is not None:
            case = self.shelf.case(name)
            result = work(case) if case is not None else None
            if result is not None:
                self.keep(result, maker)
            with run.lock:
                run.done += 1
                run.failed += result is not None and result.status != "passed"
            if time.monotonic() >= until:
                return


def _next(run: Run) -> str | None:
    with run.lock:
        return run.waiting.popleft() if run.waiting else None
