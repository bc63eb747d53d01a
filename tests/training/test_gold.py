import gzip
import hashlib
import json
from collections import Counter
from pathlib import Path

import pytest

from adapter.model import FLAGS, KINDS
from training.gold import score

ROOT = Path(__file__).parents[2]
GOLD = ROOT / "training" / "gold"
CORPORA = ROOT.parent / "shared" / "corpora"
FILES = {score.NOTES: 100, score.NOTES.with_name("test.en.jsonl"): 30}
ANNOTATED = ROOT / "training" / "annotated" / "en.jsonl"


def records(path):
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


RECORDS = records(score.NOTES)
EVERY = [record for path in FILES for record in records(path)]
MENTIONS = {id: found for path in FILES for id, found in score.gold_notes(path).items()}


def mention(start, end, kind="condition", **more):
    return {"start": start, "end": end, "kind": kind, **more}


@pytest.fixture(scope="module")
def texts():
    if not (CORPORA / "notes").is_dir():
        pytest.skip("the corpora are not beside this checkout (../shared/corpora/notes)")
    return {id: text for path in FILES for id, text in score.texts(path, CORPORA).items()}


@pytest.mark.parametrize("record", EVERY, ids=lambda record: record["id"])
class TestFormat:
    def test_a_record_has_no_text(self, record):
        assert record.keys() == {"id", "sha256", "language", "findings"}
        assert len(bytes.fromhex(record["sha256"])) == 32
        assert record["findings"] and not any("text" in one for one in record["findings"])

    def test_mentions_do_not_overlap(self, record):
        last = 0
        for one in MENTIONS[record["id"]]:
            assert last <= one["start"] < one["end"]
            last = one["end"]

    def test_only_known_kinds_and_true_assertions_are_written(self, record):
        for one in record["findings"]:
            assert one["kind"] in KINDS
            said = one["assertion"]
            assert said.keys() <= {*FLAGS, "experiencer", "relative"}
            assert all(said[flag] is True for flag in said.keys() & set(FLAGS))
            assert said.get("experiencer", "family") in {"family", "other"}
            assert one.get("attributes", {}).keys() <= set(KINDS)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_kind_but_none_unknown_is_in_the_set(path):
    details = {"date", "reason"}  # only language models find these
    kinds = {one["kind"] for mentions in score.gold_notes(path).values() for one in mentions}
    assert kinds == set(KINDS) - details


def test_notes_are_distinct_and_held_out_from_training():
    names = [record["id"] for record in EVERY]
    held_out = (GOLD / "held_out.txt").read_text("utf-8").split()
    assert [len(records(path)) for path in FILES] == [*FILES.values()]
    assert len(names) == len(set(names))
    assert set(names) <= set(held_out)
    assert held_out == sorted(set(held_out))
    assert not set(held_out) & {record["id"] for record in records(ANNOTATED)}


def test_the_corpus_texts_are_those_annotated(texts):
    for record in EVERY:
        assert hashlib.sha256(texts[record["id"]].encode()).hexdigest() == record["sha256"]


def test_spans_lie_in_the_text_on_whole_words(texts):
    for record in EVERY:
        text = texts[record["id"]]
        for one in MENTIONS[record["id"]]:
            words = text[one["start"] : one["end"]]
            assert len(words) == one["end"] - one["start"]
            assert words == words.strip()
            assert "\n\n" not in words
            assert not (text[: one["start"]][-1:].isalnum() and words[0].isalnum()), words
            assert not (text[one["end"] :][:1].isalnum() and words[-1].isalnum()), words


def test_gold_scores_perfectly_against_itself(tmp_path, capsys):
    (tmp_path / "run.jsonl").write_text("\n".join(map(json.dumps, RECORDS)), "utf-8")
    assert score.main(["--predicted", str(tmp_path / "run.jsonl")]) == 0
    printed = capsys.readouterr().out
    total = sum(map(len, score.gold_notes(score.NOTES).values()))
    assert f"micro                   1.000  1.000  1.000{total:6}     0     0" in printed
    assert "negated           1.000" in printed


def test_strict_wants_the_same_span_and_kind():
    gold = {"a": [mention(0, 5), mention(10, 15), mention(20, 25, "test")], "b": [mention(0, 5)]}
    predicted = {"a": [mention(0, 5), mention(10, 16), mention(20, 25, "result")], "c": [mention(0, 5)]}
    assert score.strict(gold, predicted) == {"condition": (1, 1, 2), "result": (0, 1, 0), "test": (0, 0, 1)}


