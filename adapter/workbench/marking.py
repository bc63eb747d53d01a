"""A note -> its stretches, cut wherever something begins or ends, each with what stands on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from adapter.model import Attribute, Cue, Finding, Issue, Note, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """Something that stands on a stretch of a note."""

    start: int
    end: int
    role: str  # "finding", "detail" (of one: a cue, an attribute), "left" out, "fact" of an answer
    number: int  # of the finding, of what was left out, or of the fact
    kind: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A stretch of text on all of which the same things stand."""

    text: str
    findings: tuple[int, ...] = ()
    details: tuple[int, ...] = ()
    left: tuple[int, ...] = ()
    facts: tuple[int, ...] = ()
    kind: str = ""  # of the shortest finding on it
    denied: bool = False  # whether that is said not to be so, or not of the patient
    ends: bool = False  # whether that finding ends here


def marks(
    findings: Sequence[tuple[int, Finding]],
    left: Sequence[tuple[int, Issue]],
    facts: Sequence[tuple[int, Span]] = (),
) -> list[Mark]:
    """What stands where."""
    found = [
        Mark(start=one.start, end=one.end, role="finding", number=number, kind=one.kind)
        for number, one in findings
    ]
    details = [
        Mark(start=detail.start, end=detail.end, role="detail", number=number)
        for number, one in findings
        for detail in _details(one)
    ]
    out = [
        Mark(start=one.start, end=one.end, role="left", number=number, kind=one.kind or "")
        for number, one in left
        if one.start is not None and one.end is not None
    ]
    said = [Mark(start=one.start, end=one.end, role="fact", number=number) for number, one in facts]
    return [mark for mark in (*found, *details, *out, *said) if mark.start < mark.end]


def _details(one: Finding) -> tuple[Attribute | Cue, ...]:
    return (*one.attributes, *one.assertion.cues)


def pieces(note: Note, placed: Sequence[Mark], unreal: frozenset[int]) -> list[Piece]:
    """The whole text in order; `unreal` are the findings that are not so, or not of the patient."""
    begins: dict[int, list[Mark]] = {}
    for mark in placed:
        begins.setdefault(mark.start, []).append(mark)
    edges = sorted({0, len(note.text), *(edge for mark in placed for edge in (mark.start, mark.end))})
    active: list[Mark] = []
    found = []
    for start, end in pairwise(edges):
        active = [mark for mark in active if mark.end > start] + begins.get(start, [])
        found.append(_piece(note.text[start:end], active, end, unreal))
    return found


def _piece(text: str, active: Sequence[Mark], end: int, unreal: frozenset[int]) -> Piece:
    found = sorted((mark for mark in active if mark.role == "finding"), key=lambda one: one.end - one.start)
    top = found[0] if found else None
    return Piece(
        text=text,
        findings=tuple(mark.number for mark in found),
        details=_numbers(active, "detail"),
        left=_numbers(active, "left"),
        facts=_numbers(active, "fact"),
        kind=top.kind if top else "",
        denied=top is not None and top.number in unreal,
        ends=top is not None and top.end == end,
    )


def _numbers(active: Sequence[Mark], role: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(mark.number for mark in active if mark.role == role))
