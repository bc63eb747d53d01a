"""ELMTEX summaries: what its own scores forgive, and strict ones do not."""

import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import InputError
from adapter.evaluation import answer_mistakes, answers, comparison
from adapter.evaluation.readers import summaries
from adapter.tasks import elmtex

EMPTY = dict.fromkeys(elmtex.KEYS, "N/A")
GOLD = EMPTY | {"diagnosis": "asthma; gout", "pathology": "none seen", "age": "40"}


def rows(path, some):
    path.write_text("".join(json.dumps(row) + "\n" for row in some), "utf-8")
    return path


@pytest.fixture
def cases(tmp_path):
    """Four reports of the same gold: right, partly right and inventing, no JSON, and no answer at all."""
    gold = rows(tmp_path / "gold.jsonl", ({"id": n, "report": "r", "summary": GOLD} for n in range(4)))
    partly = GOLD | {"diagnosis": "Asthma; flu; flu", "pathology": "N/A", "life_style": "smokes"}
    run = [
        {"id": 0, "summary": GOLD},
        {"id": 1, "summary": partly},
        {"id": 2, "summary": 'Here it is: {"diagnosis"'},
    ]
    return summaries.paired(gold, rows(tmp_path / "run.jsonl", run))


def values(cases, **more):
    found = answers.evaluate(cases, resamples=20, **more)
    return {name: one.value for name, one in found.figures.items()}


def test_strict_scores_by_hand(cases):
    found = values(cases)
    assert found["valid"] == 0.5
    # report 0: 4 items of 4; report 1: asthma and 40 of 4, given asthma, flu, flu, 40, smokes
    assert found["strict.items.micro.precision"] == pytest.approx(6 / 9)
    assert found["strict.items.micro.recall"] == pytest.approx(6 / 16)
    assert found["strict.items.micro.f1"] == pytest.approx(12 / 25)
    assert found["strict.items.diagnosis.precision"] == pytest.approx(3 / 5)
    assert found["strict.items.life_style.f1"] == 0
    assert found["invented.life_style"] == pytest.approx(1 / 4)
    assert found["invented.micro"] == pytest.approx(1 / 48)
    assert found["omitted.pathology"] == pytest.approx(3 / 4)
    assert found["omitted.micro"] == pytest.approx(7 / 12)


def test_elmtex_forgives(cases):
    found = values(cases)
    # reports 0 and 1 alone; of their diagnoses 2/2 and 1/2 (a set), of pathology 1 and 0
    assert found["elmtex.entities.diagnosis.precision"] == pytest.approx((1 + 1 / 2) / 2)
    assert found["elmtex.entities.diagnosis.recall"] == pytest.approx((1 + 1 / 2) / 2)
    assert found["elmtex.entities.pathology.f1"] == pytest.approx(1 / 2)
    assert found["elmtex.entities.macro.f1"] == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert not any(name.startswith(("elmtex.entities.age", "elmtex.entities.life_style")) for name in found)


def test_concepts_are_compared_in_place_of_words():
    codes = {"high blood pressure": ["I10"], "hypertension; gout": ["I10", "M10"], "hypertension": ["I10"]}

    def concepts(text, told):
        assert "hypertension; gout" in told  # gold's, from which the language is heard
        return Counter(codes.get(text, []))

    gold = EMPTY | {"diagnosis": "hypertension; gout", "life_style": "hypertension"}
    given = EMPTY | {"diagnosis": "high blood pressure"}
    cases = [
        summaries.SummaryCase(id="a", gold=gold, given=given, valid=True),
        summaries.SummaryCase(id="b", gold=gold, given=None, valid=False, report="What was written."),
    ]
    assert cases[1].told.startswith("What was written.\n")
    found = values(cases, concepts=concepts)
    assert found["elmtex.concepts.diagnosis.recall"] == 0.5
    assert found["elmtex.concepts.micro.precision"] == 1
    assert found["strict.concepts.micro.recall"] == pytest.approx(1 / 6)
    assert found["strict.items.micro.f1"] == 0


