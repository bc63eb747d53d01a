"""Why something was given or done -> its words and code, and the resource that says it in the same Bundle.

A coding is given where the note speaks of the reason as a fact; of what is only suspected the words, with the
word that says so. The reference leads to the Condition (or Observation) with its status and place.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from adapter.emission import elements
from adapter.emission.placing import Group, Reason, outcome
from adapter.emission.rules import ResourceRules
from adapter.fhir import ids
from adapter.fhir.systems import Version
from adapter.model import Attribute, Finding, Note, Resource

Place = tuple[int, int]

HAVE = frozenset({"medication", "procedure"})  # policies whose resources may have a reason
_ARE = frozenset({"condition", "exam"})  # policies whose resources may be one
_NEAR = 40  # characters from a word of doubt to what it speaks of


def addresses(built: Sequence[tuple[Group, Resource]]) -> Mapping[Place, str]:
    """The address in the Bundle of what each place of the note is told by."""
    return {
        (finding.start, finding.end): ids.full_url(resource["identifier"][0]["value"])
        for group, resource in reversed(built)
        if group.policy in _ARE
        for finding in group.findings
    }


def told(
    note: Note, group: Group, findings: Sequence[Finding], known: Mapping[Place, str], rules: ResourceRules
) -> Group:
    """The group with its reasons, each once."""
    problems = {(one.start, one.end): one for one in findings if one.kind in _kinds(rules)}
    found: dict[str, Reason] = {}
    for detail in (each for one in group.findings for each in elements.attributes(one, "reason")):
        place = (detail.start, detail.end)
        reason = Reason(concept=_concept(note, detail, problems.get(place)), reference=known.get(place))
        found.setdefault(reason.reference or str(reason.concept["text"]).casefold(), reason)
    return replace(group, reasons=tuple(found.values()))


def written(group: Group, fhir: Version) -> Resource:
    """The elements of a MedicationStatement or Procedure that tell its reasons."""
    if fhir == "r5":
        return {"reason": [{"concept": one.concept, "reference": _reference(one)} for one in group.reasons]}
    return {
        "reasonCode": [one.concept for one in group.reasons],
        "reasonReference": [_reference(one) for one in group.reasons],
    }


def _reference(reason: Reason) -> Resource | None:
    return {"reference": reason.reference} if reason.reference else None


def _kinds(rules: ResourceRules) -> frozenset[str]:
    return frozenset(rules.condition.kinds) | rules.condition.problem.kinds


def _concept(note: Note, detail: Attribute, problem: Finding | None) -> Resource:
    if problem is None:
        return elements.concept(" ".join(detail.text.split()))
    if outcome(problem) != "uncertain":
        return elements.concept(" ".join(problem.text.split()), problem.codings)
    doubts = [cue for cue in problem.assertion.cues if cue.axis == "uncertain"]
    near = [cue for cue in doubts if abs(cue.start - problem.start) <= _NEAR]
    start = min([problem.start, *(cue.start for cue in near)])
    end = max([problem.end, *(cue.end for cue in near)])
    return elements.concept(" ".join(note.text[start:end].split()))
