"""Where a finding is, and on which side, on the wire."""

from dataclasses import replace

import pytest
from written import ICD, MAKER, RULES, SNOMED, note

from adapter import context, emission
from adapter.fhir.systems import LATERALITY
from adapter.model import Coding, Mention

CONTEXT = context.Shelf(("en", "de", "fr", "nl"))
CODES = {
    "right": ("24028007", "Right"),
    "left": ("7771000", "Left"),
    "both": ("51440002", "Right and left"),
}
PAIN = (SNOMED, "30989003", "Knee pain")


def read(text, *words, language="en", codes=(), fhir="r4"):
    """The resources of a text in which an engine found these words, each with its kind."""
    written, at, mentions = note(text, language=language), 0, []
    for kind, quote in words:
        at = text.index(quote, at)
        mentions.append(Mention(start=at, end=at + len(quote), text=quote, kind=kind, confidence=0.9))
        at += len(quote)
    given = tuple(
        Coding(system=system, code=code, display=display, score=1, match="exact")
        for system, code, display in codes
    )
    kept = context.assess(written, mentions, CONTEXT[language]).kept
    step = emission.build(written, [replace(one, codings=given) for one in kept], RULES, fhir)
    emission.bundle(written, step.kept, MAKER, fhir)
    return step.kept


def told(text, site):
    """What a site says: its words, and its side with the words that stand at its place in the text."""
    if "extension" not in site:
        return site["text"], None, None
    (extension,) = site["extension"]
    assert extension["url"] == LATERALITY
    side = extension["valueCodeableConcept"]
    ((coding,), (derivation,)) = side["coding"], side["extension"]
    place = {part["url"]: part.get("valueInteger") for part in derivation["extension"]}
    words = text[place["offset"] : place["offset"] + place["length"]]
    assert coding["system"] == SNOMED and words == side["text"]
    return site["text"], (coding["code"], coding["display"]), words


@pytest.mark.parametrize("fhir", ["r4", "r5"])
@pytest.mark.parametrize(
    ("language", "text", "side", "said"),
    [
        ("en", "Left knee effusion.", "left", "Left"),
        ("de", "Pleuraerguss bds., afebril.", "both", "bds."),
        ("fr", "Hernie inguinale D.", "right", "D"),
        ("nl", "Hematoom rechterheup.", "right", "rechterheup"),
    ],
)
def test_a_side_without_a_site_is_told_in_its_own_words(language, text, side, said, fhir):
    name = next(
        one for one in ("knee effusion", "Pleuraerguss", "Hernie inguinale", "Hematoom") if one in text
    )
    (condition,) = read(text, ("condition", name), language=language, codes=[PAIN], fhir=fhir)
    assert [told(text, site) for site in condition["bodySite"]] == [(said, CODES[side], said)]
    assert all("coding" not in site for site in condition["bodySite"])  # a side is no body site


def test_a_side_belongs_to_the_site_it_stands_in_or_beside():
    text = "Pain in the left knee and the right ankle."
    (condition,) = read(
        text, ("finding", "Pain"), ("body_site", "knee"), ("body_site", "right ankle"), codes=[PAIN]
    )
    assert [told(text, site) for site in condition["bodySite"]] == [
        ("knee", CODES["left"], "left"),
        ("right ankle", CODES["right"], "right"),
    ]


def test_the_side_of_a_finding_is_that_of_its_only_site():
    text = "Right-sided pain in the flank."
    (condition,) = read(text, ("finding", "pain"), ("body_site", "flank"), codes=[PAIN])
    assert [told(text, site) for site in condition["bodySite"]] == [("flank", CODES["right"], "Right-sided")]


def test_of_several_sites_it_is_said_of_none():
    text = "Left-sided pain in the arm and the neck."
    (condition,) = read(text, ("finding", "pain"), ("body_site", "arm"), ("body_site", "neck"), codes=[PAIN])
    assert [told(text, site) for site in condition["bodySite"]] == [
        ("arm", None, None),
        ("neck", None, None),
        ("Left-sided", CODES["left"], "Left-sided"),
    ]


@pytest.mark.parametrize(
    ("codes", "sites"),
    [
        ([(ICD, "M25.562", "Pain in left knee")], 0),
        ([PAIN, (ICD, "M25.562", "Pain in left knee")], 1),
        ([PAIN], 1),
        ([], 1),
    ],
)
def test_a_side_that_the_code_tells_is_not_told_again(codes, sites):
    (condition,) = read("Left knee pain.", ("condition", "knee pain"), codes=codes)
    assert len(condition.get("bodySite", [])) == sites


def test_what_has_no_side_gets_none_from_its_neighbour():
    text = "Type 2 diabetes, left knee pain."
    diabetes, pain = read(text, ("condition", "Type 2 diabetes"), ("condition", "knee pain"))
    assert "bodySite" not in diabetes and len(pain["bodySite"]) == 1


def test_left_and_right_are_two_conditions_and_a_word_without_side_joins_one():
    text = "Left hip fracture. Right hip fracture in 2010. The hip fracture was treated."
    kinds = [("condition", "hip fracture")] * 3
    kept = read(text, *kinds, codes=[(SNOMED, "5913000", "Hip fracture")])
    sides = [told(text, one["bodySite"][0])[1] for one in kept if one["resourceType"] == "Condition"]
    assert sorted(sides) == sorted([CODES["left"], CODES["right"]])


def test_a_procedure_has_its_side():
    text = "Bilateral cataract extraction in 2015."
    (procedure,) = read(text, ("procedure", "cataract extraction"))
    assert [told(text, site) for site in procedure["bodySite"]] == [("Bilateral", CODES["both"], "Bilateral")]


def test_a_measurement_has_one_site_and_its_side():
    text = "ABI li. 0,81, sonst unauffällig."
    (observation,) = read(text, ("test", "ABI"), ("result", "0,81"), language="de")
    assert observation["valueQuantity"]["value"] == 0.81
    assert told(text, observation["bodySite"]) == ("li.", CODES["left"], "li.")


@pytest.mark.parametrize(
    ("language", "text", "words"),
    [
        ("de", "ABI li. 0,81, re. 0,62.", [("test", "ABI"), ("result", "0,81"), ("result", "0,62")]),
        (
            "en",
            "Acuity OD 0.8 OS 0.3.",
            [
                ("test", "Acuity"),
                ("body_site", "OD"),
                ("result", "0.8"),
                ("body_site", "OS"),
                ("result", "0.3"),
            ],
        ),
    ],
)
def test_of_two_values_each_may_be_of_another_side(language, text, words):
    kept = read(text, *words, language=language)
    values = [quote.replace(",", ".") for kind, quote in words if kind == "result"]
    assert [one["valueQuantity"]["value"] for one in kept] == [float(value) for value in values]
    assert not any("bodySite" in one for one in kept)
