"""Words of an answer that its task binds to the terminology -> the same with their codes, or with none.

They are coded as findings of that kind are. Where the task names a value set, a code outside it is not given.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from adapter.coding.coder import Coder
from adapter.model import Assertion, Coding, Finding, Issue, Note, Severity, Step
from adapter.tasks import Binding, Fact, Task, bound
from adapter.tasks.node import step
from terminology.fhir.outcome import Refusal

Names = Callable[[str], tuple[str, ...]]
"""A language -> the languages of the names that may match."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What is to be coded."""

    place: int  # among the facts
    binding: Binding
    finding: Finding


def bind(facts: Sequence[Fact], task: Task, note: Note, coder: Coder, names: Names) -> Step[Fact]:
    """The facts of an answer, with codes where the task binds their words; each one left without is noted.

    With a chooser, the coder asks it about those unsure; raises EngineError as it does.
    """
    found, issues = list(facts), list[tuple[int, Issue]]()
    for language, group in _by_language(facts, task, note).items():
        coded = coder.code_all([one.finding for one in group], names(language), note)
        for one, finding in zip(group, coded, strict=True):
            codings, issue = _judged(one.binding, finding, coder)
            found[one.place] = replace(facts[one.place], codings=codings)
            issues += [(one.place, replace(issue, path=facts[one.place].path))] if issue else []
    told = sorted(issues, key=lambda each: each[0])
    return Step(name="coding", kept=tuple(found), left_out=tuple(issue for _, issue in told))


def _by_language(facts: Sequence[Fact], task: Task, note: Note) -> dict[str, list[_Asked]]:
    groups: dict[str, list[_Asked]] = defaultdict(list)
    said = {one.path: one.value for one in facts}
    for place, binding in bound.bound(task, facts):
        fact = facts[place]
        if fact.spans:
            finding = _finding(fact, binding, note, past=_past(fact.path, said, task))
            groups[note.language_at(finding.start)].append(_Asked(place, binding, finding))
    return groups


def _finding(fact: Fact, binding: Binding, note: Note, *, past: bool) -> Finding:
    """The words of the note, where they stand first, as a finding of the kind they are bound to."""
    span = fact.spans[0]
    return Finding(
        start=span.start,
        end=span.end,
        text=note.text[span.start : span.end],
        kind=binding.kind,
        confidence=1.0 if fact.confidence is None else min(fact.confidence, 1.0),
        assertion=Assertion(historical=past),
    )


def _past(path: str, said: Mapping[str, Any], task: Task) -> bool:
    """Whether the answer itself says of the item that a value is in that it is past."""
    for view in task.views:
        above = step("", view.path) + "/"
        if view.status and path.startswith(above):
            number = path.removeprefix(above).partition("/")[0]
            status = said.get(step(above + number, view.status))
            return isinstance(status, str) and "historical" in view.claims.get(status, ())
    return False


def _judged(binding: Binding, finding: Finding, coder: Coder) -> tuple[tuple[Coding, ...], Issue | None]:
    """The codes that are given, and why there are none."""
    if not coder.rules.kinds.get(finding.kind):
        return (), _issue(finding, "kind-not-coded", "Words of this kind get no codes.", "warning")
    if not finding.codings:
        return (), _issue(finding, "no-code", "No concept was sure enough; there are only the words.")
    if not binding.within:
        return finding.codings, None
    try:
        within = tuple(_within(binding, finding, coder))
    except Refusal as refusal:
        said = f"The store cannot tell what is in the value set: {refusal}."
        return (), _issue(finding, "value-set-not-held", said, "warning")
    if within:
        return within, None
    return (), _issue(finding, "outside-value-set", "The concept is not in the value set of the task.")


def _within(binding: Binding, finding: Finding, coder: Coder) -> Iterator[Coding]:
    values = coder.value_set(bound.url(binding.within))
    return (one for one in finding.codings if values.has(one.system, one.code))


def _issue(finding: Finding, reason: str, message: str, severity: Severity = "information") -> Issue:
    return Issue(
        code="informational" if severity == "information" else "not-supported",
        reason=reason,
        message=message,
        severity=severity,
        start=finding.start,
        end=finding.end,
        kind=finding.kind,
    )
