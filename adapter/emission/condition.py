"""Problems -> Condition. https://hl7.org/fhir/R4/condition.html

Must not make a Condition of something denied; the policy leaves those out before they come here.
"""

from adapter.emission import dates, elements, sites
from adapter.emission.placing import Group
from adapter.emission.rules import ConditionPolicy, ResourceRules
from adapter.emission.words import severity
from adapter.fhir import systems
from adapter.fhir.systems import Version
from adapter.model import Finding, Note, Resource


def build(note: Note, group: Group, rules: ResourceRules, fhir: Version) -> Resource:
    """The Condition that these mentions speak of."""
    policy, finding = rules.condition, group.telling
    clinical = group.outcome.clinicalStatus
    if fhir == "r5" and clinical is None:
        clinical = "unknown"  # required in R5; R4 has no word for it
    head = elements.head(note, group.findings, "Condition")
    began = dates.onset(note, group, rules.dates)
    return {
        **head,
        "extension": [*head["extension"], *began.pop("extension", [])],
        "clinicalStatus": elements.coded(systems.CONDITION_CLINICAL, clinical),
        "verificationStatus": elements.coded(
            systems.CONDITION_VERIFICATION, group.outcome.verificationStatus
        ),
        "category": [_category(group, rules)],
        "severity": _severity(finding, policy),
        "code": elements.concept(finding.text, finding.codings),
        "bodySite": sites.sites(note, finding, rules),
        "subject": note.subject,
        "encounter": elements.encounter(note),
        **began,
        "recordedDate": elements.date(note),
        "evidence": [_evidence(note, fhir)],
    }


def _category(group: Group, rules: ResourceRules) -> Resource | None:
    """A concern for a social circumstance, the problem list in one, else what the outcome says."""
    if group.telling.kind in rules.social.kinds:
        concern = rules.social.concern.category
        return elements.coded(concern.system or systems.CONDITION_CATEGORY, concern.code, concern.display)
    policy = rules.condition
    listed = (policy.category_in.get(finding.section) for finding in group.findings)
    by_section = (
        next((category for category in listed if category), None) if group.name == "present" else None
    )
    return elements.coded(systems.CONDITION_CATEGORY, by_section or policy.category.get(group.name))


def _evidence(note: Note, fhir: Version) -> Resource:
    source = elements.document(note)
    return {"detail": [source]} if fhir == "r4" else {"reference": source}


def _severity(finding: Finding, policy: ConditionPolicy) -> Resource | None:
    """The code of the severity, and the words for it where they stand beside the mention."""
    told = severity(finding, policy)
    beside = {" ".join(one.text.casefold().split()) for one in elements.attributes(finding, "severity")}
    coded = elements.coded(systems.SNOMED, told.code, told.display) if told else None
    return {**(coded or {}), "text": next(iter(beside))} if len(beside) == 1 else coded
