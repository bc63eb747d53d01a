"""What the patient reacts to, as a substance or as the allergy -> AllergyIntolerance. https://hl7.org/fhir/R4/allergyintolerance.html"""

from adapter.emission import elements
from adapter.emission.placing import Group
from adapter.emission.rules import AllergyPolicy, ResourceRules
from adapter.fhir import systems
from adapter.fhir.systems import Version
from adapter.model import Coding, Finding, Note, Resource


def build(note: Note, group: Group, rules: ResourceRules, fhir: Version) -> Resource:
    """The AllergyIntolerance that these mentions speak of."""
    finding, outcome = group.telling, group.outcome
    return {
        **elements.head(note, group.findings, "AllergyIntolerance"),
        "clinicalStatus": elements.coded(systems.ALLERGY_CLINICAL, outcome.clinicalStatus),
        "verificationStatus": elements.coded(systems.ALLERGY_VERIFICATION, outcome.verificationStatus),
        "category": [_category(finding, rules.allergy)],
        "code": elements.concept(finding.text, _codings(finding, rules.allergy)),
        "patient": note.subject,
        "encounter": elements.encounter(note),
        "recordedDate": elements.date(note),
        "reaction": [{"manifestation": _manifestations(group, rules, fhir)}],
    }


def _category(finding: Finding, policy: AllergyPolicy) -> str | None:
    """What kind of substance it is, by its names and codes, else by the kind of the mention."""
    names = [finding.text, *(name for coding in finding.codings for name in (coding.display, coding.term))]
    codes = [coding.code for coding in finding.codings if coding.system in policy.codes]
    for one in policy.categories:
        named = any(one.words.search(name) for name in names if name)
        if named or (one.codes is not None and any(map(one.codes.match, codes))):
            return one.category
    return policy.category.get(finding.kind)


def _codings(finding: Finding, policy: AllergyPolicy) -> list[Coding]:
    """The codes of a substance or an allergy; none of the disease that it makes ("pollen allergy", J30.1)."""
    told = ((one, policy.codes.get(one.system)) for one in finding.codings)
    return [one for one, allowed in told if allowed is None or allowed.match(one.code)]


def _manifestations(group: Group, rules: ResourceRules, fhir: Version) -> list[Resource]:
    """How the patient reacted, in the words of the note, each once."""
    words = [
        attribute.text
        for finding in group.findings
        for attribute in elements.attributes(finding, *rules.allergy.reactions)
    ]
    told = [{"text": text} for text in dict.fromkeys(words)]
    return told if fhir == "r4" else [{"concept": one} for one in told]
