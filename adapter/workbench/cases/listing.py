"""The list of cases: what each is for, what became of it, and runs of those that are shown."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final
from urllib.parse import urlencode

from starlette.responses import Response

from adapter import cases
from adapter.cases import Case, Result
from adapter.errors import EngineError, UnknownResource
from adapter.evaluation.bundle_differences import shown
from adapter.pipeline import Pipeline
from adapter.workbench.bench import Bench
from adapter.workbench.casebook import CaseBook, Last
from adapter.workbench.page import Asked, render, sent_to

HERE: Final = "/workbench/cases"
SHOWN: Final = 500  # cases in one list
STEP: Final = 8.0  # seconds of one step of a run, after which somebody presses "Go on"
QUICK: Final = 2.5  # where the script does
STATES: Final[Mapping[str, str]] = {
    "": "all",
    "failed": "failed",
    "broken": "cannot be run",
    "passed": "passed",
    "new": "not run yet",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which cases are asked for."""

    state: str = ""
    tag: str = ""
    words: str = ""

    @property
    def link(self) -> str:
        """It, as it stands in an address."""
        told = {"state": self.state, "tag": self.tag, "words": self.words}
        return urlencode({name: value for name, value in told.items() if value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A case as it is listed."""

    name: str
    usable: bool  # whether there is a page of it
    why: str
    tags: tuple[str, ...]
    recorded: bool
    last: Last | None

    @property
    def state(self) -> str:
        """One of STATES."""
        return self.last.status if self.last else "new"


def show(asked: Asked) -> Response:
    """The list, and how far a run has come."""
    kept, wanted = book(asked.bench), _filter(asked.form)
    rows = _rows(kept, asked.bench)
    chosen = _chosen(rows, wanted)
    under_way = kept.run(asked.form.get("run", ""))
    return render(
        asked,
        "cases.html",
        rows=chosen[:SHOWN],
        more=len(chosen) - len(chosen[:SHOWN]),
        total=len(rows),
        counts=Counter(one.state for one in rows),
        tags=Counter(tag for one in rows for tag in one.tags),
        wanted=wanted,
        states=STATES,
        run=under_way,
        place=shown(kept.shelf.root.name),
        may=asked.person.may("engineer"),
        said=SAID.get(asked.form.get("said", ""), ""),
    )


def run(asked: Asked) -> Response:
    """Some more of a run, or the first of a new one: of the cases that are shown."""
    kept, wanted = book(asked.bench), _filter(asked.form)
    work, maker = worker(asked.bench)
    under_way = kept.run(asked.form["run"]) if asked.form.get("run") else None
    if under_way is None:
        chosen = _chosen(_rows(kept, asked.bench), wanted)
        under_way = kept.begin([one.name for one in chosen if one.usable])
    kept.step(under_way, work, maker, QUICK if asked.form.get("quick") else STEP)
    return sent_to(f"{HERE}?{'&'.join(filter(None, (wanted.link, urlencode({'run': under_way.id}))))}")


SAID: Final[Mapping[str, str]] = {"removed": "The case was deleted.", "made": "The case was made."}


def book(bench: Bench) -> CaseBook:
    """The cases there are."""
    if bench.cases is None:
        raise UnknownResource("This workbench has no folder of cases.")
    return bench.cases


def worker(bench: Bench) -> tuple[Callable[[Case], Result], object]:
    """What runs a case here, and who makes its Bundles. EngineError when nothing can."""
    if bench.pipeline is None:
        raise EngineError("This process has no model: other processes do the work.")
    return partial(_ran, bench, bench.pipeline), bench.pipeline.maker


def _ran(bench: Bench, line: Pipeline, case: Case) -> Result:
    with bench.turn():
        return cases.ran(case, line)


def _filter(form: Mapping[str, str]) -> Filter:
    state = form.get("state", "")
    return Filter(
        state=state if state in STATES else "",
        tag=form.get("tag", "")[:64],
        words=form.get("words", "")[:200],
    )


def _rows(kept: CaseBook, bench: Bench) -> list[Row]:
    maker = bench.pipeline.maker if bench.pipeline else None
    return [_row(case, kept.last(case, maker)) for case in kept.shelf.cases()]


def _row(case: Case, last: Last | None) -> Row:
    faults = tuple(map(str, case.faults))
    broken = Last(status="broken", sentences=faults[:3], more=max(0, len(faults) - 3), seconds=0.0)
    return Row(
        name=shown(case.name),
        usable=not any(one.key == "name" for one in case.faults),
        why=shown(case.head.why, 400) if case.head else "",
        tags=case.head.tags if case.head else (),
        recorded=case.recording is not None,
        last=broken if faults else last,
    )


def _chosen(rows: Sequence[Row], wanted: Filter) -> list[Row]:
    words = wanted.words.casefold().split()
    return [
        one
        for one in rows
        if wanted.state in ("", one.state)
        and (not wanted.tag or wanted.tag in one.tags)
        and all(word in f"{one.name} {one.why} {' '.join(one.tags)}".casefold() for word in words)
    ]
