import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.extraction.generative.grounding import Ground


def found(text, quote):
    return [text[span.start : span.end] for span in Ground(text).find(quote)]


def test_every_place_of_a_quote_is_found():
    text = "Chest pain on exertion. No chest pain at rest."
    assert [(s.start, s.end) for s in Ground(text).find("chest pain")] == [(27, 37)]
    assert len(Ground(text.lower()).find("chest pain")) == 2


@pytest.mark.parametrize(
    ("text", "quote", "words"),
    [
        ("type 2 diabetes\n  mellitus", "type 2 diabetes mellitus", "type 2 diabetes\n  mellitus"),
        ("HYPERTENSION, treated", "hypertension", "HYPERTENSION"),
        ("arterial hyper-\ntension", "arterial hypertension", "arterial hyper-\ntension"),
        ("a beta-\nblocker was given", "beta-blocker", "beta-\nblocker"),
        ("non–small cell carcinoma", "non-small cell carcinoma", "non–small cell carcinoma"),
        ("Crohn’s disease", "Crohn's disease", "Crohn’s disease"),
        ("Ménière disease", "Meniere disease", "Ménière disease"),
        ("Me\u0301nie\u0300re disease", "Ménière disease", "Me\u0301nie\u0300re disease"),
        ("hepa\u00adtitis C", "hepatitis C", "hepa\u00adtitis C"),
        ("ﬁbromyalgia", "fibromyalgia", "ﬁbromyalgia"),
        ("Metformin 500mg daily", "500 mg", None),
        ("Metformin 500mg daily", "500", "500"),
        ("Metformin 500mg daily", "mg", "mg"),
        ("asthma.", "asthma.", "asthma"),
        ("患者有糖尿病史", "糖尿病", "糖尿病"),
    ],
)
def test_what_does_not_matter_is_set_aside(text, quote, words):
    assert found(text, quote) == ([words] if words else [])


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("a MILD rash", "MI"),
        ("appendectomy", "appendectom"),
        ("no fever", "high fever"),
        ("no fever", ""),
        ("no fever", " . "),
        ("...", "..."),
        ("", "fever"),
    ],
)
def test_what_is_not_there_has_no_place(text, quote):
    assert found(text, quote) == []


def test_only_the_stretch_is_searched():
    text = "fever yesterday; fever today"
    assert [s.start for s in Ground(text, 5, len(text)).find("fever")] == [17]
    assert [s.start for s in Ground(text, 5, len(text)).find("FEVER")] == [17]


@given(st.text(max_size=60), st.text(max_size=8), st.text(max_size=60))
def test_a_place_is_always_inside_and_never_empty(before, quote, after):
    text = before + quote + after
    for span in Ground(text).find(quote):
        assert 0 <= span.start < span.end <= len(text)


@given(
    st.lists(st.sampled_from(["fever", "Asthma", "5", "mg", "–", "\n", "é"]), min_size=1, max_size=20),
    st.data(),
)
def test_whole_words_of_a_text_are_always_found(words, data):
    text = " ".join(words)
    first = data.draw(st.integers(0, len(words) - 1))
    last = data.draw(st.integers(first, len(words) - 1))
    quote = " ".join(words[first : last + 1])
    if any(letter.isalnum() for letter in quote):
        assert Ground(text).find(quote)
