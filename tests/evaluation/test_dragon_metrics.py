import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.evaluation import metrics


@pytest.mark.parametrize(
    "truth, scores, area",
    [
        ([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8], 3 / 4),
        ([1, 0], [0.9, 0.1], 1.0),
        ([1, 0], [0.1, 0.9], 0.0),
        ([1, 0, 1, 0], [0.5, 0.5, 0.5, 0.5], 1 / 2),
        ([1, 0, 0], [0.5, 0.5, 0.1], 3 / 4),  # one tie of two pairs
    ],
)
def test_area_under_the_curve(truth, scores, area):
    assert metrics.auc(truth, scores) == pytest.approx(area)


def test_area_needs_both_classes():
    assert math.isnan(metrics.auc([1, 1], [0.1, 0.2]))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), max_size=30))
def test_area_is_the_share_of_pairs_in_order(cases):
    pairs = [(a > b) + (a == b) / 2 for one, a in cases for other, b in cases if one and not other]
    area = metrics.auc([one for one, _ in cases], [float(score) for _, score in cases])
    assert math.isnan(area) if not pairs else area == pytest.approx(sum(pairs) / len(pairs))


def test_kappa_is_agreement_beyond_chance():
    first = ["yes"] * 25 + ["no"] * 25
    second = ["yes"] * 20 + ["no"] * 5 + ["yes"] * 10 + ["no"] * 15
    assert metrics.kappa(first, second) == pytest.approx(0.4)  # 0.7 agree, 0.5 by chance


def test_linear_kappa_weighs_by_distance():
    first, second = [0, 0, 1, 2], [0, 1, 1, 0]
    # weighted: 1 + 2 disagree; by chance 1 (0, 1) + 1/2 (1, 0) + 1 (2, 0) + 1/2 (2, 1)
    assert metrics.kappa(first, second, linear=True) == pytest.approx(1 - 3 / 3)
    assert metrics.kappa([1, 2, 10], [1, 2, 10], linear=True) == 1.0


def test_kappa_of_one_class_is_undefined():
    assert math.isnan(metrics.kappa(["a", "a"], ["a", "a"]))


def test_r_smape_forgives_small_errors_of_small_numbers():
    assert metrics.r_smape([10.0], [10.0], 4) == 1.0
    assert metrics.r_smape([10.0, 1.0], [6.0, 0.0], 4) == pytest.approx(1 - (4 / 20 + 1 / 5) / 2)


def test_r_smape_leaves_missing_labels_out_and_takes_missing_predictions_as_nothing():
    assert metrics.r_smape([None, math.nan, 8.0], [5.0, 1.0, None], 4) == pytest.approx(1 - 8 / 12)
    assert math.isnan(metrics.r_smape([None], [1.0], 4))


TRUE = [["B-A", "I-A", "O", "B-B"], ["B-A", "O", "B-C", "O"]]
FOUND = [["B-A", "I-A", "O", "B-A"], ["B-A", "I-A", "B-C", "O"]]


@pytest.mark.parametrize(
    "average, score",
    [
        ("micro", 2 * 2 / (4 + 4)),  # right: A at 0-1, C; wrong: A at 3, A at 0-1 of the second
        ("macro", (2 * 1 / 5 + 0 + 1) / 3),
        ("weighted", (2 * (2 / 5) + 0 + 1) / 4),
    ],
)
def test_f1_of_entities(average, score):
    assert metrics.entity_f1(TRUE, FOUND, average) == pytest.approx(score)


def test_a_label_that_is_only_predicted_counts_in_the_macro_mean():
    assert metrics.entity_f1([["B-A", "O"]], [["B-A", "B-Z"]], "macro") == 0.5
    assert metrics.entity_f1([["B-A", "O"]], [["B-A", "B-Z"]], "weighted") == 1.0


def test_nothing_to_find_is_nothing_found():
    for average in ("micro", "macro", "weighted"):
        assert metrics.entity_f1([["O"]], [["O"]], average) == 0.0
    assert metrics.several_f1([[["O"]]], [[["O"]]]) == 0.0


def test_where_words_have_several_labels_each_kind_counts_by_how_often_it_is_true():
    true = [[["B-1-x", "B-2-x"], ["I-1-x"], ["O"], ["B-1-x"]]]
    found = [[["B-2-x", "B-1-x"], ["I-1-x"], ["O"], ["O"]]]
    assert metrics.several_f1(true, found) == pytest.approx((2 * (2 / 3) + 1 * 1.0) / 3)


def test_the_labels_of_a_kind_are_those_its_name_stands_in():
    true = [[["B-1-x"], ["B-11-x"]]]
    assert metrics.several_f1(true, [[["B-1-x"], ["O"]]]) == pytest.approx((2 * 0.5 + 1 * 0.0) / 3)


@given(
    st.lists(st.lists(st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B"]), max_size=6), min_size=1, max_size=4)
)
def test_what_is_predicted_exactly_is_right(rows):
    any_entity = any(label != "O" for row in rows for label in row)
    assert metrics.entity_f1(rows, rows, "micro") == float(any_entity)
