"""What is named among vaccines is a vaccine, not a disease."""

import pytest

from adapter.extraction import arbiter
from adapter.extraction.vaccines import as_vaccine
from adapter.model import Mention, Note

RULES = arbiter.load().vaccines


def kind(text: str, words: str, read: str = "condition") -> str:
    start = text.index(words)
    mention = Mention(start=start, end=start + len(words), text=words, kind=read, confidence=0.9)
    return as_vaccine(mention, Note(id="n", text=text), RULES).kind


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Impfungen: Hepatitis A, Tollwut, Gelbfieber 2019.", "Tollwut"),
        ("Impfstatus: Tetanus 3/2019. Masern 2x", "Masern"),
        ("Influenza und COVID-19 aufgefrischt", "Influenza"),
        ("Immunizations: hepatitis B x3, influenza up to date", "influenza"),
        ("Immunizations\nhepatitis B\ninfluenza", "influenza"),
        ("Vaccins : rougeole, coqueluche, rage", "rage"),
        ("Vacciné grippe et COVID", "grippe"),
        ("Vaccinaties: gele koorts, buiktyfus", "buiktyfus"),
    ],
)
def test_a_disease_in_a_list_of_vaccines_is_a_vaccine(text: str, words: str) -> None:
    assert kind(text, words) == "medication"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Z. n. Hepatitis B, nicht geimpft", "Hepatitis B"),
        ("Geimpft. Influenza seit gestern", "Influenza"),
        ("Influenza trotz Impfung", "Influenza"),
        ("After vaccination fever", "fever"),
        ("Immunizations up to date.\n\nInfluenza", "Influenza"),
        ("Impfung gegen Herpes zoster", "Herpes zoster"),
        ("Measles, unvaccinated", "Measles"),
        ("Vaccins à jour. Une rougeole", "rougeole"),
    ],
)
def test_a_disease_beside_a_vaccine_stays_one(text: str, words: str) -> None:
    assert kind(text, words) == "condition"


@pytest.mark.parametrize("words", ["FSME-Impfung", "Griepvaccinatie", "vaccin antigrippal", "Flu vaccine"])
def test_what_says_that_it_is_a_vaccine_is_a_medication(words: str) -> None:
    assert kind(f"{words} heute", words, "procedure") == "medication"


@pytest.mark.parametrize("words", ["Impfreaktion", "Impfung-Reaktion", "unvaccinated"])
def test_what_a_vaccine_does_is_none(words: str) -> None:
    assert kind(f"{words} heute", words, "finding") == "finding"


def test_what_a_person_is_stays_so() -> None:
    assert kind("Impfung heute", "Impfung", "social") == "social"
