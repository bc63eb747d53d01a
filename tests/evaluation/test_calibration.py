import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.evaluation.calibration import Point, abstention, reliability

ANSWERS = st.lists(
    st.tuples(st.sampled_from([0.1, 0.5, 0.7, 0.9, 1.0]), st.booleans()), min_size=1, max_size=40
)


def test_reliability_by_hand():
    found = reliability([0.9, 0.8, 0.3, 0.2], [True, False, False, False], bins=2)
    assert [one.sure for one in found.bins] == pytest.approx([0.25, 0.85])
    assert [(one.right, one.count) for one in found.bins] == [(0.0, 2), (0.5, 2)]
    assert found.error == pytest.approx((0.25 * 2 + 0.35 * 2) / 4)


def test_answers_as_sure_as_they_are_right_have_no_error():
    assert reliability([0.5] * 10, [True] * 5 + [False] * 5).error == pytest.approx(0)
    assert reliability([1.0, 0.0], [True, False]).error == 0


def test_without_answers_there_is_no_curve():
    assert reliability([], []) is None
    assert abstention([], [], 3) == ()


@given(ANSWERS, st.randoms())
def test_order_does_not_matter_and_bins_have_equal_mass(answers, random):
    one = reliability(*zip(*answers, strict=True))
    other = reliability(*zip(*random.sample(answers, len(answers)), strict=True))
    assert one.error == pytest.approx(other.error)
    counts = [part.count for part in one.bins]
    assert sum(counts) == len(answers) and max(counts) - min(counts) <= 1
    assert 0 <= one.error <= 1


def test_abstention_by_hand():
    found = abstention([0.9, 0.5, 0.9, 0.2], [True, False, True, True], questions=8)
    assert found == (
        Point(threshold=0.9, coverage=2 / 8, accuracy=1.0),
        Point(threshold=0.5, coverage=3 / 8, accuracy=2 / 3),
        Point(threshold=0.2, coverage=4 / 8, accuracy=3 / 4),
    )


@given(ANSWERS)
def test_coverage_grows_and_ends_with_all_answers(answers):
    scores, right = zip(*answers, strict=True)
    found = abstention(scores, right, questions=len(answers))
    assert [one.coverage for one in found] == sorted({one.coverage for one in found})
    assert found[-1].coverage == 1
    assert found[-1].accuracy == pytest.approx(sum(right) / len(right))
