import time
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mappings
from adapter import notes
from adapter.notes.languages import READ, SURE, Detector

LINES = tomllib.loads((Path(__file__).parent / "spoken.toml").read_text("utf-8"))
DETECTOR = Detector()
EACH = [
    (language, text)
    for part in ("prose", "telegraphic")
    for language, texts in LINES[part].items()
    for text in texts
]
DUTCH = """Geachte collega,

Bovengenoemde patiënte zag ik op de polikliniek wegens kortademigheid sinds drie dagen.
Zij heeft geen koorts en geen pijn op de borst. Bij onderzoek was de buik soepel.
Metoprolol 50 mg 1-0-0
Pantoprazol 40 mg 1-0-0
Hb 7,9 mmol/l, CRP 12 mg/l

"""
ENGLISH = """RADIOLOGY REPORT
CT of the chest with contrast. There is no evidence of pulmonary embolism.
A small left-sided pleural effusion is seen. No consolidation.

"""
DUTCH_END = """Conclusie: er zijn geen aanwijzingen voor een longembolie.
Wij zien haar over een week terug.
"""


def spoken_in(text: str, expected: str | None = None) -> str:
    """The one language of a text, or "und"."""
    runs = DETECTOR.runs(text, expected)
    return runs[0].language if len(runs) == 1 and runs[0].margin >= SURE else "und"


def heard(text, declared=None, **how):
    return notes.heard("n", text, notes.Listening(detector=DETECTOR, **how), declared)


@pytest.mark.parametrize(("language", "text"), EACH, ids=[text[:50] for _, text in EACH])
def test_a_line_alone_is_not_taken_for_another_language(language, text):
    assert spoken_in(text) not in set(READ) - {language}


def test_the_languages_looked_for_are_those_with_rules():
    assert {Path(name).stem for name in mappings.SHIPPED.names("context")} == set(READ)


def test_most_lines_are_recognised_alone_and_all_prose():
    for part, least in (("prose", 1.0), ("telegraphic", 0.65)):
        own = [(language, text) for language in READ for text in LINES[part][language]]
        right = sum(spoken_in(text) == language for language, text in own)
        assert right >= least * len(own), part


@pytest.mark.parametrize("language", READ)
def test_lists_of_drugs_and_values_follow_their_neighbours(language):
    text = "\n".join([*LINES["telegraphic"][language], *LINES["silent"]["lines"], *LINES["prose"][language]])
    assert [run.language for run in DETECTOR.runs(text)] == [language]


def test_lists_alone_say_nothing():
    for line in LINES["silent"]["lines"]:
        assert spoken_in(line) == "und"


@pytest.mark.parametrize("declared", [None, "nl", "nl-NL"])
def test_a_report_inside_a_letter_is_read_in_its_own_language(declared):
    note = heard(DUTCH + ENGLISH + DUTCH_END, declared)
    assert [part.language.split("-")[0] for part in note.stretches] == ["nl", "en", "nl"]
    assert note.text[note.stretches[1].start : note.stretches[1].end] == ENGLISH
    assert (note.language, note.languages) == ((declared or "nl").lower(), ("nl", "en"))
    assert note.stretches[1].sure > 0.99
    assert note.detector.startswith("py3langid")
    assert note.language_at(note.text.index("pulmonary")) == "en"


def test_what_is_declared_and_found_needs_no_detector_named():
    note = heard(DUTCH, "nl")
    assert (note.detector, [part.found for part in note.stretches]) == ("", ["nl"])


@pytest.mark.parametrize(
    ("contradicted", "read_in", "issues"),
    [
        ("leave-out", ["und"], ["language-contradicted"]),
        ("detected", ["nl"], ["language-contradicted"]),
        ("declared", [], []),
    ],
)
@pytest.mark.parametrize("by_document", [True, False])
def test_a_text_that_is_not_in_the_language_declared(contradicted, read_in, issues, by_document):
    listening = notes.Listening(
        detector=DETECTOR, contradicted=contradicted, expected=None if by_document else "en"
    )
    spoken = listening.spoken(DUTCH, "en" if by_document else None, "DocumentReference.content[0].attachment")
    assert [part.language for part in spoken.stretches] == read_in
    assert [issue.reason for issue in spoken.issues] == issues
    assert all(issue.severity == "information" and issue.path for issue in spoken.issues)
    assert spoken.language == ("nl" if contradicted == "detected" else "en")


@pytest.mark.parametrize("text", ["Pneumonia.", "12.03.2024", "", "RR 120/80 mmHg"])
def test_too_little_text_is_in_no_language_unless_one_is_told(text):
    assert heard(text).language == "und"
    assert heard(text, "fr").language == "fr"
    assert heard(text, expected="de-AT").language == "de-at"


def test_an_italian_note_is_not_taken_for_a_french_or_spanish_one():
    text = " ".join(line for line in LINES["prose"]["none"] if "paziente" in line or "toracico" in line)
    assert heard(text).language == "it"


def test_headings_are_those_of_each_language():
    note = heard(
        "Allergieën:\nPenicilline geeft huiduitslag bij deze patiënt, verder geen klachten.\n\n"
        "Family History:\nHer mother had breast cancer, her father is alive and well.\n\n"
        "Familieanamnese:\nHaar moeder had borstkanker en haar vader leeft nog en is gezond.\n"
    )
    assert [section.key for section in note.sections] == ["allergies", "family_history", "family_history"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from([text + "\n" for _, text in EACH] + ["\n", "\r\n", "x" * 900, " 3.5 "])))
def test_stretches_cover_the_text_in_order(lines):
    text = "".join(lines)
    runs = DETECTOR.runs(text)
    assert not runs or (runs[0].start, runs[-1].end) == (0, len(text))
    assert all(one.end == other.start and one.start < one.end for one, other in pairwise(runs))
    assert heard(text).sentences == tuple(sorted(heard(text).sentences, key=lambda span: span.start))


def test_time_is_linear_in_the_text():
    line = " ".join(LINES["prose"]["de"])
    for text in (line * 120, (line.replace(". ", ".\n") + "\n") * 120, "x" * 100_000, "a. " * 33_000):
        started = time.process_time()
        DETECTOR.runs(text)
        assert time.process_time() - started < 2
