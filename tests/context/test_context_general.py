"""Leaflets and paragraphs that speak of what people in general have."""

import pytest

from adapter import context, notes
from adapter.context import general
from adapter.model import Mention

RULES = context.load("en")
LEAFLET = """GOUT

Gout is a common form of joint inflammation. It is usually caused by crystals, and most people feel
a sudden pain in the big toe.

WHAT CAUSES IT?
Obesity and alcohol. Some patients also have kidney stones.

If the swelling lasts, call your doctor."""
VISIT = """The patient is a 60-year-old man with gout. He has pain in the big toe and often takes colchicine.
His wife came with him and asks whether people with gout lose weight. He was seen in May. No fever."""
MIXED = """Croup in children is usually caused by a virus and can lead to stridor.

This boy was seen today with a barking cough. His stridor is mild."""


def people(text: str, *words: str) -> list[str]:
    """Whom each of these findings is about, in the order of the text."""
    places = [(text.index(word), word) for word in words]
    mentions = [
        Mention(start=start, end=start + len(word), text=word, kind="condition", confidence=0.9)
        for start, word in places
    ]
    note = notes.from_text("n", text, "en")
    return [finding.assertion.experiencer for finding in context.assess(note, mentions, RULES).kept]


def test_a_leaflet_speaks_of_nobody() -> None:
    assert people(LEAFLET, "joint inflammation", "Obesity", "kidney stones", "swelling") == ["other"] * 4


def test_what_may_come_stays_so_and_nothing_in_a_leaflet_is_suspected() -> None:
    text = LEAFLET + "\n\nGout may be a sign of kidney failure. It can result in a stone."
    note = notes.from_text("n", text, "en")
    found = [
        Mention(
            start=text.index(word),
            end=text.index(word) + len(word),
            text=word,
            kind="condition",
            confidence=1,
        )
        for word in ("swelling", "kidney failure")
    ]
    lasting, failure = context.assess(note, found, RULES).kept
    assert lasting.assertion.hypothetical
    assert not failure.assertion.uncertain


def test_a_visit_is_the_patients_whatever_is_said_of_people() -> None:
    assert people(VISIT, "gout", "pain", "fever") == ["patient"] * 3


def test_a_paragraph_may_speak_of_nobody_in_a_note_of_somebody() -> None:
    assert people(MIXED, "Croup", "barking cough") == ["other", "patient"]


def test_the_cue_is_the_first_words_that_teach() -> None:
    note = notes.from_text("n", LEAFLET, "en")
    said = general.cue(general.passages(note, RULES.general), LEAFLET.index("Obesity"))
    assert said is not None
    assert said.text == "is a common"
    assert LEAFLET[said.start : said.end] == said.text


@pytest.mark.parametrize("text", ["", "\n\n", "CT of the chest. Nodules are seen. No effusion.", VISIT])
def test_other_notes_have_no_such_passage(text: str) -> None:
    assert general.passages(notes.from_text("n", text, "en"), RULES.general) == ()


def test_a_language_without_such_words_has_no_such_passage() -> None:
    assert general.passages(notes.from_text("n", LEAFLET, "en"), general.rules(None)) == ()
