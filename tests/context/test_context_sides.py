"""On which side something is, as words in it and beside it tell."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marked import KINDS
from marked import lettered as read

from adapter import context, notes
from adapter.model import Mention

HERE = Path(__file__).parent
LANGUAGES = ("en", "de", "fr", "nl", "es")
RULES = context.Shelf(LANGUAGES)
CASES = tomllib.loads((HERE / "sides.toml").read_text("utf-8"))


def assessed(language, text, mentions):
    return context.assess(notes.from_text("n", text, language), mentions, RULES[language]).kept


def told(text, finding):
    """The sides of a finding, each with the body site it is of."""
    for each in finding.attributes:
        if each.kind == "laterality":
            yield each.side + (f"@{text[each.of.start : each.of.end]}" if each.of else "")


@pytest.mark.parametrize(
    ("language", "line"), [(language, line) for language, lines in CASES.items() for line in lines]
)
def test_on_which_side_something_is(language, line):
    marked, _, expected = line.partition("=>")
    text, mentions = read(marked.strip())
    found = {one.text: sorted(set(told(text, one))) for one in assessed(language, text, mentions)}
    wanted = {
        name: [side]
        for name, _, side in (pair.partition(": ") for pair in expected.split("; ") if pair.strip())
    }
    assert {name: sides for name, sides in found.items() if sides} == {
        name.strip(): [side.strip() for side in sides] for name, sides in wanted.items()
    }


def test_the_words_for_a_side_are_kept_with_their_place():
    text, mentions = read("Severe pain of [f Left-sided flank pain], then bilateral [f tinnitus].")
    found = {one.text: one.attributes for one in assessed("en", text, mentions)}
    assert [(each.start, each.end, each.text, each.side) for each in found["tinnitus"]] == [
        (text.index("bilateral"), text.index("bilateral") + 9, "bilateral", "both")
    ]
    (own,) = (each for each in found["Left-sided flank pain"] if each.kind == "laterality")
    assert (own.text, own.side, own.of) == ("Left-sided", "left", None)


def test_the_side_of_a_body_site_says_whose_it_is():
    text, mentions = read("[f Pain] in the left [b knee] and the [b right ankle].")
    (pain,) = assessed("en", text, mentions)
    sides = {text[each.of.start : each.of.end]: each.side for each in pain.attributes if each.side}
    assert sides == {"knee": "left", "right ankle": "right"}


def test_what_is_on_one_side_and_on_another_has_none():
    text, mentions = read("Left [f hip pain on the right]")
    (pain,) = assessed("en", text, mentions)
    assert not list(told(text, pain))


@pytest.mark.parametrize("language", LANGUAGES)
@given(data=st.data())
def test_any_words_of_any_language_are_survived(language, data):
    table = RULES[language].sides
    words = (*sorted(table.told)[:40], "and", ",", ".", "knee", "pain", "OD", "(", "2019")
    text = " ".join(data.draw(st.lists(st.sampled_from(words), min_size=1, max_size=15)))
    places = data.draw(st.lists(st.tuples(st.integers(0, len(text) - 1), st.integers(1, 12)), max_size=6))
    kinds = data.draw(st.lists(st.sampled_from(sorted(KINDS.values())), min_size=6, max_size=6))
    mentions = [
        Mention(start=at, end=min(at + size, len(text)), text=text[at : at + size], kind=kind, confidence=0.5)
        for (at, size), kind in zip(places, kinds, strict=False)
    ]
    for finding in assessed(language, text, mentions):
        for detail in finding.attributes:
            assert text[detail.start : detail.end] == detail.text
            assert (detail.kind == "laterality") == (detail.side is not None)
