"""An answer in the making, driven by logits that spell a given text."""

import itertools
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.extraction.generative import grammar
from adapter.extraction.generative.backend import Message, Request
from adapter.extraction.generative.generation import Generation, places
from adapter.extraction.generative.sampling import Grammar
from adapter.extraction.generative.thinking import Tags
from adapter.extraction.generative.weights import Weights

WORDS = {"type": "array", "maxItems": 40, "items": {"type": "string", "maxLength": 60}}
TAGS = Tags(begin="<think>", end="</think>")


def started(
    weights: Weights, *, schema: Any = WORDS, thinking: Tags | None = None, **asked: Any
) -> Generation:
    options = {"max_tokens": 500, **asked}
    request = Request(messages=(Message(role="user", content="x"),), schema=schema, **options)
    state = Grammar.parse(weights.vocabulary, grammar.from_schema(schema))
    return Generation(request, [1, 2], vocabulary=weights.vocabulary, grammar=state, thinking=thinking)


def spell(weights: Weights, generation: Generation, tokens: Iterable[int]) -> list[list[int]]:
    """What the model is to read after each token it was made to wish for; what is forced it need not wish."""
    read, wishes, at = [], list(tokens), 0
    while generation.stop is None and at < len(wishes):
        logits, before = np.zeros(weights.vocabulary.size, np.float32), generation.completion()
        logits[wishes[at]] = 20.0
        read.append(generation.next(logits))
        at += max(1, generation.completion().generated_tokens - before.generated_tokens)
    return read


def test_an_answer_ends_with_its_last_bracket(tiny_weights: Weights) -> None:
    answer = started(tiny_weights)
    spell(tiny_weights, answer, b'["chest \xc3\xa9 pain","]"]  and more')
    done = answer.completion()
    assert (done.text, done.stop, done.generated_tokens) == ('["chest é pain","]"]', "end", 21)
    assert done.tokens[9].start == done.tokens[8].start == 8 and done.tokens[9].end == 9
    answer.close()


def test_an_answer_may_end_by_the_model_s_own_token(tiny_weights: Weights) -> None:
    answer = started(tiny_weights, schema={"type": "integer"})
    spell(tiny_weights, answer, [*b"12", next(iter(tiny_weights.vocabulary.ends))])
    assert (answer.completion().text, answer.stop) == ("12", "end")
    answer.close()


def test_an_answer_too_long_is_cut_at_a_character(tiny_weights: Weights) -> None:
    answer = started(tiny_weights, max_tokens=5)
    spell(tiny_weights, answer, '["a日'.encode())
    done = answer.completion()
    assert (done.stop, done.text, len(done.tokens)) == ("length", '["a', 5)
    assert all(0 <= token.start <= token.end <= 3 for token in done.tokens)
    answer.close()


ITEMS = {
    "type": "array",
    "maxItems": 40,
    "items": {
        "type": "object",
        "properties": {"quote": {"type": "string", "maxLength": 60}},
        "required": ["quote"],
    },
}
BOTH = {"type": "object", "properties": {"a": ITEMS, "b": ITEMS}, "required": ["a", "b"]}


def test_what_has_no_other_way_is_not_asked_for(tiny_weights: Weights) -> None:
    answer = started(tiny_weights, schema=BOTH)
    read = spell(tiny_weights, answer, b'{"a":[{"quote":"pain"}],"b":[]}')
    assert read[0] == [*b'{"a":[']
    assert len(read) < 20 < answer.completion().generated_tokens
    assert answer.completion().text == '{"a":[{"quote":"pain"}],"b":[]}'
    assert all(token.logprob <= 0 for token in answer.completion().tokens)
    answer.close()


def test_a_list_that_says_nothing_new_is_ended_and_the_answer_goes_on(tiny_weights: Weights) -> None:
    answer = started(tiny_weights, schema=BOTH)
    read = spell(tiny_weights, answer, b'{"a":[' + b",".join([b'{"quote":"pain"}'] * 4))
    assert read[-1] == [*b'}],"b":['], "the rest has no other way"
    spell(tiny_weights, answer, b'{"quote":"aspirin"}]}')
    done = answer.completion()
    assert (done.stop, done.ended_lists) == ("end", 1)
    told = json.loads(done.text)
    assert [item["quote"] for item in told["a"]] == ["pain"] * 4 and told["b"] == [{"quote": "aspirin"}]
    assert len(done.tokens) == len(done.text)
    answer.close()


