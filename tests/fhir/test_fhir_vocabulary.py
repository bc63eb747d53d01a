import pytest
from fhir.resources.operationoutcome import OperationOutcome as R5
from fhir.resources.R4B.operationoutcome import OperationOutcome as R4B

from adapter.fhir import ids, outcome, references, times
from adapter.model import Issue


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"reference": "Patient/1"}, "Patient"),
        ({"reference": "Patient/1/_history/2"}, "Patient"),
        ({"reference": "https://ehr.example.org/r4/Patient/a-b.c"}, "Patient"),
        ({"type": "Patient", "identifier": {"value": "1"}}, "Patient"),
        ({"reference": "urn:uuid:1", "type": "Patient"}, "Patient"),
        ({"reference": "urn:uuid:1"}, None),
        ({"reference": "#p"}, None),
        ({"reference": "Patient?identifier=1"}, None),
        ({}, None),
    ],
)
def test_target_type(reference, expected):
    assert references.target_type(reference) == expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"reference": "Patient/1"}, True),
        ({"identifier": {"value": "1"}}, True),
        ({"reference": "#p", "identifier": {"value": "1"}}, False),
        ({"reference": "urn:uuid:1"}, False),
        ({"identifier": {"system": "x"}}, False),
        ({"display": "x"}, False),
        (None, False),
        ("Patient/1", False),
    ],
)
def test_followable(reference, expected):
    assert references.followable(reference) is expected


def test_ids_are_the_same_for_ever():
    """Changing this changes the identity of every resource ever delivered."""
    assert ids.stable("note", "Condition", 3, 9) == "604c55ae-a65b-5ed8-b37c-1220e7169737"
    assert ids.stable("a", "bc") != ids.stable("ab", "c")


ISSUE = Issue(code="not-found", reason="no-rule", message="Element is missing", severity="error", path="A.b")


@pytest.mark.parametrize(
    "issues", [[], [ISSUE], [ISSUE, Issue(code="informational", reason="x", message="y")]]
)
def test_outcomes_are_valid(issues):
    told = outcome.of(issues)
    R4B.model_validate(told)
    R5.model_validate(told)
    assert len(told["issue"]) == max(1, len(issues))


def test_an_outcome_names_the_element():
    (told,) = outcome.of([ISSUE])["issue"]
    assert told == {
        "severity": "error",
        "code": "not-found",
        "details": {"text": "no-rule"},
        "diagnostics": "Element is missing",
        "expression": ["A.b"],
    }


@pytest.mark.parametrize(
    "value",
    ["2026", "2026-02", "2026-02-28", "2024-02-29", "2026-02-28T10:00:00Z", "2026-02-28T10:00:00.123+01:00"],
)
def test_date_times(value):
    assert times.is_date_time(value)


@pytest.mark.parametrize(
    "value",
    [
        None,
        2026,
        "",
        "26",
        "2026-2",
        "2026-13",
        "2026-02-30",
        "2023-02-29",
        "2026-02-28T10:00",
        "2026-02-28T10:00:00",
        "2026-02-28T24:00:00Z",
        "2026-02-28 10:00:00Z",
        "0000",
    ],
)
def test_no_date_times(value):
    assert not times.is_date_time(value)


def test_an_instant_has_a_time():
    assert times.is_instant("2026-02-28T10:00:00Z")
    assert not times.is_instant("2026-02-28")
