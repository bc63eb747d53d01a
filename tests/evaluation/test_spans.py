import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.evaluation import scores, spans
from adapter.evaluation.record import Annotation, Case, sorted_


def mark(kind, *places):
    return Annotation(kind=kind, places=tuple(places))


def case(gold, predicted):
    return Case(id="a", text="x" * 100, gold=tuple(gold), predicted=tuple(predicted))


def counts(gold, predicted):
    """level -> (hits, wanted, given) of all kinds."""
    counted = spans.count([case(gold, predicted)]).counts.sum(axis=(0, 2))
    return {level: tuple(row) for level, row in zip(spans.LEVELS, counted.tolist(), strict=True)}


MARKS = st.lists(
    st.builds(
        lambda kind, start, length: mark(kind, (start, start + length)),
        st.sampled_from(["condition", "test"]),
        st.integers(0, 30),
        st.integers(1, 8),
    ),
    max_size=8,
).map(sorted_)


def test_the_three_levels():
    gold = [mark("condition", (0, 5)), mark("condition", (10, 20)), mark("test", (30, 34))]
    predicted = [mark("condition", (0, 5)), mark("condition", (15, 25)), mark("test", (40, 44))]
    assert counts(gold, predicted) == {
        "strict": (1, 3, 3),
        "overlapping": (2, 3, 3),
        "characters": (10, 19, 19),
    }


def test_another_kind_is_no_hit():
    assert counts([mark("condition", (0, 5))], [mark("test", (0, 5))])["overlapping"] == (0, 1, 1)


def test_one_long_prediction_is_one_hit_only():
    gold = [mark("condition", (0, 5)), mark("condition", (6, 10))]
    assert counts(gold, [mark("condition", (0, 10))])["overlapping"] == (1, 2, 1)


def test_the_same_words_are_matched_before_those_that_only_overlap():
    gold = [mark("condition", (0, 10)), mark("condition", (5, 10))]
    found = spans.matched(gold, [mark("condition", (5, 10))])
    assert found.pairs == ((gold[1], mark("condition", (5, 10))),)
    assert found.missed == (gold[0],)


def test_words_that_do_not_stand_together():
    gold = [mark("condition", (0, 4), (10, 14))]
    assert counts(gold, [mark("condition", (4, 10))])["overlapping"] == (0, 1, 1)
    assert counts(gold, [mark("condition", (0, 14))]) == {
        "strict": (0, 1, 1),
        "overlapping": (1, 1, 1),
        "characters": (8, 8, 14),
    }


def test_confusion_finds_the_kind_that_was_said_instead():
    gold = [mark("condition", (0, 5)), mark("finding", (10, 15)), mark("test", (20, 25))]
    predicted = [mark("condition", (0, 5)), mark("condition", (10, 15)), mark("dose", (40, 42))]
    found = [(one and one.kind, other and other.kind) for one, other in spans.confused(case(gold, predicted))]
    assert sorted(found, key=str) == sorted(
        [("condition", "condition"), ("finding", "condition"), ("test", None), (None, "dose")], key=str
    )


@given(MARKS)
def test_gold_itself_is_perfect(marks):
    for hits, wanted, given_ in counts(marks, marks).values():
        assert hits == wanted == given_


@given(MARKS, MARKS)
def test_strict_is_no_more_than_overlapping(gold, predicted):
    found = counts(gold, predicted)
    assert found["strict"][0] <= found["overlapping"][0] <= min(len(gold), len(predicted))


@given(MARKS, MARKS)
def test_turning_gold_and_prediction_round_turns_precision_and_recall_round(gold, predicted):
    one, other = counts(gold, predicted), counts(predicted, gold)
    for level in spans.LEVELS:
        hits, wanted, given_ = one[level]
        assert other[level] == (hits, given_, wanted)


@given(MARKS, MARKS, st.randoms())
def test_order_does_not_matter(gold, predicted, random):
    one, other = list(gold), list(predicted)
    random.shuffle(one)
    random.shuffle(other)
    assert counts(gold, predicted) == counts(one, other)


@given(MARKS)
def test_what_stands_elsewhere_is_no_hit(marks):
    far = [mark(one.kind, (one.start + 50, one.end + 50)) for one in marks]
    assert all(hits == 0 for hits, _, _ in counts(marks, far).values())


def test_scores_by_hand():
    gold = [mark("condition", (0, 5)), mark("condition", (10, 20)), mark("test", (30, 34))]
    predicted = [mark("condition", (0, 5)), mark("dose", (50, 52))]
    strict, *_ = scores.of_spans(spans.count([case(gold, predicted)]), resamples=10)
    assert (strict.micro.precision.value, strict.micro.recall.value) == (1 / 2, 1 / 3)
    assert strict.micro.f1.value == pytest.approx(2 / 5)
    assert strict.kinds["condition"].f1.value == pytest.approx(2 / 3)
    assert strict.macro["f1"].value == pytest.approx((2 / 3 + 0 + 0) / 3)
    assert strict.macro["precision"].value == pytest.approx(1 / 3)
