"""Loops are seen, lists are let be."""

import json

from hypothesis import given
from hypothesis import strategies as st

from adapter.extraction.generative.repetition import looping


def test_one_token_again_and_again() -> None:
    assert looping([1, 2, *[7] * 24])
    assert not looping([1, 2, *[7] * 23])


def test_the_same_item_five_times() -> None:
    item = list(b'{"quote":"chest pain","status":"present"},')
    assert looping([1, 2, 3, *item * 5])
    assert not looping([1, 2, 3, *item * 4])


def test_a_short_run_must_be_long_together() -> None:
    assert not looping([1, 2] * 11)
    assert looping([1, 2] * 12)


def test_similar_items_are_no_loop() -> None:
    items = [{"quote": "glucose", "status": "done", "date": f"2019-01-{day:02}"} for day in range(1, 29)]
    text = json.dumps(items).encode()
    assert not any(looping(text[:end]) for end in range(len(text)))


def test_a_loop_is_seen_wherever_one_looks() -> None:
    text = list(b"once " + b"upon a time " * 9)
    first = next(end for end in range(len(text)) if looping(text[:end]))
    assert all(looping(text[:end]) for end in range(first, len(text)))


@given(st.lists(st.integers(0, 5), min_size=1, max_size=20), st.lists(st.integers(0, 9), max_size=50))
def test_any_run_repeated_is_found(run: list[int], before: list[int]) -> None:
    assert looping(before + run * 24)


@given(st.lists(st.integers(0, 10_000), unique=True))
def test_what_never_repeats_is_never_a_loop(tokens: list[int]) -> None:
    assert not looping(tokens)
