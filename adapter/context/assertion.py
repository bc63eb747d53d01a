"""A note and the mentions in it -> findings, each asserted with the cues that decided.

The verdict on a mention is the union of the axes whose scope it stands in, of what its section says and of
what the engine claims: where rules and engine disagree, the more cautious one holds.
Mentions may come in any order; the findings come in text order.
"""

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import cast

from adapter.context import (
    again,
    allergies,
    cases,
    claims,
    compounds,
    general,
    labels,
    lines,
    orders,
    persons,
)
from adapter.context.answers import answered
from adapter.context.cues import Match, matches, tokens_in
from adapter.context.ranges import ranges
from adapter.context.reasons import reasons
from adapter.context.relations import Beside, link, sentences
from adapter.context.rules import Axis, ContextRules
from adapter.context.scopes import Scope, heard, scopes
from adapter.context.severities import severities
from adapter.context.sides import sides
from adapter.model import (
    DICTIONARY,
    FLAGS,
    Assertion,
    Cue,
    Experiencer,
    Finding,
    Mention,
    Note,
    Section,
    Span,
    Step,
)

PROBLEMS = ("condition", "finding")
ASSERTED = (*PROBLEMS, "medication", "procedure", "test", "social")
OF_ANYBODY: frozenset[Axis] = frozenset(
    {"negated", "ruled_out", "hypothetical", "historical", "other_person"}
)
UNSAID: frozenset[Axis] = frozenset({"allergen", "negated", "stopped"})  # of these `spare` silences all
BESIDE = 8  # characters between a test and the result that is its own
VALUED = frozenset({("test", "result"), ("medication", "dose")})


def assess(note: Note, mentions: Sequence[Mention], rules: ContextRules) -> Step[Finding]:
    """The findings of a note; details such as a dose are attributes of the finding they belong to.

    A mention that reaches outside the note raises ValueError.
    """
    ordered = _ordered(note, allergies.whole(note, mentions, rules.allergies))
    ordered = claims.believed(note, ordered, rules.claims)
    cues = _cues(note, ordered, rules)
    sections = [note.section_at(mention.start) for mention in ordered]
    assertions = _assertions(note, ordered, sections, cues, rules)
    findings = [
        Finding(
            start=mention.start,
            end=mention.end,
            text=mention.text,
            kind=mention.kind,
            confidence=mention.confidence,
            sources=mention.sources,
            section=section.key,
            assertion=assertion,
            claims=mention.claims,
        )
        for mention, section, assertion in zip(ordered, sections, assertions, strict=True)
    ]
    where = sentences(note, findings)
    severe = severities(note, findings, rules.severities)
    normal = ranges(note, findings, where, rules.ranges)
    beside = Beside(
        told=(
            reasons(note, findings, where, rules.reasons),
            severe.told,
            normal.told,
            sides(note, findings, rules.sides),
        ),
        gone=severe.no_findings | normal.no_results,
    )
    return link(note, findings, rules.relations, _told(ordered), sentence=where, beside=beside)


def _valued(ordered: Sequence[Mention]) -> frozenset[int]:
    """The tests whose result, and the drugs whose dose, stands right after them, by position."""
    return frozenset(
        index
        for index, (one, other) in enumerate(pairwise(ordered))
        if (one.kind, other.kind) in VALUED and other.start - one.end <= BESIDE
    )


def _told(ordered: Sequence[Mention]) -> Mapping[int, int]:
    """Which mention is a detail of which, by position, as the engine said."""
    places = {(one.start, one.end): index for index, one in enumerate(ordered) if one.head is None}
    heads = [(one.head.start, one.head.end) if one.head else None for one in ordered]
    return {index: places[head] for index, head in enumerate(heads) if head in places}


def _ordered(note: Note, mentions: Sequence[Mention]) -> list[Mention]:
    if any(not 0 <= mention.start < mention.end <= len(note.text) for mention in mentions):
        raise ValueError("a mention reaches outside the note")
    return sorted(set(mentions), key=lambda m: (m.start, m.end, m.kind, -m.confidence, m.sources))


