"""Allergies named together with their substance, and how the patient reacts."""

from functools import cache

import pytest

from adapter import context, notes
from adapter.context import allergies
from adapter.model import Mention


@cache
def rules(language):
    return context.load(language)


def mention(text, words, kind="condition", sources=("encoder",)):
    start = text.index(words)
    end = start + len(words)
    return Mention(start=start, end=end, text=words, kind=kind, confidence=0.9, sources=sources)


def assessed(language, text, *mentions):
    note = notes.from_text("n", text, language)
    return {one.text: one for one in context.assess(note, mentions, rules(language)).kept}


@pytest.mark.parametrize(
    ("language", "words", "named"),
    [
        ("en", "penicillin allergy", True),
        ("en", "Allergic to latex", True),
        ("en", "severe bee sting allergy", True),
        ("en", "drug allergy", False),
        ("en", "multiple drug allergies", False),
        ("en", "seasonal allergies", False),
        ("en", "allergy", False),
        ("en", "allergic rhinitis", False),
        ("en", "allergic asthma", False),
        ("en", "glucose intolerance", False),
        ("de", "Latexallergie", True),
        ("de", "Allergie gegen Nüsse", True),
        ("de", "Kontaktallergie", False),
        ("de", "Medikamentenallergien", False),
        ("de", "Heuschnupfen", False),
        ("fr", "Allergie à la pénicilline", True),
        ("fr", "allergie aux arachides", True),
        ("fr", "allergie à l’iode", True),
        ("fr", "allergie alimentaire", False),
        ("fr", "allergie connue", False),
        ("fr", "rhinite allergique", False),
        ("nl", "penicilline-allergie", True),
        ("nl", "allergisch voor noten", True),
        ("nl", "contactallergie", False),
        ("nl", "voedselallergie", False),
    ],
)
def test_an_allergy_is_named_by_a_substance(language, words, named):
    assert (allergies.cue(mention(words, words), rules(language).allergies) is not None) is named


def test_only_problems_name_an_allergy():
    words = "penicillin allergy"
    assert allergies.cue(mention(words, words, "procedure"), rules("en").allergies) is None


def test_a_mention_without_the_word_is_made_whole():
    text = "Asthma, penicillin allergy, COPD."
    found = assessed("en", text, mention(text, "Asthma"), mention(text, "penicillin"), mention(text, "COPD"))
    assert found["penicillin allergy"].assertion.allergen
    assert not found["Asthma"].assertion.allergen
    assert not found["penicillin allergy"].attributes


@pytest.mark.parametrize("sources", [("dictionary",), ("encoder", "dictionary")])
def test_a_name_of_the_terminology_is_whole(sources):
    text = "hay fever allergies"
    found = assessed("en", text, mention(text, "hay fever", sources=sources))
    assert list(found) == ["hay fever"]
    assert not found["hay fever"].assertion.allergen


def test_the_reaction_inside_a_mention_is_a_detail():
    text = "Penicillinallergie mit Exanthem."
    found = assessed("de", text, mention(text, "Penicillinallergie mit Exanthem"))
    assert list(found) == ["Penicillinallergie"]
    assert [(one.kind, one.text) for one in found["Penicillinallergie"].attributes] == [
        ("finding", "Exanthem")
    ]


def test_words_that_stop_before_the_substance_are_no_reaction_to_it():
    text = "Allergie à l'amoxicilline avec urticaire."
    found = assessed(
        "fr",
        text,
        mention(text, "Allergie à l'"),
        mention(text, "amoxicilline", "medication"),
        mention(text, "urticaire", "finding"),
    )
    assert [one.text for one in found["amoxicilline"].attributes] == ["urticaire"]
    assert "Allergie à l'" in assessed("fr", "Allergie à l'", mention("Allergie à l'", "Allergie à l'"))


