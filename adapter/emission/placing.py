"""Findings -> the policy that decides them -> groups that become one resource each.

A finding is placed by its experiencer, its role as an allergen and its kind, in that order; what no policy
wants is an Issue. Findings that say the same thing are one group.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from adapter.emission import dosage, elements, giving, sites
from adapter.emission.rules import Outcome, OutcomeName, Policy, ResourceRules
from adapter.emission.words import said, severity
from adapter.model import Attribute, Finding, Issue, Note, Resource

_DETAILS = {
    "condition": ("body_site",),
    "exam": ("body_site",),
    "procedure": ("body_site",),
    "medication": ("dose", "route", "frequency", "duration", "form"),
    "allergy": (),
    "family": (),
    "social": (),
    "test": (),
}


_WHERE = re.compile(r" (?:of|at|to|for|with|from|in|on) ")  # what follows says where, or of what
_DATED = ("procedure", "test", "exam")  # what is done twice is two things
_SIDED = ("condition", *_DATED)  # what is on the left is not what is on the right


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why something was given or done."""

    concept: Resource  # CodeableConcept
    reference: str | None = None  # the address in the Bundle of what tells it


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Findings that become one resource, in text order."""

    policy: str  # which file of mappings/resources decides
    name: OutcomeName
    outcome: Outcome
    telling: Finding  # the mention that says most
    findings: tuple[Finding, ...]
    details: frozenset[str] = frozenset()  # what tells this from others of the same concept
    result: Attribute | None = None  # the result a test was given
    reasons: tuple[Reason, ...] = ()  # why it was given or done, once the other resources are there


def outcome(finding: Finding) -> OutcomeName:
    """The one word for how a note speaks of a finding. Whose comes first, whether second."""
    assertion = finding.assertion
    axes: tuple[tuple[bool, OutcomeName], ...] = (
        (assertion.experiencer == "other", "other"),
        (assertion.hypothetical, "hypothetical"),
        (assertion.ruled_out, "ruled_out"),
        (assertion.negated, "negated"),
        (assertion.planned, "planned"),
        (assertion.stopped, "stopped"),
        (assertion.uncertain, "uncertain"),
        (assertion.historical, "historical"),
    )
    return next((name for holds, name in axes if holds), "present")


def place(note: Note, findings: Iterable[Finding], rules: ResourceRules) -> tuple[list[Group], list[Issue]]:
    """One group per finding (per result of a test), and what is left out with its reason."""
    groups: list[Group] = []
    unplaced: list[Issue] = []
    seen: set[tuple[int, int, str]] = set()
    for finding in sorted(findings, key=_reading_order):
        where = (finding.start, finding.end, finding.kind)
        placed = "same-place" if where in seen else _placed(note, finding, rules)
        seen.add(where)
        if isinstance(placed, str):
            unplaced.append(left_out(finding, placed))
        else:
            groups += placed
    return groups, unplaced


def _reading_order(finding: Finding) -> tuple[int, int, str, float, str]:
    """Text order; of two findings of one kind in one place, the surer first."""
    return (finding.start, finding.end, finding.kind, -finding.confidence, repr(finding))


def _placed(note: Note, finding: Finding, rules: ResourceRules) -> list[Group] | str:
    """The groups of one finding, or the reason why there are none."""
    policy = _policy(finding, rules)
    if policy is None:
        return "family" if finding.assertion.experiencer == "family" else "no-rule"
    name = outcome(finding)
    decided = _refined(note, finding, policy, name, rules)
    if decided.leave_out:
        return decided.leave_out
    return list(_groups(finding, policy, name, decided, rules)) or "no-result"


def merge(groups: Sequence[Group], rules: ResourceRules) -> list[Group]:
    """One group for each thing said: same policy, same outcome, same codes (else same words).

    A mention that tells less joins the fullest that tells the same and more: "aspirin" joins "aspirin 81 mg".
    What a policy absorbs joins what is present: "history of gout" where gout is treated today. A word that
    refers back joins the one problem that it can mean: "the pain" after "elbow pain".
    """
    merged: dict[tuple[object, ...], list[Group]] = {}
    for group in sorted(groups, key=lambda one: _order(one, rules)):
        hosts = merged.get(_present_key(group, rules), []) if _absorbable(group, rules) else []
        hosts = hosts if _host(group, hosts) is not None else merged.setdefault(_key(group), [])
        at = _host(group, hosts)
        if at is None:
            hosts.append(group)
        else:
            hosts[at] = _joined(hosts[at], group)
    listed = _referred([group for hosts in merged.values() for group in hosts], rules)
    return sorted(listed, key=lambda one: (one.findings[0].start, one.findings[0].end, one.policy))


def _referred(groups: Sequence[Group], rules: ResourceRules) -> list[Group]:
    """The groups, with those that only refer back joined to what they can only mean."""
    kept = {id(group): group for group in groups}
    for group in groups:
        meant = [one for one in groups if id(one) in kept and _means(group, one, rules)]
        if len(meant) == 1:
            kept[id(meant[0])] = _told_again(kept[id(meant[0])], kept.pop(id(group)))
    return list(kept.values())


def _told_again(one: Group, other: Group) -> Group:
    """Both; the longer name has the codes of the shorter one where it has none itself."""
    both = _joined(one, other)
    if one.telling.codings:
        return both
    return replace(both, telling=replace(one.telling, codings=other.telling.codings))


def _means(group: Group, other: Group, rules: ResourceRules) -> bool:
    """Whether every mention of a group is a word for another named before it, and tells no more of it."""
    if group is other or group.policy != other.policy or not group.details <= other.details:
        return False
    if _carried_out(group, other, rules) or _allergy_to(group, other):
        return True
    if (
        group.policy not in ("condition", "procedure")
        or group.name != other.name
        or group.outcome != other.outcome
    ):
        return False
    words = {_folded(finding.text) for finding in group.findings}
    before = any(one.start < group.findings[0].start for one in other.findings)
    names = [_folded(one.text) for one in other.findings]
    short = _named if group.policy == "condition" else _ended
    return before and all(any(short(word, name, rules) for name in names) for word in words)


def _carried_out(group: Group, other: Group, rules: ResourceRules) -> bool:
    """Whether what was planned is told as done further on: "scheduled for surgery", and the report of it."""
    if group.policy != "procedure" or (group.name, other.name) != ("planned", "present"):
        return False
    last = group.findings[-1].start
    done = any(one.start > last and one.section in rules.procedure.done_in for one in other.findings)
    return done and _said(group) == _said(other)


def _allergy_to(group: Group, other: Group) -> bool:
    """Whether an allergy named as a whole is to the other's substance: "penicillin allergy", "penicillin"."""
    if group.policy != "allergy" or group.outcome != other.outcome or other.telling.kind != "medication":
        return False
    name = rf"(?<!\w){re.escape(_folded(other.telling.text))}(?:e?[ns])?(?:[ -]?allerg|\W|$)"
    return all(one.kind != "medication" and re.search(name, _folded(one.text)) for one in group.findings)


