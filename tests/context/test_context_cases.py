"""Sentences of our own, each with what must be said of every mention in it, and nothing else."""

import tomllib
from pathlib import Path

import pytest

from adapter import context, notes
from adapter.model import Mention

CASES = tomllib.loads(Path(__file__).with_name("cases.toml").read_text("utf-8"))["case"]
FLAGS = ("negated", "ruled_out", "uncertain", "hypothetical", "historical", "planned", "stopped", "allergen")


@pytest.fixture(scope="module")
def rules():
    return context.load("en")


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


@pytest.mark.parametrize("case", CASES, ids=[case["text"][:60].replace("\n", " ") for case in CASES])
def test_what_is_said(case, rules):
    note = notes.from_text("case", case["text"])
    findings = context.assess(note, list(mentions_of(case)), rules).kept
    assert [said(finding) for finding in findings] == [set(axes) for axes in case["says"]]
    cues = [cue for finding in findings for cue in finding.assertion.cues]
    assert all(note.text[cue.start : cue.end] == cue.text for cue in cues)
    assert case.get("cue") is None or case["cue"] in {cue.text for cue in cues}


def test_there_are_enough_cases_of_every_axis():
    axes = [axis for case in CASES for says in case["says"] for axis in says]
    assert len(CASES) >= 150
    assert all(axes.count(axis) >= 4 for axis in (*FLAGS, "family", "other"))
