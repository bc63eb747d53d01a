"""`notewright reviews`: what reviewers validated is what evaluation and training read."""

import json

import pytest

from adapter import cli
from adapter.evaluation import readers
from adapter.extraction.generative.shots import read_examples
from adapter.ledger import opened
from adapter.reviews import Words
from tests.reviews.review_cases import ANN, BOB, NOTE, running


@pytest.fixture(scope="module")
def ledger(tmp_path_factory, pipeline):
    url = f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.sqlite"
    with opened(url) as database, running(database, pipeline) as site:
        whole, part = site.accept(NOTE), site.accept("A/P: gout.\nDenies chest pain.")
        site.say(ANN, whole, "Metformin", "reject")
        site.say(ANN, whole, "asthma", "change", axes=["uncertain"], experiencer="patient")
        site.desk.add(ANN, whole, Words(text="rest"), "procedure")
        site.desk.accept_rest(ANN, whole)
        site.say(BOB, whole, "asthma", "withdraw")
        site.desk.accept_rest(BOB, whole)
        site.say(ANN, part, "gout", "accept")
    return url, whole, part


def rows(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_what_is_exported_is_gold_for_evaluation(ledger, tmp_path):
    url, whole, _ = ledger
    out = tmp_path / "gold.jsonl"
    assert cli.main(["reviews", "export", "--database", url, "--output", str(out)]) == 0
    (row,) = rows(out)
    assert row["id"] == whole and row["text"] == NOTE and row["complete"] is True
    assert [one["text"] for one in row["findings"]] == [
        "asthma",
        "sinusitis",
        "chest pain",
        "rest",
    ]
    (document,) = readers.read(out)
    assert {one.kind for one in document.annotations} >= {"condition", "procedure"}


def test_what_is_exported_is_what_training_takes(ledger, tmp_path):
    training = pytest.importorskip("training.findings", reason="no PyTorch here", exc_type=ImportError)
    out = tmp_path / "rows.jsonl"
    assert cli.main(["reviews", "export", "--database", ledger[0], "--output", str(out)]) == 0
    (row,) = rows(out)
    example = training.example(row, row["text"])
    assert next(NOTE[start:end] for start, end, _ in example["spans"]) == "asthma"
    assert example["said"][0][2] == ["uncertain"]


def test_partly_judged_texts_only_where_they_are_asked_for(ledger, tmp_path):
    url, _, part = ledger
    out = tmp_path / "part.jsonl"
    assert cli.main(["reviews", "export", "--partial", "--database", url, "--output", str(out)]) == 0
    found = {row["id"]: row for row in rows(out)}
    assert [one["text"] for one in found[part]["findings"]] == ["gout"] and found[part]["complete"] is False


def test_answers_are_what_retrieved_examples_are_read_from(ledger, tmp_path):
    url, *_ = ledger
    out = tmp_path / "approved.jsonl"
    command = ["reviews", "export", "--form", "answers", "--database", url, "--output", str(out)]
    assert cli.main(command) == 0
    (example,) = read_examples(out)
    assert {"quote": "asthma", "status": "possible"} in example.answer["problems"]
    assert {"quote": "chest pain", "status": "absent"} in example.answer["problems"]
    assert example.answer["medications"] == []


def test_agreement_is_told_pair_by_pair(ledger, capsys):
    assert cli.main(["reviews", "agreement", "--database", ledger[0]]) == 0
    (pair,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert pair["one"]["name"] == "Ann Example" and pair["documents"] == 1 and 0 < pair["spans"] <= 1
