"""Findings of a note -> FHIR resources, and what was left out and why."""

from collections.abc import Callable, Mapping, Sequence

from adapter.emission import (
    allergy,
    condition,
    family,
    medication,
    observation,
    placing,
    procedure,
    reasons,
    social,
)
from adapter.emission.elements import prune
from adapter.emission.placing import Group
from adapter.emission.rules import ResourceRules
from adapter.fhir import references
from adapter.fhir.systems import Version
from adapter.model import Finding, Issue, Note, Resource, Step

Builder = Callable[[Note, Group, ResourceRules, Version], Resource | None]

_BUILDERS: Mapping[str, Builder] = {
    "condition": condition.build,
    "exam": observation.exam,
    "medication": medication.build,
    "procedure": procedure.build,
    "test": observation.build,
    "social": social.build,
    "allergy": allergy.build,
    "family": family.build,
}


def build(
    note: Note, findings: Sequence[Finding], rules: ResourceRules, fhir: Version = "r4"
) -> Step[Resource]:
    """The resources these findings make, in text order, whatever the order of the findings.

    A note whose document names no patient makes none: nothing is ever put on an invented patient.
    """
    nobody = _nobody(note)
    if nobody is not None:
        return Step(name="emission", kept=(), left_out=(nobody,))
    placed, left_out = placing.place(note, findings, rules)
    groups = placing.merge(placed, rules)
    first = [group for group in groups if group.policy not in reasons.HAVE]
    made = {id(group): _BUILDERS[group.policy](note, group, rules, fhir) for group in first}
    known = reasons.addresses([(one, built) for one in first if (built := made[id(one)]) is not None])
    kept: list[Resource] = []
    for group in groups:
        if group.policy in reasons.HAVE:
            why = reasons.told(note, group, findings, known, rules)
            made[id(group)] = _BUILDERS[group.policy](note, why, rules, fhir)
        resource = made[id(group)]
        if resource is None:
            left_out += [placing.left_out(finding, group.name) for finding in group.findings]
        else:
            kept.append(prune(resource))
    return Step(name="emission", kept=tuple(kept), left_out=tuple(left_out))


def _nobody(note: Note) -> Issue | None:
    """Why the document's subject cannot be the subject of what is in it, if so."""
    subject = note.subject
    if subject is None or not (subject.get("reference") or subject.get("identifier")):
        return _issue("required", "subject-missing", "The document has no subject")
    if not references.followable(subject):
        return _issue("not-found", "subject-local", "The document's subject is local to where it came from")
    if references.target_type(subject) not in (None, "Patient"):
        return _issue("not-supported", "subject-not-patient", "The document's subject is not a Patient")
    return None


def _issue(code: str, reason: str, message: str) -> Issue:
    return Issue(
        code=code,
        reason=reason,
        message=f"{message}; nothing was made of it",
        severity="error",
        path="DocumentReference.subject",
    )
