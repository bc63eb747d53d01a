"""Findings and the times a note tells -> findings with the time that is theirs, an attribute of kind "date".

A time belongs to the nearest finding of its sentence, without another finding, a comma or a new verb between
them. Where two would do, where words around it say that it is the time of something else (a birth, an
admission, an appointment), or where two times are told of one finding, nothing is attached.
"""

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import mappings
from adapter.context import moments
from adapter.context.expressions import ATTACHMENT, Expression, Means, TimeRules, find, places, whole
from adapter.model import Attribute, Finding, Note, Span, Step, When

Role = Literal["at", "start", "end", "diagnosed"]
BESIDE = 60  # characters around an expression that may say it is the time of something else
WORDS = 6  # the most words between a finding and its time
REACH = 60  # the most characters
ADJACENT, NEAR, COMMA = 0, 1, 2  # how a time is tied to a finding, best first
_WORD = re.compile(r"\w+")
_JOINING = re.compile(r"[\s(\[]*")
_COMMA = re.compile(r"\s*[,–-]\s*\(?")
_OPENING = re.compile(r"\s*[:,–-]?\s*")
_STOP = re.compile(r"[,;:.()\[\]]|\n\s*\n")
_VALUE = re.compile(r"\s*:?\s*[<>]?\d")  # "45 % (yesterday 60)"
_CLAUSE = re.compile(r"[,;]|\n\s*\n")


class Never(mappings.Table):
    """Findings that have no time of their own."""

    axes: tuple[str, ...]
    sections: frozenset[str]


class Attachment(mappings.Table):
    """mappings/dates/attachment.toml."""

    version: int
    kinds: Mapping[str, Mapping[Means, Role]]
    stopped: Mapping[Means, Role]
    never: Never
    earlier: frozenset[str]
    claims: frozenset[str]
    begin: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence with the findings that may have a time, or that stand in its way."""

    note: Note
    span: Span
    findings: Sequence[Finding]  # in text order
    now: bool  # it speaks of the day of the document

    @property
    def starts(self) -> list[int]:
        return [one.start for one in self.findings]


def load_attachment(files: mappings.Files = mappings.SHIPPED) -> Attachment:
    """What a time may be to a finding.

    Raises mappings.MappingError naming file and key.
    """
    return files.read(f"dates/{ATTACHMENT}.toml", Attachment)


def date(note: Note, step: Step[Finding], rules: TimeRules, attachment: Attachment) -> Step[Finding]:
    """The same Step, its findings with the times that are told of them."""
    told: dict[int, list[Attribute]] = defaultdict(list)  # by identity: a finding is long to hash
    related = any(one.assertion.experiencer == "family" for one in step.kept)
    near = places(note.text, rules, related)
    for sentence in _sentences(note, step.kept, attachment):
        for finding, detail in _told(sentence, near, rules, attachment):
            told[id(finding)].append(detail)
    kept = tuple(
        _dated(one, told.get(id(one), ()), note, rules) if id(one) in told or one.attributes else one
        for one in step.kept
    )
    return replace(step, kept=kept)


def _dated(finding: Finding, details: Sequence[Attribute], note: Note, rules: TimeRules) -> Finding:
    """A finding with its times; those the engine found itself are read, and no others are added."""
    if any(one.kind == "date" for one in finding.attributes):
        own = tuple(_read(one, note, rules) if one.kind == "date" else one for one in finding.attributes)
        return replace(finding, attributes=own)
    kept = [*finding.attributes, *_agreeing(details)]
    if len(kept) == len(finding.attributes):
        return finding
    return replace(finding, attributes=tuple(sorted(kept, key=lambda one: (one.start, one.end, one.kind))))


def _read(one: Attribute, note: Note, rules: TimeRules) -> Attribute:
    expression = whole(one.text, rules)
    moment = moments.read(expression, rules, note.date) if expression else None
    if moment is None or (moment.date is None and moment.age is None):
        return one
    return replace(one, when=When(role="at", date=moment.date, age=moment.age))


def _agreeing(details: Sequence[Attribute]) -> Iterator[Attribute]:
    """Each role's time, where one alone is told."""
    roles: dict[str, list[Attribute]] = defaultdict(list)
    for one in details:
        if one.when is not None:
            roles["at" if one.when.role == "start" else one.when.role].append(one)
    yield from (own[0] for own in roles.values() if len(own) == 1)


