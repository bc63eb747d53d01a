"""Findings -> the reference range a note tells of a test: "5.6 mmol/L (reference range 3.5-5.0)".

The words of a language are data (`range` in mappings/context); a bracket without one of them may be anything.
In the laboratory section, brackets behind a number are its range. What an engine took for a result there is
none.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from adapter.context.tables import RangeTable
from adapter.model import Attribute, Finding, Note

FAR = 40  # characters from a test or its result to its range
PASSED = frozenset({"result", "date", "body_site"})  # kinds that may stand between
LISTED = "laboratory"  # where brackets behind a number tell its range
_NUMBER = r"\d+(?:[.,]\d+)?"
_LIMITS = rf"{_NUMBER}\s*(?:-|–|to|bis|à|tot)\s*{_NUMBER}|[<>≤≥]=?\s*{_NUMBER}"
_UNIT = r"(?:\s?(?:%|[^\W\d_]{1,6}/[^\W\d_]{1,4})(?!\w))?"
_BRACKETS = re.compile(rf"{_UNIT}(?:\s*[*hl+-]{{1,2}})?\s?[(\[]\s*(?P<range>(?:{_LIMITS}){_UNIT})\s*[)\]]")


@dataclass(frozen=True, slots=True)
class Ranges:
    """The range of each test that has one, and what is no result, by position."""

    told: Mapping[int, Sequence[Attribute]] = field(default_factory=dict)
    no_results: frozenset[int] = frozenset()


def pattern(table: RangeTable | None) -> re.Pattern[str] | None:
    """Finds a reference range in a text; "range" are its numbers and unit. In lower case."""
    if table is None:
        return None
    words = "|".join(re.escape(word.lower()) for word in sorted(table.words, key=len, reverse=True))
    told = rf"(?P<range>(?:{_LIMITS}){_UNIT})(?![\w.,-]*\d)"
    return re.compile(rf"(?:{words})[\s.:=]*{told}")


def lowered(text: str) -> str:
    """The text in lower case, where that leaves every place as it is."""
    small = text.lower()
    return small if len(small) == len(text) else text


def ranges(
    note: Note, findings: Sequence[Finding], sentences: Sequence[int], found: re.Pattern[str] | None
) -> Ranges:
    """The reference ranges of the tests of a note."""
    if found is None or not any(finding.kind == "test" for finding in findings):
        return Ranges()
    starts = [finding.start for finding in findings]
    told: dict[int, list[Attribute]] = defaultdict(list)
    gone: set[int] = set()
    for match in _told(note, findings, found):
        start, end = match.span("range")
        test = _test(findings, sentences, bisect_left(starts, match.start()) - 1, match.start())
        if test is None or any(one.start == start for one in told[test]):
            continue
        text = note.text[start:end]
        told[test].append(Attribute(kind="reference_range", start=start, end=end, text=text))
        inside = range(bisect_left(starts, match.start()), bisect_left(starts, end))
        gone |= {index for index in inside if findings[index].kind == "result"}
    return Ranges(told=told, no_results=frozenset(gone))


def _told(note: Note, findings: Sequence[Finding], found: re.Pattern[str]) -> Iterator[re.Match[str]]:
    """Ranges behind one of the words, and in the laboratory section those in brackets behind a result."""
    text = lowered(note.text)
    for match in found.finditer(text):
        if not note.text[match.start() - 1 : match.start()].isalnum():
            yield match
    for one in findings:
        if one.kind == "result" and note.section_at(one.start).key == LISTED:
            behind = _BRACKETS.match(text, one.end)
            if behind is not None:
                yield behind


def _test(findings: Sequence[Finding], sentences: Sequence[int], at: int, place: int) -> int | None:
    """The test whose result stands before a place."""
    first = at
    while at >= 0 and place - findings[at].end <= FAR and sentences[at] == sentences[first]:
        if findings[at].kind == "test":
            return at
        if findings[at].kind not in PASSED:
            return None
        place, at = findings[at].start, at - 1
    return None
