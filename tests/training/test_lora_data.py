import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import InputError
from adapter.tasks import elmtex
from training.lora import data

SUMMARY = dict.fromkeys(elmtex.KEYS, "N/A") | {"diagnosis": "angina", "age": "54 years"}
RECORD = {"report": "A man, 54 years, with angina.", "summary": SUMMARY, "patient_uid": 7}


def written(folder, records, *, lines):
    path = folder / "data.json"
    rows = [json.dumps(record) for record in records]
    path.write_text("\n".join(rows) if lines else f"[{','.join(rows)}]", "utf-8")
    return path


@pytest.mark.parametrize("lines", [True, False])
def test_elmtex_is_read_as_a_list_and_as_lines(tmp_path, lines):
    (pair,) = data.read(written(tmp_path, [RECORD], lines=lines))
    assert (pair.text, pair.patient, pair.flat) == (RECORD["report"], "7", True)
    assert pair.answer == SUMMARY


def test_a_summary_may_be_a_string_of_json(tmp_path):
    record = RECORD | {"summary": json.dumps(SUMMARY)}
    assert data.read(written(tmp_path, [record], lines=True))[0].answer == SUMMARY


def test_a_separator_inside_a_report_does_not_end_a_line(tmp_path):
    record = RECORD | {"report": "Angina.\u2028Then rest.\x0c"}
    path = tmp_path / "data.jsonl"
    path.write_text(json.dumps(record, ensure_ascii=False) + "\n\n", "utf-8")
    assert data.read(path)[0].text == record["report"]


def test_examples_of_a_task_are_read(tmp_path):
    record = {"text": "Fever.", "answer": {"hot": True}, "evidence": {"/hot": "Fever"}, "patient": "p"}
    (pair,) = data.read(written(tmp_path, [record], lines=True))
    assert (pair.answer, pair.evidence, pair.flat) == ({"hot": True}, {"/hot": "Fever"}, False)


@pytest.mark.parametrize(
    "record",
    [
        [],
        {"report": " ", "summary": SUMMARY},
        {"report": "SECRET", "summary": {"age": "54"}},
        {"report": "SECRET", "summary": SUMMARY | {"SECRET": "x"}},
        {"report": "SECRET", "summary": SUMMARY | {"age": 54}},
        {"text": "SECRET", "answer": ["SECRET"]},
        {"text": "SECRET", "answer": {}, "evidence": ["SECRET"]},
    ],
)
def test_what_is_no_record_is_refused_by_its_number(tmp_path, record):
    with pytest.raises(InputError, match=r"^record 2") as refused:
        data.read(written(tmp_path, [RECORD, record], lines=False))
    assert "SECRET" not in str(refused.value)


def test_formats_do_not_mix(tmp_path):
    with pytest.raises(InputError, match="mixes"):
        data.read(written(tmp_path, [RECORD, {"text": "x", "answer": {}}], lines=True))


def test_what_is_no_json_is_refused(tmp_path):
    path = tmp_path / "data.json"
    for text in ("", "[", "{", '[{"report"'):
        path.write_text(text, "utf-8")
        with pytest.raises(InputError):
            data.read(path)


owners = st.lists(st.tuples(st.sampled_from(["", "a", "b", "c", "d"]), st.sampled_from("xyz")), min_size=1)


@given(owners=owners, share=st.floats(0, 0.9), seed=st.integers(0, 99))
def test_no_patient_is_on_both_sides(owners, share, seed):
    pairs = [
        data.Pair(number=n, text=text, answer={}, evidence={}, patient=patient, flat=False)
        for n, (patient, text) in enumerate(owners, start=1)
    ]
    sides = data.split(pairs, share, seed)
    assert sorted(p.number for side in (sides.train, sides.held_out) for p in side) == [
        p.number for p in pairs
    ]
    known = [
        {(p.patient, "" if p.patient else p.text) for p in side} for side in (sides.train, sides.held_out)
    ]
    assert not known[0] & known[1]
    assert sides.train
    assert data.split(pairs, share, seed) == sides
