"""A person's answer to a finding -> a verdict; words of a note -> where they stand."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final

from adapter.errors import InputError
from adapter.ledger.verdicts import ACTIONS, Action, Place, Reviewer, Verdict
from adapter.model import FLAGS, Assertion, Coding, Experiencer, Finding, Note
from adapter.reviews import forms, judging
from adapter.reviews.judging import Item

OFFERED: Final = 12  # concepts a search offers
EXPERIENCERS: Final[Sequence[Experiencer]] = ("patient", "family", "other")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a person wants of a finding; None: as it is."""

    action: Action
    codings: tuple[Coding, ...] | None = None
    axes: Collection[str] | None = None  # the flags that hold
    experiencer: Experiencer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """Words of a note, and where: at `start`, or as one of the places they stand at, from 1."""

    text: str
    start: int | None = None
    occurrence: int = 1
    note: int = 0  # which of the document's


def verdict(who: Reviewer, document: str, version: int, item: Item, change: Change) -> Verdict:
    """What a person says of a finding. Raises InputError."""
    if change.action not in ACTIONS or change.action == "add":
        raise InputError("not a verdict", path="action")
    shown = item.shown
    return Verdict(
        who=who,
        document=document,
        version=version,
        action=change.action,
        place=item.place,
        sentence=judging.sentence(item.note, shown.start, shown.end),
        before=forms.told(shown),
        after=None if change.action in ("reject", "withdraw") else forms.told(changed(shown, change)),
    )


def added(who: Reviewer, document: str, version: int, note: Note, one: Finding) -> Verdict:
    """That a person found what no model had."""
    return Verdict(
        who=who,
        document=document,
        version=version,
        action="add",
        place=Place(digest=judging.digest(note), start=one.start, end=one.end, kind=one.kind),
        sentence=judging.sentence(note, one.start, one.end),
        before=None,
        after=forms.told(replace(one, sources=("reviewer",))),
    )


def changed(one: Finding, change: Change) -> Finding:
    """The finding as a person wants it. Raises InputError."""
    if change.codings is not None:
        one = replace(one, codings=change.codings, alternatives=(), choice=None)
    if change.axes is None and change.experiencer is None:
        return one
    return replace(one, assertion=_said(one.assertion, change))


def located(notes: Sequence[Note], words: Words) -> tuple[Note, int, int]:
    """Where words stand: note, first code point and one past the last.

    Raises InputError where they do not stand there; never quotes them.
    """
    if not 0 <= words.note < len(notes):
        raise InputError("there is no such text in the document", path="note")
    note, text = notes[words.note], words.text.replace("\r\n", "\n")
    places = _places(note.text, text.strip())
    if not places:
        raise InputError("these words do not stand in the note as they are written here", path="words")
    size = len(text.strip())
    if words.start is not None:
        near = words.start + len(text) - len(text.lstrip())
        start = min(places, key=lambda place: abs(place - near))
    elif 1 <= words.occurrence <= len(places):
        start = places[words.occurrence - 1]
    else:
        raise InputError(f"these words stand in the note {len(places)} times", path="occurrence")
    return note, start, start + size


def _said(before: Assertion, change: Change) -> Assertion:
    """The assertion with these axes, and the cues of those that hold still."""
    axes = {flag for flag in FLAGS if getattr(before, flag)} if change.axes is None else set(change.axes)
    if not axes <= set(FLAGS):
        raise InputError("not an axis of assertions", path="axes")
    whose = change.experiencer or before.experiencer
    if whose not in EXPERIENCERS:
        raise InputError("not somebody a finding can be about", path="experiencer")
    axes |= {"negated"} if "ruled_out" in axes else set()
    held = {
        *axes,
        *({"family", "relative"} if whose == "family" else ()),
        *({"other_person"} if whose == "other" else ()),
    }
    relative = (before.relative or "FAMMEMB") if whose == "family" else None
    return Assertion(
        **{flag: True for flag in FLAGS if flag in axes},
        experiencer=whose,
        relative=relative,
        cues=tuple(cue for cue in before.cues if cue.axis in held),
    )


def _places(text: str, words: str) -> list[int]:
    places: list[int] = []
    start = text.find(words) if words else -1
    while start >= 0:
        places.append(start)
        start = text.find(words, start + 1)
    return places