def _said(group: Group) -> object:
    """What a group is of: its codes, else its words."""
    finding = group.findings[0]
    codes = tuple(sorted((coding.system, coding.code) for coding in finding.codings))
    return codes or _folded(finding.text)


def _ended(word: str, name: str, rules: ResourceRules) -> bool:
    """Whether a procedure's longer name ends with these words: "decompression", "spinal decompression"."""
    return any(part.endswith(f" {word}") for part in (name, *_WHERE.split(name, maxsplit=1)[:1]))


def _named(word: str, name: str, rules: ResourceRules) -> bool:
    """Whether a word that may refer back ends, or in French begins, a longer name: "pain", "elbow pain"."""
    if len(name) <= len(word):
        return False
    ends = word in rules.condition.refers.ends and name.rstrip("s").endswith(word.rstrip("s"))
    begins = word in rules.condition.refers.begins and name.startswith((f"{word} ", f"{word.rstrip('s')} "))
    return ends or begins


def _order(group: Group, rules: ResourceRules) -> tuple[bool, int, int, int]:
    """Hosts before guests: what absorbs before what is absorbed, what tells more before what tells less."""
    first = group.findings[0]
    return (_absorbable(group, rules), -len(group.details), first.start, first.end)


def _absorbable(group: Group, rules: ResourceRules) -> bool:
    """Whether a group may join what is present; not one whose cue says more, such as "resolved"."""
    policy = _rule(group.policy, rules)
    return group.name in policy.absorbs and group.outcome == policy.outcomes[group.name]


def _present_key(group: Group, rules: ResourceRules) -> tuple[object, ...]:
    present = _rule(group.policy, rules).outcomes["present"]
    return _key(replace(group, name="present", outcome=present))


def _host(group: Group, hosts: Sequence[Group]) -> int | None:
    return next((at for at, host in enumerate(hosts) if group.details <= host.details), None)


