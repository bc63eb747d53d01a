"""Results, vital signs and examination findings -> Observation. https://hl7.org/fhir/R4/observation.html"""

from adapter.emission import elements, quantities
from adapter.emission.placing import Group
from adapter.emission.rules import Code, ResourceRules, Vital
from adapter.fhir import systems
from adapter.fhir.systems import Version
from adapter.model import Finding, Note, Resource


def build(note: Note, group: Group, rules: ResourceRules, fhir: Version) -> Resource:
    """The Observation of a test and its result: quantity, blood pressure, or the words themselves."""
    assert group.result is not None
    finding, result = group.telling, group.result
    vital = _vital(finding, rules)
    current = vital is not None and group.name == "present"
    place = (finding.kind, finding.start, finding.end, result.start, result.end)
    return {
        **elements.head(note, group.findings, "Observation", *place),
        **shared(note, group, "vital-signs" if vital else rules.test.category),
        "code": _code(finding, vital),
        "effectiveDateTime": elements.date(note) if current else None,
        **_value(result.text, vital, note, rules),
        "bodySite": next(iter(elements.sites(finding)), None),
    }


def exam(note: Note, group: Group, rules: ResourceRules, fhir: Version) -> Resource:
    """What an examination found, as the value of "clinical finding"."""
    finding, policy = group.telling, rules.exam
    return {
        **elements.head(note, group.findings, "Observation"),
        **shared(note, group, policy.category),
        "code": elements.coded(policy.code.system or systems.LOINC, policy.code.code, policy.code.display),
        "valueCodeableConcept": elements.concept(finding.text, finding.codings),
        "bodySite": next(iter(elements.sites(finding)), None),
    }


def shared(note: Note, group: Group, category: str) -> Resource:
    """What every Observation made from a note has."""
    return {
        "status": group.outcome.status,
        "category": [elements.coded(systems.OBSERVATION_CATEGORY, category)],
        "subject": note.subject,
        "encounter": elements.encounter(note),
        "derivedFrom": [elements.document(note)],
    }


def _vital(finding: Finding, rules: ResourceRules) -> Vital | None:
    """The vital sign this test is, by its LOINC code or by its words."""
    codes = {coding.code for coding in finding.codings if coding.system == systems.LOINC}
    words = " ".join(finding.text.lower().split())
    return next((one for one in rules.test.vitals if one.code in codes or words in one.words), None)


def _code(finding: Finding, vital: Vital | None) -> Resource:
    named = elements.concept(finding.text, finding.codings)
    if vital is not None and all(coding.code != vital.code for coding in finding.codings):
        named["coding"] = [_loinc(vital), *named["coding"]]
    return named


def _value(text: str, vital: Vital | None, note: Note, rules: ResourceRules) -> Resource:
    if vital is not None and vital.parts:
        pressure = quantities.pressure(text)
        return _components(vital, pressure) if pressure else {"valueString": text}
    measure = quantities.measure(text, rules.units, language=note.language)
    if measure is None:
        return {"valueString": text}
    return {"valueQuantity": measure.quantity()} if measure.high is None else {"valueRange": measure.range()}


def _components(vital: Vital, pressure: tuple[int, int]) -> Resource:
    return {
        "component": [
            {
                "code": {"coding": [_loinc(part)]},
                "valueQuantity": {
                    "value": value,
                    "unit": "mmHg",
                    "system": systems.UCUM,
                    "code": vital.unit,
                },
            }
            for part, value in zip(vital.parts, pressure, strict=True)
        ]
    }


def _loinc(code: Code) -> Resource:
    return {"system": systems.LOINC, "code": code.code, "display": code.display}
