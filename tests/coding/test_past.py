"""Codes of what is over, in place of those of the acute event."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import terminology
from adapter import coding
from adapter.coding import Coder
from adapter.model import Assertion, Attribute, Finding, Note, When

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
PAST = Assertion(historical=True)


@pytest.fixture(scope="module")
def coder(core_store: Path) -> Iterator[Coder]:
    with terminology.open_store(core_store) as store:
        yield Coder(store, coding.load())


def finding(text: str, assertion: Assertion = PAST, day: str | None = None) -> Finding:
    when = (Attribute(kind="date", start=0, end=1, text=text[:1], when=When(date=day)),) if day else ()
    return Finding(
        start=0,
        end=len(text),
        text=text,
        kind="condition",
        confidence=1.0,
        assertion=assertion,
        attributes=when,
    )


def codes(found: Finding) -> list[str]:
    return [one.code for one in found.codings]


def test_every_code_that_is_given_is_in_the_store(core_store: Path) -> None:
    given = {(one.system, one.code) for one in coding.load().past if one.code}
    with terminology.open_store(core_store) as store:
        known = {key for key in given if store.lookup(*key)}
        known |= {(each.system, each.code) for key in known for each in store.mappings(*key)}
    assert given
    assert given <= known


@pytest.mark.parametrize(
    ("text", "language", "now", "then"),
    [
        ("Myokardinfarkt", "de", ["22298006", "I21.9"], ["1755008", "I25.2"]),
        ("NSTEMI", "en", ["401314000", "I21.4"], ["1755008", "I25.2"]),
        ("AVC", "fr", ["230690007", "I63.9"], ["275526006", "Z86.73"]),
        ("TIA", "nl", ["266257000", "G45.9"], ["161511000", "Z86.73"]),
        ("longembolie", "nl", ["59282003", "I26.99"], ["161512007", "Z86.711"]),
        ("deep vein thrombosis", "en", ["128053003", "I82.409"], ["161508001", "Z86.718"]),
        ("pneumonia", "en", ["233604007", "J18.9"], ["233604007", "J18.9"]),
        ("old myocardial infarction", "en", ["1755008", "I25.2"], ["1755008", "I25.2"]),
    ],
)
def test_what_is_over_has_codes_of_its_own(
    coder: Coder, text: str, language: str, now: list[str], then: list[str]
) -> None:
    assert codes(coder.code(finding(text, Assertion()), languages=(language, "en"))) == now
    assert codes(coder.code(finding(text), languages=(language, "en"))) == then
    assert codes(coder.code_all([finding(text)], (language, "en"))[0]) == then


@pytest.mark.parametrize(
    "said",
    [
        Assertion(uncertain=True),
        Assertion(historical=True, experiencer="family"),
        Assertion(negated=True, historical=True),
    ],
)
def test_only_the_past_of_the_patient_is_over(coder: Coder, said: Assertion) -> None:
    assert "I25.2" not in codes(coder.code(finding("myocardial infarction", said)))


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-05-01", "I21.9"),
        ("2024-05-29", "I21.9"),
        ("2024-04-20", "I25.2"),
        ("2023", "I25.2"),
        (None, "I25.2"),
        ("2024-06-20", "I25.2"),
    ],
)
def test_an_event_of_the_last_days_is_not_past(coder: Coder, day: str | None, expected: str) -> None:
    note = Note(id="n", text="Myocardial infarction.", date="2024-05-28T10:00:00+02:00")
    if day == "2024-05-29":
        note = replace(note, date="2024-05-29")
    found = coder.code(finding("Myocardial infarction", day=day), note=note)
    assert expected in codes(found)


def test_what_has_no_code_of_its_own_loses_the_acute_one(coder: Coder) -> None:
    now = coder.code(finding("subarachnoid hemorrhage", Assertion()))
    then = coder.code(finding("subarachnoid hemorrhage"))
    assert any(one.system == ICD and one.code.startswith("I60") for one in now.codings)
    assert [one.system for one in then.codings] == [one.system for one in now.codings if one.system != ICD]


def test_a_code_that_the_store_does_not_have_is_not_given(coder: Coder) -> None:
    rules = coder.rules
    unknown = tuple(replace_code(one) for one in rules.past)
    found = coder.ruled(rules.model_copy(update={"past": unknown})).code(finding("Myocardial infarction"))
    assert codes(found) == ["22298006"]
    acute = coder.ruled(rules.model_copy(update={"past": unknown})).code(finding("NSTEMI"))
    assert codes(acute) == []


def replace_code(rule):
    return rule.model_copy(update={"code": "nowhere"})


def test_residual_deficits_are_told(coder: Coder) -> None:
    text = "Stroke in 2015 with residual weakness."
    note = Note(id="n", text=text)
    assert "Z86.73" not in codes(coder.code_all([replace(finding("Stroke"), end=6)], ("en",), note)[0])
