"""A document and what was said of it -> what the page shows, as values for its template."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from adapter.ledger.verdicts import Reviewer, Verdict
from adapter.model import FLAGS, Coding, Finding, Note
from adapter.reviews import Opened
from adapter.reviews.desk import Case, judged_by, key_of
from adapter.reviews.standing import Standing
from adapter.workbench import marking
from adapter.workbench.marking import Piece

DONE: Final = {
    "accept": "accepted",
    "reject": "rejected",
    "change": "changed",
    "add": "added",
    "withdraw": "taken back",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A finding as it is listed."""

    number: int
    key: str  # its name in forms
    finding: Finding
    said: tuple[str, ...]  # how it is asserted, in words
    axes: frozenset[str]  # those that hold
    reasons: tuple[str, ...]  # to doubt it
    risk: float
    state: str  # "open", "accepted", "rejected", "changed", "added", "disputed"
    verdicts: tuple[Verdict, ...]  # the last of each reviewer
    mine: bool  # whether the person at the page has judged it
    gone: bool  # whether the model finds no such thing


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a search for a code found."""

    number: int  # of the finding it is for
    words: str
    codings: tuple[Coding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A document, drawn."""

    document: str
    version: int
    title: str
    date: str
    notes: tuple[tuple[Note, tuple[Piece, ...]], ...]
    lines: tuple[Line, ...]
    lost: tuple[Standing, ...]  # verdicts that have no effect
    verdicts: tuple[Verdict, ...]  # newest first
    unsent: int
    working: bool
    left: int  # findings this person has not judged
    open: int | None  # number of the finding that is open
    offer: Offer | None = None


def shown(opened: Opened, who: Reviewer, *, open: int | None = None, offer: Offer | None = None) -> Shown:
    """All that the page shows of a document."""
    lines = tuple(_line(one, who) for one in opened.cases)
    content = opened.content
    return Shown(
        document=opened.document,
        version=opened.version,
        title=_title(content.get("type")) or "Document",
        date=str(content.get("date", ""))[:10],
        notes=tuple((note, tuple(_pieces(note, opened.cases))) for note in opened.notes),
        lines=lines,
        lost=opened.unplaced,
        verdicts=tuple(reversed(opened.verdicts)),
        unsent=opened.unsent,
        working=opened.working,
        left=sum(not one.mine for one in lines),
        open=open,
        offer=offer,
    )


def following(opened: Opened, who: Reviewer, number: int) -> int | None:
    """The next finding that this person has not judged, after the last one from the start again."""
    left = [one.number for one in opened.cases if not judged_by(one.item, who)]
    later = [one for one in left if one > number]
    return next(iter([*later, *left]), None)


def said(one: Finding) -> tuple[str, ...]:
    """How a finding is asserted, in words; nothing: present, in the patient."""
    flags = [flag.replace("_", " ") for flag in FLAGS if getattr(one.assertion, flag)]
    whose = one.assertion.experiencer
    return tuple(flags) if whose == "patient" else (*flags, whose)


def _line(case: Case, who: Reviewer) -> Line:
    item, finding = case.item, case.item.shown
    standing = item.standing
    return Line(
        number=case.number,
        key=key_of(item.place),
        finding=finding,
        said=said(finding),
        axes=frozenset(flag for flag in FLAGS if getattr(finding.assertion, flag)),
        reasons=case.doubt.reasons,
        risk=case.doubt.risk,
        state=_state(standing),
        verdicts=standing.verdicts if standing else (),
        mine=judged_by(item, who),
        gone=item.found is None and not (standing is not None and standing.added),
    )


def _state(standing: Standing | None) -> str:
    if standing is None:
        return "open"
    if standing.disputed:
        return "disputed"
    actions = {one.action for one in standing.verdicts}
    return next(DONE[action] for action in ("reject", "add", "change", "accept") if action in actions)


def _pieces(note: Note, cases: Sequence[Case]) -> list[Piece]:
    own = [one for one in cases if one.item.note is note]
    marks = marking.marks([(one.number, one.item.shown) for one in own], [])
    unreal = frozenset(one.number for one in own if one.item.stands is None or said(one.item.shown))
    return marking.pieces(note, marks, unreal)


def _title(concept: object) -> str:
    """What a document's type is called."""
    if not isinstance(concept, dict):
        return ""
    told = [
        concept.get("text"),
        *(one.get("display") for one in concept.get("coding", ()) if isinstance(one, dict)),
    ]
    return next((str(one) for one in told if one), "")