def _policy(finding: Finding, rules: ResourceRules) -> str | None:
    if finding.assertion.experiencer == "family":
        return "family" if finding.kind in rules.family.conditions else None
    if finding.assertion.allergen:
        return "allergy"
    if finding.kind in rules.condition.problem.kinds and not _is_problem(finding, rules):
        return "exam"
    if finding.kind in rules.social.kinds and is_concern(finding, rules):
        return "condition"
    if finding.kind in rules.test.kinds and _is_procedure(finding, rules):
        return "procedure"
    names = ("condition", "medication", "procedure", "test", "social")
    return next((name for name in names if finding.kind in _rule(name, rules).kinds), None)


def _rule(policy: str, rules: ResourceRules) -> Policy:
    rule = getattr(rules, policy)
    assert isinstance(rule, Policy)
    return rule


def is_concern(finding: Finding, rules: ResourceRules) -> bool:
    """Whether a social circumstance is listed as a concern, and is no habit that has its own Observation."""
    concern = rules.social.concern
    if any(topic.pattern.search(finding.text) for topic in rules.social.topics):
        return False
    coded = any(coding.system in concern.systems for coding in finding.codings)
    return coded and finding.section in concern.sections


def _is_procedure(finding: Finding, rules: ResourceRules) -> bool:
    """Whether a test told without its result is itself something done."""
    if elements.attributes(finding, "result"):
        return False
    if any(coding.kind in rules.test.procedures for coding in finding.codings):
        return True
    done = rules.test.done
    return finding.section in done.sections and done.pattern.search(finding.text) is not None


def _is_problem(finding: Finding, rules: ResourceRules) -> bool:
    problem = rules.condition.problem
    for coding in finding.codings:
        if coding.system in problem.classifications and not coding.code.startswith(problem.not_chapters):
            return True
    known = any(coding.system in problem.systems for coding in finding.codings)
    return known and finding.section not in problem.not_sections


def _groups(
    finding: Finding, policy: str, name: OutcomeName, decided: Outcome, rules: ResourceRules
) -> Iterator[Group]:
    """One group, or one for each result of what was measured."""
    details = frozenset(_details(finding, policy, rules))
    group = Group(
        policy=policy, name=name, outcome=decided, telling=finding, findings=(finding,), details=details
    )
    told = elements.attributes(finding, "result") if policy in ("test", "exam") else []
    results = [one for one in told if not rules.test.pending.fullmatch(one.text.strip())]
    for result in results:
        yield replace(group, details=details | {f"result {_folded(result.text)}"}, result=result)
    if not told and policy != "test":
        yield group


def _details(finding: Finding, policy: str, rules: ResourceRules) -> Iterator[str]:
    for detail in elements.attributes(finding, *_DETAILS[policy]):
        yield dosage.meaning(detail, rules)
    yield from _times(finding) if policy in _DATED else ()
    yield from sites.side(finding) if policy in _SIDED else ()
    told = severity(finding, rules.condition) if policy == "condition" else None
    if told is not None:
        yield f"severity {told.code}"


def _times(finding: Finding) -> Iterator[str]:
    """When it was done, so that what tells the year alone may be the same as what tells the day."""
    for detail in elements.attributes(finding, "date"):
        moment = detail.when.date if detail.when is not None else None
        for size in (4, 7, 10):
            if moment is not None and len(moment) >= size:
                yield f"date {moment[:size]}"


def _key(group: Group) -> tuple[object, ...]:
    finding = group.findings[0]
    if group.policy == "family":
        return ("family", finding.assertion.relative)
    measured = group.result is not None
    return (group.policy, group.name, group.outcome, measured, _said(group))


def _refined(note: Note, finding: Finding, policy: str, name: OutcomeName, rules: ResourceRules) -> Outcome:
    """The outcome with what the deciding cues say beyond it ("resolved"), or that of what was given once."""
    decided, given = _rule(policy, rules).outcomes[name], rules.medication.given
    if policy == "medication" and name in giving.NAMES and giving.once(note, finding, name, given):
        return Outcome(status=given.status, adherence=given.adherence)
    if policy != "condition":
        return decided
    table = rules.condition.said.get(name, {})
    told = {field: said(words, finding) for field, words in table.items()}
    return decided.model_copy(update={field: value for field, value in told.items() if value})


def _joined(one: Group, other: Group) -> Group:
    """Both, each place of the note once."""
    places = {(finding.start, finding.end): finding for finding in (*other.findings, *one.findings)}
    return replace(
        one, findings=tuple(finding for _, finding in sorted(places.items(), key=lambda at: at[0]))
    )


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def left_out(finding: Finding, reason: str) -> Issue:
    """That nothing is made of a finding, and why; a reason is a key to count by."""
    return Issue(
        code="informational",
        reason=reason,
        message=f"No resource is made of this {finding.kind}: {reason}",
        severity="information",
        start=finding.start,
        end=finding.end,
        kind=finding.kind,
    )
