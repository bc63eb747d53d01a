"""A note's text -> its sections, in order and covering all of it.

A heading is a known one alone on its line, unless the line before is not over ("with no"); a known one at
the start of a line or of a sentence and followed by a colon; a word at the start of a line that needs no
colon; or an unknown one in capitals with a colon (key "unknown"). Field labels ("BP: 120/80") are none, nor
is a test in the list of a plan ("- MRI"). What a date stamp or a letter of a scheme opens: `entries`.
is a test in the list of a plan ("- MRI", "TSH, MRI: tumour?").
Time is linear in the text: every colon and every line is looked at once, and no further back than LONGEST
characters.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from adapter.model import Section, Span
from adapter.notes import entries
from adapter.notes.headings import Headings, Part, normal

LONGEST = 70  # characters a heading may have
PLANS = frozenset({"plan", "instructions", "assessment_and_plan"})
ORDERED = frozenset({"imaging", "laboratory", "procedure"})  # in the list of a plan their names are orders
FOUND = ORDERED | {"physical_exam", "vital_signs", "mental_status"}  # "Abdomen." may be a sentence
WRITTEN = 5  # letters of the longest word of a heading that no table knows: less are abbreviations
LINE = re.compile(r"[^\r\n]+")
BULLET = re.compile(r"[ \t]*[>•·▪◦*–-]+[ \t]+")
LEAD = re.compile(r"[ \t]*(?:(?:[#>•·▪◦*–-]+|\(?\d{1,2}[.)]|[IVX]{1,4}\.|[A-Z][.)](?=\s))[ \t]*)*[*_]*")
END = re.compile(r"[*_]{0,3}[ \t]{0,3}(?:[:：]|[ \t][–—-][ \t])[*_]{0,3}")
STOPPED = re.compile(r"([^\W\d_](?:[^\W\d_]|[ /-]){5,50})\.[ \t]+(?=[^\W\d_])")  # "Family history. He"
INLINE_START = re.compile(r"(?:[.;!?,)\]][ \t]+|[ \t]{2,}|\t)(?:\(?\d{1,2}[.)][ \t]*)?")
TOLD = re.compile(rf"(?:[ \t]*\([^()\n]{{1,40}}\))?{END.pattern}")  # "PMH (from the family):"
FIRST = re.compile(r"([^\W\d_]{1,20}[./]?)[ \t]+(?=\S)")
VALUE = re.compile(r"[ \t]*[<>~=+-]?[ \t]*\d")
CAPITALS = re.compile(r"[^\W\d_](?:[^\W_]|[ /&,'’().\-\u0300-\u036f])*")


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of a note: where it begins, where its words begin after bullets and numbers, where it ends."""

    text: str  # of the whole note
    start: int
    first: int
    end: int
    goes_on: bool  # what the line before began
    item: bool  # bulleted like the line before or after it


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heading:
    key: str
    start: int
    end: int


def divide(text: str, parts: Sequence[Part]) -> tuple[Section, ...]:
    """The sections of a text; what stands before the first heading is "unknown" with an empty heading.

    A section goes on in the next part, in whatever language, until a heading is found there.
    """
    found = list(_headings(text, parts))
    if not found or found[0].start > 0:
        found.insert(0, _Heading(key="unknown", start=0, end=0))
    ends = [heading.start for heading in found[1:]] + [len(text)]
    return tuple(
        Section(
            key=heading.key, heading=Span(start=heading.start, end=heading.end), start=heading.start, end=end
        )
        for heading, end in zip(found, ends, strict=True)
    )


def _headings(text: str, parts: Sequence[Part]) -> Iterator[_Heading]:
    current = "unknown"
    for part in parts:
        lines = [match.span() for match in LINE.finditer(text, part.start, part.end)]
        lines = [(start, end) for start, end in lines if not text[start:end].isspace()]
        schemed = entries.letters(text, part.start, part.end, part.rules.schemes)
        letters = {**schemed, **part.rules.slashed}
        days = 0
        for index, (start, end) in enumerate(lines):
            following = text[slice(*lines[index + 1])] if index + 1 < len(lines) else ""
            before = text[slice(*lines[index - 1])] if index else ""
            lead = LEAD.match(text, start, end)
            first = lead.end() if lead else start
            item = _is_item(text[start:end], before, following)
            rest = index > 0 and _wrapped(text, lines[index - 1], (start, end))
            line = _Line(text, start, first, end, rest or part.rules.goes_on(before), item)
            if (stamps := part.rules.stamps) and stamps.entry(text, (start, end), current, days, index):
                days += 1
                if stamps.over(current):
                    yield _Heading(key="unknown", start=start, end=start)
                    current = "unknown"
            for heading in _in_line(line, following, current, part.rules, letters):
                key = heading.key or current
                yield _Heading(key=key, start=heading.start, end=heading.end)
                current = key


def _wrapped(text: str, before: tuple[int, int], line: tuple[int, int]) -> bool:
    """Whether a line is the rest of a sentence: "there were no" and, below it, "complications."."""
    told = text[slice(*before)].rstrip()[-1]
    ended = text[slice(*line)].rstrip().endswith(".")
    near = text.count("\n", before[1], line[0]) < 2
    return ended and near and text[line[0]].islower() and (told.isalnum() or told == ",")


def _is_item(line: str, before: str, following: str) -> bool:
    bullet = BULLET.match(line)
    return bullet is not None and any(one.startswith(bullet.group()) for one in (before, following))


