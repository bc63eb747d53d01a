"""Notes written by hand: their marks can be read; the test notes are none of those that are tuned on."""

from collections import Counter
from pathlib import Path

import pytest

from adapter.model import KINDS
from training.gold.markup import inline

ROOT = Path(__file__).parents[2]
NOTES = ROOT / "fixtures" / "notes"
LEARNED = ROOT / "training" / "notes" / "written"
LANGUAGES = ("de", "fr", "nl")
TUNED = {language: sorted((NOTES / language).glob("*.marked")) for language in LANGUAGES}
UNSEEN = {language: sorted((NOTES / "test" / language).glob("*.marked")) for language in LANGUAGES}
EVERY = [path for paths in (*TUNED.values(), *UNSEEN.values()) for path in paths]
DETAILS = {"dose", "route", "frequency", "duration", "form"}
HOLDERS = {
    **{kind: {"medication"} for kind in DETAILS},
    "result": {"test", "procedure"},
    "body_site": {"condition", "finding", "procedure", "test"},
}


def read(path):
    return inline(path.read_text("utf-8"))


def spans(findings):
    """Every mention, whether it stands alone or hangs on another, in text order."""
    for one in findings:
        yield one["start"], one["end"], one["kind"]
        for kind, items in one.get("attributes", {}).items():
            yield from ((item["start"], item["end"], kind) for item in items)


def fives(text):
    words = text.lower().split()
    return {tuple(words[at : at + 5]) for at in range(len(words) - 4)}


@pytest.mark.parametrize("path", EVERY, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_the_marks_of_a_note_can_be_read(path):
    text, findings = read(path)
    assert text.strip() and findings
    assert not [rest for rest in ("[[", "]]", *(f"|{kind}" for kind in KINDS)) if rest in text]


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_twelve_test_notes_of_ordinary_length(language):
    assert len(UNSEEN[language]) == 12
    assert all(1200 <= len(read(path)[0]) <= 2500 for path in UNSEEN[language])


@pytest.mark.parametrize("language", LANGUAGES)
def test_test_notes_have_every_kind(language):
    counted = Counter(kind for path in UNSEEN[language] for _, _, kind in spans(read(path)[1]))
    assert set(counted) == set(KINDS) - {"date", "reason"}  # only language models find these


@pytest.mark.parametrize("language", LANGUAGES)
def test_mentions_of_test_notes_are_whole_words_on_one_line(language):
    for path in UNSEEN[language]:
        text, findings = read(path)
        for start, end, _ in spans(findings):
            words = text[start:end]
            assert "\n" not in words, (path.name, words)
            assert not (text[:start][-1:].isalnum() and words[0].isalnum()), (path.name, words)
            assert not (text[end:][:1].isalnum() and words[-1].isalnum()), (path.name, words)


@pytest.mark.parametrize("language", LANGUAGES)
def test_details_of_test_notes_hang_on_what_they_can_belong_to(language):
    for path in UNSEEN[language]:
        for one in read(path)[1]:
            assert one["kind"] not in DETAILS, (path.name, one["text"])
            for kind in one.get("attributes", {}):
                assert one["kind"] in HOLDERS[kind], (path.name, one["text"], kind)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_relative_is_named_of_family_only(language):
    for path in UNSEEN[language]:
        for one in read(path)[1]:
            said = one["assertion"]
            assert "relative" not in said or said.get("experiencer") == "family", (path.name, one["text"])
            assert not said.get("ruled_out") or not said.get("uncertain"), (path.name, one["text"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_test_notes_share_no_passages_with_the_notes_that_are_tuned_on(language):
    known = set().union(*(fives(read(path)[0]) for path in TUNED[language]))
    for path in UNSEEN[language]:
        own = fives(read(path)[0])
        assert len(own & known) < len(own) / 50, path.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_notes_to_learn_from_can_be_read_and_share_no_passages_with_those_that_measure(language):
    known: set[tuple[str, ...]] = set()
    for path in sorted(LEARNED.joinpath(language).glob("*.marked")):
        text, findings = read(path)
        assert findings and "[[" not in text and "]]" not in text, path.name
        known |= fives(text)
    for path in (*TUNED[language], *UNSEEN[language]):
        own = fives(read(path)[0])
        assert len(own & known) < len(own) / 15, path.name
