"""What relatives have -> FamilyMemberHistory, one for each relative of a note.

https://hl7.org/fhir/R4/familymemberhistory.html. Must not say anything about the patient's own problems.
"""

from collections.abc import Sequence

from adapter.emission import dates, elements
from adapter.emission.placing import Group
from adapter.emission.rules import ResourceRules
from adapter.fhir import systems
from adapter.fhir.systems import Version
from adapter.model import Finding, Note, Resource


def build(note: Note, group: Group, rules: ResourceRules, fhir: Version) -> Resource:
    """The FamilyMemberHistory of one relative."""
    told = group.findings[0].assertion.relative
    relative = told if told and told in rules.family.relatives else rules.family.unknown
    return {
        **elements.head(note, group.findings, "FamilyMemberHistory", told or rules.family.unknown),
        "status": rules.family.status,
        "patient": note.subject,
        "date": elements.date(note),
        "relationship": elements.coded(systems.ROLE, relative, rules.family.relatives[relative]),
        "condition": [_condition(note, same) for same in _alike(group.findings)],
    }


def _condition(note: Note, mentions: Sequence[Finding]) -> Resource:
    first = mentions[0]
    return {
        "extension": elements.evidence(note, mentions),
        "code": elements.concept(first.text, first.codings),
        **dates.relative(note, [one for each in mentions for one in elements.attributes(each, "date")]),
    }


def _alike(findings: Sequence[Finding]) -> list[list[Finding]]:
    """The mentions of each condition, by codes, else by words."""
    alike: dict[object, list[Finding]] = {}
    for finding in findings:
        codes = tuple(sorted((coding.system, coding.code) for coding in finding.codings))
        alike.setdefault(codes or finding.text.casefold(), []).append(finding)
    return list(alike.values())
