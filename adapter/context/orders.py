"""Sentences that only name tests and procedures: "DXA. Carotid duplex." Nothing but an order says no more.

What was done is told with a time, a verb or a value; sections of results and of operations are left out.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import mappings
from adapter.model import Cue, Mention, Note, Span

RULE = "bare-order"


class OrderTable(mappings.Table):
    """Sentences that only name tests and procedures, which are ordered by that."""

    kinds: tuple[str, ...]
    words: tuple[str, ...] = ()
    outside: tuple[str, ...] = ()  # sections where such a sentence orders nothing


@dataclass(frozen=True, slots=True)
class OrderRules:
    """Which kinds a bare sentence orders, what else may stand in it, and the sections where it does not."""

    kinds: frozenset[str]
    rest: re.Pattern[str]  # of what stands between and around the mentions
    sections: frozenset[str]


def rules(table: OrderTable | None) -> OrderRules | None:
    """The table of a language; none where it has none."""
    if table is None:
        return None
    words = "|".join(map(re.escape, table.words))
    rest = re.compile(rf"(?:[\s,;/+&()→>-]|\b(?:{words})\b)*\.?", re.IGNORECASE)
    return OrderRules(frozenset(table.kinds), rest, frozenset(table.outside))


def cues(note: Note, ordered: Sequence[Mention], rules: OrderRules | None) -> Mapping[int, Cue]:
    """What a bare sentence orders, by position."""
    if rules is None:
        return {}
    starts = [mention.start for mention in ordered]
    found: dict[int, Cue] = {}
    for sentence in note.sentences:
        if not note.text.endswith(".", 0, sentence.end):
            continue
        inside = range(bisect_left(starts, sentence.start), bisect_left(starts, sentence.end))
        if not inside or any(ordered[index].kind not in rules.kinds for index in inside):
            continue
        section = note.section_at(sentence.start)
        if section.key in rules.sections or _follows(note, section.heading, sentence):
            continue
        places = [sentence.start, *(ordered[index].end for index in inside)]
        ends = [*(ordered[index].start for index in inside), sentence.end]
        if all(rules.rest.fullmatch(note.text, low, high) for low, high in zip(places, ends, strict=True)):
            found |= {index: _cue(ordered[index]) for index in inside}
    return found


def _follows(note: Note, heading: Span, sentence: Span) -> bool:
    """Whether a sentence is the first after its heading, which says what it is."""
    return heading.start < heading.end and not note.text[heading.end : sentence.start].strip()


def _cue(mention: Mention) -> Cue:
    return Cue(axis="planned", rule=RULE, start=mention.start, end=mention.end, text=mention.text)