def _cues(note: Note, ordered: Sequence[Mention], rules: ContextRules) -> Mapping[int, list[Scope]]:
    """For each mention, by position in `ordered`, the scopes it stands in."""
    starts = [mention.start for mention in ordered]
    held: dict[int, list[Scope]] = defaultdict(list)
    carried: list[Scope] = []
    for sentence in note.sentences:
        item = lines.is_item(note.text, sentence)
        carried = carried if item and not lines.gap_before(note.text, sentence) else []
        low, high = bisect_left(starts, sentence.start), bisect_left(starts, sentence.end)
        if low == high and not note.text.endswith(":", 0, sentence.end):
            continue
        own = _scopes_of(note, sentence, ordered[low:high], rules)
        for scope in own:
            for index in _spoken_of(scope, starts, ordered, low, high):
                held[index].append(scope)
        for index in range(low, high):
            held[index] += [scope for scope in carried if ordered[index].kind in scope.entry.kinds]
        if note.text.endswith(":", 0, sentence.end) and not _is_heading(note, sentence):
            carried = [scope for scope in own if scope.forward and scope.open]
    return held


def _scopes_of(note: Note, sentence: Span, inside: Sequence[Mention], rules: ContextRules) -> list[Scope]:
    tokens = tokens_in(note.text, sentence.start, sentence.end)
    found = matches(tokens, rules, inside, note.section_at(sentence.start).key)
    starts = [mention.start for mention in inside]
    kept = []
    for match in found:
        first, last = tokens[match.first].start, tokens[match.last - 1].end
        around = inside[max(0, bisect_right(starts, first) - 4) : bisect_right(starts, first)]
        if not any(_buried(match, first, last, mention, rules) for mention in around):
            kept.append(match)
    return scopes(tokens, kept, rules) if tokens else []


def _buried(match: Match, first: int, last: int, mention: Mention, rules: ContextRules) -> bool:
    """Whether a phrase is part of a mention's own words, where it says nothing about the mention.

    Words of a terminology's name never do: "not in labor force" is what the name means.
    """
    rule, low, high = match.entry.rule, mention.start, mention.end
    if not (low <= first and last <= high):
        return False
    if rule.axis == "allergen" and rule.direction == "forward" and allergies.cue(mention, rules.allergies):
        return False  # "allergic to penicillin and sulfa"
    if DICTIONARY in mention.sources:
        return True
    if (first, last) == (low, high) or mention.kind == "frequency":  # "q.8h. p.r.n." says what for
        return False
    if rule.axis == "terminate" or rule.outside:
        return True
    edge = first == low if rule.direction == "forward" else last == high
    return not edge and not (rule.direction == "both" and first == low)


def _spoken_of(
    scope: Scope, starts: Sequence[int], ordered: Sequence[Mention], low: int, high: int
) -> Sequence[int]:
    """The positions of the mentions a scope covers, without those that only say when or by what."""
    kept = list(_within(scope, starts, ordered, low, high))
    if scope.entry.rule.scope != "next" and not scope.asides:
        return kept
    first, last = bisect_left(starts, scope.low, low, high), bisect_left(starts, scope.high, low, high)
    told: Sequence[int] = [one for one in range(first, last) if ordered[one].kind in ASSERTED]
    for begin, end in scope.asides:
        if told and ordered[told[0]].start < begin:
            told = [index for index in told if not begin < ordered[index].start < end]
    if scope.entry.rule.scope == "next":
        told = _joined(told if scope.forward else told[::-1], ordered)
    gap = scope.low if scope.forward else 0
    return [one for one in kept if one in told or starts[one] < gap or ordered[one].kind not in ASSERTED]


def _joined(told: Sequence[int], ordered: Sequence[Mention]) -> Sequence[int]:
    """The first of some mentions and those that one sign joins to it: "cough/fever"."""
    last = 1
    while last < len(told):
        one, other = sorted(told[last - 1 : last + 1])
        if ordered[other].start != ordered[one].end + 1:
            break
        last += 1
    return told[:last]


def _within(
    scope: Scope, starts: Sequence[int], ordered: Sequence[Mention], low: int, high: int
) -> Iterator[int]:
    """The positions of the mentions a scope covers."""
    if scope.forward:  # one that stands in the cue's gap ("should pain develop"), or begins in it and goes on
        edge = bisect_left(starts, scope.cue_start, low, high)
        for index in range(edge, bisect_left(starts, scope.low, edge, high)):
            mention = ordered[index]
            only = mention.start == scope.cue_start and mention.end <= scope.cue_end
            if not only and mention.kind in scope.entry.kinds:
                yield index
    first, last = bisect_left(starts, scope.low, low, high), bisect_left(starts, scope.high, low, high)
    for index in range(first, last):
        mention = ordered[index]
        clear = scope.forward or mention.end <= scope.cue_start or mention.end == scope.cue_end
        if clear and mention.kind in scope.entry.kinds:
            yield index


