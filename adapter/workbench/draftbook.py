"""The drafts of a workbench, and what became of them when they were tried in this process."""

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from adapter.drafts import Compared, Document, Drawer, Installer
from adapter.drafts.coverage import Key
from adapter.pipeline import Pipeline

RUNS: Final = 6  # kept, the latest; each holds a line by the rules of its draft
LONGEST: Final = 10.0  # seconds of one step
SHOWN: Final = 200  # documents of which what changed is kept

Source = Callable[[], Document]


@dataclass(slots=True, kw_only=True)
class Run:
    """Documents that are read by the mappings there are and by a draft, step by step."""

    digest: str  # of the draft's mappings
    over: str  # which documents, in words
    shipped: bool = False  # they are the notes that ship with the workbench
    tag: str = ""
    before: Pipeline
    after: Pipeline
    waiting: deque[tuple[str, Source]]
    of: int
    changed: list[Compared] = field(default_factory=list)  # and those that cannot be read
    done: int = 0
    unchanged: int = 0
    more: int = 0  # that changed too, and are not kept
    fired: Counter[Key] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


class DraftBook:
    """Drafts, and runs of them. Safe to use from several threads."""

    def __init__(self, drawer: Drawer, installer: Installer | None = None) -> None:
        self.drawer, self.installer = drawer, installer
        self._lock = threading.Lock()
        self._runs: OrderedDict[tuple[str, str], Run] = OrderedDict()

    def begin(self, owner: str, draft: str, run: Run) -> None:
        """Remembers a run as the latest of a person's draft."""
        with self._lock:
            self._runs.pop((owner, draft), None)
            self._runs[owner, draft] = run
            while len(self._runs) > RUNS:
                self._runs.popitem(last=False)

    def run(self, owner: str, draft: str) -> Run | None:
        """The latest run of a person's draft, where it is still remembered."""
        with self._lock:
            return self._runs.get((owner, draft))

    def forget(self, owner: str, draft: str) -> None:
        """Remembers nothing more of a draft."""
        with self._lock:
            self._runs.pop((owner, draft), None)


def step(run: Run, work: Callable[[Source, str], Compared], seconds: float) -> None:
    """Reads some more documents of a run, as many as begin within the time, and one at least."""
    until = time.monotonic() + min(seconds, LONGEST)
    while (one := _next(run)) is not None:
        keep(run, work(one[1], one[0]))
        if time.monotonic() >= until:
            return


def keep(run: Run, found: Compared) -> None:
    """Adds what became of a document."""
    with run.lock:
        run.done += 1
        run.fired.update(found.fired)
        if not found.resources and not found.fault:
            run.unchanged += 1
        elif len(run.changed) < SHOWN:
            run.changed.append(found)
        else:
            run.more += 1


def _next(run: Run) -> tuple[str, Source] | None:
    with run.lock:
        return run.waiting.popleft() if run.waiting else None
