import pytest

from training.notes import content, grammar
from training.notes.grammar import Noun
from training.notes.grammar.dutch import inflected
from training.notes.grammar.french import agreed


def said(language, name, form, *adjectives, gender=None, owner="m"):
    found = content.load(language)
    genders = {ending: one for one, endings in found.gender.items() for ending in endings}
    rules = grammar.of(language)
    noun = Noun(text=name, gender=gender) if gender else rules.noun(name, genders)
    told = rules.inflect(noun, form, adjectives, owner)
    return told and "".join(told)


@pytest.mark.parametrize(
    ("name", "form", "adjectives", "expected"),
    [
        ("akute Pankreatitis", "", [], "akute Pankreatitis"),
        ("akute Pankreatitis", "ein.gen", [], "einer akuten Pankreatitis"),
        ("akutes Nierenversagen", "der.gen", [], "des akuten Nierenversagens"),
        ("akutes Nierenversagen", "dat", [], "akutem Nierenversagen"),
        ("vesikoureteraler Reflux", "ein.akk", [], "einen vesikoureteralen Reflux"),
        (
            "chronisch obstruktive Lungenerkrankung",
            "bei",
            [],
            "bei der chronisch obstruktiven Lungenerkrankung",
        ),
        ("Herzinfarkt", "zu", ["schwer"], "zum schweren Herzinfarkt"),
        ("Herzinfarkt", "kein.akk", [], "keinen Herzinfarkt"),
        ("Diabetes mellitus Typ 2", "der.gen", [], "des Diabetes mellitus Typ 2"),
        ("Zervixkarzinom", "nom", ["hochgradig"], "hochgradiges Zervixkarzinom"),
    ],
)
def test_german(name, form, adjectives, expected):
    assert said("de", name, form, *adjectives) == expected


def test_german_possessives_follow_owner_and_noun():
    assert said("de", "Mutter", "sein.dat", gender="f", owner="m") == "seiner Mutter"
    assert said("de", "Vater", "sein.nom", gender="m", owner="f") == "ihr Vater"


def test_a_form_that_is_not_known_is_none():
    assert said("de", "Xyzabc", "der.gen") is None
    assert said("fr", "xyzabc", "le") is None
    assert said("fr", "xyzabc", "de") == "de xyzabc"
    assert said("nl", "xyzabc", "de") is None


@pytest.mark.parametrize(
    ("name", "form", "expected"),
    [
        ("asthme", "de", "d'asthme"),
        ("hernie inguinale", "de", "de hernie inguinale"),
        ("hypertension artérielle", "le", "l'hypertension artérielle"),
        ("infarctus du myocarde", "du", "de l'infarctus du myocarde"),
        ("pneumopathie", "du", "de la pneumopathie"),
        ("syndrome néphrotique", "du", "du syndrome néphrotique"),
        ("syndrome néphrotique", "au", "au syndrome néphrotique"),
        ("embolie pulmonaire", "son", "son embolie pulmonaire"),
        ("nausées", "le", "les nausées"),
    ],
)
def test_french(name, form, expected):
    assert said("fr", name, form) == expected


def test_french_adjectives_agree():
    assert said("fr", "douleur thoracique", "un", "aigu/aiguë") == "une douleur thoracique aiguë"
    assert [agreed(word, "fp") for word in ("modéré", "intense", "progressif")] == [
        "modérées", "intenses", "progressives",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "form", "adjectives", "expected"),
    [
        ("hartinfarct", "de", [], "het hartinfarct"),
        ("hartinfarct", "een", ["ernstig"], "een ernstig hartinfarct"),
        ("acuut nierfalen", "de", [], "het acute nierfalen"),
        ("pneumonie", "een", ["ernstig"], "een ernstige pneumonie"),
        ("ziekte van Crohn", "deze", [], "deze ziekte van Crohn"),
    ],
)
def test_dutch(name, form, adjectives, expected):
    assert said("nl", name, form, *adjectives) == expected


def test_dutch_endings():
    assert [inflected(word) for word in ("acuut", "chronisch", "progressief", "benigne")] == [
        "acute", "chronische", "progressieve", "benigne",
    ]  # fmt: skip


def test_english_articles():
    assert said("en", "acute stroke", "a") == "an acute stroke"
    assert said("en", "UTI", "a", "recurrent") == "a recurrent UTI"
    assert said("en", "MI", "a") == "an MI"
    assert said("en", "chills", "a") is None
    assert said("en", "mother", "his", owner="f") == "her mother"