def _assertions(
    note: Note,
    ordered: Sequence[Mention],
    sections: Sequence[Section],
    cues: Mapping[int, list[Scope]],
    rules: ContextRules,
) -> Sequence[Assertion]:
    """What is said of each mention; the history of what the note also names as of today is not over."""
    valued = _valued(ordered)
    nobody = general.passages(note, rules.general) if ordered else ()
    others = persons.passages(note, rules.others) if ordered else ()
    ordering = orders.cues(note, ordered, rules.orders)
    forms = answered(note.text, ordered, rules.answers)

    def judged(index: int, *, lasts: bool) -> Assertion:
        section, answer = sections[index], forms.get(index)
        held = heard(cues[index], answer)
        return _assertion(
            note,
            ordered[index],
            section,
            held,
            rules,
            lasts=lasts,
            valued=index in valued,
            answer=answer.cue if answer else None,
            nobody=general.cue(nobody, ordered[index].start),
            other=persons.cue(others, ordered[index].start),
        )

    lasts = [_lasts(mention, rules) for mention in ordered]
    found = [judged(index, lasts=each) for index, each in enumerate(lasts)]
    plain = Counter(_name(one) for one, said in zip(ordered, found, strict=True) if again.plain(said))
    for index, mention in enumerate(ordered):
        if found[index].historical and mention.kind in PROBLEMS and _name(mention) in plain:
            found[index] = judged(index, lasts=True)
    for index, cue in again.cues(note, ordered, sections, found, rules.bygone).items():
        found[index] = replace(found[index], historical=True, cues=(cue,))
    for index in ordering.keys() - valued:
        if again.plain(found[index]):
            found[index] = replace(found[index], planned=True, cues=(ordering[index],))
    today = (plain[_name(one)] > 1 and one.kind == "condition" for one in ordered)
    known = frozenset(index for index, pair in enumerate(zip(lasts, today, strict=True)) if any(pair))
    for index, cue in cases.cues(note, ordered, valued, known, rules.cases).items():
        if _open(found[index]):
            found[index] = replace(found[index], hypothetical=True, planned=False, cues=(cue,))
    return found


def _lasts(mention: Mention, rules: ContextRules) -> bool:
    """Whether a mention names what lasts by nature; its last words say so of an operation."""
    found = rules.lasting.search(mention.text) if rules.lasting else None
    return found is not None and (mention.kind != "procedure" or mention.text.endswith(found.group()))


def _open(said: Assertion) -> bool:
    """Whether nothing is said of a mention but that it is planned."""
    return again.plain(replace(said, planned=False))


def _name(mention: Mention) -> tuple[str, str]:
    return mention.kind, " ".join(mention.text.casefold().split())


