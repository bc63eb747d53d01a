"""The page Tasks: the tasks there are, and one in the making, checked at every step and tried on a note."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from starlette.responses import Response

from adapter.errors import EngineError, InputError, NotewrightError, SettingsError, UnknownResource
from adapter.model import FLAGS, KINDS
from adapter.tasks import folder, library
from adapter.tasks.drafting import Draft, Field, Shown, edited, opened, pack, save
from adapter.tasks.drafting.draft import KINDS as FIELD_KINDS
from adapter.tasks.drafting.draft import Path
from adapter.tasks.importing import pasted
from adapter.workbench.acts import told
from adapter.workbench.examples import examples
from adapter.workbench.page import Action, Asked, Page, render, sent_to
from adapter.workbench.taskpages import exampled, filled, shown, trying
from adapter.workbench.taskpages.filled import Press
from adapter.workbench.trying import LANGUAGES
from mappings import MappingError

HERE: Final = "/workbench/tasks"
PRESENCE: Final[Mapping[str, str]] = {
    "needed": "reported as missing",
    "null": "null",
    "absent": "left out",
    "either": "null or left out",
}
STRATEGIES: Final[Mapping[str, str]] = {
    "naive": "naive: the instruction alone",
    "advanced": "advanced: with rules, descriptions and examples",
    "retrieved": "retrieved: with the examples most like the note",
}
EVIDENCE: Final[Mapping[str, str]] = {
    "quote": "every value rests on words of the note",
    "none": "no words are asked for, and no findings made",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A task as it is listed."""

    name: str
    ships: bool
    title: str = ""
    version: str = ""
    languages: str = ""
    fields: int = 0
    examples: int = 0
    findings: bool = False
    wrong: str = ""  # why it cannot be used


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """A task in the making, and what has just become of it."""

    draft: Draft
    known: str = ""  # digest of the site's task it takes the place of
    focus: str = ""  # id of where to go on
    notes: tuple[str, ...] = ()  # what an import, or the form, could not keep
    failure: str = ""  # why it was not tried or not saved
    ran: trying.Ran | None = None
    said: str = ""  # what was done


def tasks(asked: Asked) -> Response:
    """The tasks there are."""
    failure = ""
    try:
        rows = tuple(map(_row, library.entries(asked.bench.tasks)))
    except SettingsError as error:
        rows, failure = tuple(map(_row, library.entries(None))), str(error)
    return render(asked, "tasks.html", rows=rows, failure=failure, may=asked.person.may("engineer"))


def new(asked: Asked) -> Response:
    """A task with nothing in it."""
    return _drawn(asked, Making(draft=Draft(fields=(Field(),)), focus="name"))


def one(asked: Asked) -> Response:
    """A task that is there, as a draft."""
    entry = _entry(asked)
    try:
        draft, lost = opened(entry.read())
    except MappingError as error:
        raise InputError(str(error)) from None
    known = "" if entry.ships else folder.digest(entry.path)
    said = "Saved." if asked.form.get("saved") == "yes" and known else ""
    return _drawn(asked, Making(draft=draft, known=known, notes=lost, said=said), ships=entry.ships)


def packed(asked: Asked) -> Response:
    """The files of a task that is there."""
    entry = _entry(asked)
    texts = {name: (entry.path / name) for name in folder.FILES}
    files = {name: path.read_text("utf-8") for name, path in texts.items() if path.is_file()}
    return _zip(pack(files, entry.name), entry.name)


def build(asked: Asked) -> Response:
    """A draft, changed as its form was filled in and by the button that sent it."""
    press = filled.press(asked.form.get("do", "show"))
    making = Making(draft=filled.draft(asked.fields), known=asked.form.get("known", ""))
    if press.what == "save":
        return _save(asked, making)
    if press.what == "zip":
        found = shown.shown(making.draft, asked.bench).written
        return _zip(pack(found.files, making.draft.name or "task"), "task")
    if press.what == "run":
        return _run(asked, making)
    change = CHANGES.get(press.what)
    if change is None:
        raise InputError("this form is none of ours", path="do")
    return _drawn(asked, change(making, press, asked.form))


def imported(asked: Asked) -> Response:
    """A task of another tool, as a draft."""
    form = asked.form
    found = pasted.convert(
        form.get("source", ""),
        name=form.get("called", ""),
        parser=form.get("parser", ""),
        rows=form.get("rows", ""),
    )
    task, faults = folder.examined({name: text.encode() for name, text in found.files().items()})
    if task is None:
        raise InputError("; ".join(map(str, faults)))
    draft, lost = opened(task)
    return _drawn(asked, Making(draft=draft, notes=(*found.notes, *lost), said="Imported; not saved yet."))


def _save(asked: Asked, making: Making) -> Response:
    found = shown.shown(making.draft, asked.bench)
    if asked.bench.tasks is None:
        return _drawn(asked, replace(making, failure="This workbench has no directory to save tasks to."))
    if found.wrong:
        failure = f"Not saved: {len(found.wrong)} things are wrong."
        return _drawn(asked, replace(making, failure=failure), status=400)
    try:
        kept = save(found.written.files, making.draft.name, asked.bench.tasks, making.known or None)
    except NotewrightError as error:
        return _drawn(asked, replace(making, failure=f"Not saved: {error}"), status=400)
    told(asked, "$task-save", status=303, digest=folder.digest(kept))
    return sent_to(f"{HERE}/task/{making.draft.name}?saved=yes")


