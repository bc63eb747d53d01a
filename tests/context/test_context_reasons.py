"""Why something is given or done, and how severe a problem is, as sentences tell it."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from marked import KINDS
from marked import lettered as read

from adapter import context, notes
from adapter.model import Mention, Span

HERE = Path(__file__).parent
RULES = context.Shelf(("en", "de", "fr", "nl"))


def cases(name):
    table = tomllib.loads((HERE / f"{name}.toml").read_text("utf-8"))
    return [(language, line) for language, lines in table.items() for line in lines]


def told(language, line, kind):
    """What a line says to expect, and what the rules give."""
    marked, _, expected = line.partition("=>")
    text, mentions = read(marked.strip())
    found = context.assess(notes.from_text("n", text, language), mentions, RULES[language])
    given = {one.text: [each.text for each in one.attributes if each.kind == kind] for one in found.kept}
    wanted = dict(pair.split(": ") for pair in expected.strip().split("; ") if pair)
    return {name: words.split(", ") for name, words in wanted.items()}, {k: v for k, v in given.items() if v}


@pytest.mark.parametrize(("language", "line"), cases("reasons"))
def test_what_something_is_given_or_done_for(language, line):
    wanted, given = told(language, line, "reason")
    assert given == wanted


@pytest.mark.parametrize(("language", "line"), cases("severities"))
def test_how_severe_a_problem_is(language, line):
    wanted, given = told(language, line, "severity")
    assert given == wanted


def test_a_reason_stays_a_finding_of_its_own():
    text, mentions = read("[m lisinopril] for [c hypertension]")
    step = context.assess(notes.from_text("n", text, "en"), mentions, RULES["en"])
    assert [one.text for one in step.kept] == ["lisinopril", "hypertension"] and not step.left_out


def test_what_the_engine_tells_as_reason_holds():
    text, mentions = read("[m lisinopril] for [c hypertension] or so")
    head = mentions[0]
    own = Mention(start=15, end=30, text=text[15:30], kind="reason", confidence=0.9, head=head_of(head))
    step = context.assess(notes.from_text("n", text, "en"), [*mentions, own], RULES["en"])
    assert [(each.kind, each.start, each.end) for each in step.kept[0].attributes] == [("reason", 15, 30)]


def head_of(mention):
    return Span(start=mention.start, end=mention.end)


@given(st.data())
def test_any_mentions_of_any_words_are_survived(data):
    words = ("for", "severe", "and", ",", "pain", "is", "aspirin", "because of", ".", "treated with")
    text = " ".join(data.draw(st.lists(st.sampled_from(words), min_size=1, max_size=20)))
    note = notes.from_text("n", text, "en")
    places = data.draw(st.lists(st.tuples(st.integers(0, len(text) - 1), st.integers(1, 12)), max_size=8))
    kinds = data.draw(st.lists(st.sampled_from(sorted(KINDS.values())), min_size=8, max_size=8))
    mentions = [
        Mention(start=at, end=min(at + size, len(text)), text=text[at : at + size], kind=kind, confidence=0.5)
        for (at, size), kind in zip(places, kinds, strict=False)
    ]
    for finding in context.assess(note, mentions, RULES["en"]).kept:
        for detail in finding.attributes:
            assert text[detail.start : detail.end] == detail.text
            assert detail.kind not in ("reason", "severity") or (detail.start, detail.end) != (
                finding.start,
                finding.end,
            )
