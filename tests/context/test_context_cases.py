"""Sentences of our own, each with what must be said of every mention in it, and nothing else."""

import tomllib
from pathlib import Path

import pytest

from adapter import context, notes
from adapter.model import Mention

FILES = sorted(Path(__file__).parent.glob("cases*.toml"))  # cases.toml is English, cases-nl.toml Dutch
CASES = {
    path.stem.partition("-")[2] or "en": tomllib.loads(path.read_text("utf-8"))["case"] for path in FILES
}
EACH = [(language, case) for language, cases in CASES.items() for case in cases]
FLAGS = ("negated", "ruled_out", "uncertain", "hypothetical", "historical", "planned", "stopped", "allergen")


@pytest.fixture(scope="module")
def rules():
    return {language: context.load(language) for language in CASES}


def mentions_of(case):
    position = 0
    for line in case["mentions"]:
        kind, words = line.split(": ", 1)
        start = case["text"].index(words, position)
        position = start + len(words)
        yield Mention(start=start, end=position, text=words, kind=kind, confidence=0.9)


def said(finding):
    assertion = finding.assertion
    words = {flag for flag in FLAGS if getattr(assertion, flag)}
    words |= {assertion.experiencer} - {"patient"}
    return words | ({assertion.relative} - {None})


@pytest.mark.parametrize(
    ("language", "case"), EACH, ids=[case["text"][:60].replace("\n", " ") for _, case in EACH]
)
def test_what_is_said(language, case, rules):
    note = notes.from_text("case", case["text"], language)
    findings = context.assess(note, list(mentions_of(case)), rules[language]).kept
    assert [said(finding) for finding in findings] == [set(axes) for axes in case["says"]]
    cues = [cue for finding in findings for cue in finding.assertion.cues]
    assert all(note.text[cue.start : cue.end] == cue.text for cue in cues)
    assert case.get("cue") is None or case["cue"] in {cue.text for cue in cues}


@pytest.mark.parametrize("language", CASES)
def test_there_are_enough_cases_of_every_axis(language):
    axes = [axis for case in CASES[language] for says in case["says"] for axis in says]
    assert len(CASES[language]) >= 150
    assert all(axes.count(axis) >= 4 for axis in (*FLAGS, "family", "other"))
