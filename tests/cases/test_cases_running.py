"""The shipped cases pass on the real line, and what keeps a case from running is told in its result."""

import json
import shutil
from xml.etree import ElementTree

import pytest

from adapter import cases
from adapter.cases import Shelf, junit, telling
from tests.conftest import ROOT

SHIPPED = Shelf(ROOT / "fixtures" / "cases")


@pytest.mark.parametrize("case", SHIPPED.cases(), ids=lambda case: case.name)
def test_the_shipped_cases_pass(pipeline, case):
    result = cases.ran(case, pipeline)
    assert (result.status, result.sentences) == ("passed", [])


def test_there_are_cases_in_four_languages():
    listed = SHIPPED.cases()
    assert len(listed) >= 12
    assert {one.name.partition("-")[0] for one in listed} >= {"en", "de", "fr", "nl"}


@pytest.fixture
def results(pipeline, tmp_path):
    """A passed, a failed and some broken cases."""

    def copied(name, source="en-suspected"):
        return shutil.copytree(SHIPPED.root / source, tmp_path / name)

    copied("group/good")
    wrong = copied("group/wrong") / "expected.json"
    bundle = json.loads(wrong.read_text("utf-8"))
    bundle["entry"].append({"resource": {"resourceType": "Procedure", "code": {"text": "]]>\u202e<b>"}}})
    bundle["entry"][0]["resource"]["clinicalStatus"]["coding"][0]["code"] = "inactive"
    wrong.write_text(json.dumps(bundle), "utf-8")
    (copied("untold") / "expected.json").unlink()
    (copied("changed", "de-abgesetzt") / "note.txt").write_text("Anders.", "utf-8")
    (copied("scribbled", "de-abgesetzt") / "recording.jsonl").write_text("{", "utf-8")
    (copied("lost") / "note.txt").unlink()
    deep = {
        "resourceType": "Bundle",
        "entry": [{"resource": {"resourceType": "Condition", "code": {"coding": [3]}}}],
    }
    (copied("no-fhir") / "expected.json").write_text(json.dumps(deep), "utf-8")
    return {one.name: cases.ran(one, pipeline) for one in Shelf(tmp_path).cases()}


def test_results_in_words_json_and_junit(results):
    said = {name: one.sentences for name, one in results.items()}
    assert said["group/good"] == []
    assert "Condition pneumonia: clinicalStatus inactive -> active" in said["group/wrong"]
    assert any(line.startswith("Procedure ]]>") and line.endswith("missing") for line in said["group/wrong"])
    assert said["untold"] == ["expected.json: missing: nothing is expected yet"]
    assert said["changed"] == ["no answer is recorded for this note"]
    assert said["scribbled"] == ["recording.jsonl:1: not a recording"]
    assert said["lost"] == ["document.json: missing, and note.txt too"]
    assert said["no-fhir"] == ["Bundle no-fhir: a resource that is not built as FHIR has it"]
    _told(list(results.values()))


def _told(results):
    told = telling.told(results, 1.0)
    assert told["summary"] == {"passed": 1, "failed": 1, "broken": 5, "cases": 7, "seconds": 1.0}
    printed = [line for one in results for line in telling.lines(one)]
    assert all(char.isprintable() for line in printed for char in line)
    suite = ElementTree.fromstring(junit.written(results, 1.0)).find("testsuite")
    assert {name: suite.get(name) for name in ("tests", "failures", "errors")} == {
        "tests": "7",
        "failures": "1",
        "errors": "5",
    }
    wrong = next(one for one in suite if one.get("name") == "wrong")
    assert wrong.get("classname") == "notewright.group" and float(wrong.get("time")) > 0
    assert wrong.find("properties/property").get("value") == "uncertainty"
    failure = wrong.find("failure")
    assert "and 1 more" in failure.get("message") and "inactive -> active" in failure.text
    assert [one.tag for one in suite if one.find("error") is not None] == ["testcase"] * 5


def test_no_words_of_the_note_where_none_are_wanted(pipeline, tmp_path):
    case = shutil.copytree(SHIPPED.root / "en-suspected", tmp_path / "case")
    text = (case / "expected.json").read_text("utf-8")
    (case / "expected.json").write_text(text.replace('"pneumonia"', '"Zq7Marker"'), "utf-8")
    (one,) = Shelf(case).cases()
    assert "Zq7Marker" in str(cases.ran(one, pipeline).sentences)
    hidden = cases.ran(one, pipeline, text=False)
    assert hidden.status == "failed" and "Zq7Marker" not in str(telling.told([hidden], 1.0))
    assert b"Zq7" not in junit.written([hidden], 1.0)
