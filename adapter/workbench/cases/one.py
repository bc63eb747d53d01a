"""One case: its note, and beside it what differs between the Bundle it must give and the one it gives."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from starlette.responses import Response

from adapter.cases import Case, Fault, Result, folder
from adapter.errors import InputError, UnknownResource
from adapter.evaluation.bundle_differences import WHATS, Difference, sentences
from adapter.model import Note
from adapter.settings import VERSIONS
from adapter.workbench import marking
from adapter.workbench.cases.listing import HERE, book, worker
from adapter.workbench.marking import Mark, Piece
from adapter.workbench.page import Asked, render
from adapter.workbench.trying import LANGUAGES

MOST: Final = 300  # differences drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A resource that differs."""

    number: int
    name: str  # type and words
    what: str
    lines: tuple[str, ...]  # element by element
    placed: bool  # whether it stands in a note that is shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What somebody typed that could not be taken, and why."""

    fields: dict[str, str]
    faults: Sequence[Fault] = ()


def show(asked: Asked) -> Response:
    """The case, run just now."""
    return drawn(asked, case_of(asked))


def case_of(asked: Asked) -> Case:
    """The case of the address. UnknownResource when there is none."""
    found = book(asked.bench).shelf.case(asked.path["name"])
    if found is None:
        raise UnknownResource("There is no such case.")
    return found


def address(case: Case) -> str:
    """Where the page of a case is."""
    return f"{HERE}/one/{quote(case.name)}"


def drawn(asked: Asked, case: Case, typed: Typed | None = None) -> Response:
    """The page of a case, with what was typed in place of what is kept."""
    work, maker = worker(asked.bench)
    result = work(case)
    book(asked.bench).keep(result, maker)
    items = tuple(_items(result))
    return render(
        asked,
        "case.html",
        status=400 if typed else 200,
        case=case,
        result=result,
        items=items,
        more=len(result.differences) - len(items),
        notes=[(note, _pieces(note, result.differences[:MOST])) for note in result.notes],
        text=_text(case) if not result.notes else None,
        expected=_json(case),
        emitted=folder.expectation(result.emitted).decode() if result.emitted else "",
        typed=typed,
        languages=LANGUAGES,
        versions=VERSIONS,
        may=asked.person.may("engineer"),
    )


def _items(result: Result) -> Iterator[Item]:
    for number, one in enumerate(result.differences[:MOST], start=1):
        name = " ".join(filter(None, (one.type, one.about)))
        said = sentences(one) if one.what == "differs" else []
        yield Item(
            number=number,
            name=name,
            what=WHATS[one.what],
            lines=tuple(line.removeprefix(f"{name}: ") for line in said),
            placed=any(True for note in result.notes for _ in _spans(note, one)),
        )


def _pieces(note: Note, differences: Sequence[Difference]) -> list[Piece]:
    """The note, cut where something that differs begins or ends."""
    marks = [
        Mark(start=start, end=end, role="finding", number=number)
        for number, one in enumerate(differences, start=1)
        for start, end in _spans(note, one)
    ]
    return marking.pieces(note, marks, frozenset())


def _spans(note: Note, one: Difference) -> Iterator[tuple[int, int]]:
    for at, length in one.places:
        path, _, offset = at.rpartition(":")
        if path in ("", note.path) and offset.isdecimal() and length.isdecimal():
            start, end = int(offset), min(int(offset) + int(length), len(note.text))
            if start < end:
                yield start, end


def _text(case: Case) -> str | None:
    """The note of a case that could not be run."""
    try:
        return case.text()
    except InputError:
        return None


def _json(case: Case) -> str:
    """What the case expects, as it is kept; "" where it cannot be read."""
    try:
        expected = case.expected()
    except InputError:
        return ""
    return folder.expectation(expected).decode() if expected is not None else ""
