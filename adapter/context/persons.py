"""Where a note tells of another person for more than a sentence: the newborn in the note of the mother.

"Baby: weight 3,240 g. Jaundice of the trunk." The words of a language are data (`person` in
mappings/context). A passage opens only where the note has said before that its patient is not that person,
and the first word that says who the patient is decides: in the note of the child nothing is another's, but
the mother's pregnancy and delivery are family.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapter.context import general
from adapter.context.general import Passage
from adapter.context.phrases import bare
from adapter.context.ranges import lowered
from adapter.context.tables import PersonTable
from adapter.model import Cue, Note

AXIS, RULE = "other_person", "person"
KINDS = frozenset({"condition", "finding", "medication", "procedure", "test", "social"})
_BEGINS = r"(?:(?:^|(?<=[\n.!?;,]))[ \t]*(?:[-•*#]+[ \t]*)*)"
_ASIDE = r"(?:[ \t]*\([^()\n]{1,90}\)|[ \t]+(?:\d|[a-d])\b)*"
_LABEL = r"[ \t]*(?P<label>:|\.(?=\s)|[ \t][-–—](?=[ \t])|(?=\n))"
_LINE = re.compile(r"\n")
_SENTENCE = re.compile(r"[.!?](?=\s|$)|\n")
_EMPTY = re.compile(r"[ \t]*\n")
_BLANK = re.compile(r"\n\s*\n")
_LETTERS = range(0xC0, 0x180)  # where the letters with accents are


@dataclass(frozen=True, slots=True)
class PersonRules:
    """What opens and ends a passage on a person, and what says whom a note is about."""

    opens: re.Pattern[str]
    back: re.Pattern[str]
    patient: re.Pattern[str]
    relative: str | None
    stems: tuple[str, ...]  # without one of them the patient is nobody else


@dataclass(frozen=True, slots=True)
class Rules:
    """The tables of a language."""

    persons: tuple[PersonRules, ...]
    plain: Mapping[int, str]  # letters without their accents, where these do not count


def rules(tables: Sequence[PersonTable], *, unaccented: bool) -> Rules | None:
    """The words of a language, ready to find; none where it has none."""
    if not tables:
        return None

    def known(word: str) -> str:
        return bare(word.lower()) if unaccented else word.lower()

    def some(words: Sequence[str]) -> str:
        listed = sorted({known(word) for word in words}, key=lambda word: (-len(word), word))
        return "|".join(re.escape(word).replace(r"\#", r"\d+") for word in listed) or "(?!)"

    made = tuple(
        PersonRules(
            opens=re.compile(
                rf"{_BEGINS}(?P<words>(?:{some(table.labels)})(?!\w){_ASIDE}{_LABEL}|(?:{some(table.opens)})(?!\w))"
            ),
            back=re.compile(rf"{_BEGINS}(?:{some(table.back)})(?!\w)"),
            patient=re.compile(rf"(?<!\w)(?:(?P<other>{some(table.patient)})|{some(table.own)})(?!\w)"),
            relative=table.relative,
            stems=tuple({known(word).partition("#")[0] for word in table.patient}),
        )
        for table in tables
    )
    return Rules(made, {code: bare(chr(code)) for code in _LETTERS} if unaccented else {})


def passages(note: Note, rules: Rules | None) -> Sequence[Sequence[Passage]]:
    """The stretches of a note that tell of another person, for each table that has any."""
    if rules is None:
        return ()
    text = _compared(note.text, rules.plain)
    found = (tuple(_passages(note, text, each)) for each in rules.persons)
    return tuple(one for one in found if one)


def cue(passages: Sequence[Sequence[Passage]], position: int) -> Cue | None:
    """What says that another person is spoken of at a position."""
    return next(filter(None, (general.cue(each, position) for each in passages)), None)


def relative(cue: Cue | None) -> str | None:
    """Which relative a passage tells of; none where it tells of another person."""
    return cue.rule.partition(":")[2] or None if cue is not None else None


def _passages(note: Note, text: str, rules: PersonRules) -> Iterator[Passage]:
    first = rules.patient.search(text) if any(stem in text for stem in rules.stems) else None
    if first is None or first["other"] is None:
        return
    place = first.end()
    while (opening := rules.opens.search(text, place)) is not None:
        start, close = opening.span("words")
        place = max(_end(text, opening, rules), close)
        axis, rule = (AXIS, RULE) if rules.relative is None else ("family", f"{RULE}:{rules.relative}")
        cue = Cue(axis=axis, rule=rule, start=start, end=close, text=note.text[start:close])
        yield Passage(start, place, cue)


def _end(text: str, opening: re.Match[str], rules: PersonRules) -> int:
    """Where a passage ends: what a label opens a line with, with that line or block."""
    start, close = opening.start("words"), opening.end()
    if opening["label"] is None or text[text.rfind("\n", 0, start) + 1 : start].strip(" \t-•*#"):
        ends = _SENTENCE
    else:
        ends = _BLANK if _EMPTY.match(text, close) else _LINE
    over = ends.search(text, close + 1)
    last = over.start() if over is not None else len(text)
    back = rules.back.search(text, close, last)
    return back.start() if back is not None else last


def _compared(text: str, letters: Mapping[int, str]) -> str:
    """The text in lower case, and without accents where they do not count, each letter in its place."""
    small = lowered(text)
    plain = small.translate(letters) if letters and not small.isascii() else small
    return plain if len(plain) == len(text) else small