def _in_line(
    line: _Line, following: str, current: str, rules: Headings, letters: Mapping[str, str]
) -> Iterator[_Heading]:
    alone = None if line.goes_on else _alone(line, following, current, rules)
    if alone is not None:
        yield _Heading(key=alone, start=line.start + _indent(line.text, line.start), end=line.end)
        return
    after = line.start
    if (bare := _bare(line, rules)) is not None:
        yield bare
        after, current = bare.end, bare.key
    elif (stopped := _stopped(line, current, rules)) is not None:
        yield stopped
        after, current = stopped.end, stopped.key
    opened = _lettered(line, after, letters)
    for mark in END.finditer(line.text, line.first, line.end):
        while opened and opened[0].start <= mark.start():
            yield opened[0]
            after, current = opened[0].end, opened.pop(0).key
        heading = _before(line, after, mark, current, rules) if mark.start() >= after else None
        if heading is not None:
            yield heading
            after, current = heading.end, heading.key
    yield from opened


def _lettered(line: _Line, after: int, letters: Mapping[str, str]) -> list[_Heading]:
    """The parts that a letter opens in a line: "S sinds 3 weken moe", "... Geen koorts. P/ MRI"."""
    if not letters or line.goes_on:
        return []
    found = entries.opened(line.text, line.start, line.end, letters)
    return [_Heading(key=key, start=start, end=end) for key, start, end in found if start >= after]


def _bare(line: _Line, rules: Headings) -> _Heading | None:
    """A heading without a colon, by the first word of a line: "VG hypertension"."""
    word = FIRST.match(line.text, line.first, line.end) if rules.bare else None
    known = rules.slashed if line.goes_on else rules.bare
    key = known.get(word.group(1).lower()) if word else None
    if word is None or key is None or TOLD.match(line.text, word.end(1), line.end):
        return None
    return _Heading(key=key, start=line.start + _indent(line.text, line.start), end=word.end(1))


def _stopped(line: _Line, current: str, rules: Headings) -> _Heading | None:
    """A known heading with a full stop, at the start of a paragraph: "Family history. His father had ..."."""
    words = STOPPED.match(line.text, line.first, line.end) if rules.ends and not line.goes_on else None
    if words is None or not words.group(1)[0].isupper() or normal(words.group(1)) in rules.labels:
        return None
    key = rules.key(normal(words.group(1)), current)
    if key is None or key in FOUND:
        return None
    return _Heading(key=key, start=line.start + _indent(line.text, line.start), end=words.end(1) + 1)


def _before(line: _Line, after: int, mark: re.Match[str], current: str, rules: Headings) -> _Heading | None:
    """The heading that ends with `mark`: from the start of the line, or of a sentence within it."""
    text, first = line.text, line.first
    dash = mark.group().strip(" \t*_") not in (":", "：")
    rest = text[mark.end() : min(line.end, mark.end() + 10)]
    for begin in _starts(text, after, first, mark.start()):
        if begin != first and (dash or not text[begin].isupper()):
            continue
        key = _key(text[begin : mark.start()], rest, current, rules, dash=dash)
        if (
            key is not None
            and current in PLANS
            and key in ORDERED
            and text[begin - 2 : begin] in (", ", "; ")
        ):
            continue
        if key is not None:
            start = after + _indent(text, after) if begin == first else begin
            return _Heading(key=key, start=start, end=mark.end())
    return None


def _starts(text: str, after: int, first: int, stop: int) -> Iterator[int]:
    """Where a heading that ends at `stop` may begin, the longest first."""
    low = max(after, first, stop - LONGEST)
    if low in (after, first):
        yield low + _indent(text, low)
    yield from (match.end() for match in INLINE_START.finditer(text, low, stop) if match.end() < stop)


def _key(heading: str, rest: str, current: str, rules: Headings, *, dash: bool) -> str | None:
    """The section key of words before a colon; none when they are no heading."""
    words = normal(heading)
    if not words or words in rules.labels:
        return None
    known = rules.key(words, current)
    if known is not None or dash:
        return known
    if (longer := _longer(heading, words, rules)) is not None:
        return longer
    if not _shouted(heading.strip()) or VALUE.match(rest):
        return None
    if rules.continues & set(words.split()):
        return None
    letters = sum(map(str.isalpha, heading))
    return "unknown" if letters >= 6 or (letters >= 4 and " " in heading.strip()) else None


def _alone(whole: _Line, following: str, current: str, rules: Headings) -> str | None:
    """The section key of a line that is nothing but a heading."""
    line = whole.text[whole.first : whole.end].strip().rstrip("*_").rstrip()
    bare = line.rstrip(":：").rstrip("*_ ")
    words = normal(bare)
    if not words or len(line) > LONGEST or words in rules.labels:
        return None
    known = rules.key(words, current)
    if whole.item and bare == line and current in PLANS and known in ORDERED:
        return None  # "- MRI" among what is to be done
    if known is not None or line.endswith((":", "：", ".", ",", ";")):
        return known
    if (longer := _longer(bare, words, rules)) is not None:
        return longer
    written = max(map(len, words.split())) >= WRITTEN  # "COPD GOLD II" is a diagnosis in a list
    shouted = " " in bare and written and _shouted(bare) and not re.search(r"\d", bare)
    spoken = any(map(str.islower, following))
    return "unknown" if shouted and spoken and not rules.continues & set(words.split()) else None


def _longer(heading: str, words: str, rules: Headings) -> str | None:
    """The section of a longer heading, by a word of it; a full stop only shortens its first word."""
    told = heading.strip()
    return rules.longer(words) if told[:1].isupper() and ". " not in told.partition(" ")[2] else None


def _shouted(heading: str) -> bool:
    """Whether words are in capitals, in any alphabet; "ß" often stands among them."""
    capitals = heading.replace("ß", "ẞ")
    return CAPITALS.fullmatch(heading) is not None and capitals == capitals.upper()


def _indent(text: str, start: int) -> int:
    return len(text[start : start + 200]) - len(text[start : start + 200].lstrip())
