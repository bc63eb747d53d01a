"""Procedures done or planned -> Procedure. https://hl7.org/fhir/R4/procedure.html"""

from adapter.emission import elements
from adapter.emission.placing import Group
from adapter.emission.rules import ResourceRules
from adapter.fhir.systems import Version
from adapter.model import Note, Resource


def build(note: Note, group: Group, rules: ResourceRules, fhir: Version) -> Resource:
    """The Procedure that these mentions speak of; when it was performed is not said."""
    finding = group.telling
    return {
        **elements.head(note, group.findings, "Procedure"),
        "status": group.outcome.status,
        "code": elements.concept(finding.text, finding.codings),
        "subject": note.subject,
        "encounter": elements.encounter(note),
        "recorded": elements.date(note) if fhir == "r5" else None,  # R4 has no such element
        "bodySite": elements.sites(finding),
    }
