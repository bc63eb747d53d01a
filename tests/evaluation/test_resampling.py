import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.evaluation import resampling
from adapter.evaluation.resampling import difference, f1, holm, resampled

ROWS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)).map(
        lambda row: (min(row), row[1], row[2])
    ),
    min_size=1,
    max_size=12,
).map(lambda rows: np.asarray(rows, np.int64))


def test_figures_by_hand():
    counts = np.asarray([[2.0, 4, 3], [0, 0, 0], [0, 2, 0], [0, 0, 2]])
    assert resampling.precision(counts).tolist() == pytest.approx([2 / 3, math.nan, 0, 0], nan_ok=True)
    assert resampling.recall(counts).tolist() == pytest.approx([1 / 2, math.nan, 0, 0], nan_ok=True)
    assert f1(counts).tolist() == pytest.approx([4 / 7, math.nan, 0, 0], nan_ok=True)
    assert resampling.when_given(counts).tolist() == pytest.approx(
        [2 / 3, math.nan, math.nan, 0], nan_ok=True
    )
    assert float(resampling.macro(f1)(counts)) == pytest.approx(4 / 21)


@given(ROWS)
def test_an_interval_holds_its_figure_within_what_is_possible(rows):
    between = resampling.between(f1(resampled(rows, seed=1, resamples=50)))
    assert math.isnan(between.low) or 0 <= between.low <= between.high <= 1


def test_documents_that_are_all_alike_give_no_spread():
    rows = np.asarray([[1, 2, 2]] * 20)
    between = resampling.between(f1(resampled(rows, seed=1)))
    assert (between.low, between.high) == (0.5, 0.5)


def test_an_interval_is_as_wide_as_the_normal_one():
    """Documents of one mention each, half of them found: recall is a mean of 400 coins."""
    rows = np.asarray([[1, 1, 1], [0, 1, 1]] * 200)
    between = resampling.between(resampling.recall(resampled(rows, seed=3, resamples=4000)))
    half = 1.96 * math.sqrt(0.25 / 400)
    assert between.low == pytest.approx(0.5 - half, abs=0.005)
    assert between.high == pytest.approx(0.5 + half, abs=0.005)


def test_the_same_seed_gives_the_same_sets():
    rows = np.asarray([[1, 2, 3], [0, 1, 1], [2, 2, 2]])
    assert (resampled(rows, seed=5) == resampled(rows, seed=5)).all()
    assert (resampled(rows, seed=5) != resampled(rows, seed=6)).any()


def test_blocks_do_not_change_how_many_documents_are_drawn(monkeypatch):
    monkeypatch.setattr(resampling, "CELLS", 7)
    rows = np.asarray([[1, 1, 1], [0, 1, 1], [2, 2, 2]])
    sums = resampled(rows, seed=5, resamples=11)
    assert sums.shape == (11, 3)
    ones = resampled(np.ones((3, 1), np.int64), seed=5, resamples=11)
    assert (ones == 3).all()


@given(ROWS)
def test_a_run_does_not_differ_from_itself(rows):
    found = difference(rows, rows, f1, seed=1, shuffles=50, resamples=20)
    assert found.p == 1 and not found.value > 0 and not found.value < 0


def test_the_chance_of_a_difference_by_hand():
    """Three documents: only if all go the same way is the difference as large: 2 of the 8 ways."""
    good, bad = np.asarray([[1, 1, 1]] * 3), np.asarray([[0, 1, 1]] * 3)
    found = difference(good, bad, f1, seed=1, shuffles=20_000)
    assert found.value == 1.0
    assert found.p == pytest.approx(2 / 8, abs=0.01)


@given(ROWS, st.randoms())
def test_turning_two_runs_round_turns_the_sign_round(rows, random):
    order = list(range(len(rows)))
    random.shuffle(order)
    other = np.minimum(rows[order], rows)
    one, two = (
        difference(*pair, f1, seed=1, shuffles=60, resamples=20) for pair in ((rows, other), (other, rows))
    )
    assert one.value == pytest.approx(-two.value, nan_ok=True)
    assert one.p == pytest.approx(two.p, nan_ok=True)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([]) == []


def test_a_thousand_resamples_of_a_thousand_notes_take_under_a_second():
    rows = np.ones((1000, 3, 17, 3), np.int64)
    begun = time.process_time()
    resampled(rows, seed=1)
    assert time.process_time() - begun < 1
