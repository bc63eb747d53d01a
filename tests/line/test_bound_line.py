"""A task's bound words get the same codes from the command line, the endpoint and the workbench."""

import base64
import json
import re

import httpx
import pytest
from fhir.resources.R4B import get_fhir_model_class as r4b

import terminology
from adapter import assembly, coding, engines
from adapter.cli.extract import extract
from adapter.model import Finding
from adapter.settings import Settings
from adapter.tasks import elmtex, grounded, library
from tests.api.served import listening, opened
from tests.bound_store import BODY, small
from tests.extraction.generative.model_server import good, serving
from tests.workbench import served_pages
from tests.workbench.test_workbench_tasks import Form

TASK = library.named("tumour-board")
SHOWN = TASK.examples[0]
TEXT = f"{SHOWN.text} Odd patch in the zorblat, 3 mm."
PATCH = {"quote": "Odd patch in the zorblat, 3 mm", "role": "unclear", "site": "zorblat", "size": 3}
ANSWER = {**SHOWN.answer, "lesions": [*SHOWN.answer["lesions"], PATCH]}
BOUND = {
    "/diagnoses/0/site": ("sigmoid colon", "body_site"),
    "/diagnoses/0/histology": ("adenocarcinoma", "condition"),
    "/diagnoses/1/site": ("prostate", "body_site"),
    "/lesions/0/site": ("sigmoid colon", "body_site"),
    "/lesions/1/site": ("liver segment VI", "body_site"),
    "/lesions/2/site": ("zorblat", "body_site"),
}
SNOMED = "http://snomed.info/sct"
SERVER = {
    "/v1/models": {"data": [{"id": "m", "owned_by": "vllm", "max_model_len": 16384}]},
    "/version": {"version": "0.11.0"},
    "/tokenize": lambda body: {"count": len(body["prompt"].split()), "max_model_len": 16384},
}


@pytest.fixture(scope="module")
def model():
    """A language model on a server, which knows the answer."""
    answer = grounded.written(TASK, ANSWER, SHOWN.evidence)
    with serving(good(json.dumps(answer)), SERVER) as server:
        yield server


@pytest.fixture(scope="module")
def known(core_store):
    """The first code that a finding of the same words and kind has, by the place of the words."""
    with terminology.open_store(core_store) as store:
        coder = coding.Coder(store, coding.load())
        found = {
            path: coder.code(Finding(start=0, end=len(text), text=text, kind=kind, confidence=1.0)).codings
            for path, (text, kind) in BOUND.items()
        }
    assert not found["/lesions/2/site"] and found["/lesions/0/site"][0].code == "60184004"
    return {path: codings[0].code if codings else None for path, codings in found.items()}


def asked(model, store, **more):
    return Settings(
        **{"engine": "remote", "remote": model.url, "task": "tumour-board", "terminology": store} | more
    )


def extracted(settings, text, folder):
    (folder / "notes.jsonl").write_text(json.dumps({"id": "1", "text": text, "lang": "en"}) + "\n", "utf-8")
    places = {"input": str(folder / "notes.jsonl"), "output": str(folder / "out.jsonl")}
    assert extract(settings, **places, quiet=True) == 0
    return json.loads((folder / "out.jsonl").read_text("utf-8"))


def codes(facts):
    """The first code of each bound value."""
    bound = {one["path"]: one["codings"] for one in facts if "codings" in one}
    return {path: found[0]["code"] if found else None for path, found in bound.items()}


def test_the_command_line_gives_codes_beside_the_places(model, known, core_store, tmp_path):
    row = extracted(asked(model, core_store), TEXT, tmp_path)
    assert row["answer"] == ANSWER
    assert codes(row["facts"]) == known
    (site,) = [one for one in row["facts"] if one["path"] == "/diagnoses/0/site"]
    assert {TEXT[span["start"] : span["end"]] for span in site["spans"]} == {"sigmoid colon"}
    assert site["codings"][0] | {"score": 1} == {
        "system": SNOMED,
        "code": "60184004",
        "display": "sigmoid colon",
        "score": 1,
        "match": "exact",
    }
    none = [one["path"] for one in row["left_out"] if one["reason"] == "no-code" and "path" in one]
    assert none == [path for path, code in known.items() if code is None]


def test_the_endpoint_gives_concepts_beside_the_places(model, known, core_store, tmp_path):
    attachment = {"contentType": "text/plain", "data": base64.b64encode(TEXT.encode()).decode()}
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
    } == known
    assert bound["/lesions/2/site"] == {"text": "zorblat"}
    assert all("span" in one for one in facts)


def test_the_workbench_shows_the_same_codes(model, core_store):
    settings = asked(model, core_store, threads=1)
    with (
        assembly.opened(settings) as line,
        served_pages.serving(line, sampler=engines.sampler(settings, line.engine)) as origin,
        httpx.Client(timeout=60, headers={"Sec-Fetch-Site": "same-origin"}) as client,
    ):
        page = client.get(f"{origin}/workbench/tasks/task/tumour-board")
        form = Form(page) | {"text": TEXT, "language": "en", "do": "run"}
        ran = client.post(f"{origin}/workbench/tasks/build", data=form).text
        tried = client.post(f"{origin}/workbench/try", data={"text": TEXT, "language": "en"}).text
    assert (
        re.findall(r"<td>sigmoid colon <small>(.*?)</small>", ran) == ["SNOMED CT 60184004 sigmoid colon"] * 2
    )
    assert "<td>zorblat <small>no code</small></td>" in ran
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
