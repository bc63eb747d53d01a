"""The terminology commands: what the FHIR operations answer, on the command line."""

import json
from pathlib import Path

import pytest

from adapter import cli
from tests.conftest import MODEL

DIABETES, TYPE_2, STROKE = "73211009", "44054006", "230690007"


@pytest.fixture
def run(core_store: Path, capsys: pytest.CaptureFixture[str]):
    def call(*arguments: str, store: Path | None = core_store) -> tuple[int, str, str]:
        code = cli.main(["terminology", *arguments, *(["--terminology", str(store)] if store else [])])
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


def value(text: str, name: str) -> object:
    found = next(one for one in json.loads(text)["parameter"] if one["name"] == name)
    return next(item for key, item in found.items() if key != "name")


def test_validate_judges_code_name_and_set(run) -> None:
    code, out, _ = run("validate", "snomed", TYPE_2, "--display", "Type 2 diabetes mellitus")
    assert (code, value(out, "result")) == (0, True)
    code, out, _ = run("validate", "snomed", TYPE_2, "--display", "gout")
    assert (code, value(out, "result")) == (1, False)
    code, out, _ = run("validate", "snomed", "999", "--fhir", "r5")
    assert (code, value(out, "result")) == (1, False)
    code, out, _ = run("validate", "snomed", TYPE_2, "--value-set", "http://snomed.info/sct?fhir_vs")
    assert (code, value(out, "result")) == (0, True)
    code, _, err = run("validate", "snomed", TYPE_2, "--value-set", "http://example.org/nothing")
    assert (code, "not held" in err) == (3, True)


def test_subsumes_needs_a_hierarchy_and_uses_it(run, tmp_path: Path) -> None:
    assert run("subsumes", "snomed", DIABETES, DIABETES)[:2] == (0, "equivalent\n")
    code, _, err = run("subsumes", "snomed", DIABETES, TYPE_2)
    assert (code, "no hierarchy" in err) == (3, True)
    system = {
        "resourceType": "CodeSystem",
        "url": "urn:own",
        "status": "active",
        "content": "complete",
        "concept": [{"code": "a", "concept": [{"code": "b"}]}, {"code": "c"}],
    }
    (tmp_path / "own.json").write_text(json.dumps(system), "utf-8")
    store = tmp_path / "own.sqlite"
    built = run("build", "--source", f"fhir={tmp_path / 'own.json'}", "--output", str(store), store=None)
    assert built[0] == 0
    assert run("subsumes", "urn:own", "a", "b", store=store)[:2] == (0, "subsumes\n")
    assert run("subsumes", "urn:own", "b", "a", store=store)[:2] == (0, "subsumed-by\n")


def test_translate_gives_the_who_category(run) -> None:
    code, out, _ = run("translate", "snomed", STROKE, "--to", "icd10")
    assert code == 0
    assert [(one["code"], one["how"]) for one in json.loads(out)["targets"]] == [("I64", "broader")]
    found = json.loads(run("lookup", "snomed", STROKE)[1])
    assert {(one["system"][-6:], one["code"]) for one in found["mappings"]} >= {("icd-10", "I64")}


def test_concept_tables_are_shown_and_asked(run) -> None:
    code, out, _ = run("maps", store=None)
    every = [json.loads(line) for line in out.splitlines()]
    assert (code, {one["resourceType"] for one in every}) == (0, {"ConceptMap"})
    code, out, _ = run("maps", "section-loinc", "--fhir", "r5", store=None)
    assert "relationship" in json.loads(out)["group"][0]["element"][0]["target"][0]
    assert run("maps", "nothing", store=None)[0] == 2
    sections = "https://notewright.org/fhir/CodeSystem/note-section"
    code, out, _ = run("translate", sections, "plan", "--map", "section-loinc")
    assert (code, json.loads(out)["targets"][0]["code"]) == (0, "18776-5")


def test_a_table_that_depends_on_context_is_told_it(run) -> None:
    kinds = "https://notewright.org/fhir/CodeSystem/finding-kind"
    asked = ["translate", kinds, "condition", "--map", "finding-category"]
    code, out, _ = run(*asked)
    assert (code, len(json.loads(out)["depends_on"])) == (1, 3)
    given = [item for one in ("experiencer=patient", "historical=true") for item in ("--given", one)]
    code, out, _ = run(*asked, *given, "--given", "section=plan")
    assert (code, [one["code"] for one in json.loads(out)["targets"]]) == (0, ["medical_surgical_history"])
    assert run(*asked, "--given", "experiencer")[0] == 2


@pytest.mark.model
def test_an_index_by_meaning_is_built_and_searched(run, tmp_path: Path) -> None:
    index, model = str(tmp_path / "social.dense"), ["--model", str(MODEL)]
    only = ["--kind", "social", "--names-in", "en"]
    code, out, _ = run("dense", "--output", index, *model, *only, "--threads", "2", "--quiet")
    built = json.loads(out)
    assert (code, built["kinds"], built["languages"]) == (0, ["social"], ["en"])
    assert 0 < built["vectors"] <= built["terms"]
    code, out, _ = run("search", "zzqx", "wvvk", "--kind", "social", "--dense", index, *model)
    assert all(line.split()[1] == "dense" for line in out.splitlines())
    code, out, _ = run("search", "homeless", "--dense", index, *model)
    assert (code, out.split()[1]) == (0, "exact")
    assert run("search", "homeless", "--dense", index)[0] == 2
    assert run("dense", "--output", index)[0] == 2
    assert run("dense", "--output", index, "--model", str(tmp_path / "no.gguf"))[0] == 3
