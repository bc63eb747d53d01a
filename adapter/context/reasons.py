"""Findings -> why they are given or done: "lisinopril for hypertension", "X-ray for suspected pneumonia".

The words of a language are data (`reason` in mappings/context). A reason stays a finding of its own and is
also a detail of what it is the reason for. Only what the words of a sentence plainly tie together is tied:
nothing denied, nobody else's, nothing that was stopped, no reaction, and nothing that is to be prevented.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from adapter.context.phrases import tokens_of
from adapter.context.rules import ReasonRules
from adapter.model import Attribute, Finding, Note

NEAR = 45  # characters around a head and its reason in which words may take the reason away
FAR = 120  # characters between a head and its reason
CLAUSE = re.compile(r"[,;]")
GIVEN, OTHER = "< given >", "< other >"  # stand for the finding that words follow


@dataclass(frozen=True, slots=True)
class _Said:
    """The findings of a sentence in text order, by their positions in the note's list."""

    note: Note
    findings: Sequence[Finding]
    rules: ReasonRules
    starts: Sequence[int]  # of the findings
    members: Sequence[int]  # all but those details that may stand between
    start: int
    end: int

    def words(self, low: int, high: int) -> str:
        """What stands between two places, findings aside, as patterns see it."""
        pieces = []
        for one in self.findings[bisect_left(self.starts, low) : bisect_left(self.starts, high)]:
            if low <= one.start:
                pieces.append(self.note.text[low : one.start])
                low = max(low, one.end)
        pieces.append(self.note.text[low:high])
        return self.rules.spelled([word for piece in pieces for word in tokens_of(piece)])

    def between(self, first: int, last: int) -> str | None:
        """The words from one member to another; None where they are far apart or overlap."""
        low, high = self.findings[first].end, self.findings[last].start
        return self.words(low, high) if low <= high <= low + FAR else None


def reasons(
    note: Note, findings: Sequence[Finding], sentences: Sequence[int], rules: ReasonRules | None
) -> Mapping[int, Sequence[Attribute]]:
    """The reasons of each finding that has any, by position; `sentences` tells in which each stands."""
    found: dict[int, list[Attribute]] = defaultdict(list)
    if rules is None:
        return found
    for low, high in _runs(findings, sentences, rules):
        span = note.sentences[sentences[low]] if sentences[low] >= 0 else None
        end = span.end if span else len(note.text)
        own = findings[low:high]
        members = [at for at, one in enumerate(own) if one.kind not in rules.details]
        starts = [one.start for one in own]
        said = _Said(note, own, rules, starts, members, span.start if span else 0, end)
        for head, reason in _pairs(said):
            one = own[reason]
            told = Attribute(kind="reason", start=one.start, end=one.end, text=one.text)
            if told not in found[low + head]:
                found[low + head].append(told)
    return found


def _runs(
    findings: Sequence[Finding], sentences: Sequence[int], rules: ReasonRules
) -> Iterator[tuple[int, int]]:
    """The stretches of findings in one sentence with something given or done and what may be its reason."""
    low, size = 0, len(findings)
    while low < size:
        high, heads, kinds = low, False, False
        while high < size and sentences[high] == sentences[low]:
            kind = findings[high].kind
            heads, kinds = heads or kind in rules.heads, kinds or kind in rules.kinds
            high += 1
        if heads and kinds:
            yield low, high
        low = high


def _pairs(said: _Said) -> Iterator[tuple[int, int]]:
    """(head, reason): "treated with" first, then "for pneumonia", then "because of pneumonia she got"."""
    taken: set[int] = set()
    for ties in (_treated, _given, _opened):
        for heads, reasons in list(ties(said, taken)):
            taken.update(reasons)
            yield from ((head, reason) for head in sorted(heads) for reason in reasons)


def _treated(said: _Said, taken: set[int]) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """Reasons that stand before what is given for them."""
    for place, (reason, head) in enumerate(pairwise(said.members)):
        words = said.between(reason, head) if _may(said, head, reason) else None
        if words is not None and said.rules.before.fullmatch(words) and not _against(said, place, place + 1):
            yield [head, *_others(said, place + 1, 1)], [reason]


def _given(said: _Said, taken: set[int]) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """What is given, and the reasons that stand after it."""
    for place, (head, reason) in enumerate(pairwise(said.members)):
        words = said.between(head, reason) if reason not in taken and _may(said, head, reason) else None
        if words is not None and said.rules.after.fullmatch(words) and not _against(said, place, place + 1):
            yield [head, *_others(said, place, -1)], [reason, *_more(said, head, place + 1, taken)]


