"""Procedures done or planned -> Procedure. https://hl7.org/fhir/R4/procedure.html"""

from adapter.emission import dates, elements, reasons, sites
from adapter.emission.placing import Group
from adapter.emission.rules import ResourceRules
from adapter.fhir.systems import Version
from adapter.model import Note, Resource


def build(note: Note, group: Group, rules: ResourceRules, fhir: Version) -> Resource:
    """The Procedure that these mentions speak of."""
    finding = group.telling
    return {
        **elements.head(note, group.findings, "Procedure"),
        "status": group.outcome.status,
        "code": elements.concept(finding.text, finding.codings),
        "subject": note.subject,
        "encounter": elements.encounter(note),
        "recorded": elements.date(note) if fhir == "r5" else None,  # R4 has no such element
        **dates.build(note, group, "performed" if fhir == "r4" else "occurrence", rules.dates),
        **reasons.written(group, fhir),
        "bodySite": sites.sites(note, finding, rules),
    }
