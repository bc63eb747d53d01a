"""ELMTEX files to figures and exit codes."""

import json

import pytest

from adapter.cli import main
from adapter.tasks import elmtex

EMPTY = dict.fromkeys(elmtex.KEYS, "N/A")
DIAGNOSES = ["asthma", "iron deficiency anemia", "gout; sepsis", "community-acquired pneumonia"] * 2


@pytest.fixture
def asked(tmp_path):
    gold = [{"report": "r", "summary": EMPTY | {"diagnosis": one, "gender": "male"}} for one in DIAGNOSES]
    run = [{"summary": EMPTY | {"diagnosis": one.replace("iron", "low iron")}} for one in DIAGNOSES]
    (tmp_path / "gold.json").write_text(json.dumps(gold), "utf-8")
    (tmp_path / "run.json").write_text(json.dumps(run), "utf-8")
    return [
        "evaluate",
        "answers",
        "--gold",
        str(tmp_path / "gold.json"),
        "--predicted",
        str(tmp_path / "run.json"),
    ]


def test_figures(asked, capsys):
    assert main([*asked, "--threads", "2"]) == 0
    told = json.loads(capsys.readouterr().out)
    values = {name: one["value"] for name, one in told["figures"].items()}
    assert told["reports"] == 8 and told["invalid"] == 0 and values["valid"] == 1
    assert values["strict.items.diagnosis.f1"] == pytest.approx(0.8)
    assert values["omitted.gender"] == 1
    assert told["bertscore"]["layer"] == "last" and "diagnosis" in told["bertscore"]["baseline"]
    assert 0.9 < values["elmtex.bertscore.diagnosis.f1"] < 1
    assert values["strict.bertscore.diagnosis.rescaled"] < values["strict.bertscore.diagnosis.f1"]


def test_concepts_are_those_of_this_installation(asked, core_store, capsys):
    wanted = ["--no-bertscore", "--concepts", "--terminology", str(core_store), "--language", "en"]
    assert main([*asked, *wanted, "--threads", "2"]) == 0
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert figures["strict.concepts.diagnosis.f1"]["value"] > figures["strict.items.diagnosis.f1"]["value"]
    assert "strict.concepts.gender.f1" not in figures


@pytest.mark.parametrize(
    "told",
    [
        ("The patient has had a raised pressure for years.", "hypertension", "high blood pressure"),
        ("Der Patient klagt seit Jahren über Atemnot bei Belastung.", "Asthma", "Asthma bronchiale"),
    ],
)
def test_concepts_of_a_field_are_read_in_the_language_of_its_report(tmp_path, core_store, capsys, told):
    report, true, said = told
    gold, run = tmp_path / "gold.json", tmp_path / "run.json"
    gold.write_text(json.dumps([{"report": report, "summary": EMPTY | {"diagnosis": true}}]), "utf-8")
    run.write_text(json.dumps([{"summary": EMPTY | {"diagnosis": said}}]), "utf-8")
    files = ["--gold", str(gold), "--predicted", str(run), "--terminology", str(core_store)]
    assert main(["evaluate", "answers", *files, "--no-bertscore", "--concepts", "--threads", "2"]) == 0
    figures = json.loads(capsys.readouterr().out)["figures"]
    assert figures["strict.concepts.diagnosis.f1"]["value"] == 1
    assert figures["strict.items.diagnosis.f1"]["value"] == 0


def test_the_gate(asked, capsys):
    quick = [*asked, "--no-bertscore"]
    assert main([*quick, "--least", "0.5"]) == 0
    assert main([*quick, "--least", "strict.items.diagnosis.recall=0.9"]) == 5
    assert main([*quick, "--least", "strict.bertscore.micro.f1=0.1"]) == 2
    assert main([*quick, "--compare", asked[3]]) == 5
    told = capsys.readouterr()
    assert "strict.items.micro.f1 is worse" in told.err
