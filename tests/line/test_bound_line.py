"""A task's bound words get the same codes from the command line, the endpoint and the workbench."""

import base64
import json
import re
from pathlib import Path

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class as r4b

from adapter import assembly, engines
from adapter.cli.extract import extract
from adapter.settings import Settings
from adapter.tasks import elmtex, grounded, library
from tests.api.served import listening, opened
from tests.bound_store import BODY, small
from tests.extraction.generative.model_server import good, serving
from tests.workbench import served_pages
from tests.workbench.test_workbench_tasks import Form

TASK = library.named("tumour-board")
SHOWN = TASK.examples[0]
SNOMED = "http://snomed.info/sct"
SERVER = {
    "/v1/models": {"data": [{"id": "m", "owned_by": "vllm", "max_model_len": 16384}]},
    "/version": {"version": "0.11.0"},
    "/tokenize": lambda body: {"count": len(body["prompt"].split()), "max_model_len": 16384},
}
CODES = {
    "/diagnoses/0/site": "60184004",
    "/diagnoses/0/histology": None,
    "/diagnoses/1/site": "41216001",
    "/lesions/0/site": "60184004",
    "/lesions/1/site": None,  # liver segment VI: the liver would be too wide
}


@pytest.fixture(scope="module")
def model():
    """A language model on a server, which knows the answer."""
    answer = grounded.written(TASK, SHOWN.answer, SHOWN.evidence)
    with serving(good(json.dumps(answer)), SERVER) as server:
        yield server


def asked(model, store, **more):
    return Settings(
        **{"engine": "remote", "remote": model.url, "task": "tumour-board", "terminology": store} | more
    )


def extracted(settings, text, folder):
    (folder / "notes.jsonl").write_text(json.dumps({"id": "1", "text": text, "lang": "en"}) + "\n", "utf-8")
    assert (
        extract(settings, input=str(folder / "notes.jsonl"), output=str(folder / "out.jsonl"), quiet=True)
        == 0
    )
    return json.loads((folder / "out.jsonl").read_text("utf-8"))


def codes(facts):
    """The first code of each bound value."""
    bound = {one["path"]: one["codings"] for one in facts if "codings" in one}
    return {path: found[0]["code"] if found else None for path, found in bound.items()}


def test_the_command_line_gives_codes_beside_the_places(model, core_store, tmp_path):
    row = extracted(asked(model, core_store), SHOWN.text, tmp_path)
    assert row["answer"] == SHOWN.answer
    assert codes(row["facts"]) == CODES
    (site,) = [one for one in row["facts"] if one["path"] == "/diagnoses/0/site"]
    assert {SHOWN.text[span["start"] : span["end"]] for span in site["spans"]} == {"sigmoid colon"}
    assert site["codings"][0] | {"score": 1} == {
        "system": SNOMED,
        "code": "60184004",
        "display": "sigmoid colon",
        "score": 1,
        "match": "exact",
    }
    none = [one["path"] for one in row["left_out"] if one["reason"] == "no-code" and "path" in one]
    assert none == ["/diagnoses/0/histology", "/lesions/1/site"]


def test_the_endpoint_gives_concepts_beside_the_places(model, core_store, tmp_path):
    attachment = {"contentType": "text/plain", "data": base64.b64encode(SHOWN.text.encode()).decode()}
    document = {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": "Patient/1"},
        "content": [{"attachment": attachment}],
    }
    body = {"resourceType": "Parameters", "parameter": [{"name": "document", "resource": document}]}
    more = {"engine": "remote", "remote": model.url, "task": "tumour-board"}
    with (
        opened(core_store, f"sqlite:///{tmp_path / 'ledger.sqlite'}", **more) as service,
        listening(service) as origin,
    ):
        told = httpx.post(f"{origin}/fhir/DocumentReference/$answer", json=body, timeout=60).json()
    r4b("Parameters").model_validate(told)
    (answer,) = [one for one in told["parameter"] if one["name"] == "answer"]
    facts = [{each["name"]: each for each in one["part"]} for one in answer["part"] if one["name"] == "fact"]
    bound = {
        one["path"]["valueString"]: one["concept"]["valueCodeableConcept"]
        for one in facts
        if "concept" in one
    }
    assert {
        path: one["coding"][0]["code"] if "coding" in one else None for path, one in bound.items()
    } == CODES
    assert bound["/lesions/1/site"] == {"text": "liver segment VI"}
    assert all("span" in one for one in facts)


