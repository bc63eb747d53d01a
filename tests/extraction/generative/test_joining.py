import pytest

from adapter.extraction.generative.answer import Answer, Fact, joined
from adapter.model import Span


def fact(path, value, *places, confidence=None):
    spans = tuple(Span(start=start, end=end) for start, end in places)
    return Fact(path=path, value=value, spans=spans, confidence=confidence)


def test_lists_are_put_one_after_the_other_and_facts_follow():
    first = Answer(value={"drugs": ["aspirin"]}, facts=(fact("/drugs/0", "aspirin", (0, 7)),))
    second = Answer(
        value={"drugs": ["insulin", "aspirin"]},
        facts=(
            fact("/drugs/0", "insulin", (20, 27), confidence=0.5),
            fact("/drugs/1", "aspirin", (30, 37), confidence=0.9),
        ),
    )
    whole = joined([first, second])
    assert whole.value == {"drugs": ["aspirin", "insulin"]}
    assert whole.facts == (
        fact("/drugs/0", "aspirin", (0, 7), (30, 37), confidence=0.9),
        fact("/drugs/1", "insulin", (20, 27), confidence=0.5),
    )


def test_a_value_told_once_stands_and_one_told_differently_is_left_open():
    first = Answer(value={"age": 40, "sex": None}, facts=(fact("/age", 40, (0, 2)),))
    second = Answer(
        value={"age": 41, "sex": "f"}, facts=(fact("/age", 41, (9, 11)), fact("/sex", "f", (12, 13)))
    )
    whole = joined([first, second])
    assert whole.value == {"age": None, "sex": "f"}
    assert whole.facts == (fact("/sex", "f", (12, 13)),)
    assert [(issue.reason, issue.path) for issue in whole.left_out] == [("answers-differ", "/age")]


def test_a_stretch_that_was_not_read_takes_nothing_away():
    read = Answer(value={"drugs": ["aspirin"]}, facts=(fact("/drugs/0", "aspirin", (0, 7)),))
    unread = Answer(value=None)
    assert joined([read, unread]).value == joined([unread, read]).value == read.value
    assert joined([unread, read]).facts == read.facts
    assert joined([]).value is None


def test_items_of_nested_lists_keep_their_facts():
    first = Answer(value={"a": [{"b": ["x"]}]}, facts=(fact("/a/0/b/0", "x", (0, 1)),))
    second = Answer(value={"a": [{"b": ["y"]}]}, facts=(fact("/a/0/b/0", "y", (3, 4)),))
    assert [one.path for one in joined([first, second]).facts] == ["/a/0/b/0", "/a/1/b/0"]


@pytest.mark.parametrize("order", [1, -1])
def test_of_a_graded_note_the_surest_value_is_taken(order):
    unsure = Answer(value={"label": False}, facts=(fact("/label", False, confidence=0.6),))
    sure = Answer(value={"label": True}, facts=(fact("/label", True, confidence=0.9),))
    whole = joined([unsure, sure][::order], surest=True)
    assert (whole.value, whole.facts, whole.left_out) == ({"label": True}, sure.facts, ())
