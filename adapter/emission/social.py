"""Smoking, alcohol and the rest of the social history -> Observation.

A denial must never read as a habit: its value holds the denying words of the note or a code for the denial,
or there is no Observation.
"""

from adapter.emission import elements, quantities
from adapter.emission.observation import shared
from adapter.emission.placing import Group
from adapter.emission.rules import Answer, ResourceRules, Topic
from adapter.emission.tables import Code
from adapter.fhir import systems
from adapter.fhir.systems import Version
from adapter.model import Finding, Note, Resource

_REACH = 120  # characters a value may span, from the deciding cue to the mention


def build(note: Note, group: Group, rules: ResourceRules, fhir: Version) -> Resource | None:
    """The Observation of a habit or circumstance, or None when the words do not carry their own denial."""
    finding, policy = group.telling, rules.social
    topic = next((one for one in policy.topics if one.pattern.search(finding.text)), None)
    answered = _measured(topic, group) or _answered(topic, group, note)
    if answered is None:
        return None
    return {
        **elements.head(note, group.findings, "Observation"),
        **shared(note, group, policy.category),
        "code": _loinc(topic or policy.other),
        "effectiveDateTime": elements.date(note) if group.name in ("present", "negated") else None,
        **answered,
    }


def _measured(topic: Topic | None, group: Group) -> Resource | None:
    """A number of drinks a day, when the patient has them today."""
    if topic is None or topic.measured is None or group.name != "present":
        return None
    match = topic.measured.pattern.search(group.telling.text)
    if match is None:
        return None
    unit = topic.measured.unit
    value = quantities.number(match["n"], "en", {})
    quantity = {"value": value, "unit": unit, "system": systems.UCUM, "code": unit}
    return {"code": _loinc(topic.measured) | {"text": group.telling.text}, "valueQuantity": quantity}


def _answered(topic: Topic | None, group: Group, note: Note) -> Resource | None:
    finding = group.telling
    answer = next((one for one in topic.answers if _fits(one, group)), None) if topic else None
    words = finding.text if group.name == "present" else _with_cues(finding, note)
    if answer is None and words is None:
        return None
    chosen = elements.concept(words or finding.text, finding.codings if group.name == "present" else ())
    if answer is not None:
        fixed = {"system": systems.SNOMED, "code": answer.code, "display": answer.display}
        others = [one for one in chosen["coding"] if one["system"] != systems.SNOMED]
        chosen["coding"] = [fixed, *others]
    return {"valueCodeableConcept": chosen}


def _fits(answer: Answer, group: Group) -> bool:
    return group.name in answer.outcomes and answer.pattern.search(group.telling.text) is not None


def _with_cues(finding: Finding, note: Note) -> str | None:
    """The words of the note from the deciding cue to the mention; None when they are far apart."""
    cues = [cue for cue in finding.assertion.cues if not cue.rule.startswith("section:")]
    if not cues:
        return None
    start = min(finding.start, *(cue.start for cue in cues))
    end = max(finding.end, *(cue.end for cue in cues))
    return " ".join(note.text[start:end].split()) if end - start <= _REACH else None


def _loinc(code: Code) -> Resource:
    return {"coding": [{"system": systems.LOINC, "code": code.code, "display": code.display}]}