@pytest.mark.parametrize(
    ("language", "text", "head", "reactions", "apart"),
    [
        ("en", "Penicillin allergy with rash and hives.", "Penicillin allergy", ["rash", "hives"], []),
        ("en", "Penicillin allergy, asthma.", "Penicillin allergy", [], ["asthma"]),
        ("en", "Penicillin allergy and asthma.", "Penicillin allergy", [], ["asthma"]),
        ("de", "Latexallergie (Urtikaria), Asthma.", "Latexallergie", ["Urtikaria"], ["Asthma"]),
        ("fr", "Allergie au latex avec urticaire, asthme.", "Allergie au latex", ["urticaire"], ["asthme"]),
        ("nl", "Latexallergie met huiduitslag en astma.", "Latexallergie", ["huiduitslag", "astma"], []),
        ("nl", "Latexallergie, astma.", "Latexallergie", [], ["astma"]),
    ],
)
def test_the_reaction_behind_an_allergy_belongs_to_it(language, text, head, reactions, apart):
    others = [mention(text, words) for words in (*reactions, *apart)]
    found = assessed(language, text, mention(text, head), *others)
    assert [one.text for one in found[head].attributes] == reactions
    assert sorted(found) == sorted([head, *apart])


@pytest.mark.parametrize(
    ("language", "text", "drug", "reaction"),
    [
        ("de", "CAVE: Amoxicillin -> Exanthem.", "Amoxicillin", "Exanthem"),
        ("de", "Unter Cefuroxim sei es zu einem generalisierten Exanthem gekommen.", "Cefuroxim", "Exanthem"),
        ("de", "Nach Amoxicillin trat ein Exanthem auf.", "Amoxicillin", "Exanthem"),
        ("fr", "Sous amoxicilline, le patient a présenté une urticaire.", "amoxicilline", "urticaire"),
        ("fr", "Amoxicilline -> rash.", "Amoxicilline", "rash"),
        ("nl", "CAVE amoxicilline -> rash.", "amoxicilline", "rash"),
        ("nl", "Onder clindamycine ontstond huiduitslag.", "clindamycine", "huiduitslag"),
        ("en", "Amoxicillin -> hives.", "Amoxicillin", "hives"),
    ],
)
def test_a_reaction_under_a_drug_belongs_to_it(language, text, drug, reaction):
    found = assessed(language, text, mention(text, drug, "medication"), mention(text, reaction, "finding"))
    assert list(found) == [drug]
    assert found[drug].assertion.allergen
    assert [one.text for one in found[drug].attributes] == [reaction]


@pytest.mark.parametrize(
    ("language", "text", "drug", "problem"),
    [
        ("de", "CAVE: Metformin bei Niereninsuffizienz.", "Metformin", "Niereninsuffizienz"),
        ("de", "Unter Ramipril sei es zu einer Besserung der Hypertonie gekommen.", "Ramipril", "Hypertonie"),
        ("nl", "Onder metformine ontstond hypoglykemie.", "metformine", "hypoglykemie"),
    ],
)
def test_other_effects_make_no_allergen(language, text, drug, problem):
    found = assessed(language, text, mention(text, drug, "medication"), mention(text, problem))
    assert not found[drug].assertion.allergen
    assert problem in found


@pytest.mark.parametrize(
    ("language", "text", "drug", "problems"),
    [
        (
            "de",
            "Allergie gegen Penicillin, Asthma bronchiale, leichte Hypertonie.",
            "Penicillin",
            ["Asthma bronchiale", "Hypertonie"],
        ),
        ("fr", "Allergie à la pénicilline, asthme.", "pénicilline", ["asthme"]),
        ("nl", "Allergisch voor penicilline, astma.", "penicilline", ["astma"]),
        ("en", "Allergic to penicillin, asthma and COPD.", "penicillin", ["asthma", "COPD"]),
    ],
)
def test_a_comma_alone_ties_no_problem_to_an_allergen(language, text, drug, problems):
    found = assessed(
        language, text, mention(text, drug, "medication"), *(mention(text, one) for one in problems)
    )
    assert not found[drug].attributes
    assert sorted(found) == sorted([drug, *problems])


def test_what_comes_of_an_allergen_is_feared_not_the_allergen():
    text = "Penicillin allergy."
    claimed = Mention(
        start=0, end=18, text=text[:18], kind="condition", confidence=0.9, claims=("hypothetical",)
    )
    assert not assessed("en", text, claimed)[text[:18]].assertion.hypothetical


def test_a_substance_joined_to_a_named_allergy_is_an_allergen_too():
    text = "She is allergic to penicillin and sulfa."
    named = mention(text, "allergic to penicillin", sources=("dictionary",))
    found = assessed("en", text, named, mention(text, "sulfa", "medication"))
    assert found["sulfa"].assertion.allergen
