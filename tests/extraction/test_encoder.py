"""The shipped model, read through llama.cpp: offsets are exact on whatever a note may hold."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import notes
from adapter.extraction import Classifier, EncoderEngine, extract

pytestmark = pytest.mark.model

NOTE = (
    "ASSESSMENT: The patient is a 54-year-old man with hypertension and type 2 diabetes mellitus.\n"
    "He denies chest pain. Start metformin 500 mg by mouth twice daily for 10 days.\n"
)


@pytest.fixture
def engine(classifier: Classifier) -> EncoderEngine:
    return EncoderEngine(classifier, threshold=0.35)


def found(engine: EncoderEngine, text: str) -> set[tuple[str, str]]:
    step = extract(notes.from_text("n", text), engine)
    return {(one.text, one.kind) for one in step.kept}


def test_it_finds_what_a_plain_note_says(engine: EncoderEngine) -> None:
    mentions = found(engine, NOTE)
    assert ("hypertension", "condition") in mentions
    assert ("type 2 diabetes mellitus", "condition") in mentions
    assert ("chest pain", "finding") in mentions
    assert ("metformin", "medication") in mentions
    assert ("500 mg", "dose") in mentions
    assert not any(words == "The patient" for words, _ in mentions)


def test_letters_case_accents_and_emoji_do_not_move_the_quote(engine: EncoderEngine) -> None:
    plain = "Diagnosis: pneumonia and atrial fibrillation."
    strange = "Diàgnosis:\t😀 PNEUMONIA  and\r\natrial fibrillatio\u0301n."
    assert {words for words, _ in found(engine, plain)} == {"pneumonia", "atrial fibrillation"}
    assert {words for words, _ in found(engine, strange)} == {"PNEUMONIA", "atrial fibrillatio\u0301n"}


@given(text=st.text(alphabet=st.sampled_from("aé ß😀\t\n.ſİ中,mgpain10ﬁ\u0301"), max_size=120))
def test_every_quote_is_the_notes_own_characters(classifier: Classifier, text: str) -> None:
    note = notes.from_text("n", text)
    for one in EncoderEngine(classifier, threshold=0.0).mentions(note).kept:
        assert note.text[one.start : one.end] == one.text
        assert one.text.strip() == one.text != ""


@pytest.mark.parametrize("text", ["", " ", "\n", "a", "😀", ".", "\ufeff", "\x00"])
def test_a_note_of_nothing_or_one_character_is_read(engine: EncoderEngine, text: str) -> None:
    extract(notes.from_text("n", text), engine)


def test_a_hundred_thousand_characters_are_read_to_the_end(engine: EncoderEngine) -> None:
    text = ("Patient has no complaints today. " * 3_050)[:100_600] + "She was diagnosed with pneumonia."
    step = engine.mentions(notes.from_text("n", text))
    assert ("pneumonia", text.index("pneumonia")) in {(one.text, one.start) for one in step.kept}


def test_probabilities_are_probabilities_and_the_same_each_time(classifier: Classifier) -> None:
    note = notes.from_text("n", NOTE)
    words = classifier.tokenizer.words(note.text)
    first = classifier.probabilities(words, note.sentences)
    assert np.allclose(first.sum(axis=1), 1, atol=1e-5)
    with ThreadPoolExecutor(4) as pool:
        again = pool.map(lambda _: classifier.probabilities(words, note.sentences), range(8))
        assert all(np.array_equal(first, one) for one in again)


def test_what_is_not_sure_enough_is_left_out_and_said(classifier: Classifier) -> None:
    note = notes.from_text("n", NOTE)
    step = EncoderEngine(classifier, threshold=1.01).mentions(note)
    assert step.kept == ()
    assert {issue.reason for issue in step.left_out} == {"below-threshold"}
