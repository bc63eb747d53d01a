import json
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from written import ICD, MAKER, RULES, SNOMED, built, code, finding, note, only

from adapter import emission
from adapter.errors import EmissionError
from adapter.fhir import check, systems

HTN = [(ICD, "I10", "Essential (primary) hypertension")]
TEXT = (
    "Father had gout. Severe hypertension. Denies chest pain. Possible pneumonia. "
    "Metoprolol 25 mg b.i.d., aspirin. Penicillin causes hives. BP 120/80, 118/76. Hemoglobin 12.3 g/dL. "
    "Former smoker. Colonoscopy. Hypertension stable; aspirin 81 mg daily. Nausea."
)
FINDINGS = (
    finding(TEXT, "gout", "condition", experiencer="family", relative="FTH"),
    finding(TEXT, "Severe hypertension", "condition", codes=HTN),
    finding(TEXT, "chest pain", "finding", negated=True),
    finding(TEXT, "pneumonia", "condition", uncertain=True),
    finding(TEXT, "Metoprolol", "medication", details=[("dose", "25 mg"), ("frequency", "b.i.d.")]),
    finding(TEXT, "aspirin", "medication"),
    finding(TEXT, "Penicillin", "medication", allergen=True, details=[("finding", "hives")]),
    finding(TEXT, "BP", "test", details=[("result", "120/80"), ("result", "118/76")]),
    finding(TEXT, "Hemoglobin", "test", details=[("result", "12.3 g/dL")]),
    finding(TEXT, "Former smoker", "social"),
    finding(TEXT, "Colonoscopy", "procedure"),
    finding(TEXT, "Hypertension", "condition", codes=HTN, confidence=0.97),
    finding(TEXT, "aspirin", "medication", nth=1, details=[("dose", "81 mg"), ("frequency", "daily")]),
    finding(TEXT, "Nausea", "finding"),
)


def bundle(findings=FINDINGS, fhir="r4", made_by=MAKER, **given):
    written = note(TEXT, **given)
    return emission.bundle(written, emission.build(written, findings, RULES, fhir).kept, made_by, fhir)


def entries(whole, kind):
    return [entry for entry in whole["entry"] if entry["resource"]["resourceType"] == kind]


def resources(whole, kind):
    return [entry["resource"] for entry in entries(whole, kind)]


def spans(resource):
    return [
        tuple(part.get("valueInteger") for part in extension["extension"] if part["url"] != "reference")
        for extension in resource["extension"]
        if extension["url"] == systems.DERIVATION
    ]


@pytest.mark.parametrize("fhir", ["r4", "r5"])
@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_shuffled_findings_give_the_same_bytes(fhir, seed):
    shuffled = list(FINDINGS)
    random.Random(seed).shuffle(shuffled)
    assert json.dumps(bundle(shuffled, fhir)) == json.dumps(bundle(FINDINGS, fhir))


@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_nothing_is_wrong_with_it(fhir):
    assert check.bundle(bundle(fhir=fhir), fhir, notes=[note(TEXT)]) == []


def test_ids_do_not_know_the_code():
    """A better code next month is the same resource."""
    recoded = [replace(one, codings=(), confidence=0.5) for one in FINDINGS[:11]]
    before = {entry["fullUrl"] for entry in bundle(FINDINGS[:11])["entry"]}
    after = {entry["fullUrl"] for entry in bundle(recoded)["entry"]}
    assert before == after


@pytest.mark.parametrize("changed", [{"id": "note-2"}])
def test_another_note_has_other_ids(changed):
    here = {entry["fullUrl"] for entry in entries(bundle(), "Condition")}
    there = {entry["fullUrl"] for entry in entries(bundle(**changed), "Condition")}
    assert not here & there


def test_every_resource_is_created_once_only():
    whole = bundle()
    assert whole["type"] == "transaction"
    for entry in whole["entry"]:
        kind = entry["resource"]["resourceType"]
        assert (entry["request"]["method"], entry["request"]["url"]) == ("POST", kind)
        known = entry["request"]["ifNoneExist"]
        identity = entry["fullUrl"].removeprefix("urn:uuid:")
        assert known.startswith("_tag=" if kind == "Provenance" else "identifier=")
        assert known.endswith(f"|{identity}")


