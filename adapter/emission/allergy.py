"""Substances the patient reacts to -> AllergyIntolerance. https://hl7.org/fhir/R4/allergyintolerance.html"""

from adapter.emission import elements
from adapter.emission.placing import Group
from adapter.emission.rules import ResourceRules
from adapter.fhir import systems
from adapter.fhir.systems import Version
from adapter.model import Note, Resource


def build(note: Note, group: Group, rules: ResourceRules, fhir: Version) -> Resource:
    """The AllergyIntolerance that these mentions speak of."""
    finding, outcome = group.telling, group.outcome
    category = rules.allergy.category.get(finding.kind)
    return {
        **elements.head(note, group.findings, "AllergyIntolerance"),
        "clinicalStatus": elements.coded(systems.ALLERGY_CLINICAL, outcome.clinicalStatus),
        "verificationStatus": elements.coded(systems.ALLERGY_VERIFICATION, outcome.verificationStatus),
        "category": [category],
        "code": elements.concept(finding.text, finding.codings),
        "patient": note.subject,
        "encounter": elements.encounter(note),
        "recordedDate": elements.date(note),
        "reaction": [{"manifestation": _manifestations(group, rules, fhir)}],
    }


def _manifestations(group: Group, rules: ResourceRules, fhir: Version) -> list[Resource]:
    """How the patient reacted, in the words of the note, each once."""
    words = [
        attribute.text
        for finding in group.findings
        for attribute in elements.attributes(finding, *rules.allergy.reactions)
    ]
    told = [{"text": text} for text in dict.fromkeys(words)]
    return told if fhir == "r4" else [{"concept": one} for one in told]
