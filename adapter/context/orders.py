"""Sentences that only name tests and procedures: "DXA. Carotid duplex." Nothing but an order says no more.

What was done is told with a time, a verb or a value; sections of results and of operations are left out, or
only those of plans are taken.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import mappings
from adapter.model import Cue, Mention, Note, Span

RULE = "bare-order"
MARK = re.compile(r"\(?\d{1,2}[.):]\s*|[-•*·▪◦–—#>+]\s*")  # of an item
PART = re.compile(r"[,;]")


class OrderTable(mappings.Table):
    """Sentences that only name tests and procedures, which are ordered by that."""

    kinds: tuple[str, ...]
    words: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()  # sections where such a sentence orders nothing
    sections: tuple[str, ...] = ()  # the only ones where it does, as an item or behind the heading too
    beside: tuple[str, ...] = ()  # kinds that may stand in it and are not ordered: "MRI of the brain"
    after: float = 0.0  # the share of the note that must stand before it
    items: bool = False  # an item, a line or a part of a sentence between semicolons is one too
    times: tuple[str, ...] = ()  # one of these must stand in it, which then may be a part between commas


@dataclass(frozen=True, slots=True)
class OrderRules:
    """Which kinds a bare sentence orders, what else may stand in it, and the sections where it does not."""

    kinds: frozenset[str]
    beside: frozenset[str]
    rest: re.Pattern[str]  # of what stands between and around the mentions
    outside: frozenset[str]
    sections: frozenset[str]
    after: float
    items: bool
    times: re.Pattern[str] | None


def rules(table: OrderTable) -> OrderRules:
    """A table of a language."""
    words, times = (
        "|".join(map(re.escape, listed)).replace("<number>", r"\d+").replace(r"\ ", r"\s+")
        for listed in (table.words, table.times)
    )
    rest = re.compile(rf"(?:[\s,;/+&()→>-]|\b(?:{words})\b)*\.?", re.IGNORECASE)
    return OrderRules(
        kinds=frozenset(table.kinds),
        beside=frozenset((*table.kinds, *table.beside)),
        rest=rest,
        outside=frozenset(table.outside),
        sections=frozenset(table.sections),
        after=table.after,
        items=table.items,
        times=re.compile(rf"(?<!\w)(?:{times})(?!\w)", re.IGNORECASE) if times else None,
    )


def cues(note: Note, ordered: Sequence[Mention], tables: Sequence[OrderRules]) -> Mapping[int, Cue]:
    """What a bare sentence orders by one of the tables of a language, by position."""
    found: dict[int, Cue] = {}
    for rules in tables:
        found |= _cues(note, ordered, rules)
    return found


def _cues(note: Note, ordered: Sequence[Mention], rules: OrderRules) -> Mapping[int, Cue]:
    starts = [mention.start for mention in ordered]
    found: dict[int, Cue] = {}
    least = rules.after * len(note.text)
    for sentence in note.sentences:
        if sentence.start < least or (begin := _begin(note, sentence, rules)) is None:
            continue
        for start, end in _parts(note.text, begin, sentence.end, rules):
            inside = range(bisect_left(starts, start), bisect_left(starts, end))
            told = [index for index in inside if ordered[index].kind in rules.kinds]
            if not told or any(ordered[index].kind not in rules.beside for index in inside):
                continue
            places = [start, *(ordered[index].end for index in inside)]
            ends = [*(ordered[index].start for index in inside), end]
            if all(
                rules.rest.fullmatch(note.text, low, high) for low, high in zip(places, ends, strict=True)
            ):
                found |= {index: _cue(ordered[index]) for index in told}
    return found


def _parts(text: str, start: int, end: int, rules: OrderRules) -> Iterator[tuple[int, int]]:
    """What may be an order by itself: a sentence, or its parts between commas in which a time is told."""
    if rules.times is None:
        yield start, end
        return
    for stop in (*(comma.start() for comma in PART.finditer(text, start, end)), end):
        if rules.times.search(text, start, stop):
            yield start, stop
        start = min(stop + 1, end)


def _begin(note: Note, sentence: Span, rules: OrderRules) -> int | None:
    """Where the words of a sentence begin that may be an order by itself; None where it may not."""
    section = note.section_at(sentence.start)
    if rules.items and section.key not in rules.outside:
        mark = MARK.match(note.text, sentence.start, sentence.end)
        return mark.end() if mark else sentence.start
    full, first = note.text.endswith(".", 0, sentence.end), _follows(note, section.heading, sentence)
    if not rules.sections:
        return sentence.start if full and not first and section.key not in rules.outside else None
    if section.key not in rules.sections:
        return None
    mark = MARK.match(note.text, sentence.start, sentence.end)
    return mark.end() if mark else sentence.start if full or first else None


def _follows(note: Note, heading: Span, sentence: Span) -> bool:
    """Whether a sentence is the first after its heading, which says what it is."""
    return heading.start < heading.end and not note.text[heading.end : sentence.start].strip()


def _cue(mention: Mention) -> Cue:
    return Cue(axis="planned", rule=RULE, start=mention.start, end=mention.end, text=mention.text)
