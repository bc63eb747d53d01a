"""Medicines -> MedicationStatement. https://hl7.org/fhir/R4/medicationstatement.html"""

from adapter.emission import dates, dosage, elements, reasons
from adapter.emission.placing import Group
from adapter.emission.rules import ResourceRules
from adapter.fhir import systems
from adapter.fhir.systems import Version
from adapter.model import Note, Resource


def build(note: Note, group: Group, rules: ResourceRules, fhir: Version) -> Resource:
    """The MedicationStatement that these mentions make."""
    finding = group.telling
    medicine = elements.concept(finding.text, finding.codings)
    return {
        **elements.head(note, group.findings, "MedicationStatement"),
        **(_r4(note, group, medicine) if fhir == "r4" else _r5(note, group, medicine)),
        "subject": note.subject,
        **dates.taken(note, group, rules.dates),
        "dateAsserted": elements.date(note),
        "derivedFrom": [elements.document(note)],
        "dosage": [dosage.build(note, finding, rules, fhir)],
    }


def _r4(note: Note, group: Group, medicine: Resource) -> Resource:
    return {
        "status": group.outcome.status,
        "medicationCodeableConcept": medicine,
        "context": elements.encounter(note),
        **reasons.written(group, "r4"),
    }


def _r5(note: Note, group: Group, medicine: Resource) -> Resource:
    """R5 moved whether it is taken from status to adherence."""
    return {
        "status": "recorded",
        "adherence": {"code": elements.coded(systems.ADHERENCE, group.outcome.adherence)},
        "medication": {"concept": medicine},
        "encounter": elements.encounter(note),
        **reasons.written(group, "r5"),
    }
