"""Findings -> the policy that decides them -> groups that become one resource each.

A finding is placed by its experiencer, its role as an allergen and its kind, in that order; what no policy
wants is an Issue. Findings that say the same thing are one group.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from adapter.emission import elements
from adapter.emission.rules import Outcome, OutcomeName, Policy, ResourceRules
from adapter.emission.words import said
from adapter.model import Attribute, Finding, Issue

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Findings that become one resource, in text order."""

    policy: str  # which file of mappings/resources decides
    name: OutcomeName
    outcome: Outcome
    findings: tuple[Finding, ...]
    details: tuple[str, ...] = ()  # what tells these mentions from others of the same concept
    result: Attribute | None = None  # the result a test was given

    @property
    def telling(self) -> Finding:
        """The mention that says most: the first with details, else the first."""
        kinds = _DETAILS[self.policy]
        detailed = (finding for finding in self.findings if elements.attributes(finding, *kinds))
        return next(detailed, self.findings[0])


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


def place(findings: Iterable[Finding], rules: ResourceRules) -> tuple[list[Group], list[Issue]]:
    """One group per finding (per result of a test), and what is left out with its reason."""
    groups: list[Group] = []
    unplaced: list[Issue] = []
    for finding in sorted(findings, key=lambda one: (one.start, one.end, one.kind, repr(one))):
        policy = _policy(finding, rules)
        if policy is None:
            unplaced.append(left_out(finding, _unwanted(finding)))
            continue
        name = outcome(finding)
        decided = _rule(policy, rules).outcomes[name]
        if decided.leave_out:
            unplaced.append(left_out(finding, decided.leave_out))
            continue
        placed = list(_groups(finding, policy, name, _refined(finding, policy, name, decided, rules)))
        groups += placed
        if not placed:
            unplaced.append(left_out(finding, "no-result"))
    return groups, unplaced


def merge(groups: Sequence[Group]) -> list[Group]:
    """One group for each thing said: same policy, same outcome, same codes (else same words), same details.

    A mention without details joins the first with details that says the same otherwise.
    """
    merged: dict[tuple[object, ...], Group] = {}
    for group in sorted(groups, key=lambda one: (not one.details, one.findings[0].start)):
        key = _key(group)
        if not group.details:
            key = next((other for other in merged if other[:-1] == key[:-1]), key)
        merged[key] = _joined(merged[key], group) if key in merged else group
    return sorted(merged.values(), key=lambda one: (one.findings[0].start, one.findings[0].end, one.policy))


def _policy(finding: Finding, rules: ResourceRules) -> str | None:
    if finding.assertion.experiencer == "family":
        return "family" if finding.kind in rules.family.conditions else None
    if finding.assertion.allergen:
        return "allergy"
    if finding.kind in rules.condition.problem.kinds and not _is_problem(finding, rules):
        return "exam"
    names = ("condition", "medication", "procedure", "test", "social")
    return next((name for name in names if finding.kind in _rule(name, rules).kinds), None)


def _rule(policy: str, rules: ResourceRules) -> Policy:
    rule = getattr(rules, policy)
    assert isinstance(rule, Policy)
    return rule


def _is_problem(finding: Finding, rules: ResourceRules) -> bool:
    problem = rules.condition.problem
    for coding in finding.codings:
        if coding.system in problem.classifications and not coding.code.startswith(problem.not_chapters):
            return True
    known = any(coding.system in problem.systems for coding in finding.codings)
    return known and finding.section not in problem.not_sections


def _groups(finding: Finding, policy: str, name: OutcomeName, decided: Outcome) -> Iterator[Group]:
    group = Group(policy=policy, name=name, outcome=decided, findings=(finding,))
    if policy == "test":
        for result in elements.attributes(finding, "result"):
            yield replace(group, details=(_folded(result.text),), result=result)
        return
    details = elements.attributes(finding, *_DETAILS[policy])
    yield replace(group, details=tuple(f"{one.kind} {_folded(one.text)}" for one in details))


def _key(group: Group) -> tuple[object, ...]:
    if group.policy == "family":
        return ("family", group.findings[0].assertion.relative, ())
    finding = group.findings[0]
    codes = tuple(sorted((coding.system, coding.code) for coding in finding.codings))
    return (group.policy, group.name, group.outcome, codes or _folded(finding.text), group.details)


def _refined(
    finding: Finding, policy: str, name: OutcomeName, decided: Outcome, rules: ResourceRules
) -> Outcome:
    """The outcome with what the deciding cues say beyond it: "resolved", "versus"."""
    if policy != "condition":
        return decided
    table = rules.condition.said.get(name, {})
    told = {field: said(words, finding) for field, words in table.items()}
    return decided.model_copy(update={field: value for field, value in told.items() if value})


def _joined(one: Group, other: Group) -> Group:
    findings = sorted((*one.findings, *other.findings), key=lambda finding: (finding.start, finding.end))
    return replace(one, findings=tuple(findings))


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def _unwanted(finding: Finding) -> str:
    return "family" if finding.assertion.experiencer == "family" else "no-rule"


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
