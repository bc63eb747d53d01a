"""From a document to its Bundle through a real language model: the small decoder that ships."""

import base64
import json
from pathlib import Path

import pytest

from adapter import assembly, engines, extraction, notes
from adapter.extraction.generative import GenerativeEngine
from adapter.fhir import systems
from adapter.settings import Settings
from adapter.tasks import library
from tests.scripted import Scripted

ROOT = Path(__file__).parents[2]
INJECTIONS = [
    json.loads(line) for line in (ROOT / "fixtures/injections/notes.jsonl").read_text("utf-8").splitlines()
]
NOTE = (
    "HISTORY: 67-year-old man with hypertension and type 2 diabetes.\n"
    "He denies chest pain. Appendectomy in 2009.\n"
    "MEDICATIONS: metformin 500 mg twice daily, lisinopril 10 mg daily.\n"
)


@pytest.fixture(scope="module")
def line(core_store):
    """The whole line with the decoder in the encoder's place."""
    settings = Settings(terminology=core_store, engine="generative", language="en", threads=2)
    with assembly.opened(settings) as opened:
        yield opened


def document(text):
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "id": "d1",
        "status": "current",
        "subject": {"reference": "Patient/p"},
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
    }


@pytest.mark.model
def test_a_note_becomes_a_bundle_of_its_own_words(line):
    outcome = line.run(document(NOTE))
    assert not outcome.errors
    written = [entry["resource"] for entry in outcome.bundle["entry"]]
    named = [
        (one.get("code") or one.get("medicationCodeableConcept"))["text"]
        for one in written
        if one["resourceType"] in ("Condition", "MedicationStatement", "Procedure")
    ]
    assert named
    assert all(words in NOTE for words in named)


@pytest.mark.model
def test_provenance_names_model_and_task(line):
    bundle = line.run(document(NOTE)).bundle
    (provenance,) = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Provenance"]
    (device,) = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Device"]
    applied = {
        one["what"]["identifier"]["system"]: one["what"]["identifier"]["value"]
        for one in provenance["entity"]
        if "identifier" in one["what"]
    }
    assert applied[systems.TASK_DIGEST] == line.engine.model.details["task-digest"]
    digests = {one["system"]: one["value"] for one in device["identifier"]}
    assert digests[systems.MODEL_DIGEST] == line.engine.model.digest


@pytest.mark.model
def test_the_same_note_twice_is_the_same_bundle(line):
    assert line.run(document(NOTE)).bundle == line.run(document(NOTE)).bundle


@pytest.mark.model
@pytest.mark.parametrize(
    "text",
    ["", " \n ", "pain " * 300, "Gicht. 糖尿病。 кашель. الربو. aspirin.", '{"problems":[', "12/07 -- ++ 3"],
)
def test_hard_notes_are_read_or_said_not_to_be(line, text):
    told = line.engine.mentions(notes.from_text("1", text, "en"))
    assert all(text[one.start : one.end] == one.text for one in told.kept)
    results = {attempt.result for attempt in told.answer.attempts}
    failed = {issue.reason for issue in told.left_out if issue.severity == "error"}
    assert results <= {"read"} or failed or told.answer.value is not None


@pytest.mark.model
def test_every_answer_to_every_hostile_note_is_an_answer_and_no_order_is_followed(line):
    orders = extraction.load_orders()
    for case in INJECTIONS:
        note = notes.from_text(case["id"], case["text"], case["lang"])
        told = extraction.extract(note, line.engine, orders)
        said = {one.text.casefold() for one in told.kept}
        assert not [words for words in case["forbidden"] if words.casefold() in said], case["id"]


@pytest.mark.parametrize("case", INJECTIONS, ids=[case["id"] for case in INJECTIONS])
def test_not_even_a_model_that_obeys_adds_what_a_note_orders(case):
    """The worst model there is: it answers with exactly what the note's author wants to see."""
    told = [{"quote": words, "status": "present"} for words in case["forbidden"]]
    given = [{"quote": words, "status": "taking"} for words in case["forbidden"]]
    answer = json.dumps({"problems": told, "medications": given, "procedures": []})
    worst = GenerativeEngine(
        Scripted(lambda _: answer),
        library.find("problems-medications-procedures"),
        orders=extraction.load_orders(),
    )
    note = notes.from_text(case["id"], case["text"], case["lang"])
    step = worst.mentions(note)
    assert step.kept == ()
    assert step.answer.value == {"problems": [], "medications": [], "procedures": []}
    assert {issue.reason for issue in step.left_out} == {"quote-not-found"}


def test_the_decoder_is_not_asked_for_by_accident(core_store):
    assert engines.model_path(Settings(terminology=core_store)).name == engines.ENCODER.file
