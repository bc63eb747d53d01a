"""What the lines of a form say, beside the sentences of the cases: what they must survive and leave alone."""

import pytest

from adapter import context, notes
from adapter.context import answers, signs
from adapter.model import Mention

LANGUAGES = ("de", "en", "es", "fr", "nl")
MARKS = ("☐", "☒", "[ ]", "[x]", "( )", "○", "●", "+", "-", ":", "\n", "  ", "/", "word", ",")


@pytest.fixture(scope="module")
def rules():
    return {language: context.load(language) for language in LANGUAGES}


def mention(text, words, **more):
    start = text.index(words)
    return Mention(start=start, end=start + len(words), text=words, kind="condition", confidence=0.9, **more)


def said(text, words, language, rules, **more):
    note = notes.from_text("form", text, language)
    return context.assess(note, [mention(text, words, **more)], rules[language]).kept[0].assertion


@pytest.mark.parametrize("language", LANGUAGES)
def test_marks_in_any_order_are_survived(language, rules):
    own = rules[language].answers
    words = (*MARKS, sorted(own.yes)[0], sorted(own.no)[0])
    text = " ".join(words[(index * index + 3 * index) % len(words)] for index in range(400))
    spans = [place for place in range(len(text) - 4) if text.startswith("word", place)]
    placed = [Mention(start=at, end=at + 4, text="word", kind="finding", confidence=0.9) for at in spans]
    told = answers.answered(text, placed, own)
    assert set(told) <= set(range(len(placed)))
    assert all(text[one.cue.start : one.cue.end] == one.cue.text for one in told.values() if one.cue)


def test_a_husband_is_no_relative_whatever_the_encoder_claims(rules):
    for language, text in (
        ("en", "Her husband has gout."),
        ("nl", "Haar echtgenoot heeft gout."),
        ("fr", "Son conjoint a actuellement une gout."),
    ):
        assertion = said(text, "gout", language, rules, claims=("family",))
        assert (assertion.experiencer, assertion.relative) == ("other", None)


def test_a_claim_of_a_relative_counts_where_no_rule_names_another_person(rules):
    assertion = said("It was the gout.", "gout", "en", rules, claims=("family",))
    assert assertion.experiencer == "family"


def test_bullets_of_one_sign_are_no_signs():
    assert signs.items("- cough\n- fever\n- rash") == ()
    assert not [item for item in signs.items("+ cough\n\n- fever") if item.says is False]


def test_boxes_of_medicines_are_left_to_the_rules(rules):
    text = "[ ] aspirin  [x] ibuprofen"
    drugs = [
        Mention(start=at, end=at + len(word), text=word, kind="medication", confidence=0.9)
        for word in ("aspirin", "ibuprofen")
        for at in (text.index(word),)
    ]
    assert not answers.answered(text, drugs, rules["en"].answers)
