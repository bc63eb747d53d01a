"""Results, vital signs and examination findings -> Observation. https://hl7.org/fhir/R4/observation.html"""

from adapter.emission import dates, elements, interpreting, quantities, sites
from adapter.emission.placing import Group
from adapter.emission.rules import ResourceRules, Vital
from adapter.emission.tables import Code
from adapter.fhir import systems
from adapter.fhir.systems import Version
from adapter.model import Attribute, Finding, Note, Resource


def build(note: Note, group: Group, rules: ResourceRules, fhir: Version) -> Resource:
    """The Observation of a test and its result: quantity, blood pressure, or the words themselves."""
    signs = _vitals(group.telling, rules)
    read = ((vital, _vital_value(group, vital, note, rules)) for vital in signs)
    vital, measured = next((one for one in read if one[1] is not None), (None, None))
    if vital is None or measured is None:
        return _measured(note, group, _category(group.telling, rules, told=bool(signs)), rules)
    return {
        **_measured(note, group, "vital-signs", rules),
        "code": _vital_code(group.telling, vital, rules),
        **_vital_time(note, group, rules),
        **measured,
    }


def exam(note: Note, group: Group, rules: ResourceRules, fhir: Version) -> Resource:
    """What an examination found: with its result, or itself as the value of "clinical finding"."""
    finding, policy = group.telling, rules.exam
    if group.result is not None:
        return _measured(note, group, policy.category, rules)
    return {
        **elements.head(note, group.findings, "Observation"),
        **shared(note, group, policy.category),
        **dates.effective(note, group, rules.dates),
        "code": elements.coded(policy.code.system or systems.LOINC, policy.code.code, policy.code.display),
        "valueCodeableConcept": elements.concept(finding.text, finding.codings),
        "bodySite": sites.site(note, finding, rules),
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


def _vital_time(note: Note, group: Group, rules: ResourceRules) -> Resource:
    """When it was measured: as told, else the document's date, which the profile wants."""
    told = dates.effective(note, group, rules.dates)
    return told or {"effectiveDateTime": elements.date(note) if group.name == "present" else None}


def _vitals(finding: Finding, rules: ResourceRules) -> list[Vital]:
    """The vital signs this test can be: by its LOINC code, then by its words, which may mean several."""
    codes = {coding.code for coding in finding.codings if coding.system == systems.LOINC}
    words = " ".join(finding.text.lower().split()).rstrip(".")
    coded = [one for one in rules.test.vitals if one.code in codes]
    return [*coded, *(one for one in rules.test.vitals if words in one.words and one not in coded)]


def _category(finding: Finding, rules: ResourceRules, *, told: bool) -> str:
    """What kind of measurement it is, by its name, else by the section it stands in."""
    policy = rules.test
    if told:  # a vital sign, in words
        return policy.words_category
    words = " ".join(finding.text.split())
    named = (one.category for one in policy.categories if one.pattern.search(words))
    return next(named, policy.category_in.get(finding.section, policy.category))


def _measured(note: Note, group: Group, category: str, rules: ResourceRules) -> Resource:
    """A test or finding by its own name, with the result it was given."""
    finding, result = group.telling, group.result
    assert result is not None
    first = group.findings[0]
    place = (first.kind, first.start, first.end, result.start, result.end)
    return {
        **elements.head(note, group.findings, "Observation", *place),
        **shared(note, group, category),
        **dates.effective(note, group, rules.dates),
        "code": elements.concept(finding.text, finding.codings),
        **_value(result, note, rules),
        "interpretation": interpreting.interpreted(note, finding, result, rules),
        "referenceRange": [interpreting.normal(note, finding, result, rules)],
        "bodySite": sites.site(note, finding, rules),
    }


def _value(result: Attribute, note: Note, rules: ResourceRules) -> Resource:
    measure = quantities.measure(result.text, rules.units, language=note.language_at(result.start))
    if measure is None:
        return {"valueString": result.text}
    return {"valueQuantity": measure.quantity()} if measure.high is None else {"valueRange": measure.range()}


def _vital_value(group: Group, vital: Vital, note: Note, rules: ResourceRules) -> Resource | None:
    """The value in the form the vital-signs profile wants, or None."""
    assert group.result is not None
    if vital.parts:
        pressure = quantities.pressure(group.result.text)
        return (
            {**_components(vital, pressure), "valueQuantity": None, "valueString": None} if pressure else None
        )
    measure = quantities.measure(
        group.result.text, rules.units, language=note.language_at(group.result.start)
    )
    if measure is None or measure.high is not None:
        return None
    quantity = measure.quantity()
    unit = vital.unit or _only_unit(measure.low, vital)
    if measure.ucum is None and unit:
        quantity |= {"unit": unit, "system": systems.UCUM, "code": unit}
    code = str(quantity.get("code"))
    low, high = vital.between.get(code, (0, float("inf")))
    return {"valueQuantity": quantity} if code in vital.units and low <= measure.low <= high else None


def _only_unit(value: float, vital: Vital) -> str | None:
    return next((one.unit for one in vital.bare if one.low <= value <= one.high), None)


def _vital_code(finding: Finding, vital: Vital, rules: ResourceRules) -> Resource:
    """The sign's own code first; of a word that may mean two signs ("RR") no other is sure."""
    codings = finding.codings if len(_vitals(finding, rules)) == 1 else ()
    named = elements.concept(finding.text, codings)
    if all(coding.code != vital.code for coding in codings):
        named["coding"] = [_loinc(vital), *named["coding"]]
    return named


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
