"""How alike two texts are, against cases counted by hand and a slow, plain computation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.evaluation import texts
from adapter.tasks import elmtex


@pytest.mark.parametrize(
    "text, found",
    [
        ("N/A", {}),
        (" n/a ", {}),
        ("", {}),
        ("Fever; cough.", {"fever": 1, "cough": 1}),
        ("fever;  Fever ;", {"fever": 2}),
        ("Asthma (mild);COPD", {"asthma (mild)": 1, "copd": 1}),
        ("-  chest\npain", {"chest pain": 1}),
        ("; . ;", {}),
        ("pain\\; worse at night; rash", {"pain; worse at night": 1, "rash": 1}),
    ],
)
def test_items(text, found):
    assert texts.items(text) == found


@given(st.lists(st.sampled_from(["fever", "pain; worse", "N/A", "a\\", "Asthma"]), min_size=1, max_size=4))
def test_items_of_what_we_write_are_its_facts(facts):
    flat = elmtex.write({"diagnosis": facts})["diagnosis"]
    assert texts.items(flat).total() == len(facts)


def test_rouge_is_that_of_the_package_with_stemming():
    pytest.importorskip("rouge_score")
    found = texts.rouge()("The patient complains of severe headaches", "patient complained of a headache")
    # stemmed: the patient complain of sever headach / patient complain of a headach: 4 of 6 and 4 of 5
    assert found["rouge1"] == pytest.approx(2 * 4 / (6 + 5))
    assert found["rouge2"] == pytest.approx(2 * 2 / (5 + 4))  # patient complain, complain of
    assert found["rougeL"] == pytest.approx(2 * 4 / (6 + 5))
    assert texts.rouge()("fever", "cough") == {"rouge1": 0, "rouge2": 0, "rougeL": 0}


def test_bertscore_by_hand():
    """Two tokens against three: cosines 1, 0.6 and 0 of the first; 0, 0.8 and 1 of the second."""
    gold = np.array([[1, 0], [0, 1]], np.float32)
    given_ = np.array([[1, 0], [0.6, 0.8], [0, 1]], np.float32)
    precision, recall, f1 = texts.bertscore(gold, given_)
    assert precision == pytest.approx((1 + 0.8 + 1) / 3)
    assert recall == 1
    assert f1 == pytest.approx(2 * precision / (precision + 1))


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 1000))
def test_bertscore_as_written_in_its_paper(first, second, seed):
    drawn = np.random.default_rng(seed)
    gold, given_ = (_unit(drawn.normal(size=(size, 4))) for size in (first, second))
    recall = sum(max(float(one @ other) for other in given_) for one in gold) / first
    precision = sum(max(float(other @ one) for one in gold) for other in given_) / second
    found = texts.bertscore(gold, given_)
    assert found[:2] == pytest.approx((precision, recall), abs=1e-5)
    if precision + recall > 0.01:
        assert found[2] == pytest.approx(2 * precision * recall / (precision + recall), rel=1e-3)
    assert texts.bertscore(gold, gold) == pytest.approx((1, 1, 1), abs=1e-5)


def test_a_text_without_tokens_is_like_none():
    one = np.ones((1, 1), np.float32)
    assert texts.bertscore(one, np.empty((0, 1), np.float32)) == (0, 0, 0)
    assert texts.bertscore(np.empty((0, 1), np.float32), one) == (0, 0, 0)


def _unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