def _opened(said: _Said, taken: set[int]) -> Iterator[tuple[Sequence[int], Sequence[int]]]:
    """Reasons that open a sentence or what follows a comma, before what is given for them."""
    for place, (reason, head) in enumerate(pairwise(said.members)):
        words = said.between(reason, head) if reason not in taken and _may(said, head, reason) else None
        if words is None or not said.rules.then.fullmatch(words) or _against(said, place + 1, place + 1):
            continue
        if said.rules.opening.fullmatch(_up_to(said, place)):
            yield [head, *_others(said, place + 1, 1)], [reason]


def _may(said: _Said, head: int, reason: int) -> bool:
    """Whether one could be the reason of the other by what is said of both."""
    one, other, rules = said.findings[head], said.findings[reason], said.rules
    if one.kind not in rules.heads or other.kind not in rules.kinds:
        return False
    given, why = one.assertion, other.assertion
    if given.negated or given.stopped or given.allergen or why.negated or why.allergen:
        return False
    if {given.experiencer, why.experiencer} != {"patient"}:
        return False
    if rules.not_heads.search(_words(one, rules)) or rules.not_reasons.search(_words(other, rules)):
        return False
    low, high = min(one.end, other.end), max(one.start, other.start)
    return not why.hypothetical or all(
        low <= cue.start and cue.end <= high + 1 for cue in why.cues if cue.axis == "hypothetical"
    )


def _words(finding: Finding, rules: ReasonRules) -> str:
    return rules.spelled(tokens_of(finding.text))


def _against(said: _Said, first: int, last: int) -> bool:
    """Whether words before the first or after the last say that the reason is that of something else."""
    before, after = _up_to(said, first), _from(said, last)
    clause = CLAUSE.split(before)[-1]
    return any(said.rules.unless.search(words.strip()) for words in (clause, CLAUSE.split(after)[0]))


def _up_to(said: _Said, place: int) -> str:
    """The words before a member, to the one before it, which is GIVEN or OTHER."""
    own, members = said.findings, said.members
    start = own[members[place]].start
    if not place:
        low = max(said.start, start - NEAR)
        return said.words(low, start) if low == said.start else f"{OTHER} {said.words(low, start)}"
    last = own[members[place - 1]]
    stand_in = GIVEN if last.kind in said.rules.heads else OTHER
    return f"{stand_in} {said.words(max(last.end, start - NEAR), start)}" if last.end <= start else OTHER


def _from(said: _Said, place: int) -> str:
    """The words after a member, to the one after it."""
    own, members = said.findings, said.members
    end = own[members[place]].end
    roof = own[members[place + 1]].start if place + 1 < len(members) else said.end
    return said.words(end, min(roof, end + NEAR)) if end < roof else ""


def _others(said: _Said, place: int, step: int) -> Sequence[int]:
    """The heads beside one that share its reason: "A and B for"; none with details between."""
    found: list[int] = []
    sure, members = 0, said.members
    while 0 <= place + step < len(members):
        low, high = sorted((members[place], members[place + step]))
        joint = said.between(low, high) if high == low + 1 and _alike(said, low, high) else None
        match = said.rules.preceding.fullmatch(joint) if joint is not None else None
        if match is None or (match["comma"] and not sure and step < 0):
            break
        place += step
        found.append(members[place])
        sure = sure if match["comma"] and step > 0 else len(found)
    return found[:sure]


def _alike(said: _Said, one: int, other: int) -> bool:
    """Whether two heads are of one kind and both given."""
    pair = said.findings[one], said.findings[other]
    off = any(each.assertion.negated or each.assertion.stopped or each.assertion.allergen for each in pair)
    return pair[0].kind == pair[1].kind and not off


def _more(said: _Said, head: int, place: int, taken: set[int]) -> Sequence[int]:
    """The reasons that follow one in a list; what follows a comma only where an "and" comes later."""
    found: list[int] = []
    sure = 0
    for one, other in pairwise(said.members[place:]):
        words = said.between(one, other)
        match = said.rules.following.fullmatch(words) if words is not None else None
        if match is None or other in taken or not _may(said, head, other):
            break
        found.append(other)
        sure = sure if match["comma"] else len(found)
    return found[:sure]
