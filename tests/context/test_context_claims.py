"""What an engine claims of a drug and its reason holds only where a word makes a case of it."""

from dataclasses import replace

import marked
import pytest

from adapter import context, notes

FACTS = [
    ("de", "«Apixaban:medication!hypothetical» bei «Vorhofflimmern:condition!hypothetical»."),
    (
        "de",
        "«Antikoagulation:procedure!planned» mit «Apixaban:medication!hypothetical» bei «VHF:condition».",
    ),
    (
        "de",
        "«Bisoprolol:medication» «2,5 mg:dose» «1-0-0:frequency» bei «Vorhofflimmern:condition!hypothetical»",
    ),
    ("de", "«Ramipril:medication» bei neu diagnostizierter «Hypertonie:condition!hypothetical»"),
    (
        "de",
        "«Ramipril:medication!hypothetical» bei «KHK:condition» und «Hypertonie:condition!hypothetical»",
    ),
    ("de", "«Ibuprofen:medication» «400 mg:dose» wegen «Rückenschmerzen:finding!hypothetical» seit gestern."),
    ("de", "«Ceftriaxon:medication!planned» wegen «Nierenkolik:condition!hypothetical»."),
    ("nl", "«Apixaban:medication!hypothetical» bij «atriumfibrilleren:condition»."),
    ("nl", "«Metformine:medication!hypothetical» voor «diabetes mellitus:condition!hypothetical»"),
    ("nl", "«Antistolling:procedure!planned» met «apixaban:medication» bij «boezemfibrilleren:condition»."),
    (
        "nl",
        "«Prednison:medication!hypothetical» «30 mg:dose» vanwege «COPD-exacerbatie:condition!hypothetical».",
    ),
    (
        "fr",
        "«Apixaban:medication!hypothetical» pour une «fibrillation auriculaire:condition!hypothetical».",
    ),
    ("fr", "«Morphine:medication» en raison de «douleurs:finding!hypothetical»."),
    ("en", "«Apixaban:medication!hypothetical» for «atrial fibrillation:condition!hypothetical»."),
    (
        "en",
        "«Anticoagulation:procedure!planned» with «warfarin:medication» for «AF:condition!hypothetical»",
    ),
    ("en", "«Ondansetron:medication» because of «nausea:finding!hypothetical»"),
]
CASES = [
    ("de", "«Ibuprofen:medication» bei Bedarf bei «Migräne:condition!hypothetical»"),
    ("de", "«Ibuprofen:medication» bei «Kopfschmerzen:finding!hypothetical»"),
    ("de", "«Diazepam:medication» rektal bei «Krampfanfall:condition!hypothetical»"),
    ("de", "Ggf. «Apixaban:medication!hypothetical» bei «Vorhofflimmern:condition»"),
    ("de", "«Amiodaron:medication!hypothetical» bei erneutem «Vorhofflimmern:condition»"),
    ("nl", "«Paracetamol:medication» zo nodig bij «pijn:finding!hypothetical»"),
    ("nl", "Evt. «apixaban:medication!hypothetical» bij «atriumfibrilleren:condition»"),
    ("nl", "«Prednison:medication» bij «exacerbatie:condition!hypothetical»"),
    ("fr", "«Paracétamol:medication» si besoin pour «migraine:condition!hypothetical»"),
    ("fr", "«Midazolam:medication» pour «crise convulsive:condition!hypothetical»"),
    ("en", "«Ibuprofen:medication» as needed for «migraine:condition!hypothetical»"),
    ("en", "Consider «apixaban:medication!hypothetical» for «atrial fibrillation:condition»"),
    ("en", "«Diazepam:medication» for «seizures:condition!hypothetical»"),
    ("en", "«Ibuprofen:medication» for «headache:finding!hypothetical»"),
]
AXES = ("hypothetical", "planned")


@pytest.fixture(scope="module")
def shelf():
    return context.Shelf(("de", "en", "fr", "nl"))


def said(language, sentence, shelf):
    found = marked.assessed(language, sentence, shelf)
    return {one.text for one in found if any(getattr(one.assertion, axis) for axis in AXES)}


@pytest.mark.parametrize(("language", "sentence"), FACTS)
def test_what_a_drug_is_for_is_a_fact(language, sentence, shelf):
    assert said(language, sentence, shelf) == set()


@pytest.mark.parametrize(("language", "sentence"), CASES)
def test_a_case_or_a_complaint_stays_one(language, sentence, shelf):
    claimed = {one.text for one in marked.read(sentence)[1] if one.claims}
    assert claimed <= said(language, sentence, shelf)


def test_a_plan_keeps_what_the_engine_claims(shelf):
    sentence = "Plan:\n- «Apixaban:medication!planned» bei «Vorhofflimmern:condition»\n"
    assert "Apixaban" in said("de", sentence, shelf)


def test_other_claims_are_believed(shelf):
    found = marked.assessed("de", "«Apixaban:medication!stopped» bei «Vorhofflimmern:condition»", shelf)
    assert found[0].assertion.stopped


def test_what_a_language_model_says_is_believed(shelf):
    text, mentions = marked.read("«Apixaban:medication!planned» bei «Vorhofflimmern:condition»")
    told = [replace(one, sources=("replay",)) for one in mentions]
    found = context.assess(notes.from_text("case", text, "de"), told, shelf["de"]).kept
    assert found[0].assertion.planned
