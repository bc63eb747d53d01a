"""Identifiers from files to figures and exit codes."""

import json

import pytest

from adapter.cli import main

TEXT = "Mme Durand, 3 mai 1950"
NAME, DATE = {"start": 4, "end": 10, "kind": "name"}, {"start": 12, "end": 22, "kind": "date"}


def lines(path, identifiers, **more):
    rows = [{"id": f"n{n}", "identifiers": identifiers, **more} for n in range(8)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return str(path)


@pytest.fixture
def asked(tmp_path):
    gold = lines(tmp_path / "gold.jsonl", [NAME, DATE], text=TEXT)
    run = lines(tmp_path / "run.jsonl", [NAME | {"kind": "NOM"}])
    return ["evaluate", "redaction", "--gold", gold, "--predicted", run]


def test_figures_and_gate(asked, capsys):
    assert main(asked) == 0
    told = json.loads(capsys.readouterr().out)
    values = {name: one["value"] for name, one in told["figures"].items()}
    assert values["redacted.tokens.all.recall"] == pytest.approx(1 / 4)
    assert values["strict.micro.recall"] == 0
    assert main([*asked, "--rename", "NOM=name"]) == 0
    assert json.loads(capsys.readouterr().out)["figures"]["strict.micro.recall"]["value"] == 0.5
    assert main([*asked, "--least", "0.3"]) == 5
    assert main([*asked, "--least", "redacted.documents.name=1"]) == 0
    assert main([*asked, "--compare", asked[3]]) == 5


def test_gold_needs_its_text(asked, tmp_path, capsys):
    asked[3] = lines(tmp_path / "bare.jsonl", [NAME])
    assert main(asked) == 2
    assert "without its text" in capsys.readouterr().err
