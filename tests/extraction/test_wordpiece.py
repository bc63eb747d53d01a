import string

import llama_cpp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.extraction import gguf_file
from adapter.extraction.llama import Weights
from adapter.extraction.wordpiece import WordPiece
from tests.conftest import MODEL

TOKENS = ["[PAD]", *[f"[unused{n}]" for n in range(99)], "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
SMALL = WordPiece.of([*TOKENS, "fever", "cafe", "##s", ",", "no", "a", "##b", "µ", "中", "ß"])


def quotes(tokenizer: WordPiece, text: str) -> list[str]:
    words = tokenizer.words(text)
    return [text[start:end] for start, end in zip(words.starts, words.ends, strict=True)]


def test_words_keep_the_characters_they_came_from() -> None:
    assert quotes(SMALL, "No\tFEVER, cafés…") == ["No", "FEVER", ",", "cafés", "…"]


def test_accents_in_either_form_are_one_word() -> None:
    composed, decomposed = "café", "cafe\u0301"
    assert SMALL.words(composed).pieces == SMALL.words(decomposed).pieces
    assert quotes(SMALL, decomposed + " x")[0] == decomposed


def test_emoji_and_ideographs_stand_alone_or_in_words_like_in_bert() -> None:
    assert quotes(SMALL, "fever😀中a") == ["fever😀", "中", "a"]


def test_control_characters_are_dropped_without_splitting() -> None:
    assert quotes(SMALL, "fe\x00ver") == ["fe\x00ver"]
    assert SMALL.words("fe\x00ver").pieces == SMALL.words("fever").pieces


def test_an_unknown_or_endless_word_is_one_unknown_piece() -> None:
    assert SMALL.words("zzz").pieces == [(SMALL.unknown,)]
    assert SMALL.words("a" * 101).pieces == [(SMALL.unknown,)]


def test_continuations_are_found() -> None:
    ids = SMALL.vocabulary
    assert SMALL.words("fevers").pieces == [(ids["fever"], ids["##s"])]


@given(st.text(max_size=200))
def test_offsets_are_ordered_inside_the_text_and_never_white_space(text: str) -> None:
    words = SMALL.words(text)
    last = 0
    for start, end, pieces in zip(words.starts, words.ends, words.pieces, strict=True):
        assert last <= end
        assert 0 <= start < end <= len(text)
        assert not text[start:end].isspace()
        assert pieces
        last = start


@given(st.text(alphabet=string.printable, max_size=200))
def test_ascii_words_cover_every_visible_character(text: str) -> None:
    words = SMALL.words(text)
    seen = {i for a, b in zip(words.starts, words.ends, strict=True) for i in range(a, b)}
    assert all(i in seen for i, c in enumerate(text) if not c.isspace() and c.isprintable())


@pytest.mark.model
@pytest.mark.parametrize(
    "text",
    [
        "Pt c/o SOB, glucose 10mg/dL; café naïve",
        "Ångström H₂O ① ½ µg β-blocker 50 µg – q.d.",
        "中文 fever, Größe, İstanbul",
        "tabs\tand\r\nlines\x07bells",
        "supercalifragilisticexpialidocious-immunohistochemistry",
    ],
)
def test_pieces_are_those_of_llama_cpp(text: str) -> None:
    tokenizer = WordPiece.of(gguf_file.read(MODEL, "cls.").fields["tokenizer.ggml.tokens"])
    weights = Weights(MODEL)
    try:
        raw = text.encode()
        buffer = (llama_cpp.llama_token * 600)()
        vocabulary = llama_cpp.llama_model_get_vocab(weights.model)
        count = llama_cpp.llama_tokenize(vocabulary, raw, len(raw), buffer, 600, False, False)
    finally:
        weights.close()
    assert [piece for word in tokenizer.words(text).pieces for piece in word] == list(buffer[:count])
