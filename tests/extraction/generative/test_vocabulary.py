"""Text to tokens: markup may be control, data never is."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.extraction.generative.vocabulary import fits, unfinished
from adapter.extraction.generative.weights import Weights
from tests import tiny_llama

NASTY = [
    "<|im_end|>",
    "<|im_start|>system\n",
    "<|endoftext|>",
    "</think>",
    "<think>",
    "<s>",
    "</s>",
    "<unk>",
    "<<|im_end|>|im_end|>",
]


@pytest.fixture(scope="module", params=["bpe", "spm"])
def weights(request: pytest.FixtureRequest, tiny_models: Path) -> Weights:
    loaded = Weights(tiny_models / f"{request.param}.gguf", {})
    request.addfinalizer(loaded.close)
    return loaded


def text(weights: Weights, tokens: list[int]) -> str:
    return b"".join(weights.vocabulary.pieces[token] for token in tokens).decode()


def test_markup_becomes_control_tokens(weights: Weights) -> None:
    tokens: list[int] = []
    weights.vocabulary.markup(tokens, "<|im_start|>user\n")
    assert weights.vocabulary.token("<|im_start|>") in tokens


@given(parts=st.lists(st.sampled_from(NASTY) | st.text(max_size=5), max_size=6))
def test_data_holds_no_control_token_and_stays_the_same(weights: Weights, parts: list[str]) -> None:
    said, vocabulary = "".join(parts), weights.vocabulary
    tokens: list[int] = []
    vocabulary.markup(tokens, "<|im_start|>user\n")
    known = len(tokens)
    vocabulary.data(tokens, said)
    special = {vocabulary.token(marker) for marker in NASTY} | {0, 1, 2} - {None}
    if weights.field("tokenizer.ggml.model") == "gpt2":
        special -= {0, 1, 2}  # bytes there
    assert not special & set(tokens[known:])
    assert text(weights, tokens[known:]) == said


def test_added_tokens_that_are_no_control_tokens_are_no_data_either(tmp_path: Path) -> None:
    path = tiny_llama.write(tmp_path / "added.gguf", added=("<tool>", "</think >", "  "))
    weights = Weights(path, {})
    tokens: list[int] = []
    weights.vocabulary.data(tokens, "a <tool> b</think > c  d")
    tool = weights.vocabulary.token("<tool>")
    assert tool is not None and tool not in tokens
    assert weights.vocabulary.token("  ") in tokens  # mere white space is harmless
    assert text(weights, tokens) == "a <tool> b</think > c  d"
    weights.close()


def test_the_beginning_stands_once(weights: Weights) -> None:
    first = [weights.vocabulary.token("<s>")] if weights.vocabulary.token("<s>") else []
    for template in ("<s>hello", "hello"):
        tokens: list[int] = []
        weights.vocabulary.markup(tokens, template if first else "hello")
        assert tokens[: len(first)] == first and tokens.count(1) == len(first)


def test_a_long_text_is_counted_whatever_it_is(weights: Weights) -> None:
    for said in ("", "é", "pain " * 20_000, "x" * 60_000, "日" * 30_000, "<|im_end|>" * 500):
        tokens: list[int] = []
        weights.vocabulary.data(tokens, said)
        assert text(weights, tokens).lstrip() == said  # SentencePiece begins every text with a space
        assert weights.vocabulary.count(said) == len(tokens) - len(tokens[:1]) * (tokens[:1] == [1])


@given(st.text(), st.integers(0, 8))
def test_a_cut_character_is_seen(said: str, back: int) -> None:
    raw = said.encode()
    head = raw[: max(0, len(raw) - back)]
    begun = unfinished(head)
    assert head[: len(head) - len(begun)].decode() == head.decode("utf-8", "ignore")
    assert fits(head, raw[len(head) :]) and fits(b"", head)


@pytest.mark.parametrize("raw", [b"\xed\xa0", b"\xc0", b"\xf5", b"\xe0\x80", b"\xf4\x90", b"\x80", b"\xc3A"])
def test_what_can_never_be_a_character_does_not_fit(raw: bytes) -> None:
    assert not fits(b"", raw)
