"""The usual words for how often, in four languages, and what they say."""

import tomllib
from pathlib import Path

import pytest
from written import RULES

from adapter.emission import dosage

TABLE = RULES.dosage
USUAL = tomllib.loads(Path(__file__).with_name("frequencies.toml").read_text("utf-8"))
EACH = [(language, words, says) for language, all in USUAL.items() for words, says in all.items()]


def told(words):
    needed, left = dosage.needed(words, TABLE)
    repeat = dosage.timing(left, None, TABLE)["repeat"]
    if "frequency" not in repeat:
        return "prn" if needed and not left else f"nothing of {left}"
    most = f"-{repeat['periodMax']}" if repeat.get("periodMax") else ""
    said = f"{repeat['frequency']}/{repeat['period']}{most} {repeat['periodUnit']}"
    return " ".join([said, *(repeat.get("when") or ()), *(["prn"] if needed else [])])


@pytest.mark.parametrize(("language", "words", "says"), EACH)
def test_usual_frequencies_are_understood(language, words, says):
    assert told(words) == says


@pytest.mark.parametrize("language", USUAL)
def test_there_are_sixty_of_each_language(language):
    assert len(USUAL[language]) >= 60


@pytest.mark.parametrize(
    "words",
    [
        "morning and then evening",
        "morning or evening",
        "matin ou soir",
        "matin et",
        "et soir",
        "morgens und freitags",
        "three times daily in the morning and in the evening",
        "2 matin et 1 soir",
        "morning and morning",
        "every",
        "3x",
        "alle Stunden und abends",
    ],
)
def test_what_we_are_not_sure_of_stays_text(words):
    assert told(words).startswith("nothing of")