def test_a_list_that_may_not_end_yet_goes_on_until_it_may(tiny_weights: Weights) -> None:
    answer = started(tiny_weights, schema={**ITEMS, "minItems": 6})
    text = b"[" + b",".join([b'{"quote":"pain"}', b'{"quote":"gout"}'] * 3) + b"]"
    spell(tiny_weights, answer, text)
    assert (answer.completion().text.encode(), answer.stop) == (text, "end")
    assert answer.completion().ended_lists == 1, "only the sixth item may be the last"
    answer.close()


def test_an_answer_that_repeats_itself_is_stopped(tiny_weights: Weights) -> None:
    answer = started(tiny_weights)
    spell(tiny_weights, answer, b"[" + b'"chest pain",' * 20)
    assert answer.stop == "loop" and len(answer.completion().text) < 13 * 6
    answer.close()
    other = started(tiny_weights)
    spell(tiny_weights, other, json.dumps([f"item {n}" for n in range(20)], separators=(",", ":")).encode())
    assert other.stop == "end"
    other.close()


def test_time_is_counted_from_the_start(tiny_weights: Weights) -> None:
    now = [100.0]
    state = Grammar.parse(tiny_weights.vocabulary, grammar.from_schema(WORDS))
    request = Request(messages=(), schema=WORDS, max_tokens=9, seconds=5.0)
    answer = Generation(request, [1], vocabulary=tiny_weights.vocabulary, grammar=state, clock=lambda: now[0])
    answer.begin(0)
    now[0] = 104.0
    assert not answer.late()
    now[0] = 106.0
    assert answer.late() and answer.completion().seconds == 6.0
    answer.close()


@pytest.mark.parametrize(
    ("thought", "budget", "forced"),
    [
        (b"pain? yes</think>", 50, "\n\n"),  # ended by itself
        (b"pain? yes", 9, "</think>\n\n"),  # out of budget
        (b"ha" * 40, 200, "</think>\n\n"),  # a loop
    ],
)
def test_thinking_ends_and_is_not_part_of_the_answer(
    tiny_weights: Weights, thought: bytes, budget: int, forced: str
) -> None:
    answer = started(tiny_weights, thinking=TAGS, think=budget)
    close = tiny_weights.vocabulary.token("</think>")
    assert close is not None
    spelled = [*thought.removesuffix(b"</think>"), *([close] if thought.endswith(b">") else [])]
    last: list[int] = []
    for token in spelled:
        last = spell(tiny_weights, answer, [token])[0]
        if len(last) > 1:
            break
    assert tiny_weights.vocabulary.written(last[1:]) == forced
    spell(tiny_weights, answer, b'["a"]')
    done = answer.completion()
    assert (done.text, done.stop, len(done.tokens)) == ('["a"]', "end", 5)
    assert done.generated_tokens > 5
    answer.close()


def test_a_model_that_ends_its_turn_while_thinking_must_answer(tiny_weights: Weights) -> None:
    answer = started(tiny_weights, thinking=TAGS, think=50)
    read = spell(tiny_weights, answer, [*b"hm", next(iter(tiny_weights.vocabulary.ends))])
    assert tiny_weights.vocabulary.written(read[-1]) == "</think>\n\n" and answer.stop is None
    answer.close()


@given(st.text("aé日💊", max_size=12), st.data())
def test_pieces_know_their_characters(text: str, data: st.DataObject) -> None:
    raw = text.encode()
    cuts = sorted(data.draw(st.sets(st.integers(0, len(raw)))) | {0, len(raw)})
    pieces = [raw[a:b] for a, b in itertools.pairwise(cuts)]
    found = places(pieces, [0.0] * len(pieces))
    for token, begin, piece in zip(found, cuts, pieces, strict=False):
        assert piece in text[token.start : token.end].encode()
        assert token.start == len(_upto(raw, begin))


def _upto(raw: bytes, at: int) -> str:
    """The whole characters before the one a byte belongs to."""
    while raw[at] & 0xC0 == 0x80:
        at -= 1
    return raw[:at].decode()
