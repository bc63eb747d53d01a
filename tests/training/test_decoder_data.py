import json
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import context
from training.decoder import answers, data, disturbance
from training.decoder.answers import Item

NOTE = "Denies chest pain. Takes metformin 500 mg p.o. twice daily for diabetes. Appendectomy in 2019."


def spans(text, *marked):
    return [(text.index(words), text.index(words) + len(words), kind) for words, kind in marked]


@pytest.fixture(scope="module")
def rules():
    return context.load("en")


def test_a_chunk_states_its_mentions_with_status_details_date_and_reason(rules):
    marked = spans(
        NOTE,
        ("chest pain", "finding"),
        ("metformin", "medication"),
        ("500 mg", "dose"),
        ("p.o.", "route"),
        ("twice daily", "frequency"),
        ("diabetes", "condition"),
        ("Appendectomy", "procedure"),
    )
    found = answers.answer(NOTE, data.stated(NOTE, marked, rules))
    assert found["problems"] == [
        {"quote": "chest pain", "status": "absent"},
        {"quote": "diabetes", "status": "present"},
    ]
    medication = {"quote": "metformin", "status": "taking", "dose": "500 mg", "route": "p.o."}
    assert found["medications"] == [medication | {"frequency": "twice daily", "reason": "diabetes"}]
    assert found["procedures"] == [{"quote": "Appendectomy", "status": "done", "date": "2019"}]


def test_the_same_words_with_the_same_status_are_listed_once():
    text = "Cough. cough"
    items = [
        Item(array="problems", start=0, end=5, status="present"),
        Item(array="problems", start=7, end=12, status="present"),
    ]
    assert [one["quote"] for one in answers.answer(text, items)["problems"]] == ["Cough"]


words = st.text(min_size=1, max_size=12)
problem = st.tuples(words, st.none() | words)


@given(*[st.lists(problem, max_size=3)] * 3)
def test_the_pieces_of_an_answer_are_the_answer(first, second, third):
    found = {
        array: [
            {"quote": quote, "status": "present"} | ({"date": date} if date else {}) for quote, date in items
        ]
        for array, items in zip(answers.ARRAYS, (first, second, third), strict=True)
    }
    text = "".join(piece for _, piece in answers.pieces(found))
    assert text == answers.written(found)
    assert json.loads(text) == found


@given(st.integers(0, 10_000))
def test_disturbed_chunks_keep_true_offsets(seed):
    marked = spans(NOTE, ("chest pain", "finding"), ("metformin", "medication"), ("500 mg", "dose"))
    text, moved = disturbance.disturb(NOTE, marked, random.Random(seed))
    kept = {kind: text[start:end] for start, end, kind in moved}
    assert kept["finding"] == "chest pain"
    assert kept["dose"] == "500 mg"
    assert kept["medication"].strip() == kept["medication"] != ""
    assert f"Takes {kept['medication']} 500 mg" in text


def test_runs_are_whole_sentences_that_cover_the_text():
    text = "\n".join(f"Sentence number {n} says nothing of note." for n in range(40))
    found = list(data.runs("x", text, random.Random(3)))
    assert found[0][0] == 0
    assert found[-1][1] == len(text)
    assert all(text[low:high].startswith("Sentence") and text[low:high].endswith(".") for low, high in found)


def test_only_sentences_that_are_wholly_decided_are_taken():
    example = data.Example(
        id="x",
        text="There is a headache and there is a rash on it. Something here is not decided at all by anyone.",
        spans=((11, 19, ("finding",)), (35, 39, ("finding",))),
        complete=(),
        outside=((0, 11), (19, 35), (39, 47)),
    )
    assert [(text, spans) for _, text, spans in data.decided(example)] == [
        (example.text[:46], [(11, 19, "finding"), (35, 39, "finding")])
    ]
