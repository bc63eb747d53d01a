"""Passages on the newborn or the unborn in the note of the mother, and notes of the child."""

from functools import cache

import pytest

from adapter import context, notes
from adapter.model import Mention

LOAD = cache(context.load)


def people(language: str, text: str, *words: str) -> list[str]:
    """Whom each of these findings is about."""
    mentions = [
        Mention(
            start=text.index(word), end=text.index(word) + len(word), text=word, kind="finding", confidence=1
        )
        for word in words
    ]
    note = notes.from_text("n", text, language)
    return [one.assertion.experiencer for one in context.assess(note, mentions, LOAD(language)).kept]


MOTHERS = {
    "fr": (
        "Visite à domicile, primipare de 28 ans.\n"
        "Périnée : oedème.\n"
        "Bébé : ictère léger. Bosse séro-sanguine.\n"
        "Plan : crevasses à surveiller.",
        ("ictère", "Bosse séro-sanguine"),
        ("oedème", "crevasses"),
    ),
    "de": (
        "Hausbesuch im Wochenbett.\n"
        "Damm: Schwellung.\n"
        "Kind: Gelbfärbung am Stamm. Nabel mit Rötung.\n"
        "Bedarf: Rhagade pflegen.",
        ("Gelbfärbung", "Rötung"),
        ("Schwellung", "Rhagade"),
    ),
    "nl": (
        "Huisbezoek kraambed dag 4.\n"
        "Perineum: zwelling.\n"
        "Kind: geelzucht van de romp. Navel met roodheid.\n"
        "Advies: tepelkloven verzorgen.",
        ("geelzucht", "roodheid"),
        ("zwelling", "tepelkloven"),
    ),
    "en": (
        "Postpartum visit, G2P2.\n"
        "Perineum: swelling.\n"
        "Baby: jaundice of the trunk. Cephalohematoma on the left.\n"
        "Plan: care of nipple fissures.",
        ("jaundice", "Cephalohematoma"),
        ("swelling", "nipple fissures"),
    ),
}
CHILDREN = {
    "fr": "Nourrisson de 2 mois, né d'une mère primipare.\nEnfant : ictère léger. Bosse séro-sanguine.",
    "de": "Säugling, 3 Wochen, erstes Kind einer Erstgebärenden.\nKind: ictère. Bosse séro-sanguine.",
    "nl": "Zuigeling van 3 weken, moeder G1P1.\nKind: ictère. Bosse séro-sanguine.",
    "en": "Newborn of a G1P1 mother.\nBaby: ictère. Bosse séro-sanguine.",
}


@pytest.mark.parametrize("language", MOTHERS)
def test_what_is_told_of_the_newborn_is_not_the_mothers(language: str) -> None:
    text, childs, mothers = MOTHERS[language]
    assert people(language, text, *childs) == ["other"] * len(childs)
    assert people(language, text, *mothers) == ["patient"] * len(mothers)


@pytest.mark.parametrize("language", CHILDREN)
def test_in_the_note_of_the_child_the_child_is_the_patient(language: str) -> None:
    assert people(language, CHILDREN[language], "ictère", "Bosse séro-sanguine") == ["patient"] * 2


def test_a_note_that_does_not_say_whose_it_is_has_no_passages() -> None:
    assert people("fr", "Bébé : ictère léger.\nPlan : contrôle, oedème.", "oedème") == ["patient"]
    assert people("en", "Baby: rash on the cheeks.", "rash") == ["patient"]


def test_the_end_of_a_passage() -> None:
    block = "Suites de couches.\nNouveau-né :\n- poids stable\n- ictère discret\n\nAnémie modérée."
    assert people("fr", block, "ictère", "Anémie") == ["other", "patient"]
    inside = "Postpartum day 1. Apgar 9 with acrocyanosis. Fatigue today."
    assert people("en", inside, "acrocyanosis", "Fatigue") == ["other", "patient"]


def test_one_of_two_unborn_is_not_a_day() -> None:
    twins = "Grossesse gémellaire bichoriale.\nJ1 (siège) : pyélectasie à gauche.\nCol : béance."
    assert people("fr", twins, "pyélectasie", "béance") == ["other", "patient"]
    days = "Suites de couches.\nJ1 : anémie mal tolérée."
    assert people("fr", days, "anémie") == ["patient"]


def test_the_other_half_of_a_couple() -> None:
    text = (
        "Infertilité primaire.\nElle : endométriose.\nLui : varicocèle. Tabagisme ancien.\n"
        "Décision : FIV, obésité à prendre en charge."
    )
    assert people("fr", text, "endométriose", "varicocèle", "obésité") == ["patient", "other", "patient"]