def _run(asked: Asked, making: Making) -> Response:
    task = shown.shown(making.draft, asked.bench).written.sound
    if task is None:
        return _drawn(asked, replace(making, failure="Not run: mend first what is wrong."), status=400)
    try:
        ran = trying.run(asked.form, task, asked.bench)
    except (EngineError, InputError) as error:
        status = 400 if isinstance(error, InputError) else 503
        told(asked, "$answer", status=status)
        return _drawn(asked, replace(making, failure=f"Not run: {error}"), status=status)
    told(asked, "$answer", digest=ran.digest, patients=ran.patients)
    return _drawn(asked, replace(making, ran=ran, focus="ran"))


def _drawn(asked: Asked, making: Making, *, ships: bool = False, status: int = 200) -> Response:
    bench = asked.bench
    return render(
        asked,
        "task.html",
        status,
        making=making,
        draft=making.draft,
        shown=shown.shown(making.draft, bench),
        ships=ships,
        boxes=exampled.boxes(making.draft),
        may=asked.person.may("engineer"),
        form=asked.form,
        field_kinds=FIELD_KINDS,
        presences=PRESENCE,
        strategies=STRATEGIES,
        evidences=EVIDENCE,
        flags=(*FLAGS, "family"),
        codes=partial(_with, shown.bindable(bench)),
        kinded=partial(_with, [(kind, kind.replace("_", " ")) for kind in KINDS]),
        details=partial(_with, [(kind, f"detail: {kind.replace('_', ' ')}") for kind in KINDS]),
        examples=examples(),
        languages=LANGUAGES,
    )


def _with(offered: Sequence[tuple[str, str]], chosen: str) -> list[tuple[str, str]]:
    """What is offered, with what was chosen before where that is not among it."""
    there = not chosen or chosen in dict(offered)
    return [*offered, *([] if there else [(chosen, chosen)])]


def _zip(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
    return Response(content, media_type="application/zip", headers=headers)


def _entry(asked: Asked) -> library.Entry:
    for entry in library.entries(asked.bench.tasks):
        if entry.name == asked.path["name"]:
            return entry
    raise UnknownResource("There is no task of this name.")


def _row(entry: library.Entry) -> Row:
    try:
        task = entry.read()
    except MappingError as error:
        return Row(name=entry.name, ships=entry.ships, wrong=str(error))
    return Row(
        name=entry.name,
        ships=entry.ships,
        title=task.title,
        version=task.version,
        languages=", ".join(task.languages) or "any",
        fields=len(task.schema.get("properties", ())),
        examples=len(task.examples),
        findings=bool(task.views),
    )


Change = Callable[[Making, Press, Mapping[str, str]], Making]


def _show(making: Making, press: Press, form: Mapping[str, str]) -> Making:
    return making


def _add(making: Making, press: Press, form: Mapping[str, str]) -> Making:
    draft, path = edited.added(making.draft, press.path)
    return replace(making, draft=draft, focus=_place(path))


def _remove(making: Making, press: Press, form: Mapping[str, str]) -> Making:
    beside = (*press.path[:-1], max(0, press.path[-1] - 1)) if press.path else ()
    draft = edited.removed(making.draft, press.path)
    return replace(making, draft=draft, focus=_place(beside) if draft.at(beside) else "fields")


def _move(by: int) -> Change:
    def move(making: Making, press: Press, form: Mapping[str, str]) -> Making:
        draft, path = edited.moved(making.draft, press.path, by)
        return replace(making, draft=draft, focus=_place(path))

    return move


def _shot(making: Making, press: Press, form: Mapping[str, str]) -> Making:
    example = Shown(answer=edited.blank(making.draft))
    return _with_shown(making, example)


def _take(making: Making, press: Press, form: Mapping[str, str]) -> Making:
    texts = {
        name: form.get(f"taken_{name}", "").replace("\r\n", "\n") for name in ("text", "answer", "evidence")
    }
    return _with_shown(making, Shown(**texts))


def _with_shown(making: Making, example: Shown) -> Making:
    draft = edited.with_shown(making.draft, example)
    return replace(making, draft=draft, focus=f"s{len(draft.shown) - 1}")


def _item(making: Making, press: Press, form: Mapping[str, str]) -> Making:
    draft = exampled.with_item(making.draft, press.path)
    return replace(making, draft=draft, focus=f"s{press.number}-{'.'.join(map(str, press.path[1:]))}")


def _unitem(making: Making, press: Press, form: Mapping[str, str]) -> Making:
    draft = exampled.without_item(making.draft, press.path)
    return replace(making, draft=draft, focus=f"s{press.number}-{'.'.join(map(str, press.path[1:-1]))}")


def _unshot(making: Making, press: Press, form: Mapping[str, str]) -> Making:
    return replace(making, draft=edited.without_shown(making.draft, press.number), focus="shown")


def _place(path: Path) -> str:
    return "f" + ".".join(map(str, path))


CHANGES: Final[Mapping[str, Change]] = {
    "show": _show,
    "add": _add,
    "remove": _remove,
    "up": _move(-1),
    "down": _move(1),
    "shot": _shot,
    "unshot": _unshot,
    "take": _take,
    "item": _item,
    "unitem": _unitem,
}

PAGE = Page(
    path="tasks",
    name="Tasks",
    actions=(
        Action(answer=tasks),
        Action(answer=new, path="/new", role="engineer"),
        Action(answer=build, path="/build", method="POST", role="engineer"),
        Action(answer=imported, path="/import", method="POST", role="engineer"),
        Action(answer=one, path="/task/{name}"),
        Action(answer=packed, path="/task/{name}/zip"),
    ),
)