def test_every_clinical_resource_says_where_it_came_from():
    for entry in bundle()["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] in ("Device", "Provenance"):
            continue
        assert {"system": systems.OBSERVATION_VALUE, "code": "AIAST"}.items() <= resource["meta"]["security"][
            0
        ].items()
        for offset, length in spans(resource):
            assert TEXT[offset : offset + length] in {one.text for one in FINDINGS}
        assert spans(resource)
        confidence = [one for one in resource["extension"] if one["url"] == systems.CONFIDENCE]
        assert 0 <= confidence[0]["valueDecimal"] <= 1


def test_the_same_thing_twice_is_one_resource():
    hypertension = [one for one in resources(bundle(), "Condition") if "coding" in one["code"]]
    (condition,) = hypertension
    assert len(spans(condition)) == 2
    assert condition["code"]["text"] == "Severe hypertension"
    assert code(condition["severity"]) == "24484000"
    assert condition["extension"][-1]["valueDecimal"] == 0.97


def test_a_mention_without_dose_joins_the_one_with():
    aspirin = [
        one
        for one in resources(bundle(), "MedicationStatement")
        if one["medicationCodeableConcept"]["text"] == "aspirin"
    ]
    (statement,) = aspirin
    assert statement["dosage"][0]["text"] == "81 mg daily"
    assert len(spans(statement)) == 2


def test_two_doses_of_one_medicine_stay_two():
    text = "aspirin 81 mg; aspirin 325 mg; aspirin"
    step = built(
        text,
        finding(text, "aspirin", "medication", details=[("dose", "81 mg")]),
        finding(text, "aspirin", "medication", nth=1, details=[("dose", "325 mg")]),
        finding(text, "aspirin", "medication", nth=2),
    )
    assert [one["dosage"][0]["text"] for one in step.kept] == ["81 mg", "325 mg"]


def test_a_contradiction_stays_two():
    text = "Pneumonia? Pneumonia. Pneumonia ruled out. No pneumonia."
    step = built(
        text,
        finding(text, "Pneumonia", "condition", uncertain=True),
        finding(text, "Pneumonia", "condition", nth=1),
        finding(text, "Pneumonia", "condition", nth=2, ruled_out=True, negated=True),
        finding(text, "pneumonia", "condition", negated=True),
    )
    assert [code(one["verificationStatus"]) for one in step.kept] == ["confirmed", "refuted"]
    assert [issue.reason for issue in step.left_out] == ["negated"]


def test_the_same_words_with_other_codes_are_not_the_same():
    text = "cold and cold"
    step = built(
        text,
        finding(text, "cold", "condition", codes=[(ICD, "J00", "Common cold")]),
        finding(text, "cold", "condition", nth=1, codes=[(ICD, "T69.9", "Effect of reduced temperature")]),
    )
    assert len(step.kept) == 2


def test_severity_in_the_name_of_a_disease_is_no_severity():
    text = "severe acute respiratory syndrome"
    sars = [(ICD, "J12.81", "Pneumonia due to SARS: Severe acute respiratory syndrome")]
    assert "severity" not in only(built(text, finding(text, text, "condition", codes=sars)))
    assert "severity" not in only(built(text, finding(text, text, "condition")))
    both = "mild to moderate asthma"
    asthma = [(ICD, "J45.909", "Asthma")]
    assert "severity" not in only(built(both, finding(both, both, "condition", codes=asthma)))


def test_blood_pressures_are_panels_of_two():
    first, second = [one for one in resources(bundle(), "Observation") if "component" in one]
    assert code(first["code"]) == "85354-9"
    assert [(code(one["code"]), one["valueQuantity"]["value"]) for one in first["component"]] == [
        ("8480-6", 120),
        ("8462-4", 80),
    ]
    assert [one["valueQuantity"]["value"] for one in second["component"]] == [118, 76]
    assert code(first["category"][0]) == "vital-signs"
    assert first["effectiveDateTime"] == "2026-03-04T10:00:00+01:00"


def test_a_laboratory_result_is_not_dated_by_the_note():
    (hemoglobin,) = [
        one for one in resources(bundle(), "Observation") if one["code"].get("text") == "Hemoglobin"
    ]
    assert hemoglobin["valueQuantity"]["code"] == "g/dL"
    assert code(hemoglobin["category"][0]) == "laboratory"
    assert "effectiveDateTime" not in hemoglobin


@pytest.mark.parametrize(
    ("words", "result", "element", "value"),
    [
        ("troponin", "<0.01", "valueQuantity", {"value": 0.01, "comparator": "<"}),
        ("culture", "positive", "valueString", "positive"),
        ("INR", "2-3", "valueRange", {"low": {"value": 2}, "high": {"value": 3}}),
        ("BP", "stable", "valueString", "stable"),
    ],
)
def test_results(words, result, element, value):
    text = f"{words} {result}"
    observation = only(built(text, finding(text, words, "test", details=[("result", result)])))
    assert observation[element] == value


def test_body_sites_are_verbatim_and_tell_mentions_apart():
    text = "pain in left knee, pain in chest"
    step = built(
        text,
        finding(text, "pain", "condition", details=[("body_site", "left knee")]),
        finding(text, "pain", "condition", nth=1, details=[("body_site", "chest")]),
    )
    assert [one["bodySite"] for one in step.kept] == [[{"text": "left knee"}], [{"text": "chest"}]]


def test_provenance_names_model_sources_and_rules():
    whole = bundle(
        made_by=replace(MAKER, recorded="2026-03-05T00:00:00Z", organization={"reference": "Organization/1"})
    )
    (provenance,) = resources(whole, "Provenance")
    (device,) = entries(whole, "Device")
    clinical = [
        entry["fullUrl"]
        for entry in whole["entry"]
        if entry["resource"]["resourceType"] not in ("Device", "Provenance")
    ]
    assert [target["reference"] for target in provenance["target"]] == clinical
    assert provenance["agent"][0]["who"] == {"reference": device["fullUrl"]}
    assert provenance["agent"][0]["onBehalfOf"] == {"reference": "Organization/1"}
    assert provenance["recorded"] == "2026-03-05T00:00:00Z"
    assert provenance["reason"][0]["coding"][0]["code"] == "AIAST"
    assert [(one["role"], one["what"].get("reference")) for one in provenance["entity"]] == [
        ("source", "DocumentReference/7"),
        ("derivation", None),
        ("derivation", None),
    ]
    assert {one["what"]["identifier"]["value"] for one in provenance["entity"][1:]} == {"cd" * 32, "ef" * 32}
    assert ("ab" * 32) in [one["value"] for one in device["resource"]["identifier"]]
    assert device["resource"]["property"][0]["valueCode"] == [{"text": "Q8_0"}]
    assert check.bundle(whole, "r4", profiles=["us-core"]) != []  # an undated completed procedure
    assert {one.reason for one in check.bundle(whole, "r4", profiles=["us-core"])} == {"us-core-7"}


def test_provenance_of_r5_has_no_reason():
    (provenance,) = resources(bundle(fhir="r5"), "Provenance")
    assert "reason" not in provenance
    assert {one["role"] for one in provenance["entity"]} == {"source", "instantiates"}


def test_a_time_nobody_told_is_said_to_be_unknown():
    (r4,) = resources(bundle(), "Provenance")
    assert "recorded" not in r4
    assert r4["_recorded"]["extension"][0]["valueCode"] == "unknown"
    (r5,) = resources(bundle(fhir="r5"), "Provenance")
    assert "recorded" not in r5
    assert "_recorded" not in r5


def test_another_model_is_another_device_and_run():
    other = replace(MAKER, model=replace(MAKER.model, digest="12" * 32))
    for kind in ("Device", "Provenance"):
        assert entries(bundle(), kind)[0]["fullUrl"] != entries(bundle(made_by=other), kind)[0]["fullUrl"]
    assert (
        entries(bundle(), "Condition")[0]["fullUrl"]
        == entries(bundle(made_by=other), "Condition")[0]["fullUrl"]
    )


def test_a_document_that_says_nothing_gives_a_device_alone():
    whole = bundle(findings=())
    assert [entry["resource"]["resourceType"] for entry in whole["entry"]] == ["Device"]


def test_no_notes_at_all_is_still_valid():
    assert emission.bundle([], [], MAKER)["resourceType"] == "Bundle"


def test_a_document_posted_twice_at_once_is_one():
    written = note(TEXT)
    made = emission.build(written, FINDINGS, RULES).kept
    twice = emission.bundle([written, written], [*made, *made], MAKER)
    assert len(entries(twice, "Condition")) == len(entries(bundle(), "Condition"))


def test_a_path_is_said_when_there_is_more_than_one_content():
    text = "Pneumonia."
    condition = only(built(text, finding(text, "Pneumonia", "condition"), contents=2))
    parts = {part["url"]: part for part in condition["extension"][0]["extension"]}
    assert parts["path"]["valueString"] == "DocumentReference.content[0].attachment"
    alone = only(built(text, finding(text, "Pneumonia", "condition")))
    assert "path" not in {part["url"] for part in alone["extension"][0]["extension"]}


@pytest.mark.parametrize(
    ("given", "reference"),
    [
        ({"source": "", "identifier": {"system": "urn:x", "value": "9"}}, {"system": "urn:x", "value": "9"}),
        ({"source": "urn:uuid:1", "identifier": None}, {"system": systems.NOTE_ID, "value": "note-1"}),
    ],
)
def test_a_document_without_an_id_is_named_by_identifier(given, reference):
    text = "Pneumonia."
    condition = only(built(text, finding(text, "Pneumonia", "condition"), **given))
    assert condition["evidence"][0]["detail"] == [{"type": "DocumentReference", "identifier": reference}]


@pytest.mark.parametrize("date", [None, "2026-13-01", "yesterday", "2026-03-04T10:00:00"])
def test_a_date_fhir_does_not_know_is_not_said(date):
    text = "Pneumonia."
    assert "recordedDate" not in only(built(text, finding(text, "Pneumonia", "condition"), date=date))


def test_characters_are_code_points():
    text = "😀 Pneumonia é."
    resource = only(built(text, finding(text, "Pneumonia", "condition")))
    assert spans(resource) == [(2, 9)]


def test_a_broken_bundle_never_leaves():
    written = note(TEXT)
    made = [dict(one) for one in emission.build(written, FINDINGS, RULES).kept]
    made[0]["status"] = "banana"
    with pytest.raises(EmissionError) as raised:
        emission.bundle(written, made, MAKER)
    assert raised.value.path == "Bundle.entry[0].resource.status"
    assert "banana" not in str(raised.value)


def test_characters_fhir_does_not_have_become_spaces():
    text = "foot\x0cdrop and\u00a0more"
    assert only(built(text, finding(text, "foot\x0cdrop", "condition")))["code"]["text"] == "foot drop"


def test_two_findings_in_one_place_are_one_and_the_surer_counts():
    text = "gout"
    step = built(
        text,
        finding(text, "gout", "condition", confidence=0.4, negated=True),
        finding(text, "gout", "condition", confidence=0.8),
    )
    assert only(step)["extension"][-1]["valueDecimal"] == 0.8
    assert [issue.reason for issue in step.left_out] == ["same-place"]


def test_history_of_what_is_present_is_evidence_and_no_second_condition():
    text = "History of hypertension. Hypertension. Gout resolved. Gout."
    gout = [(ICD, "M10.9", "Gout, unspecified")]
    step = built(
        text,
        finding(text, "hypertension", "condition", codes=HTN, historical=True, cue="History of"),
        finding(text, "Hypertension", "condition", codes=HTN),
        finding(text, "Gout", "condition", codes=gout, historical=True, cue="resolved"),
        finding(text, "Gout", "condition", codes=gout, nth=1),
    )
    told = [(code(one["code"]), code(one["clinicalStatus"]), len(spans(one))) for one in step.kept]
    assert told == [("I10", "active", 2), ("M10.9", "resolved", 1), ("M10.9", "active", 1)]


def test_two_ways_of_saying_one_dose_are_one():
    text = "lisinopril 20 mg a day; lisinopril 20 mg daily"
    step = built(
        text,
        finding(text, "lisinopril", "medication", details=[("dose", "20 mg"), ("frequency", "a day")]),
        finding(text, "lisinopril", "medication", nth=1, details=[("dose", "20 mg"), ("frequency", "daily")]),
    )
    assert len(spans(only(step))) == 2


def test_a_finding_with_a_result_is_measured():
    text = "JVD 8 cm"
    observation = only(built(text, finding(text, "JVD", "finding", details=[("result", "8 cm")])))
    assert observation["code"] == {"text": "JVD"}
    assert observation["valueQuantity"]["code"] == "cm"
    assert code(observation["category"][0]) == "exam"


@pytest.mark.parametrize(
    ("words", "result", "category", "unit"),
    [
        ("HR", "72", "vital-signs", "/min"),
        ("temperature", "98.6 F", "vital-signs", "[degF]"),
        ("temperature", "98.6", "vital-signs", "[degF]"),
        ("temperature", "60", "exam", None),
        ("T", "38,9", "vital-signs", "Cel"),
        ("Puls", "88/min", "vital-signs", "/min"),
        ("RR", "18", "vital-signs", "/min"),
        ("SpO2", "93 %", "vital-signs", "%"),
        ("Größe", "2 cm", "exam", None),
        ("poids", "6,1 kg", "vital-signs", "kg"),
        ("BP", "normal", "exam", None),
        ("weight", "80 kg", "vital-signs", "kg"),
        ("O2 sat", "95%", "vital-signs", "%"),
    ],
)
def test_vital_signs_only_in_the_form_of_their_profile(words, result, category, unit):
    text = f"{words} {result}"
    observation = only(
        built(text, finding(text, words, "test", details=[("result", result)]), language=language_of(result))
    )
    assert code(observation["category"][0]) == category
    if category == "vital-signs":
        assert observation["valueQuantity"]["code"] == unit
    assert ("coding" in observation["code"]) == (category == "vital-signs")


def language_of(result):
    return "de" if "," in result else "en"


@pytest.mark.parametrize(
    ("words", "told"),
    [("RR", "125/75"), ("Bloeddruk", "125 over 75"), ("TA", "125/75"), ("BP", "125/75 mmHg")],
)
def test_a_blood_pressure_in_four_languages(words, told):
    text = f"{words} {told}"
    observation = only(built(text, finding(text, words, "test", details=[("result", told)])))
    assert observation["code"]["coding"][0]["code"] == "85354-9"
    assert [part["valueQuantity"]["value"] for part in observation["component"]] == [125, 75]


def test_a_word_for_two_signs_keeps_no_code_of_the_other():
    text = "RR 125/75"
    codes = [(SNOMED, "86290005", "respiratory rate")]
    told = finding(text, "RR", "test", codes=codes, details=[("result", "125/75")])
    assert [one["code"] for one in only(built(text, told))["code"]["coding"]] == ["85354-9"]


@pytest.mark.parametrize(
    ("words", "section", "category"),
    [
        ("CRP", "unknown", "laboratory"),
        ("CRP", "laboratory", "laboratory"),
        ("ALAT", "imaging", "laboratory"),
        ("Krea", "physical_exam", "laboratory"),
        ("T-score", "unknown", "imaging"),
        ("ECOG", "unknown", "survey"),
        ("ejection fraction", "unknown", "imaging"),
        ("mean gradient", "unknown", "imaging"),
        ("QTc", "unknown", "procedure"),
        ("capillary refill", "unknown", "exam"),
        ("vital signs", "unknown", "exam"),
        ("wall motion index", "imaging", "imaging"),
        ("liver edge", "physical_exam", "exam"),
        ("free thyroxine index", "unknown", "laboratory"),
    ],
)
def test_only_what_a_laboratory_measures_is_a_laboratory_value(words, section, category):
    text = f"{words} 4"
    observation = only(built(text, finding(text, words, "test", details=[("result", "4")], section=section)))
    assert code(observation["category"][0]) == category
