"""Findings -> how severe they are, where the words stand beside them: "the pain is severe", "severe pain".

The words of a language are data (`severity` in mappings/context). A word before its problem holds before
one after another problem: "pain, severe nausea". A word inside a mention is the mention's own.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from adapter.context.ranges import lowered
from adapter.context.rules import SeverityRules
from adapter.model import Attribute, Finding, Note, Span

FAR = 50  # characters between a word and its problem
PASSED = frozenset({"body_site", "duration", "date"})  # kinds that may stand between


@dataclass(frozen=True, slots=True)
class Severities:
    """The severities of each finding that has any, and mentions that are nothing else, by position."""

    told: Mapping[int, Sequence[Attribute]] = field(default_factory=dict)
    no_findings: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class _Word:
    """A word of severity, where it stands."""

    note: Note
    findings: Sequence[Finding]
    rules: SeverityRules
    start: int
    end: int
    within: Span  # its sentence


def severities(note: Note, findings: Sequence[Finding], rules: SeverityRules | None) -> Severities:
    """How severe the problems of a note are said to be beside them."""
    found: dict[int, list[Attribute]] = defaultdict(list)
    gone: set[int] = set()
    if rules is None or not findings:
        return Severities()
    starts = [finding.start for finding in findings]
    opened = [span.start for span in note.sentences]
    for match in rules.words.finditer(lowered(note.text)):
        start, end = match.span()
        at = after = bisect_left(starts, end)
        alone = bool(at) and (findings[at - 1].start, findings[at - 1].end) == (start, end)
        at -= alone
        if any(one.end > start for one in findings[max(0, at - 3) : at]):
            continue
        sentence = bisect_right(opened, start) - 1
        within = note.sentences[sentence] if sentence >= 0 else Span(start=0, end=len(note.text))
        word = _Word(note, findings, rules, start, end, within)
        home = _right_before(word, at - 1)
        home = home if home is not None else _after(word, after)
        home = home if home is not None else _before(word, at - 1)
        if home is not None:
            found[home].append(Attribute(kind="severity", start=start, end=end, text=note.text[start:end]))
            gone |= {at} if alone else set()
    return Severities(told=found, no_findings=frozenset(gone))


def _right_before(word: _Word, at: int) -> int | None:
    """The problem right before a word, in a language that puts such words behind."""
    if not word.rules.behind or at < 0 or word.findings[at].start < word.within.start:
        return None
    finding = word.findings[at]
    beside = not word.note.text[finding.end : word.start].strip()
    return at if beside and finding.kind in word.rules.kinds else None


def _after(word: _Word, at: int) -> int | None:
    """The problem that a word stands before; a site may stand between."""
    findings, end = word.findings, word.end
    while at < len(findings) and findings[at].start <= min(end + FAR, word.within.end):
        finding = findings[at]
        if not word.rules.lead.fullmatch(word.rules.spelled(word.note.text[end : finding.start])):
            return None
        if finding.kind in word.rules.kinds:
            return at
        if finding.kind not in PASSED:
            return None
        at, end = at + 1, finding.end
    return None


def _before(word: _Word, at: int) -> int | None:
    """The problem that a word is said of after it; a site or a time may stand between."""
    findings, text, start = word.findings, word.note.text, word.start
    roof = next((one.start for one in findings[at + 1 :] if one.start >= word.end), len(text))
    follows = text[word.end : min(roof, word.within.end, word.end + FAR)]
    if not word.rules.close.match(word.rules.spelled(follows)):
        return None
    pieces: list[str] = []
    while at >= 0 and findings[at].start >= word.within.start and start - findings[at].end <= FAR:
        finding = findings[at]
        pieces.insert(0, word.rules.spelled(text[finding.end : start]))
        if finding.kind in word.rules.kinds:
            return at if word.rules.connect.fullmatch(" ".join(filter(None, pieces))) else None
        if finding.kind not in PASSED:
            return None
        at, start = at - 1, min(start, finding.start)
    return None
