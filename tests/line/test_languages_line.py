"""Notes in several languages through the whole line, with mentions marked by hand."""

import base64
import io
from pathlib import Path

import pytest

import terminology
from adapter import assembly, coding, context, emission, notes
from adapter.cli import explain
from adapter.extraction import Replay, replay
from adapter.fhir import systems
from adapter.model import Mention, ModelInfo, Note
from adapter.pipeline import Pipeline

GERMAN = (
    "Die Patientin wurde wegen Atemnot stationär aufgenommen. Kein Fieber, keine Pneumonie. "
    "Wir danken für die Überweisung und bitten um Kontrolle in einer Woche.\n\n"
)
ENGLISH = (
    "The chest radiograph shows a pleural effusion on the left. There is no evidence of pneumonia. "
    "The heart is not enlarged and the lungs are otherwise clear.\n\n"
)
POLISH = "Pacjentka została przyjęta z powodu duszności i obrzęków nóg. Neguje pneumonia i gorączkę.\n\n"
DETECTOR = notes.Detector()


class English(Replay):
    """Recorded answers of an engine that reads English alone."""

    languages = ("en",)


def marked(text: str, words: dict[str, str]) -> list[Mention]:
    found = []
    for one, kind in words.items():
        start = text.find(one)
        while start >= 0:
            found.append(Mention(start=start, end=start + len(one), text=one, kind=kind, confidence=0.9))
            start = text.find(one, start + 1)
    return found


def line(store: Path, text: str, words: dict[str, str], engine=Replay, **how) -> Pipeline:
    answers = {replay.key(text): replay.record(Note(id="n", text=text), marked(text, words))["mentions"]}
    return Pipeline(
        engine=engine(answers),
        coder=coding.Coder(terminology.open_store(store), coding.load()),
        contexts=context.Shelf(assembly.languages()),
        resources=emission.load(),
        maker=emission.Maker(
            model=ModelInfo(name="marked", version="1", digest="0" * 64, quantization="none"),
            version="1",
            mappings="0" * 64,
        ),
        listening=notes.Listening(detector=DETECTOR, **how),
    )


def document(text: str, language: str | None = None) -> dict:
    attachment = {"contentType": "text/plain", "data": base64.b64encode(text.encode()).decode()}
    return {
        "resourceType": "DocumentReference",
        "id": "d",
        "status": "current",
        "subject": {"reference": "Patient/p"},
        "content": [{"attachment": attachment | ({"language": language} if language else {})}],
    }


def assertions(outcome) -> dict[str, bool]:
    coded = next(step for step in outcome.steps if step.name == "coding")
    return {f"{one.text}@{one.start}": one.assertion.negated for one in coded.kept}


def kinds(outcome) -> list[str]:
    return [entry["resource"]["resourceType"] for entry in outcome.bundle["entry"]]


WORDS = {"Atemnot": "finding", "Fieber": "finding", "Pneumonie": "condition"}
WORDS |= {"pleural effusion": "condition", "pneumonia": "condition"}


@pytest.mark.parametrize("declared", [None, "de"])
def test_each_stretch_is_judged_by_its_own_rules(core_store, declared):
    text = GERMAN + ENGLISH
    outcome = line(core_store, text, WORDS).run(document(text, declared))
    negated = assertions(outcome)
    assert list(negated.values()) == [False, True, True, False, True]
    assert not outcome.errors
    provenance = outcome.bundle["entry"][-1]["resource"]
    told = [
        entity["what"]["identifier"]["value"]
        for entity in provenance["entity"]
        if entity["what"].get("identifier", {}).get("system") == systems.LANGUAGES
    ]
    assert told == ["de", "en"]


def test_what_is_in_a_language_without_rules_is_left_out_alone(core_store):
    text = GERMAN * 2 + POLISH
    outcome = line(core_store, text, WORDS).run(document(text, "de"))
    assert len(assertions(outcome)) == 6
    context_step = next(step for step in outcome.steps if step.name == "context")
    (issue,) = (one for one in context_step.left_out if one.reason == "language-not-supported")
    assert (issue.severity, text[issue.start : issue.end]) == ("warning", POLISH)


@pytest.mark.parametrize("text", [POLISH, "Pneumonia."])
def test_nothing_is_made_of_a_text_no_rules_can_read(core_store, text):
    outcome = line(core_store, text, {"pneumonia": "condition", "Pneumonia": "condition"}).run(document(text))
    assert kinds(outcome) == ["Device"]
    assert len(outcome.errors) == 1


def test_an_engine_hears_only_the_languages_it_reads(core_store):
    text = GERMAN + ENGLISH
    outcome = line(core_store, text, WORDS, English).run(document(text))
    assert [text[int(key.split("@")[1]) :][:9] for key in assertions(outcome)] == ["pleural e", "pneumonia"]
    reasons = [issue.reason for step in outcome.steps for issue in step.left_out]
    assert reasons.count("language-not-read") == 3
    assert reasons.count("language-not-supported") == 1


@pytest.mark.parametrize(("contradicted", "found"), [("leave-out", 0), ("detected", 3)])
def test_german_that_is_declared_english_is_never_read_as_english(core_store, contradicted, found):
    outcome = line(core_store, GERMAN, WORDS, contradicted=contradicted).run(document(GERMAN, "en"))
    negated = assertions(outcome) if found else {}
    assert list(negated.values()) == [False, True, True][:found]
    issues = [issue for step in outcome.steps for issue in step.left_out]
    (told,) = (issue for issue in issues if issue.reason == "language-contradicted")
    assert told.severity == "information"
    assert bool(outcome.errors) == (found == 0)
    assert found or kinds(outcome) == ["Device"]


def test_explain_says_which_language_was_read_where(core_store):
    text = GERMAN + ENGLISH
    written = io.StringIO()
    explain.write(line(core_store, text, WORDS).run(document(text)), written)
    first = written.getvalue().splitlines()[0]
    assert first.startswith(f"Language: de; 0-{len(GERMAN)} de (found de, 1.00), ")
    assert " en (found en" in first
