"""Findings -> findings with their details: a dose joins its medication, a result its test.

Which kinds belong to which, and how far apart they may stand, is data ([[relation]] in mappings/context).
A detail stands in the same sentence as its head; the head before it is preferred to the one after it,
unless that one is nearer ("20 mg of lisinopril"). What belongs to nothing is left out, or kept as a
finding of its own where the relation says so; nothing disappears. Where the engine itself said what a
detail belongs to, that holds.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain

from adapter.context.phrases import NUMBER, tokens_of
from adapter.context.rules import RelationTable
from adapter.model import Attribute, Finding, Issue, Note, Step

OPENING = 3  # words behind a reason that may say since when it is there: "for the past 3 weeks"
NEVER_ALONE = frozenset({"date", "reason"})  # kinds that only an engine finds, and only as details


@dataclass(frozen=True, slots=True)
class _Place:
    """A note and the findings in it, in text order, with the sentence each stands in."""

    note: Note
    findings: Sequence[Finding]
    sentence: Sequence[int]
    starts: Sequence[int]
    kinds: Mapping[str, Sequence[int]]  # positions by kind

    def of(self, kinds: Sequence[str]) -> Sequence[int]:
        """The positions of the findings of these kinds, in text order."""
        return sorted(chain.from_iterable(self.kinds.get(kind, ()) for kind in kinds))


@dataclass(frozen=True, slots=True)
class Beside:
    """What words beside findings say of them; none of a kind that the engine told of that finding."""

    told: Sequence[Mapping[int, Sequence[Attribute]]]  # by position
    gone: Collection[int]  # positions of what says this and is nothing by itself


def link(
    note: Note,
    findings: Sequence[Finding],
    relations: Sequence[RelationTable],
    told: Mapping[int, int],
    *,
    sentence: Sequence[int],
    beside: Beside,
) -> Step[Finding]:
    """The findings, with what belongs to them as attributes; the rest as issues.

    `told` are the details whose home is known already, by position: detail -> head; `sentence` tells where
    each finding stands.
    """
    kinds: dict[str, list[int]] = defaultdict(list)
    for index, finding in enumerate(findings):
        kinds[finding.kind].append(index)
    place = _Place(note, findings, sentence, [finding.start for finding in findings], kinds)
    homes = dict(told)
    for relation in relations:
        details = place.of(relation.kinds)
        if not details:
            continue
        heads = _heads(place, relation, homes)
        for index in details:
            if index not in homes and index not in beside.gone and _can_belong(findings[index], relation):
                home = _home(place, index, relation, heads, homes)
                if home is not None:
                    homes[index] = home
        homes |= _behind(place, relation, homes, beside)
    return _joined(findings, homes, relations, beside)


def _behind(
    place: _Place, relation: RelationTable, homes: Mapping[int, int], beside: Beside
) -> Mapping[int, int]:
    """Details behind a reason that are of what is given for it: "amoxicillin for pneumonia for 7 days"."""
    findings = place.findings
    if not relation.given:
        return {}
    given = {
        (why.start, why.end): index
        for told in beside.told
        for index, own in told.items()
        for why in own
        if why.kind == "reason" and findings[index].kind in relation.given
    }
    has = {home for index, home in homes.items() if findings[index].kind in relation.kinds}
    moved: dict[int, int] = {}
    for index, home in homes.items():
        detail, why = findings[index], findings[home]
        giver = given.get((why.start, why.end))
        if detail.kind not in relation.kinds or giver is None or giver in has or detail.start < why.end:
            continue
        if set(relation.since).isdisjoint(tokens_of(place.note.text[why.end : detail.end])[:OPENING]):
            moved[index] = giver
    return moved


def sentences(note: Note, findings: Sequence[Finding]) -> Sequence[int]:
    """In which sentence of the note each finding begins; -1 before the first."""
    opened = [span.start for span in note.sentences]
    return [bisect_right(opened, finding.start) - 1 for finding in findings]


def _can_belong(finding: Finding, relation: RelationTable) -> bool:
    said = finding.assertion
    denied = relation.to_axis is not None and (said.negated or said.allergen)
    return not denied and _in_section(finding, relation)


def _in_section(finding: Finding, relation: RelationTable) -> bool:
    return not relation.sections or finding.section in relation.sections


def _heads(
    place: _Place, relation: RelationTable, homes: Mapping[int, int]
) -> Mapping[tuple[int, int], list[int]]:
    """(tier, sentence) -> positions of the findings that may own a detail, in text order."""
    heads: dict[tuple[int, int], list[int]] = defaultdict(list)
    axis = relation.to_axis
    for tier, kinds in enumerate(relation.heads):
        for index in place.of(kinds):
            if index not in homes and (axis is None or getattr(place.findings[index].assertion, axis)):
                heads[tier, place.sentence[index]].append(index)
    return heads


def _home(
    place: _Place,
    index: int,
    relation: RelationTable,
    heads: Mapping[tuple[int, int], list[int]],
    homes: Mapping[int, int],
) -> int | None:
    for tier in range(len(relation.heads)):
        sentence = place.sentence[index]
        near = [head for head in heads.get((tier, sentence), ()) if head != index] if tier >= 0 else []
        best = _nearest(place, index, relation, near)
        if best is not None and relation.to_axis and not _told_of(place, best, index, relation, homes):
            best = None
        if best is not None:
            return best
        if not near and relation.carry:
            before = heads.get((tier, sentence - 1), ())
            if before and _carried(place, index, before[-1], relation):
                return before[-1]
    return None


def _nearest(place: _Place, index: int, relation: RelationTable, near: Sequence[int]) -> int | None:
    """The head before a detail or after it, whichever is nearer; a tie goes to the one before."""
    at = bisect_left(near, index)
    options = []
    if at > 0 and (gap := _gap(place, near[at - 1], index, relation, relation.after)) is not None:
        options.append((gap, 0, near[at - 1]))
    if at < len(near) and (gap := _gap(place, index, near[at], relation, relation.before)) is not None:
        options.append((gap, 1, near[at]))
    return min(options)[2] if options else None


def _gap(place: _Place, first: int, last: int, relation: RelationTable, limit: int) -> int | None:
    """How many words stand between two findings, other findings aside; none when they are too far apart."""
    low, high = place.findings[first].end, place.findings[last].start
    if high - low > limit or limit == 0:
        return None
    words = [word for stretch in _uncovered(place, low, high) for word in tokens_of(stretch)]
    strange = [word for word in words if word not in relation.connect and not _counts(word, relation)]
    unlisted = relation.to_axis is None and not _listed(place, first, last, relation)
    if unlisted and any(word in relation.listed for word in words):
        return None
    following = place.findings[first].kind in relation.kinds and limit == relation.before
    if strange and (relation.adjacent or following):
        return None
    return sum(word in relation.apart for word in words) + len(strange)


def _counts(word: str, relation: RelationTable) -> bool:
    return word.isdigit() and NUMBER in relation.connect


def _listed(place: _Place, first: int, last: int, relation: RelationTable) -> bool:
    """Whether a detail of the same kind stands between two findings."""
    return any(place.findings[index].kind in relation.kinds for index in range(first + 1, last))


def _told_of(place: _Place, head: int, index: int, relation: RelationTable, homes: Mapping[int, int]) -> bool:
    """Whether more than a comma ties a reaction to its allergen, or another reaction stands between."""
    first, last = sorted((head, index))
    stretches = _uncovered(place, place.findings[first].end, place.findings[last].start)
    words = [word for stretch in stretches for word in tokens_of(stretch)]
    if not words or any(word not in relation.listed for word in words):
        return True
    return any(homes.get(between) == head for between in range(first + 1, last))


def _uncovered(place: _Place, low: int, high: int) -> Iterator[str]:
    position = low
    for index in range(bisect_left(place.starts, low), bisect_left(place.starts, high)):
        finding = place.findings[index]
        if position < finding.start:
            yield place.note.text[position : finding.start]
        position = max(position, finding.end)
    if position < high:
        yield place.note.text[position:high]


def _carried(place: _Place, index: int, head: int, relation: RelationTable) -> bool:
    """Whether a detail that opens its sentence still speaks of the sentence before."""
    owner, detail = place.findings[head], place.findings[index]
    between = (
        place.note.text[owner.end : detail.start] if detail.start - owner.end <= relation.carry else "\n\n"
    )
    return owner.section == detail.section and between.count("\n") < 2


def _joined(
    findings: Sequence[Finding],
    homes: Mapping[int, int],
    relations: Sequence[RelationTable],
    beside: Beside,
) -> Step[Finding]:
    details: dict[int, list[Attribute]] = defaultdict(list)
    for index, home in homes.items():
        detail = findings[index]
        details[_root(home, homes)].append(
            Attribute(kind=detail.kind, start=detail.start, end=detail.end, text=detail.text)
        )
    known = {index: {detail.kind for detail in own} for index, own in details.items()}
    for index, extra in ((index, extra) for each in beside.told for index, extra in each.items()):
        said = [detail for detail in extra if detail.kind not in known.get(index, ())]
        details[_root(index, homes)] += [one for one in said if index not in homes or one.of is not None]
    dropped = {kind for relation in relations if relation.alone == "left out" for kind in relation.kinds}
    dropped |= NEVER_ALONE
    kept, left_out = [], []
    for index, finding in enumerate(findings):
        if index in homes or index in beside.gone:
            continue
        if finding.kind in dropped:
            left_out.append(_unlinked(finding))
            continue
        own = sorted(details.get(index, ()), key=lambda detail: (detail.start, detail.end, detail.kind))
        kept.append(replace(finding, attributes=tuple(own)) if own else finding)
    return Step(name="context", kept=tuple(kept), left_out=tuple(left_out))


def _root(home: int, homes: Mapping[int, int]) -> int:
    while home in homes:
        home = homes[home]
    return home


def _unlinked(finding: Finding) -> Issue:
    return Issue(
        code="informational",
        reason="attribute-unlinked",
        message=f"a {finding.kind} that belongs to no finding in its sentence",
        severity="information",
        start=finding.start,
        end=finding.end,
        kind=finding.kind,
    )