def same(gold, given):
    """ROUGE of texts that are the same or not."""
    return dict.fromkeys(("rouge1", "rouge2", "rougeL"), float(gold == given))


def test_rouge_is_averaged_where_elmtex_does_and_over_all(cases):
    found = values(cases, rouge=same)
    assert found["elmtex.rouge1.diagnosis"] == pytest.approx(1 / 2)  # two reports have an answer
    assert found["elmtex.rouge1.pathology"] == pytest.approx(1 / 2)
    assert "elmtex.rouge1.life_style" not in found  # gold says nothing
    assert found["strict.rouge1.diagnosis"] == pytest.approx(1 / 4)
    assert found["strict.rouge1.life_style"] == 0
    assert found["strict.rouge1.micro"] == pytest.approx((3 + 1) / (12 + 1))
    assert found["strict.rouge1.macro"] == pytest.approx((1 / 4 + 1 / 4 + 2 / 4 + 0) / 4)


def test_bertscore_counts_what_elmtex_counts(cases):
    found = values(cases, embed=letters)
    assert found["elmtex.bertscore.comorbidities.f1"] == 1  # N/A beside N/A
    assert "strict.bertscore.comorbidities.f1" not in found
    assert found["strict.bertscore.age.f1"] == pytest.approx(1 / 2)
    assert found["strict.bertscore.pathology.f1"] == pytest.approx(1 / 4)
    assert found["strict.bertscore.life_style.f1"] == 0


def letters(text):
    """A token for each letter, like itself alone."""
    found = np.zeros((len(text), 128), np.float32)
    found[range(len(text)), [ord(one) % 128 for one in text]] = 1
    return found


def test_what_is_true_of_another_report_is_the_baseline():
    told = [EMPTY | {"diagnosis": words} for words in ("ab", "ac", "ad")]
    cases = [
        summaries.SummaryCase(id=str(at), gold=one, given=one, valid=True) for at, one in enumerate(told)
    ]
    found = answers.evaluate(cases, embed=letters, resamples=5)
    assert found.baseline == {"diagnosis": pytest.approx(1 / 2)}  # one letter of two
    assert found.figures["strict.bertscore.diagnosis.rescaled"].value == pytest.approx(1)
    swapped = [summaries.SummaryCase(id="a", gold=told[0], given=told[1], valid=True), *cases[1:]]
    found = answers.evaluate(swapped, embed=letters, resamples=5)
    assert found.figures["elmtex.bertscore.diagnosis.rescaled"].value == pytest.approx(2 / 3)


def test_two_runs_are_compared(cases):
    right = [summaries.SummaryCase(id=one.id, gold=one.gold, given=one.gold, valid=True) for one in cases] * 3
    run, other = (answers.evaluate(some, rouge=same, resamples=20) for some in (list(cases) * 3, right))
    found = {one.name: one for one in comparison.compare(run, other, shuffles=500)}
    assert set(found) == {"valid", "strict.items.micro.f1", "strict.rougeL.micro"}
    assert found["strict.items.micro.f1"].worse
    assert found["valid"].difference.first == pytest.approx(0.5)


def test_nothing_to_measure_is_not_known():
    found = answers.evaluate([], resamples=5)
    assert found.reports == 0 and np.isnan(found.figures["strict.items.micro.f1"].value)


