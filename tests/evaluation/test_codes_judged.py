"""benchmarks/codes_judged.py: shares of right codes, by verdicts on each."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / "benchmarks" / "codes_judged.py"
SCT, ICD = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm"
TEXT = "Asthma, gout, a rash; took aspirin."


def mention(words, kind, *codes):
    start = TEXT.index(words)
    codings = [{"system": system, "code": code, "display": f"name of {code}"} for system, code in codes]
    return {"start": start, "end": start + len(words), "kind": kind, "codings": codings}


def verdict(one, system, code, said):
    place = {name: one[name] for name in ("start", "end", "kind")}
    return {"id": "n", **place, "system": system, "code": code, "verdict": said}


@pytest.fixture
def judged(tmp_path):
    asthma = mention("Asthma", "condition", (SCT, "1"), (ICD, "J1"))
    gout = mention("gout", "condition", (SCT, "2"))
    rash, aspirin = mention("rash", "finding"), mention("aspirin", "medication", (SCT, "3"))
    gold = {"id": "n", "text": TEXT, "findings": [asthma, gout, rash, aspirin]}
    files = {
        "gold": [gold],
        "findings": [{"id": "n", "findings": [asthma, gout, rash, aspirin]}],
        "verdicts": [
            verdict(asthma, SCT, "1", "right"),
            verdict(asthma, ICD, "J1", "broader"),
            verdict(gout, SCT, "2", "wrong"),
            verdict(gout, SCT, "9", "right"),
        ],
    }
    for name, rows in files.items():
        (tmp_path / name).write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return tmp_path


@pytest.fixture
def run(judged, monkeypatch, capsys):
    spec = importlib.util.spec_from_file_location("codes_judged", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "codes_judged", module)
    spec.loader.exec_module(module)

    def printed(*more):
        files = [f"--{name}={judged / name}" for name in ("gold", "findings")]
        monkeypatch.setattr(
            sys, "argv", ["codes_judged.py", *files, "--verdicts", str(judged / "verdicts"), *more]
        )
        module.main()
        return capsys.readouterr().out.splitlines()

    return printed


def table(lines):
    return {line[:24].strip(): line[24:].split() for line in lines[1:-1]}


def test_shares_are_of_judged_top_codes(run):
    found = table(run())
    assert found["condition"][:6] == ["2", "1.000", "1.000", "1.000", "2", "0.500"]
    assert found["condition + medication"][:4] == ["3", "1.000", "1.000", "1.000"]
    assert found["condition + medication"][-1] == "1"  # the drug has no verdict
    assert found["finding"][:5] == ["1", "0.000", "0.000", "0.000", "0"]


def test_systems_are_counted_apart_and_old_verdicts_told(run):
    *lines, last = run()
    line = next(line for line in lines if line.startswith("  icd-10-cm"))
    assert line.split()[1:3] == ["1", "0.000"]
    assert last == "4 verdicts, 1 of them on codes that are not given any more"


def test_codes_without_a_verdict_are_written_with_their_words(judged, run):
    run("--missing", str(judged / "missing"))
    (line,) = (judged / "missing").read_text("utf-8").splitlines()
    assert json.loads(line)["text"] == "aspirin" and json.loads(line)["verdict"] is None


def test_an_unknown_verdict_is_refused(judged, run):
    path = judged / "verdicts"
    path.write_text(path.read_text("utf-8").replace("broader", "fine"), "utf-8")
    with pytest.raises(SystemExit, match=":2: verdict must be"):
        run()
