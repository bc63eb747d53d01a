"""Sentences of our own, each with the time that must be attached to every mention in it, or none."""

import re
import time
import tomllib
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapter import context, notes
from adapter.context import expressions, moments
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


def moment(words, language="en", made=MADE):
    rules = expressions.load(language)
    (found,) = expressions.find(words, 0, len(words), rules)
    return moments.read(found, rules, made)


@pytest.mark.parametrize(
    ("words", "made", "date"),
    [
        ("3 weeks ago", "2024-05-20", "2024-04"),
        ("6 days ago", "2024-05-20", "2024-05-14"),
        ("7 days ago", "2024-05-20", "2024-05"),
        ("two months ago", "2024-01-31", "2023-11"),
        ("11 months ago", "2024-05-20", "2023-06"),
        ("12 months ago", "2024-05-20", "2023"),
        ("60 weeks ago", "2024-05-20", "2023"),
        ("2-3 years ago", "2024-05-20", None),
        ("2 to 3 days ago", "2024-05-02", "2024-04"),
        ("1 or 2 days ago", "2024-05-02", "2024"),
        ("2 hours ago", "2024-05-20", "2024-05"),
        ("2 hours ago", "2024-05-20T01:00:00+02:00", "2024-05-19"),
        ("since Monday", "2024-05-20", "2024-05-13"),
        ("last Monday", "2024-05-30", "2024-05"),
        ("last week", "2024-05-02", "2024-04"),
        ("last month", "2024-01-31", "2023-12"),
        ("since March", "2024-03-01", "2024-03"),
        ("since April", "2024-03-31", "2023-04"),
        ("on March 12", "2024-03-11", "2023-03-12"),
        ("on 1/15/99", "2024-05-20", "1999-01-15"),
        ("3 weeks ago", None, None),
        ("since yesterday", "not a date", None),
        ("in March 2019", None, "2019-03"),
        ("about 3 weeks ago", "2024-05-20", None),
    ],
)
def test_a_time_is_as_exact_as_it_was_said(words, made, date):
    assert moment(words, made=made).date == date


@pytest.mark.parametrize(
    "words", ["in 2025", "on May 21, 2024", "31.02.2021", "since 6/2024", "in 13/2020", "on 2024-05-21"]
)
def test_what_lies_after_the_document_or_in_no_calendar_is_no_time(words):
    rules = expressions.load("en")
    found = expressions.find(words, 0, len(words), rules)
    assert all(moments.read(one, rules, MADE) in (None, moments.Moment()) for one in found)


def test_a_note_of_a_stay_counts_nothing_from_its_own_date(rules, calendars):
    text = "Hospital Course:\nHe was given fluids. Fever for 3 days. Appendectomy in 2018.\n"
    note = note_of(text, "en")
    at = [text.index("Fever"), text.index("Appendectomy")]
    mentions = [
        Mention(start=at[0], end=at[0] + 5, text="Fever", kind="finding", confidence=0.9),
        Mention(start=at[1], end=at[1] + 12, text="Appendectomy", kind="procedure", confidence=0.9),
    ]
    found = calendars.date(note, context.assess(note, mentions, rules["en"]), "en").kept
    assert [told(one) for one in found] == ["start words", "at 2018"]


def test_a_date_of_the_engine_is_read_and_kept(calendars, rules):
    text = "Asthma three weeks ago, in 2019."
    note = note_of(text, "en")
    found = context.assess(
        note,
        [Mention(start=0, end=6, text="Asthma", kind="condition", confidence=0.9)],
        rules["en"],
    )
    own = Attribute(kind="date", start=7, end=22, text="three weeks ago")
    step = Step(name="context", kept=(replace(found.kept[0], attributes=(own,)),))
    (one,) = calendars.date(note, step, "en").kept
    assert [(each.text, each.when.date) for each in one.attributes] == [("three weeks ago", "2024-04")]


def test_a_language_without_time_words_is_left_as_it_is(calendars):
    step = Step(name="context", kept=())
    assert calendars.date(note_of("Fiebre desde 2015.", "es"), step, "xx") is step


PIECES = (
    "2015 3 days ago since for Tagen seit vor mars le / - . , x 12 3/14/2020 yesterday gestern à ans İ ß ( )"
)
WORDS = st.sampled_from([*PIECES.split(" "), "\u0301", "sinds"])


@given(st.lists(WORDS, max_size=30).map(" ".join) | st.text(max_size=60), st.sampled_from(sorted(CASES)))
@settings(max_examples=150, deadline=None)
def test_any_text_has_times_within_it_and_none_later_than_the_document(text, language):
    rules = loaded(language)
    found = expressions.find(text, 0, len(text), rules)
    assert all(0 <= one.start < one.end <= len(text) for one in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    for one in found:
        read = moments.read(one, rules, MADE)
        if read is not None and read.date is not None:
            assert re.fullmatch(r"\d{4}(-\d\d(-\d\d)?)?", read.date)
            assert read.date <= "2024-05-20"[: len(read.date)]


@cache
def loaded(language):
    return expressions.load(language)


@pytest.mark.parametrize("piece", ["3 ", "since ", "1/1/", "2015 ", "for 3 days ", "a few ", "mar ", "x"])
def test_time_grows_with_the_text(piece):
    rules = loaded("en")
    short, long = piece * (1_500 // len(piece)), piece * (3_000 // len(piece))

    def spent(text):
        runs = []
        for _ in range(3):
            began = time.process_time()
            expressions.find(text, 0, len(text), rules)
            runs.append(time.process_time() - began)
        return min(runs)

    assert spent(long) < 6 * spent(short) + 0.02
