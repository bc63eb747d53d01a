"""How a text was read as a name it was found by."""

import pytest

import terminology


@pytest.fixture(scope="module")
def store(core_store):
    with terminology.open_store(core_store) as opened:
        yield opened


def compared(store, text, languages=("en",)):
    hit = store.search(text, languages=languages)[0]
    return store.compared(text, hit, languages)


def test_a_misspelt_word_is_shown_beside_its_correction(store):
    found = compared(store, "astma")
    assert found.form == "as written"
    assert [(pair.asked, pair.name, pair.edits) for pair in found.pairs] == [("astma", "asthma", 1)]


@pytest.mark.parametrize(
    "text", ["astma", "uncomplicated asthma bronchial", "type 1 diabetes melitus", "gastrc ulcer"]
)
def test_the_parts_make_the_score(store, text):
    for hit in store.search(text):
        score = None
        for part in store.compared(text, hit).parts:
            if part.sign == "x":
                score *= part.amount
            else:
                score = (score or 0) + (-part.amount if part.sign == "-" else part.amount)
        assert score is None or score == pytest.approx(hit.score, abs=0.006)


def test_the_same_name_is_the_same(store):
    found = compared(store, "Asthma")
    assert found.same
    assert not found.unmatched and not found.more


def test_words_left_over_on_either_side_are_named(store):
    found = compared(store, "asthma of the wobbly sort")
    assert "wobbly" in found.unmatched or found.form == "modifiers left out"


def test_a_modifier_left_out_is_a_form(store):
    found = compared(store, "severe asthma")
    hit = store.search("severe asthma", languages=["en"])[0]
    assert (found.form == "modifiers left out") is (hit.match == "broader")


def test_any_text_is_compared(store):
    for text in ("", "  ", "\u202e<b>&", "x " * 200):
        for hit in store.search("asthma")[:2]:
            assert store.compared(text, hit).text is not None