def _sentences(note: Note, findings: Sequence[Finding], attachment: Attachment) -> Iterator[_Sentence]:
    claims = [one for one in findings if one.kind in attachment.claims]
    now = not any(section.key in attachment.earlier for section in note.sections)
    opened = [span.start for span in note.sentences]
    groups: dict[int, list[Finding]] = defaultdict(list)
    for one in claims:
        groups[bisect_right(opened, one.start) - 1].append(one)
    for index, own in groups.items():
        if index >= 0:
            yield _Sentence(note, note.sentences[index], own, now)


def _told(
    sentence: _Sentence, near: Sequence[int], rules: TimeRules, attachment: Attachment
) -> Iterator[tuple[Finding, Attribute]]:
    text, span = sentence.note.text, sentence.span
    inside = near[bisect_left(near, span.start) : bisect_left(near, span.end)]
    found = find(text, span.start, span.end, rules, inside) if inside else []
    if not found:
        return
    now = sentence.now and not rules.then.search(text, span.start, span.end)
    homes: list[Finding] = []
    for index, one in enumerate(found):
        before = found[index - 1] if index else None  # "otitis today, last year pneumonia" is no list
        listed = before and not before.form.observed and _listed(text[before.end : one.start], rules)
        homes = homes if listed else _homes(sentence, one, rules)
        for finding in homes:
            role = _diagnosed(finding, _role(finding, one, attachment), text, rules)
            moment = moments.read(one, rules, sentence.note.date, now) if role else None
            if role is not None and moment is not None:
                when = When(role=role, date=moment.date, age=moment.age)
                words = text[one.start : one.end]
                yield finding, Attribute(kind="date", start=one.start, end=one.end, text=words, when=when)


def _listed(between: str, rules: TimeRules) -> bool:
    """Whether two times stand in a list: "in 2015 and in 2019"."""
    plain = between.strip(" ,\t\n")
    return not plain or rules.joins.fullmatch(plain) is not None


def _diagnosed(finding: Finding, role: Role | None, text: str, rules: TimeRules) -> Role | None:
    """What a time is to a finding after "diagnosed with"."""
    before = text[max(0, finding.start - BESIDE) : finding.start]
    named = role == "at" and finding.kind == "condition" and rules.diagnosed.search(before)
    return "diagnosed" if named else role


def _role(finding: Finding, one: Expression, attachment: Attachment) -> Role | None:
    """What a time is to a finding; None where it can be nothing to it."""
    said = finding.assertion
    if any(getattr(said, axis) for axis in attachment.never.axes):
        return None
    if finding.section in attachment.never.sections:
        return None
    if said.experiencer == "other" or (one.form.family and said.experiencer != "family"):
        return None
    if one.form.observed and one.means is None and finding.kind in attachment.begin:
        return None
    table = attachment.kinds.get(finding.kind, {})
    if finding.kind == "medication" and said.stopped:
        table = attachment.stopped
    if one.means == "lasting" and said.historical:
        return None
    return table.get(one.means or "at")


def _homes(sentence: _Sentence, one: Expression, rules: TimeRules) -> list[Finding]:
    """The finding an expression belongs to, and the one that is joined to it by "and"."""
    findings = sentence.findings
    if one.means == "other" or any(each.start < one.end and one.start < each.end for each in findings):
        return []
    at = bisect_left(sentence.starts, one.start)
    before = findings[at - 1] if at else None
    after = findings[at] if at < len(findings) else None
    chosen = _nearer(sentence, one, before, after, rules)
    if chosen is None or _foreign(sentence, one, before, after, rules):
        return []
    if chosen is before:
        owner = _owner(sentence, one, at - 1, rules)
        return [owner, *_joined(sentence, one, at - 1, at - 2, rules)] if owner else []
    return [chosen, *_joined(sentence, one, at, at + 1, rules)]


def _nearer(
    sentence: _Sentence, one: Expression, before: Finding | None, after: Finding | None, rules: TimeRules
) -> Finding | None:
    """The finding before or after, whichever is tied to the expression more closely."""
    options = []
    if before is not None and not one.after and (tie := _tie_before(sentence, one, before, rules)):
        options.append((tie, 0, before))
    if after is not None and (tie := _tie_after(sentence, one, after, rules)):
        options.append((tie, 1, after))
    return min(options, key=lambda option: option[:2])[2] if options else None


def _tie_before(
    sentence: _Sentence, one: Expression, before: Finding, rules: TimeRules
) -> tuple[int, int] | None:
    gap = _uncovered(sentence.note.text, before, before.end, one.start)
    gap = rules.skips.sub("", gap)
    if _JOINING.fullmatch(gap):
        return ADJACENT, 0
    if _COMMA.fullmatch(gap):
        return COMMA, 0
    if one.means is None and one.form.sort == "date":
        return None
    ended = before.kind == "medication" and before.assertion.stopped
    return _near(gap.rstrip(" \t([") + " ", rules, breaks=not ended)