def _assertion(
    note: Note,
    mention: Mention,
    section: Section,
    held: Sequence[Scope],
    rules: ContextRules,
    *,
    lasts: bool,
    valued: bool,
    answer: Cue | None,
    nobody: Cue | None,
    other: Cue | None,
) -> Assertion:
    spared = {axis for scope in held if scope.entry.rule.axis == "spare" for axis in scope.entry.rule.ends}
    lasts = lasts or "historical" in spared
    told = [scope for scope in held if _applies(scope, section, lasts=lasts, valued=valued)]
    said = [scope for scope in told if scope.entry.rule.axis not in spared & UNSAID]
    cues = {_cue(note, scope) for scope in said} | set(compounds.cues(note.text, mention, rules.heads))
    own = labels.cue(note.text, mention, section, rules.nothing), labels.named(mention, rules.denied)
    cues |= {cue for cue in (*own, answer, allergies.cue(mention, rules.allergies)) if cue is not None}
    axes = {cast(Axis, cue.axis) for cue in cues}
    for default, kinds in rules.sections.get(section.key, ()):
        silent = (lasts and not default.lasting) or (valued and not default.valued)
        silent = silent or default.axis in spared
        silent = silent or (default.line and lines.over(note.text, section, mention.start))
        silent = silent or (default.line and labels.none(note.text, section, rules.nothing))
        if mention.kind in kinds and not silent and not axes & set(default.unless):
            cues.add(_section_cue(note, section, default.axis))
            axes.add(default.axis)
    for claim in mention.claims:
        feared = claim == "hypothetical" and "allergen" in axes  # what comes of an allergen, not the allergen
        others = claim == "family" and "other_person" in axes  # a husband is no relative of the engine's
        if claim not in axes | (spared & UNSAID) and not feared and not others:
            cues.add(_claim_cue(mention, claim))
            axes.add(cast(Axis, claim))
    if other is not None and mention.kind in persons.KINDS:
        cues, axes = cues | {other}, axes | {cast(Axis, other.axis)}
    if nobody is not None:  # a leaflet says of a disease that it may come, not that it is suspected
        cues, axes = cues | {nobody}, axes & OF_ANYBODY | {"other_person"}
    axes -= _overruled(axes)
    if rules.decided and "ruled_out" in axes:
        axes -= {"uncertain"}
    cues = {cue for cue in cues if cue.axis in axes}
    flags = {flag: True for flag in FLAGS if flag in axes}
    if "ruled_out" in axes:
        flags["negated"] = True
    experiencer, relative = _person(mention, axes, held, persons.relative(other))
    ordered = tuple(sorted(cues, key=lambda cue: (cue.start, cue.end, cue.axis, cue.rule)))
    return Assertion(**flags, experiencer=experiencer, relative=relative, cues=ordered)


def _overruled(axes: set[Axis]) -> set[Axis]:
    """What is not said where something else is.

    What is done only if something happens or not at all is not planned, what never was is not over, and a
    relative's disease is told as theirs, whenever it was.
    """
    gone: set[Axis] = {"planned"} if axes & {"hypothetical", "negated"} else set()
    return gone | {"historical"} if axes & {"negated", "ruled_out", "family"} else gone


def _applies(scope: Scope, section: Section, *, lasts: bool, valued: bool) -> bool:
    """Whether a scope says something by itself, in this section, of what lasts by nature or has a value."""
    rule = scope.entry.rule
    if (lasts and not rule.lasting) or (valued and not rule.valued):
        return False
    return rule.axis not in ("relative", "spare") and (not rule.sections or section.key in rule.sections)


def _person(
    mention: Mention, axes: set[Axis], held: Sequence[Scope], told: str | None
) -> tuple[Experiencer, str | None]:
    """Whom a mention is about, and which relative: the nearest one named, before it rather than after."""
    if "family" in axes:
        people = [
            scope for scope in held if scope.entry.rule.axis in ("family", "relative") and scope.relative
        ]
        nearest = min(people, key=lambda scope: _distance(mention, scope), default=None)
        return "family", nearest.relative if nearest else told or "FAMMEMB"
    return ("other", None) if "other_person" in axes else ("patient", None)


def _distance(mention: Mention, scope: Scope) -> tuple[bool, int, int, str]:
    gap = mention.start - scope.cue_end if scope.forward else scope.cue_start - mention.end
    return (
        scope.entry.rule.axis == "relative" and not scope.forward,
        gap,
        scope.cue_start,
        scope.relative or "",
    )


def _cue(note: Note, scope: Scope) -> Cue:
    start, end = scope.cue_start, scope.cue_end
    return Cue(
        axis=scope.entry.rule.axis, rule=scope.entry.rule.id, start=start, end=end, text=note.text[start:end]
    )


def _section_cue(note: Note, section: Section, axis: str) -> Cue:
    start, end = section.heading.start, section.heading.end
    return Cue(axis=axis, rule=f"section:{section.key}", start=start, end=end, text=note.text[start:end])


def _claim_cue(mention: Mention, claim: str) -> Cue:
    return Cue(axis=claim, rule="engine", start=mention.start, end=mention.end, text=mention.text)


def _is_heading(note: Note, sentence: Span) -> bool:
    """Whether a sentence is a known heading: its section already says what it says of a list."""
    section = note.section_at(sentence.start)
    return section.key != "unknown" and sentence.end <= section.heading.end
