"""Cases -> the list of what a run got wrong, each with the passage it stands in.

A mistake holds note text unless it is made without; it is for reports, never for logs.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

from adapter.evaluation import harm, redaction, spans, statements
from adapter.evaluation.record import Annotation, Case

What = Literal["left", "harm", "missed", "invented", "kind", "bounds", "assertion", "code"]
WHATS: tuple[What, ...] = ("left", "harm", "missed", "invented", "kind", "bounds", "assertion", "code")
BREAK = re.compile(r"(?<=[.!?])\s+|\s*\n\s*")
AROUND = 200  # most code points shown before and after


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Some words of a passage, and who marked them."""

    text: str
    gold: bool
    found: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """One thing that gold and a run do not agree on."""

    what: What
    document: str
    start: int
    end: int
    gold: str  # what gold says, in names and codes alone; "" for nothing
    found: str  # what the run says
    passage: tuple[Part, ...] = ()


def listed(cases: Sequence[Case], *, text: bool) -> list[Mistake]:
    """Every mistake, in the order of documents and text; without passages unless `text`."""
    return [mistake for case in cases for mistake in sorted(_of(case, text), key=lambda one: one.start)]


def left(cases: Sequence[Case], *, text: bool) -> list[Mistake]:
    """Every identifier of which something is left to read, as `listed` has them."""
    return [
        Mistake(
            what="left",
            document=case.id,
            start=gold.start,
            end=gold.end,
            gold=gold.kind,
            found="a part of it" if black else "",
            passage=tuple(passage(case.text, gold, black)) if text else (),
        )
        for case in cases
        for gold, black in redaction.left(case)
    ]


def _of(case: Case, text: bool) -> Iterator[Mistake]:
    for one, other in harm.active(case, spans.matched(case.gold, case.predicted)):
        wrong = [axis for axis in harm.NOT_THE_PATIENTS if (one.assertion or {}).get(axis)]
        yield Mistake(
            what="harm",
            document=case.id,
            start=min(one.start, other.start),
            end=max(one.end, other.end),
            gold=f"{one.kind}: {', '.join(wrong)}",
            found=f"{other.kind}: active",
            passage=tuple(passage(case.text, one, other)) if text else (),
        )
    for gold, found in spans.confused(case):
        for what, wanted, given in _differences(gold, found):
            marks = [one for one in (gold, found) if one is not None]
            yield Mistake(
                what=what,
                document=case.id,
                start=min(one.start for one in marks),
                end=max(one.end for one in marks),
                gold=wanted,
                found=given,
                passage=tuple(passage(case.text, gold, found)) if text else (),
            )


def _differences(gold: Annotation | None, found: Annotation | None) -> Iterator[tuple[What, str, str]]:
    """What differs, as gold and as the run have it."""
    if gold is None or found is None:
        what: What = "missed" if found is None else "invented"
        yield what, gold.kind if gold else "", found.kind if found else ""
    elif gold.kind != found.kind:
        yield "kind", gold.kind, found.kind
    else:
        yield from _differences_of_pair(gold, found)


def _differences_of_pair(gold: Annotation, found: Annotation) -> Iterator[tuple[What, str, str]]:
    if gold.places != found.places:
        yield "bounds", f"{gold.kind} {_places(gold)}", f"{found.kind} {_places(found)}"
    if wrong := statements.wrong_axes((gold, found)):
        said = gold.assertion or {}
        yield (
            "assertion",
            ", ".join(axis for axis in wrong if said.get(axis)) or "nothing",
            ", ".join(axis for axis in wrong if not said.get(axis)) or "nothing",
        )
    for system in dict.fromkeys(one.system for one in gold.codes if one.chosen):
        wanted = [one.code for one in gold.codes if one.chosen and one.system == system]
        given = next((one.code for one in found.codes if one.chosen and one.system == system), "no code")
        if given not in wanted:
            yield "code", " or ".join(wanted), given


def _places(one: Annotation) -> str:
    return ", ".join(f"{start}-{end}" for start, end in one.places)


def passage(text: str, gold: Annotation | None, found: Annotation | None) -> Iterator[Part]:
    """The sentence that two annotations stand in, in parts by who marked them."""
    marks = [one for one in (gold, found) if one is not None]
    start, end = _around(text, min(one.start for one in marks), max(one.end for one in marks))
    wanted, given = _points(gold), _points(found)

    def who(at: int) -> tuple[bool, bool]:
        return at in wanted, at in given

    for (is_gold, is_found), run in groupby(range(start, end), who):
        places = list(run)
        yield Part(text=text[places[0] : places[-1] + 1], gold=is_gold, found=is_found)


def _around(text: str, start: int, end: int) -> tuple[int, int]:
    first, last = max(0, start - AROUND), min(len(text), end + AROUND)
    before = [one.end() for one in BREAK.finditer(text, first, start) if one.end() <= start]
    after = BREAK.search(text, end, last)
    return (before[-1] if before else first), (after.start() if after else last)


def _points(one: Annotation | None) -> set[int]:
    return {at for start, end in (one.places if one else ()) for at in range(start, end)}
