"""Beginnings are computed once, in a context that llama.cpp really runs."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.extraction.generative.context import BLOCK, Context, Row
from adapter.extraction.generative.prompt_cache import KEPT, Held, PromptCache, common
from adapter.extraction.generative.weights import Weights

TASK = [n % 200 for n in range(BLOCK)]


@pytest.fixture
def context(tiny_weights: Weights) -> Iterator[Context]:
    made = Context(tiny_weights, size=1024, sequences=2 + KEPT, chunk=512, threads=1)
    yield made
    made.close()


def learn(context: Context, held: Held) -> list[float]:
    """Reads the rest of a prompt; the logits after it."""
    rest = held.prompt[len(held.tokens) :]
    logits = context.run([Row(held.number, len(held.tokens), rest, True)])[0]
    held.tokens += rest
    assert logits is not None
    return [float(value) for value in logits]


def ask(
    context: Context, cache: PromptCache, prompt: list[int], mix: tuple[tuple[str, float], ...] = ()
) -> int:
    """How much of a prompt was known when it was read."""
    held = cache.take(prompt, mix)
    assert held is not None
    known = len(held.tokens)
    learn(context, held)
    cache.give(held)
    return known


def test_a_prompt_goes_on_from_what_is_known(context: Context) -> None:
    cache = PromptCache(context, 2)
    assert ask(context, cache, [*TASK, 1, 2, 3]) == 0
    assert ask(context, cache, [*TASK, 4, 5]) == len(TASK)
    assert ask(context, cache, [*TASK, *TASK]) == len(TASK)  # what is left is a whole block: it is read again
    assert ask(context, cache, [*TASK, *TASK, 1]) == 2 * len(TASK)


def test_what_was_shared_gives_the_same_logits(context: Context) -> None:
    cache = PromptCache(context, 2)
    first = cache.take([*TASK, 7, 8], ())
    assert first is not None
    alone = learn(context, first)
    second = cache.take([*TASK, 7, 8], ())
    assert second is not None and second is not first and len(second.tokens) == len(TASK)
    assert learn(context, second) == pytest.approx(alone, abs=1e-6)


def test_a_beginning_outlives_the_prompts_it_came_from(context: Context) -> None:
    cache = PromptCache(context, 2)
    for last in (1, 2):
        ask(context, cache, [*TASK, last])
    for other in (100, 150, 180):
        assert ask(context, cache, [other] * BLOCK) == 0
    assert ask(context, cache, [*TASK, 3]) == len(TASK)


def test_adapters_do_not_share(context: Context) -> None:
    cache = PromptCache(context, 2)
    assert ask(context, cache, [*TASK, 1]) == 0
    assert ask(context, cache, [*TASK, 1], (("ward", 1.0),)) == 0
    assert ask(context, cache, [*TASK, 1], (("ward", 0.5),)) == 0


def test_nobody_computes_what_another_is_computing(context: Context) -> None:
    cache = PromptCache(context, 2)
    first = cache.take([*TASK, 1], ())
    assert first is not None
    assert cache.take([*TASK, 2], ()) is None  # worth waiting for
    other = cache.take([9, 9, 9], ())
    assert other is not None
    assert cache.take([5], ()) is None  # no sequence is free
    learn(context, first)
    cache.give(other)
    second = cache.take([*TASK, 2], ())
    assert second is not None and len(second.tokens) == len(TASK)


def test_what_nobody_needs_is_forgotten_for_room(context: Context) -> None:
    cache = PromptCache(context, 2)
    ask(context, cache, [*TASK, 1])
    busy = cache.take([*TASK, 2], ())
    assert busy is not None and busy.tokens
    assert cache.forget_idle()
    assert not cache.forget_idle()
    learn(context, busy)
    cache.forget()
    assert ask(context, cache, [*TASK, 2]) == 0


@given(st.lists(st.integers(0, 2)), st.lists(st.integers(0, 2)))
def test_the_common_beginning(first: list[int], second: list[int]) -> None:
    length = common(first, second)
    assert first[:length] == second[:length]
    assert length == min(len(first), len(second)) or first[length] != second[length]