@pytest.mark.parametrize(
    "row, fields, valid",
    [
        ({"summary": GOLD}, 15, True),
        ({"elmtex": GOLD, "answer": {}}, 15, True),
        ({"prediction": json.dumps(GOLD)}, 15, True),
        ({"answer": elmtex.read(GOLD)}, 15, True),
        (GOLD, 15, True),
        ({"summary": {key: GOLD[key] for key in elmtex.KEYS[1:]}}, 14, False),
        ({"summary": GOLD | {"diagnosis": ["asthma"]}}, 14, False),
        ({"summary": GOLD | {"allergies": "N/A"}}, 15, False),
        ({"summary": {}}, 0, False),
        ({"summary": "[]"}, None, False),
        ({"summary": None}, None, False),
        ({"summary": GOLD, "outcome": {}}, None, False),
    ],
)
def test_answers_are_read_and_judged(tmp_path, row, fields, valid):
    (one,) = summaries.read(rows(tmp_path / "one.jsonl", [row]))
    assert (one.fields if one.fields is None else len(one.fields)) == fields
    assert one.valid is valid


def test_an_array_is_paired_in_order(tmp_path):
    gold = tmp_path / "gold.json"
    gold.write_text(json.dumps([{"report": "a", "summary": GOLD, "patient_uid": "1"}] * 2), "utf-8")
    run = rows(tmp_path / "run.jsonl", [{"summary": GOLD}, {"summary": EMPTY}])
    assert [(one.id, one.given["diagnosis"]) for one in summaries.paired(gold, run)] == [
        ("1", "asthma; gout"),
        ("2", "N/A"),
    ]
    with pytest.raises(InputError, match="1 rows for the 2"):
        summaries.paired(gold, rows(tmp_path / "short.jsonl", [{"summary": GOLD}]))


@pytest.mark.parametrize(
    "text, said",
    [
        ('{"id": 1', "row 1: not JSON"),
        ("[3]", "row 1: not an object"),
        ("", "no rows"),
        ('{"id": [], "summary": {}}', "row 1: id"),
        ('{"id": 1, "summary": {"diagnosis": "secret"}}', "row 1: not the fifteen"),
        (json.dumps({"id": 1, "summary": GOLD}) + "\n" + json.dumps({"id": 1, "summary": GOLD}), "2 times"),
    ],
)
def test_what_is_no_gold_is_refused_without_quoting_it(tmp_path, text, said):
    path = tmp_path / "gold.jsonl"
    path.write_text(text, "utf-8")
    with pytest.raises(InputError, match=said) as error:
        summaries.paired(path, rows(tmp_path / "run.jsonl", [{"id": 1, "summary": GOLD}]))
    assert "secret" not in str(error.value)


def test_the_texts_of_reports(tmp_path):
    some = [{"id": "a", "report": "one", "summary": GOLD}, {"report": "two", "summary": GOLD}]
    assert summaries.reports(rows(tmp_path / "a.jsonl", some)) == [("a", "one"), ("2", "two")]
    with pytest.raises(InputError, match="row 1: report"):
        summaries.reports(rows(tmp_path / "b.jsonl", [{"summary": GOLD}]))


def test_answers_to_unknown_reports_are_refused(tmp_path):
    gold = rows(tmp_path / "gold.jsonl", [{"id": 1, "summary": GOLD}])
    with pytest.raises(InputError, match="rows that are not in gold: 1, the first is 2"):
        summaries.paired(gold, rows(tmp_path / "run.jsonl", [{"id": 2, "summary": GOLD}]))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(["N/A", ";", "{}"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "summary", "answer", "outcome", *elmtex.KEYS[:3]]), inner)
    ),
    max_leaves=8,
)


@given(JSON)
def test_whatever_a_row_holds_is_read_or_refused(tmp_path_factory, value):
    folder = tmp_path_factory.mktemp("rows")
    gold = rows(folder / "gold.jsonl", [{"summary": GOLD}])
    try:
        cases = summaries.paired(gold, rows(folder / "run.jsonl", [value]))
    except InputError:
        return
    found = answers.evaluate(cases, rouge=same, embed=letters, resamples=2)
    assert 0 <= found.figures["strict.items.micro.f1"].value <= 1
    assert answer_mistakes.listed(cases, text=True) or found.figures["strict.items.micro.f1"].value == 1
