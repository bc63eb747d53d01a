"""Lists of an answer that say nothing new, found in the bytes of the answer."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.extraction.generative.items import STALE, Items

A, B, C = {"quote": "pain"}, {"quote": 'a "}" or ],'}, {"quote": "é\\", "more": [{"n": 1}]}


def ends(answer: Any, size: int = 1000) -> list[int]:
    """Where in the compact JSON of an answer a list is told to end."""
    text = json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()
    items, found = Items(), []
    for start in range(0, len(text), size):
        piece, at = text[start : start + size], 0
        while (end := items.follow(piece[at:])) is not None:
            at += end
            found.append(start + at)
    return found


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_a_list_ends_after_three_items_it_had(size: int) -> None:
    answer = {"problems": [A, B, C, A, B, C], "drugs": [A]}
    text = json.dumps(answer, separators=(",", ":"), ensure_ascii=False).encode()
    assert ends(answer, size) == [text.index(b'],"drugs"')]


@pytest.mark.parametrize(
    "answer",
    [
        {"problems": [A, A, A], "drugs": [A, A, A]},
        {"problems": [A, A, A, B, A, A, C]},
        [A, [A, A], [A, A]],
        {"flags": [True, True, True, True, True], "words": ["a", "a", "a", "a", "a"]},
        [{"inner": [A, B], "n": n} for n in range(9)],
        A,
        [],
    ],
)
def test_what_still_says_something_goes_on(answer: Any) -> None:
    assert ends(answer) == []


def test_lists_in_items_are_followed_on_their_own() -> None:
    assert len(ends([{"inner": [A, A, A, A]}, {"inner": [A, A, A, A]}])) == 2


@given(st.lists(st.fixed_dictionaries({"quote": st.text(max_size=4)}), max_size=12), st.integers(1, 7))
def test_it_ends_where_counting_says_so(items: list[dict[str, str]], size: int) -> None:
    stale, seen, expected = 0, [], 0
    for item in items:
        stale = stale + 1 if item in seen else 0
        seen.append(item)
        expected += stale >= STALE
    assert len(ends(items, size)) == expected
