from pathlib import Path

import pytest

from adapter import categories, settings
from adapter.errors import SettingsError
from adapter.model import Assertion, Finding
from adapter.settings import Settings


def test_the_environment_is_read_and_options_win() -> None:
    found = settings.read({"NOTEWRIGHT_FHIR": "r5", "NOTEWRIGHT_THREADS": "3"}, {"fhir": "r4", "model": None})
    assert (found.fhir, found.threads) == ("r4", 3)
    assert settings.read({"NOTEWRIGHT_TERMINOLOGY": "/x.sqlite"}, {}).terminology == Path("/x.sqlite")


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"NOTEWRIGHT_FHIR": "r3"}, "fhir must be one of r4, r5"),
        ({"NOTEWRIGHT_THREADS": "many"}, "NOTEWRIGHT_THREADS is not a number"),
        ({"NOTEWRIGHT_ENGINE": "replay"}, "replay needs a recording"),
        ({"NOTEWRIGHT_ENGINE": "magic"}, "engine must be one of"),
        ({"NOTEWRIGHT_RECORDED": "yesterday"}, "recorded must be now or an instant"),
        ({"NOTEWRIGHT_MAX_BYTES": "0"}, "must not be negative"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(environment: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        settings.read(environment, {})


def test_there_is_at_least_one_core() -> None:
    assert Settings().cores >= 1
    assert Settings(threads=5).cores == 5


@pytest.mark.parametrize(
    ("kind", "words", "assertion", "section", "category"),
    [
        ("age", "54-year-old", {}, "unknown", "age"),
        ("condition", "gout", {}, "assessment", "diagnosis"),
        ("condition", "gout", {"historical": True}, "unknown", "medical_surgical_history"),
        ("condition", "gout", {"experiencer": "family"}, "unknown", "family_history"),
        ("condition", "gout", {}, "past_medical_history", "comorbidities"),
        ("finding", "fever", {}, "unknown", "signs_symptoms"),
        ("medication", "aspirin", {}, "unknown", "pharmacological_therapy"),
        ("social", "smokes", {}, "unknown", "life_style"),
        ("social", "married", {}, "unknown", "social_history"),
        ("procedure", "colonoscopy", {}, "unknown", "diagnostic_techniques_procedures"),
        ("procedure", "CABG", {}, "unknown", "interventional_therapy"),
        ("test", "hemoglobin", {}, "unknown", "diagnostic_techniques_procedures"),
        ("result", "12 g/dL", {}, "unknown", "laboratory_values"),
    ],
)
def test_categories_are_a_view_over_findings(
    kind: str, words: str, assertion: dict[str, object], section: str, category: str
) -> None:
    said = Assertion(**assertion)  # type: ignore[arg-type]
    one = Finding(
        start=0, end=len(words), text=words, kind=kind, confidence=1.0, section=section, assertion=said
    )
    assert categories.load().of(one) == category