def _tie_after(
    sentence: _Sentence, one: Expression, after: Finding, rules: TimeRules
) -> tuple[int, int] | None:
    text = sentence.note.text
    gap = _uncovered(text, after, one.end, after.start)
    opens = _opens(text, one.start, sentence.span.start, rules)
    if _JOINING.fullmatch(gap) and "(" not in gap:
        return (ADJACENT, 0) if opens or one.means is not None or one.after else None
    between = text[max(0, one.start - BESIDE) : one.start].rstrip().endswith(",") and "," in gap
    if opens and not between and _OPENING.fullmatch(gap):
        return ADJACENT, 0
    if one.means is None and one.form.sort == "date":
        return None
    if opens and not between:
        gap = re.sub(r"^\s*,", "", gap)
    tie = _near(gap, rules, breaks=not opens)
    return (tie[0], tie[1] + 2 * _weak(gap, rules)) if tie else None


def _near(gap: str, rules: TimeRules, breaks: bool = True) -> tuple[int, int] | None:
    words = len(_WORD.findall(gap))
    if len(gap) > REACH or words > WORDS or _STOP.search(gap):
        return None
    if breaks and rules.breaks.search(gap):
        return None
    return NEAR, words


def _weak(gap: str, rules: TimeRules) -> int:
    return sum(word.lower() in rules.table.weak for word in _WORD.findall(gap))


def _opens(text: str, at: int, low: int, rules: TimeRules) -> bool:
    """Whether an expression opens its sentence, clause, line or item."""
    before = text[max(low, at - BESIDE) : at].rstrip(" \t*-•–(")
    return not before or before[-1] in "\n;,:" or rules.opens.search(before) is not None


def _uncovered(text: str, finding: Finding, low: int, high: int) -> str:
    """What stands between, without the details of the finding itself."""
    kept, position = [], low
    for one in finding.attributes:
        if position <= one.start and one.end <= high and one.kind != "duration":
            kept.append(text[position : one.start])
            position = one.end
    return "".join([*kept, text[position:high]])


def _foreign(
    sentence: _Sentence, one: Expression, before: Finding | None, after: Finding | None, rules: TimeRules
) -> bool:
    """Whether words around an expression say that it is the time of something else."""
    text, span = sentence.note.text, sentence.span
    low = max(span.start, one.start - BESIDE, before.end if before else 0)
    high = min(span.end, one.end + BESIDE, after.start if after else len(text))
    left, right = text[low : one.start], text[one.end : high]
    left = _CLAUSE.split(left.rstrip(" ,("))[-1]
    right = _CLAUSE.split(right)[0] if not one.after else ""
    compared = text[low : one.start].rstrip().endswith("(") and _VALUE.match(text, one.end)
    return bool(compared) or any(rules.blocks.search(part) for part in (left, right))


def _owner(sentence: _Sentence, one: Expression, at: int, rules: TimeRules) -> Finding | None:
    """The finding before, or what was done for it: "cholecystectomy for gallstones in 2018"."""
    finding = sentence.findings[at]
    text = sentence.note.text
    low = max(sentence.span.start, finding.start - REACH, sentence.findings[at - 1].end if at else 0)
    if finding.kind in ("condition", "finding") and rules.finding_blocks.search(text[low : finding.start]):
        return None
    first = sentence.findings[at - 1] if at else None
    if first is None or first.kind not in ("medication", "procedure", "test"):
        return finding
    if finding.kind not in ("condition", "finding") or one.means == "diagnosed":
        return finding
    between = _uncovered(text, first, first.end, finding.start)
    if not rules.reasons.search(between) or _CLAUSE.search(between):
        return finding
    return first if first.kind == "procedure" and one.means in (None, "at", "ago") else None


def _joined(sentence: _Sentence, one: Expression, at: int, other: int, rules: TimeRules) -> Iterator[Finding]:
    """The other of two findings of one kind joined by a single word: "fever and cough for 3 days"."""
    if one.means not in ("start", "lasting") or not 0 <= other < len(sentence.findings):
        return
    first, last = (sentence.findings[index] for index in sorted((at, other)))
    between = sentence.note.text[first.end : last.start].strip()
    alike = first.kind == last.kind and (one.means == "start" or first.kind == "finding")
    if alike and rules.joins.fullmatch(between):
        yield sentence.findings[other]
