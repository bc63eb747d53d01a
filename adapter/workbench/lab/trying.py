"""A draft run over documents: what changes in each Bundle, and which rules fired."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Final

from starlette.responses import Response

from adapter import assembly, drafts
from adapter.cases import Case
from adapter.cases.shelf import chosen
from adapter.drafts import Compared, Document, Draft
from adapter.errors import EngineError, InputError, NotewrightError
from adapter.workbench.bench import Bench
from adapter.workbench.draftbook import Run, Source, step
from adapter.workbench.examples import Example, examples
from adapter.workbench.lab.listing import address, base, book, drafted, owner
from adapter.workbench.page import Asked, render, sent_to
from adapter.workbench.trying import Trial
from mappings import MappingError

STEP: Final = 8.0  # seconds of one step of a run, after which somebody presses "Go on"
QUICK: Final = 1.5  # where the script does
EXAMPLES: Final = "the notes that ship with the workbench"


def show(asked: Asked) -> Response:
    """A draft, what is wrong with it, and its latest run."""
    draft, files = drafted(asked), base(asked.bench)
    kept = book(asked.bench)
    run = kept.run(owner(asked), draft.name)
    after = draft.over(files)
    counts = run.fired if run else {}
    return render(
        asked,
        "lab-draft.html",
        draft=draft,
        faults=draft.faults(files),
        run=run,
        stale=run is not None and run.digest != after.digest(),
        covered={name: drafts.coverage(name, after, counts) for name in sorted(draft.texts)},
        tags=sorted({tag for case in _cases(asked.bench) if case.head for tag in case.head.tags}),
        over=_over(asked.bench),
        installer=kept.installer if asked.person.may("administrator") else None,
        versions=kept.installer.versions()[::-1] if kept.installer else (),
        digest=after.digest(),
        now=files.digest(),
        said=asked.form.get("said", ""),
    )


def run(asked: Asked) -> Response:
    """Some more of a run, or the first of a new one."""
    draft = drafted(asked)
    kept, who = book(asked.bench), owner(asked)
    under_way = kept.run(who, draft.name)
    if under_way is None or not under_way.waiting or asked.form.get("do") == "run":
        under_way = _begun(asked, draft)
        kept.begin(who, draft.name, under_way)
    work = partial(_work, asked.bench, under_way)
    step(under_way, work, QUICK if asked.form.get("quick") else STEP)
    return sent_to(address(draft.name))


def _begun(asked: Asked, draft: Draft) -> Run:
    """A run that has not begun. InputError for a draft that the line cannot open with."""
    bench, files = asked.bench, base(asked.bench)
    if bench.pipeline is None:
        raise EngineError("This process has no model: other processes do the work.")
    wrong = [fault for found in draft.faults(files).values() for fault in found]
    if wrong:
        raise InputError(f"Not run: mend first what is wrong. {wrong[0]}")
    after = draft.over(files)
    try:
        line = assembly.ruled(bench.pipeline, after)
    except MappingError as error:
        raise InputError(str(error)) from None
    tag = asked.form.get("tag", "")[:64]
    sources = list(_sources(bench, tag))
    return Run(
        digest=after.digest(),
        over=_over(bench),
        shipped=not _cases(bench),
        tag=tag,
        before=bench.pipeline,
        after=line,
        waiting=deque(sources),
        of=len(sources),
    )


def _work(bench: Bench, run: Run, source: Source, name: str) -> Compared:
    try:
        document = source()
    except NotewrightError as error:
        return Compared(name=name, fault=str(error))
    with bench.turn():
        return drafts.compared(document, run.before, run.after)


def _cases(bench: Bench) -> Sequence[Case]:
    return bench.cases.shelf.cases() if bench.cases else ()


def _over(bench: Bench) -> str:
    count = len(_cases(bench))
    return f"{count} cases" if count else EXAMPLES


def _sources(bench: Bench, tag: str) -> Iterator[tuple[str, Source]]:
    """The cases of the site, else the notes that ship with the workbench."""
    cases = _cases(bench)
    for case in chosen(cases, [tag] if tag else []):
        yield case.name, partial(Document.of, case)
    if not cases:
        for example in examples().values():
            yield example.key, partial(_example, example, bench)


def _example(example: Example, bench: Bench) -> Document:
    trial = replace(Trial(text=example.text), language=example.language)
    return Document(name=example.key, resource=trial.document(), fhir=bench.fhir)
