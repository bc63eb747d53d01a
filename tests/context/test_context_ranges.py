"""The range in which a result would be normal, as a note tells it."""

import pytest

from adapter import context, notes
from adapter.model import Mention

RULES = context.Shelf(("en", "de", "fr", "nl"))


def assessed(language, text, *words):
    mentions, position = [], 0
    for line in words:
        kind, _, quote = line.partition(": ")
        position = text.index(quote, position)
        mentions.append(
            Mention(start=position, end=position + len(quote), text=quote, kind=kind, confidence=0.9)
        )
    kept = context.assess(notes.from_text("n", text, language), mentions, RULES[language]).kept
    return {one.text: [(each.kind, each.text) for each in one.attributes] for one in kept}


@pytest.mark.parametrize(
    ("language", "text", "test", "result", "normal"),
    [
        ("en", "Potassium 5.6 mmol/L (reference range 3.5-5.0).", "Potassium", "5.6 mmol/L", "3.5-5.0"),
        ("en", "TSH 6.2 (normal: 0.4 - 4.0)", "TSH", "6.2", "0.4 - 4.0"),
        ("en", "CRP 45 mg/L, ref <5 mg/L", "CRP", "45 mg/L", "<5 mg/L"),
        ("de", "Kalium 5,6 mmol/l (Referenzbereich 3,5-5,0).", "Kalium", "5,6 mmol/l", "3,5-5,0"),
        ("de", "CRP 45 mg/l (Norm: < 5)", "CRP", "45 mg/l", "< 5"),
        ("fr", "Kaliémie 5,6 mmol/l (normale : 3,5-5,0)", "Kaliémie", "5,6 mmol/l", "3,5-5,0"),
        ("fr", "CRP 45 mg/l (N < 5)", "CRP", "45 mg/l", "< 5"),
        ("nl", "Kalium 5,6 mmol/l (referentie 3,5-5,0)", "Kalium", "5,6 mmol/l", "3,5-5,0"),
    ],
)
def test_a_reference_range_is_no_result(language, text, test, result, normal):
    told = {test: [("result", result), ("reference_range", normal)]}
    assert assessed(language, text, f"test: {test}", f"result: {result}") == told
    assert assessed(language, text, f"test: {test}", f"result: {result}", f"result: {normal}") == told


@pytest.mark.parametrize("text", ["Pulse 80 (75-90).", "Sodium 138, potassium was normal"])
def test_other_numbers_are_no_reference_range(text):
    (details,) = assessed("en", text, f"test: {text.split()[0]}").values()
    assert details == []


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("LABORATORY DATA:\nPotassium 5.9 (3.5-5.1)", ["3.5-5.1"]),
        ("LABORATORY DATA:\nPotassium 5.9 mmol/L [3.5 - 5.1 mmol/L]", ["3.5 - 5.1 mmol/l"]),
        ("LABORATORY DATA:\nPotassium 5.9 H (3.5-5.1)", ["3.5-5.1"]),
        ("LABORATORY DATA:\nPotassium 5.9 (normal 3.5-5.1)", ["3.5-5.1"]),
        ("LABORATORY DATA:\nPotassium 5.9 (on admission 3.5)", []),
        ("VITAL SIGNS:\nPotassium 5.9 (3.5-5.1)", []),
    ],
)
def test_in_the_laboratory_section_brackets_behind_a_result_are_its_range(text, ranges):
    whole = "5.9 mmol/L" if "5.9 mmol/L" in text else "5.9"
    for result in ("5.9", whole):
        told = assessed("en", text, "test: Potassium", f"result: {result}")["Potassium"]
        assert [words.lower() for kind, words in told if kind == "reference_range"] == ranges


def test_a_word_that_is_only_a_severity_is_no_finding():
    assert assessed("nl", "De buikpijn is hevig.", "finding: buikpijn", "finding: hevig") == {
        "buikpijn": [("severity", "hevig")]
    }
