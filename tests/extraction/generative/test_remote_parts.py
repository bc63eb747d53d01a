"""Streams, answers and requests of the remote backend, each alone."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import ModelError
from adapter.extraction.generative.backend import Message, Request
from adapter.extraction.generative.remote import dialects, events
from adapter.extraction.generative.remote.reply import BadReply, Reply
from tests.extraction.generative.model_server import part, usage

REQUEST = Request(messages=(Message(role="user", content="x"),), schema={"type": "array"}, max_tokens=100)
LINES = st.text(st.characters(blacklist_characters="\r\n", blacklist_categories=["Cs"]))


# events


@given(st.lists(LINES), st.sampled_from(["\n", "\r\n", "\r"]), st.integers(1, 9), st.booleans())
def test_events_are_the_same_however_the_bytes_are_cut(texts, end, size, marked):
    stream = "".join(f": ping{end}data: {text}{end}{end}" for text in texts).encode()
    stream = b"\xef\xbb\xbf" + stream if marked else stream
    cut = [stream[at : at + size] for at in range(0, len(stream), size)]
    assert list(events.data(cut)) == texts


def test_an_event_that_is_not_over_is_none():
    assert list(events.data([b"data: a\n\ndata: b\n"])) == ["a"]


def test_lines_of_one_event_are_one_text():
    assert list(events.data([b"event: x\ndata: a\ndata:b\nretry: 5\n\n\n"])) == ["a\nb"]


@pytest.mark.parametrize(
    "stream", [b"data: \xff\n\n", b"x" * (events.LONGEST + 1), b"data: xxxxxxx\n" * (events.LONGEST // 6)]
)
def test_what_is_no_stream_is_refused(stream):
    with pytest.raises(events.BrokenStream):
        list(events.data([stream]))


# answers


def replied(*sent, **more):
    reply = Reply(Request(messages=(), schema={}, max_tokens=1000, **more))
    for event in sent:
        reply.take(event)
    return reply.completion(None, 0.0)


@pytest.mark.parametrize("text", ["d", "<"])
def test_an_answer_that_also_stands_inside_the_last_token_is_placed_where_it_begins(text):
    told = [{"token": one, "bytes": list(one.encode()), "logprob": -0.5} for one in (text, "<end>")]
    answer = replied(part(text), part(finish="stop", logprobs=told))
    assert [(token.start, token.end) for token in answer.tokens] == [(0, 1)]


@given(st.text(st.characters(blacklist_categories=["Cs"])), st.data())
def test_tokens_have_their_places_also_inside_a_letter(text, drawn):
    spelt = text.encode()
    cuts = sorted(drawn.draw(st.sets(st.integers(0, len(spelt)))) | {0, len(spelt)})
    pieces = [spelt[a:b] for a, b in itertools.pairwise(cuts)]
    told = [{"token": "?", "bytes": list(piece), "logprob": -0.5} for piece in [*pieces, b"<end>"]]
    answer = replied(part(text), part(finish="stop", logprobs=told))
    assert answer.text == text
    assert len(answer.tokens) == len(pieces)
    for piece, token in zip(pieces, answer.tokens, strict=True):
        assert token.start < token.end <= len(text)
        assert piece in text[token.start : token.end].encode()


def test_tokens_of_the_thinking_are_left_out():
    pieces = ["<think>", "é1", "</think>", "\n", "é", "1"]
    told = [{"token": piece, "logprob": -float(n)} for n, piece in enumerate(pieces)]
    answer = replied(part("".join(pieces)), part(finish="stop", logprobs=told))
    assert answer.text == "é1"
    assert [(one.start, one.end, one.logprob) for one in answer.tokens] == [(0, 1, -4.0), (1, 2, -5.0)]


@pytest.mark.parametrize(
    "told",
    [
        [{"token": "other", "logprob": -1}],
        [{"token": "[]", "logprob": None}],
        [{"token": "[]", "logprob": float("nan")}],
        [{"bytes": [300], "logprob": -1}],
        [{"bytes": "[]", "logprob": -1}],
        ["[]"],
        {"a": 1},
    ],
)
def test_tokens_that_do_not_spell_the_answer_are_none(told):
    answer = replied(part("[]"), part(finish="stop", logprobs=told))
    assert (answer.text, answer.tokens) == ("[]", ())


@pytest.mark.parametrize(
    ("raw", "think", "text"),
    [
        ("[1]", 0, "[1]"),
        (" [1]", 0, " [1]"),
        ("<think>a</think>[1]", 0, "[1]"),
        ("\n<think>\na\n</think>\n\n[1]", 9, "[1]"),
        ("[THINK]a[/THINK][1]", 9, "[1]"),
        ("a</think>[1]", 9, "[1]"),  # the template opened it
        ("<think>a", 9, ""),
        ('["</think>[2]"]', 9, '["</think>[2]"]'),  # a quote of the note
        ('<think>a</think>["</think>[2]"]', 9, '["</think>[2]"]'),
    ],
)
def test_thinking_is_cut_off(raw, think, text):
    assert replied(part(raw), part(finish="stop"), think=think).text == text


def test_the_server_counts():
    answer = replied(part("[]"), part(finish="stop"), usage(prompt=90, completion=2, cached=60), "[DONE]")
    assert (answer.prompt_tokens, answer.cached_tokens, answer.generated_tokens) == (90, 60, 2)


MEMBERS = [
    "choices",
    "delta",
    "message",
    "content",
    "finish_reason",
    "logprobs",
    "usage",
    "error",
    "bytes",
    "logprob",
]
JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(MEMBERS),
            inner,
            max_size=4,
        )
    ),
)


@given(st.lists(JSON, max_size=4))
def test_whatever_comes_is_an_answer_or_refused(sent):
    try:
        replied(*map(json.dumps, sent))
    except BadReply as error:
        assert str(error).isascii()


# requests


def body(dialect, **more):
    given = {"messages": (Message(role="user", content="x"),), "schema": {"type": "array"}, "max_tokens": 9}
    known = more.pop("known", {})
    return dialects.body(Request(**given | more), model="m", dialect=dialect, adapters=known, logprobs=True)


def test_each_dialect_binds_the_answer_in_its_own_way():
    named = {"name": "answer", "schema": {"type": "array"}, "strict": True}
    for dialect in ("openai", "llama-server", "vllm", "ollama"):
        assert body(dialect)["response_format"] == {"type": "json_schema", "json_schema": named}
    assert body("vllm-guided")["guided_json"] == {"type": "array"}
    form = body("llama-cpp-python")["response_format"]
    assert form == {"type": "json_object", "schema": {"type": "array"}}


def test_thinking_is_turned_off_or_bounded():
    assert body("llama-server")["chat_template_kwargs"] == {"enable_thinking": False}
    assert body("llama-server", think=30)["thinking_budget_tokens"] == 30
    assert body("vllm", think=30)["thinking_token_budget"] == 30
    assert body("ollama")["reasoning_effort"] == "none"
    assert body("ollama", think=30)["max_tokens"] == 39
    assert "chat_template_kwargs" not in body("openai", think=30)


def test_adapters_are_named_to_the_server():
    known = {"a": 0, "b": 1}
    assert body("llama-server", known=known)["lora"] == [{"id": 0, "scale": 0.0}, {"id": 1, "scale": 0.0}]
    lora = body("llama-server", known=known, adapters=(("b", 0.5),))["lora"]
    assert lora == [{"id": 0, "scale": 0.0}, {"id": 1, "scale": 0.5}]
    assert body("vllm", adapters=(("b", 1.0),))["model"] == "b"
    for dialect, scale in (("llama-server", 1.0), ("vllm", 0.5), ("openai", 1.0), ("ollama", 1.0)):
        with pytest.raises(ModelError):
            body(dialect, adapters=(("c", scale),))


def test_words_of_ours_are_not_in_the_schema():
    inner = {"type": "string", "x-evidence": "value"}
    schema = {"properties": {"x-ray": inner}, "x-own": 1, "anyOf": [inner], "enum": [{"x-a": 1}]}
    left = {"type": "string"}
    assert dialects.plain(schema) == {"properties": {"x-ray": left}, "anyOf": [left], "enum": [{"x-a": 1}]}


@pytest.mark.parametrize(
    "text",
    [
        "<|im_end|>",
        "<|im_start|>system",
        "<｜end▁of▁sentence｜>",
        "</s>",
        "<end_of_turn>",
        "[/INST]",
        "<</SYS>>",
        "<think>",
        "</THINK>",
    ],
)
def test_control_tokens_of_a_note_are_none(text):
    sent = body("openai", messages=(Message(role="user", content=f"a {text} b"),))
    content = sent["messages"][0]["content"]
    assert text not in content
    assert content.replace(" ", "") == f"a{text}b".replace(" ", "")


@pytest.mark.parametrize("text", ["BP <130/80, SpO2 > 95 %", "[see INST]", "<b>bold</b>", "a|b|c", "x<|y"])
def test_other_texts_stay_as_they_are(text):
    assert dialects.inert(text) == text
