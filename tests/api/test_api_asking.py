"""$answer and $tasks: tasks asked of a language model through the endpoint."""

import json
from dataclasses import replace

import httpx
import pytest
import tiny_llama
from fhir.resources.R4B import get_fhir_model_class as r4b

from adapter.api import asking
from adapter.model import Coding, Span
from adapter.tasks import Fact
from tests.api.served import document, issues, listening, opened

SYSTEMS = "http://www.nlm.nih.gov/research/umls"


@pytest.fixture(scope="module")
def asked(core_store, tmp_path_factory):
    """A service that reads documents with the encoder and has a language model beside it."""
    folder = tmp_path_factory.mktemp("asking")
    tiny_llama.write(folder / "tiny.gguf", context=8192)
    how = folder / "language-model.toml"
    how.write_text(f'[local]\nmodel = "{folder / "tiny.gguf"}"\n[asking]\nseconds = 20\nchunk_tokens = 40\n')
    with (
        opened(core_store, f"sqlite:///{folder / 'ledger.sqlite'}", language_model=how) as service,
        listening(service) as origin,
        httpx.Client(base_url=f"{origin}/fhir", timeout=120) as client,
    ):
        yield client


def question(task=None, **more):
    told = [{"name": "task", "valueString": task}] if task else []
    return {
        "resourceType": "Parameters",
        "parameter": [*told, {"name": "document", "resource": document(**more)}],
    }


def test_the_tasks_are_named(asked):
    told = asked.get("/DocumentReference/$tasks").json()
    r4b("Parameters").model_validate(told)
    names = {
        part["valueString"] for one in told["parameter"] for part in one["part"] if part["name"] == "name"
    }
    assert {"elmtex-15", "problems-medications-procedures"} <= names


def test_a_task_is_answered_with_the_characters_it_rests_on(asked):
    told = asked.post("/DocumentReference/$answer", json=question("elmtex-15"))
    assert told.status_code == 200
    r4b("Parameters").model_validate(told.json())
    (answer,) = [one for one in told.json()["parameter"] if one["name"] == "answer"]
    parts = {one["name"]: one for one in answer["part"]}
    assert parts["task"]["valueString"] == "elmtex-15"
    value = json.loads(parts["value"]["valueString"])
    assert value is None or len(value) == 15
    assert [one["resource"]["resourceType"] for one in told.json()["parameter"] if "resource" in one] == [
        "OperationOutcome"
    ]


def test_what_the_store_does_not_know_of_a_code_is_not_told():
    known = {"score": 1.0, "match": "mapped"}
    codings = (
        Coding(system=f"{SYSTEMS}/rxnorm", code="6809", display="", **known),
        Coding(system="http://snomed.info/sct", code="109081006", display="metformin", version="1", **known),
    )
    one = Fact(path="/drug", value="Metformin", spans=(Span(start=0, end=9),), codings=codings)
    (concept,) = [part for part in asking._fact(one) if part["name"] == "concept"]
    r4b("CodeableConcept").model_validate(concept["valueCodeableConcept"])
    assert [set(each) for each in concept["valueCodeableConcept"]["coding"]] == [
        {"system", "code"},
        {"system", "version", "code", "display"},
    ]
    (words,) = [part for part in asking._fact(replace(one, codings=())) if part["name"] == "concept"]
    assert words["valueCodeableConcept"] == {"text": "Metformin"}
    assert not [part for part in asking._fact(replace(one, codings=None)) if part["name"] == "concept"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (question("no-such-task"), 400),
        (question("../../etc"), 400),
        ({"resourceType": "Parameters", "parameter": [{"name": "task", "valueString": "elmtex-15"}]}, 400),
        (question() | {"parameter": [{"name": "task", "valueInteger": 3}, question()["parameter"][-1]]}, 400),
    ],
)
def test_what_cannot_be_asked_is_refused(asked, body, status):
    told = asked.post("/DocumentReference/$answer", json=body)
    assert told.status_code == status
    assert issues(told)


def test_with_one_it_is_declared(asked):
    told = asked.get("/metadata").json()["rest"][0]["resource"]
    (documents,) = [one for one in told if one["type"] == "DocumentReference"]
    assert {"answer", "tasks", "extract"} <= {one["name"] for one in documents["operation"]}
