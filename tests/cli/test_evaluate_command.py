"""Findings from files to figures and exit codes."""

import json
from dataclasses import replace

import pytest

from adapter import categories
from adapter.cli import main, wire
from adapter.evaluation import readers
from adapter.model import Assertion, Attribute, Coding, Finding, Span
from terminology.systems import ICD10CM
from tests.conftest import ROOT

TEXT = "Denies fever. Has asthma, takes metformin."


def finding(words, kind="condition", **more):
    start = TEXT.index(words)
    return {"start": start, "end": start + len(words), "text": words, "kind": kind, **more}


CODE = {"system": ICD10CM, "code": "J45.909", "score": 0.9}
GOLD = [
    finding("fever", assertion={"negated": True}),
    finding("asthma", codings=[CODE]),
    finding("metformin", "medication"),
]
RUN = [finding("fever", assertion={"negated": True}, confidence=0.9), finding("Has asthma", codings=[CODE])]


def lines(path, findings, *, text=False, documents=1):
    rows = [
        {"id": f"n{n}", **({"text": TEXT} if text else {}), "findings": findings} for n in range(documents)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


@pytest.fixture
def asked(tmp_path, core_store):
    gold = lines(tmp_path / "gold.jsonl", GOLD, text=True, documents=8)
    run = lines(tmp_path / "run.jsonl", RUN, documents=8)
    return ["evaluate", "findings", "--gold", gold, "--predicted", run, "--terminology", str(core_store)]


def test_figures(asked, capsys):
    assert main(asked) == 0
    told = json.loads(capsys.readouterr().out)
    values = {name: one["value"] for name, one in told["figures"].items()}
    assert told["documents"] == 8
    assert values["strict.micro.f1"] == pytest.approx(2 / 5)
    assert values["overlapping.condition.f1"] == 1.0
    assert values["assertion.negated.f1"] == 1.0
    assert values["codes.icd10cm.full.accuracy"] == 1.0
    assert "codes.all.hierarchy.accuracy" in values


def test_a_figure_under_what_was_asked_gives_exit_code_5(asked, capsys):
    assert main([*asked, "--least", "0.3", "--least", "codes.all.whole.accuracy=1"]) == 0
    assert main([*asked, "--least", "0.5"]) == 5
    assert "strict.micro.f1" in capsys.readouterr().err
    assert main([*asked, "--least", "strict.micros=0.5"]) == 2
    assert main([*asked, "--least", "high"]) == 2
    assert main([*asked, "--most", "harm.denied_or_family_active=0.01"]) == 0
    assert main([*asked, "--most", "strict.micro.f1=0.1"]) == 5
    assert "over what may be" in capsys.readouterr().err
    assert main([*asked, "--most", "0.1"]) == 2


@pytest.mark.parametrize(
    "slip, told",
    [
        (["--least", "nan"], "--least: not FIGURE=VALUE"),
        (["--most", "strict.micro.f1=inf"], "--most: not FIGURE=VALUE"),
        (["--kind", "conditon"], "no mention of kind conditon"),
        (["--rename", "disease=condition"], "no mention of kind disease"),
    ],
)
def test_a_slip_that_would_measure_nothing_is_refused(asked, capsys, slip, told):
    assert main([*asked, *slip]) == 2
    assert told in capsys.readouterr().err


def test_a_run_worse_than_another_gives_exit_code_5(asked, tmp_path, capsys):
    better = lines(tmp_path / "better.jsonl", GOLD, documents=8)
    assert main([*asked, "--compare", better]) == 5
    told = json.loads(capsys.readouterr().out)["compared"]
    assert told["strict.micro.f1"]["worse"] and not told["assertion.exact.f1"]["worse"]
    assert main([*asked, "--compare", asked[5]]) == 0
    assert main([*asked[:5], better, *asked[6:], "--compare", asked[5]]) == 0


def test_kinds_may_be_chosen_and_renamed(asked, capsys):
    main([*asked, "--kind", "medication"])
    assert json.loads(capsys.readouterr().out)["figures"]["strict.micro.f1"]["value"] == 0
    main([*asked, "--rename", "medication=condition"])
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert "strict.medication.f1" not in figures and "strict.condition.f1" in figures
    main([*asked, "--task", "problems-medications-procedures"])
    assert json.loads(capsys.readouterr().out)["figures"]["strict.micro.f1"]["value"] == pytest.approx(0.4)
    assert main([*asked, "--rename", "medication"]) == 2


def test_a_code_system_that_the_run_never_gives_is_told(asked, tmp_path, capsys):
    other = {**CODE, "system": "http://hl7.org/fhir/sid/icd-10"}
    gold = lines(
        tmp_path / "who.jsonl", [GOLD[0], {**GOLD[1], "codings": [CODE, other]}], text=True, documents=8
    )
    page = tmp_path / "report.html"
    assert main([*asked, "--gold", gold, "--report", str(page)]) == 0
    out, err = capsys.readouterr()
    assert json.loads(out)["systems_not_given"] == ["icd10"]
    assert "gold has codes of icd10, no mention found has one" in err
    assert "No mention found has a code of icd10." in page.read_text("utf-8")
    assert main(asked) == 0
    assert json.loads(capsys.readouterr().out)["systems_not_given"] == []


def test_kinds_that_gold_does_not_have_are_counted_and_not_measured(asked, tmp_path, capsys):
    dates = [*RUN, finding("Has", "date")]
    run = lines(tmp_path / "dates.jsonl", dates, documents=8)
    main([*asked[:5], run, *asked[6:]])
    told = json.loads(capsys.readouterr().out)
    assert told["not_measured"] == {"date": 8}
    assert told["figures"]["strict.micro.f1"]["value"] == pytest.approx(2 / 5)
    main(
        [
            *asked[:5],
            run,
            *asked[6:],
            *(part for kind in ("condition", "medication", "date") for part in ("--kind", kind)),
        ]
    )
    assert json.loads(capsys.readouterr().out)["figures"]["strict.micro.f1"]["value"] == pytest.approx(2 / 6)


def test_the_texts_of_gold_can_be_extracted_from(tmp_path, capsys):
    (tmp_path / "a.txt").write_text(TEXT)
    (tmp_path / "a.ann").write_text("T1\tCondition 7 12\tfever\n")
    assert main(["evaluate", "notes", "--gold", str(tmp_path)]) == 0
    assert json.loads(capsys.readouterr().out) == {"id": "a", "text": TEXT}


def test_the_reports_of_elmtex_can_be_extracted_from(tmp_path, capsys):
    path = tmp_path / "test.json"
    path.write_text(json.dumps([{"report": TEXT, "summary": {}}]), "utf-8")
    assert main(["evaluate", "notes", "--gold", str(path), "--gold-format", "elmtex"]) == 0
    assert json.loads(capsys.readouterr().out) == {"id": "1", "text": TEXT}
    assert main(["evaluate", "notes", "--gold", str(path), "--gold-format", "lines"]) == 2


def test_a_report_is_written(asked, tmp_path, capsys):
    page = tmp_path / "report.html"
    assert main([*asked, "--report", str(page)]) == 0
    assert "<mark" in page.read_text("utf-8") and "asthma" in page.read_text("utf-8")
    assert main([*asked, "--report", str(page), "--no-text"]) == 0
    assert "asthma" not in page.read_text("utf-8")


def test_what_extract_writes_is_read(tmp_path):
    said = Assertion(negated=True, experiencer="family", relative="MTH")
    dose = Attribute(kind="dose", start=14, end=17, text="Has")
    code = Coding(system=ICD10CM, code="R50.9", display="Fever", score=0.8, match="exact")
    fever = Finding(
        start=7,
        end=12,
        text="fever",
        kind="condition",
        confidence=0.9,
        assertion=said,
        attributes=(dose,),
        codings=(code,),
        alternatives=(replace(code, code="R50.2"),),
    )
    path = tmp_path / "run.jsonl"
    path.write_text(
        wire.dump({"id": "a", "findings": [wire.finding(fever, categories.load())], "left_out": []})
    )
    (document,) = readers.read(path, texts={"a": TEXT})
    found, detail = document.annotations
    assert found.assertion["negated"] and found.assertion["family"] and found.confidence == 0.9
    assert [(one.code, one.score, one.chosen) for one in found.codes] == [
        ("R50.9", 0.8, True),
        ("R50.2", 0.8, False),
    ]
    assert found.details == (dose,) and detail.kind == "dose"


def test_extract_writes_which_side_and_of_what():
    side = Attribute(kind="laterality", start=8, end=12, text="left", side="left", of=Span(start=13, end=17))
    pain = Finding(start=0, end=4, text="Pain", kind="finding", confidence=0.9, attributes=(side,))
    told = wire.finding(pain, categories.load())["attributes"]["laterality"]
    assert told == [{"start": 8, "end": 12, "text": "left", "side": "left", "of": {"start": 13, "end": 17}}]


def test_bundles_are_compared_with_a_diff_and_a_gate(tmp_path, capsys):
    expected = (ROOT / "fixtures/notes/allergy/bundle.json").read_text("utf-8")
    (tmp_path / "expected.json").write_text(expected, "utf-8")
    (tmp_path / "emitted.json").write_text(expected.replace("A10BA02", "A10BA03"), "utf-8")
    diff = tmp_path / "diff.txt"
    paths = ["--expected", str(tmp_path / "expected.json"), "--emitted", str(tmp_path / "emitted.json")]
    assert main(["evaluate", "bundles", *paths, "--diff", str(diff), "--least", "all.resource.f1=1"]) == 0
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert figures["MedicationStatement.code.f1"]["value"] == 0
    assert "A10BA02" in diff.read_text() and "AllergyIntolerance" not in diff.read_text()
    assert main(["evaluate", "bundles", *paths, "--least", "0.9"]) == 5