def test_relaxed_uses_each_mention_once():
    gold = {"a": [mention(0, 10), mention(20, 30)]}
    predicted = {"a": [mention(0, 3), mention(4, 10), mention(30, 35)]}
    assert score.relaxed(gold, predicted) == {"condition": (1, 2, 1)}
    assert [other["start"] for _, other in score.pairs(gold, predicted)] == [4]


def test_conditions_and_findings_merge():
    gold, predicted = {"a": [mention(0, 5)]}, {"a": [mention(0, 5, "finding")]}
    assert score.strict(gold, predicted) == {"condition": (0, 0, 1), "finding": (0, 1, 0)}
    assert score.strict(score.merged(gold), score.merged(predicted)) == {"problem": (1, 0, 0)}


def test_assertions_are_compared_on_matches_only():
    gold = {
        "a": [
            mention(0, 5, assertion={"negated": True}),
            mention(10, 15),
            mention(20, 25, assertion={"experiencer": "family"}),
        ]
    }
    predicted = {
        "a": [
            mention(0, 5, "finding", assertion={"negated": False, "experiencer": "patient"}),
            mention(10, 15, assertion={"negated": False, "experiencer": "patient"}),
            mention(90, 95, assertion={"negated": True, "experiencer": "family"}),
        ]
    }
    assert score.assertions(gold, predicted) == {
        "negated": Counter({("true", "false"): 1, ("false", "false"): 1}),
        "experiencer": Counter({("patient", "patient"): 2}),
    }


def test_predictions_without_assertions_give_no_assertion_figures():
    notes = {"a": [mention(0, 5, assertion={"negated": True})]}
    assert score.assertions(notes, {"a": [mention(0, 5)]}) == {}


def test_scores_of_nothing_are_zero():
    assert score.scores((0, 0, 0)) == (0.0, 0.0, 0.0)
    assert score.scores((1, 1, 3)) == (0.5, 0.25, pytest.approx(1 / 3))


@pytest.mark.parametrize(
    "attributes",
    [
        [{"kind": "dose", "start": 8, "end": 13}],
        {"dose": {"start": 8, "end": 13}},
        {"dose": [{"start": 8, "end": 13, "text": "20 mg"}]},
    ],
)
def test_attributes_of_findings_are_mentions_counted_once(tmp_path, attributes):
    drug = mention(0, 7, "medication", attributes=attributes)
    path = tmp_path / "run.jsonl"
    path.write_text(json.dumps({"id": "a", "findings": [drug, drug]}), "utf-8")
    gold = {"a": [mention(0, 7, "medication"), mention(8, 13, "dose")]}
    assert score.strict(gold, score.predicted_notes(path)) == {"dose": (1, 0, 0), "medication": (1, 0, 0)}


def test_a_note_without_prediction_is_an_error(tmp_path, capsys):
    (tmp_path / "run.jsonl").write_text("", "utf-8")
    assert score.main(["--predicted", str(tmp_path / "run.jsonl")]) == 1
    assert RECORDS[0]["id"] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "message"), [("a", "a: not the text that was annotated"), ("b", "b: not in")]
)
def test_a_missing_or_changed_text_is_an_error(tmp_path, name, message):
    (tmp_path / "notes").mkdir()
    with gzip.open(tmp_path / "notes" / "dev.jsonl.gz", "wt", encoding="utf-8") as corpus:
        corpus.write(json.dumps({"id": "a", "text": "No fever."}))
    gold = tmp_path / "gold.jsonl"
    gold.write_text(json.dumps({"id": name, "sha256": "00" * 32, "mentions": []}), "utf-8")
    with pytest.raises(ValueError, match=message):
        score.texts(gold, tmp_path)


def test_what_only_one_side_has_is_shown_with_its_words():
    gold, predicted = {"a": [mention(3, 8, "finding")]}, {"a": [mention(0, 8, "finding")]}
    shown = list(score.disagreements(gold, predicted, {"a": "No fever."}))
    assert shown == ["a\textra\tfinding\t[No fever].", "a\tmissed\tfinding\tNo [fever]."]
