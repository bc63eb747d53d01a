"""What is tolerated is no allergen."""

import tomllib
from pathlib import Path

import pytest

from adapter import context, notes
from adapter.model import Mention

CASES = tomllib.loads(Path(__file__).with_name("tolerated.toml").read_text("utf-8"))["case"]


@pytest.fixture(scope="module")
def rules():
    return {language: context.load(language) for language in {case["language"] for case in CASES}}


def drugs(case):
    for words in (*case["allergen"], *case.get("not", ())):
        start = case["text"].index(words)
        yield Mention(start=start, end=start + len(words), text=words, kind="medication", confidence=0.9)


@pytest.mark.parametrize("case", CASES, ids=[case["text"] for case in CASES])
def test_what_is_tolerated_is_no_allergen(case, rules):
    note = notes.from_text("case", case["text"], case["language"])
    found = context.assess(note, list(drugs(case)), rules[case["language"]]).kept
    assert {one.text for one in found if one.assertion.allergen} == set(case["allergen"])
