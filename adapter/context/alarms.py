"""What to do if a complaint comes, told by a sign: "Fever or a red leg: call us".

The complaints open a clause near the end of a note, a colon or an arrow ends it, and what to do follows.
Neither is there yet. One complaint before an act may be what the act is done for ("Nausea: ondansetron"),
so an act counts only behind two joined by "or", behind words that make a case of it ("in the event of"),
or where it is a call. The words of a language are data (`case.alarm` in mappings/context).
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import mappings
from adapter.context.phrases import in_text
from adapter.model import Cue, Mention, Note, Span

RULE = "alarm"
PROBLEMS = ("condition", "finding")
ACTS = ("medication", "procedure", "test")
LEAD = 32  # characters before the first complaint of a clause
CLAUSE = 130  # of the complaints and the words between them
NEAR = 40  # from the sign to what is to be done
SIGN = re.compile(r"[ \t]*(?:[:→⇒]|[-=]+>|=)[ \t]*")
COMMA = re.compile(r"[ \t]*,[ \t]*")
BREAK = re.compile(r"[;\n]|[.!?](?=\s|$)")
MARK = re.compile(r"[ \t]*(?:(?:\(?\d{1,2}[.)°:]|[-•*·▪◦–—#>+→]+)[ \t]*)?")


class AlarmTable(mappings.Table):
    """How a language says what to do if something comes."""

    after: float  # the share of the note that must stand before it, outside `sections`
    sections: tuple[str, ...]  # where it may stand anywhere
    outside: tuple[str, ...]  # where it never does
    joins: tuple[str, ...]  # "or"
    opens: tuple[str, ...]  # words that make a case of what follows: "in the event of"
    calls: tuple[str, ...]  # what to do, in words: "call"
    unless: tuple[str, ...]  # words of what was found or done: "no", "was"


@dataclass(frozen=True, slots=True)
class AlarmRules:
    """The patterns of a language."""

    after: float
    sections: frozenset[str]
    outside: frozenset[str]
    joins: re.Pattern[str]
    opens: re.Pattern[str]
    calls: re.Pattern[str]
    unless: re.Pattern[str]


def rules(table: AlarmTable | None) -> AlarmRules | None:
    """The table of a language; none where it has none."""
    if table is None:
        return None
    return AlarmRules(
        after=table.after,
        sections=frozenset(table.sections),
        outside=frozenset(table.outside),
        joins=_words(table.joins),
        opens=_words(table.opens),
        calls=re.compile(rf"(?:\W*\w+\W+){{0,4}}?(?:{in_text(table.calls)})(?!\w)", re.IGNORECASE),
        unless=_words(table.unless),
    )


def cues(
    note: Note,
    ordered: Sequence[Mention],
    valued: frozenset[int],
    today: frozenset[int],
    rules: AlarmRules | None,
) -> Mapping[int, Cue]:
    """What is feared or done only if something comes, by position; what is there today does not come."""
    found: dict[int, Cue] = {}
    if rules is None or not ordered:
        return found
    starts = [mention.start for mention in ordered]
    least = rules.after * len(note.text)
    for sentence in note.sentences:
        key = note.section_at(sentence.start).key
        if key in rules.outside or (sentence.start < least and key not in rules.sections):
            continue
        for clause in _clauses(note.text, sentence):
            inside = range(bisect_left(starts, clause.start), bisect_left(starts, clause.end))
            told = _told(note, ordered, inside, clause, rules) if inside else {}
            if not (today | valued) & told.keys():
                found |= told
    return found


def _clauses(text: str, sentence: Span) -> Iterator[Span]:
    """The parts of a sentence between semicolons."""
    start = sentence.start
    for end in (*(found.start() for found in BREAK.finditer(text, start, sentence.end)), sentence.end):
        if start < end:
            yield Span(start=start, end=end)
        start = end + 1


def _told(
    note: Note, ordered: Sequence[Mention], inside: Sequence[int], clause: Span, rules: AlarmRules
) -> Mapping[int, Cue]:
    """The complaints of a clause and what is to be done for them; nothing where it tells of neither."""
    mark = MARK.match(note.text, clause.start, clause.end)
    begin = mark.end() if mark else clause.start
    first = ordered[inside[0]]
    if first.start - begin > LEAD or rules.unless.search(note.text, begin, clause.end):
        return {}
    opened = rules.opens.match(note.text, begin, first.start) is not None
    sign = SIGN.search(note.text, first.end, clause.end) or (opened and _comma(note, ordered, inside)) or None
    if sign is None or sign.start() - begin > CLAUSE:
        return {}
    before = [index for index in inside if ordered[index].start < sign.start()]
    acts = [index for index in inside if ordered[index].start >= sign.end() and ordered[index].kind in ACTS]
    problems = [index for index in before if ordered[index].kind in PROBLEMS]
    if before[0] not in problems or any(ordered[index].kind in ACTS for index in before):
        return {}
    called = rules.calls.match(note.text, sign.end(), clause.end) is not None
    joined = len(problems) > 1 and rules.joins.search(note.text, first.end, sign.start()) is not None
    done = bool(acts) and ordered[acts[0]].start - sign.end() <= NEAR
    if not called and not (done and (joined or opened)):
        return {}
    start, end = sign.span()
    cue = Cue(axis="hypothetical", rule=RULE, start=start, end=end, text=note.text[start:end])
    return dict.fromkeys((*problems, *acts), cue)


def _comma(note: Note, ordered: Sequence[Mention], inside: Sequence[int]) -> re.Match[str] | None:
    """The comma between the complaints a clause opens with and the first act: "in case of X, give Y"."""
    for before, index in pairwise(inside):
        if ordered[index].kind in ACTS:
            commas = COMMA.finditer(note.text, ordered[before].end, ordered[index].start)
            return next(commas, None)
    return None


def _words(words: Sequence[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{in_text(words)})(?!\w)", re.IGNORECASE)
