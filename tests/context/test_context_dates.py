"""Sentences of our own, each with the time that must be attached to every mention in it, or none."""

import re
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter import context, notes
from adapter.context import dates, expressions, moments
from adapter.model import Attribute, Mention, Step

FILES = sorted(Path(__file__).parent.glob("dates-*.toml"))
CASES = {path.stem.partition("-")[2]: tomllib.loads(path.read_text("utf-8"))["cases"] for path in FILES}
EACH = [(language, *case) for language, cases in CASES.items() for case in cases]
KINDS = {
    "c": "condition",
    "f": "finding",
    "p": "procedure",
    "t": "test",
    "m": "medication",
    "s": "social",
    "r": "result",
    "d": "dose",
}
MADE = "2024-05-20T14:00:00Z"
MARK = re.compile(r"\{(\w):([^}]*)\}")


@pytest.fixture(scope="module")
def rules():
    return {language: context.load(language) for language in CASES}


@pytest.fixture(scope="module")
def calendars():
    return context.Calendars()


def read(marked):
    """The sentence without its marks, and the mentions that were marked."""
    text, mentions, position = "", [], 0
    for match in MARK.finditer(marked):
        text += marked[position : match.start()]
        start = len(text)
        text += match[2]
        mentions.append(
            Mention(start=start, end=len(text), text=match[2], kind=KINDS[match[1]], confidence=0.9)
        )
        position = match.end()
    return text + marked[position:], mentions


def note_of(text, language, made=MADE):
    from dataclasses import replace

    return replace(notes.from_text("case", text, language), date=made)


def told(finding):
    said = [
        f"{one.when.role} {one.when.date or (f'age {one.when.age}' if one.when.age is not None else 'words')}"
        for one in finding.attributes
        if one.kind == "date" and one.when is not None
    ]
    return " + ".join(said) or "-"


@pytest.mark.parametrize(("language", "marked", "says"), EACH, ids=[case[1][:70] for case in EACH])
def test_the_time_of_every_mention(language, marked, says, rules, calendars):
    text, mentions = read(marked)
    note = note_of(text, language)
    found = calendars.date(note, context.assess(note, mentions, rules[language]), language).kept
    assert " | ".join(told(one) for one in found) == says
    for one in (one for finding in found for one in finding.attributes):
        assert note.text[one.start : one.end] == one.text


@pytest.mark.parametrize("language", CASES)
def test_there_are_enough_sentences(language):
    says = [case[1] for case in CASES[language]]
    assert len(says) >= 60
    assert sum(not re.search(r"\w", one) for one in says) >= 15