def test_the_workbench_shows_the_same_codes(model, core_store):
    settings = asked(model, core_store, threads=1)
    with (
        assembly.opened(settings) as line,
        served_pages.serving(line, sampler=engines.sampler(settings, line.engine)) as origin,
        httpx.Client(timeout=60, headers={"Sec-Fetch-Site": "same-origin"}) as client,
    ):
        page = client.get(f"{origin}/workbench/tasks/task/tumour-board")
        form = Form(page) | {"text": SHOWN.text, "language": "en", "do": "run"}
        ran = client.post(f"{origin}/workbench/tasks/build", data=form).text
        tried = client.post(f"{origin}/workbench/try", data={"text": SHOWN.text, "language": "en"}).text
    assert (
        re.findall(r"<td>sigmoid colon <small>(.*?)</small>", ran) == ["SNOMED CT 60184004 sigmoid colon"] * 2
    )
    assert "<td>liver segment VI <small>no code</small></td>" in ran
    assert "no-code: No concept was sure enough" in ran
    assert (
        re.findall(r"<td>sigmoid colon <small>(.*?)</small>", tried)
        == ["SNOMED CT 60184004 sigmoid colon"] * 2
    )


@pytest.mark.parametrize(
    ("within", "given", "said"),
    [(f"<< {BODY}", "10200004", []), ("76752008", None, ["outside-value-set"])],
)
def test_a_task_of_a_site_names_the_value_set_its_codes_are_of(tmp_path, within, given, said):
    home = tmp_path / "tasks" / "organs"
    home.mkdir(parents=True)
    (home / "task.toml").write_text(
        'name = "organs"\nversion = "1"\ntitle = "Organs"\ninstruction = "List the organs."\n'
        f'[bindings]\n"organs" = {{ kind = "body_site", within = "{within}" }}\n'
    )
    schema = {"type": "object", "required": ["organs"], "properties": {"organs": {"type": "array"}}}
    schema["properties"]["organs"]["items"] = {"type": "string"}
    (home / "answer.schema.json").write_text(json.dumps(schema))
    with serving(good(json.dumps({"organs": ["liver", "spleen"]})), SERVER) as model:
        chosen = asked(model, small(tmp_path), task="organs", tasks=home.parent)
        row = extracted(chosen, "A cyst of the liver.", tmp_path)
    assert row["answer"] == {"organs": ["liver"]}
    assert codes(row["facts"]) == {"/organs/0": given}
    assert [one["reason"] for one in row["left_out"] if one.get("path") == "/organs/0"] == said


def test_the_flat_form_of_elmtex_has_words_alone(core_store, tmp_path):
    home = tmp_path / "tasks" / "own-elmtex"
    home.mkdir(parents=True)
    shipped = library.BUILT_IN / "elmtex-15"
    toml = (shipped / "task.toml").read_text("utf-8").replace('"elmtex-15"', '"own-elmtex"')
    (home / "task.toml").write_text(toml + '\n[bindings]\n"diagnosis" = "condition"\n', "utf-8")
    for name in ("answer.schema.json", "examples.jsonl"):
        (home / name).write_text((shipped / name).read_text("utf-8"), "utf-8")
    answer = {key: [] for key in elmtex.LISTS} | dict.fromkeys(elmtex.SINGLES) | {"diagnosis": ["asthma"]}
    with serving(good(json.dumps(answer)), SERVER) as model:
        chosen = asked(model, core_store, task="own-elmtex", tasks=home.parent)
        row = extracted(chosen, "Diagnosis: asthma.", tmp_path)
    assert row["elmtex"] == elmtex.write(answer)
    assert codes(row["facts"]) == {"/diagnosis/0": "195967001"}


def test_the_store_of_core_has_the_codes_that_are_expected_here(core_store: Path):
    with assembly.opened(Settings(terminology=core_store, threads=1)) as line:
        store = line.coder.value_set(f"{SNOMED}?fhir_vs")
        assert all(store.has(SNOMED, code) for code in CODES.values() if code)
