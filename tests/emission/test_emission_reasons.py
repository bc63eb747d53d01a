"""Why something was given or done, how severe a problem is, and what would be normal, on the wire."""

import pytest
from written import SNOMED, built, finding, only

PNEUMONIA = [(SNOMED, "233604007", "Pneumonia")]


def one(resources, kind):
    (found,) = (resource for resource in resources if resource["resourceType"] == kind)
    return found


@pytest.mark.parametrize(
    ("kind", "type"), [("medication", "MedicationStatement"), ("procedure", "Procedure")]
)
@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_a_reason_has_its_code_and_leads_to_its_condition(kind, type, fhir):
    text = "Given X for pneumonia."
    drug = finding(text, "X", kind, details=[("reason", "pneumonia")])
    kept = built(text, drug, finding(text, "pneumonia", "condition", codes=PNEUMONIA), fhir=fhir).kept
    told, condition = one(kept, type), one(kept, "Condition")
    url = f"urn:uuid:{condition['identifier'][0]['value']}"
    if fhir == "r5":
        (reason,) = told["reason"]
        concept, reference = reason["concept"], reason["reference"]
    else:
        (concept,), (reference,) = told["reasonCode"], told["reasonReference"]
    assert concept == {
        "coding": [{"system": SNOMED, "code": "233604007", "display": "Pneumonia"}],
        "text": "pneumonia",
    }
    assert reference == {"reference": url}


def test_what_is_only_suspected_is_told_in_words():
    text = "Amoxicillin for suspected pneumonia."
    drug = finding(text, "Amoxicillin", "medication", details=[("reason", "pneumonia")])
    doubt = finding(text, "pneumonia", "condition", codes=PNEUMONIA, uncertain=True)
    told = one(built(text, drug, doubt).kept, "MedicationStatement")
    assert told["reasonCode"] == [{"text": "pneumonia"}] and len(told["reasonReference"]) == 1


def test_a_reason_that_nothing_else_tells_is_its_words():
    text = "Amoxicillin for pneumonia."
    told = only(built(text, finding(text, "Amoxicillin", "medication", details=[("reason", "pneumonia")])))
    assert told["reasonCode"] == [{"text": "pneumonia"}] and "reasonReference" not in told


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("stark", {"coding": [{"system": SNOMED, "code": "24484000", "display": "Severe"}], "text": "stark"}),
        ("mild to moderate", {"text": "mild to moderate"}),
    ],
)
def test_a_severity_beside_the_problem(words, expected):
    text = f"pneumonia {words}"
    problem = finding(text, "pneumonia", "condition", codes=PNEUMONIA, details=[("severity", words)])
    assert only(built(text, problem))["severity"] == expected


@pytest.mark.parametrize(
    ("value", "normal", "expected"),
    [
        ("5.9", "3.5-5.1", "H"),
        ("3.4", "3.5-5.1", "L"),
        ("4.0", "3.5-5.1", "N"),
        ("3.5", "3.5-5.1", "N"),
        ("5.1", "3.5-5.1", "N"),
        ("5.9 mmol/L", "3.5-5.1 mmol/L", "H"),
        ("5.9 mmol/L", "3.5-5.1", "H"),
        ("5.9", "3.5-5.1 mmol/L", None),  # the note does not say that they are of one unit
        ("5.9 mg/dL", "3.5-5.1 mmol/L", None),
        ("<0.01", "<0.04", "N"),
        ("<0.01", "0.02-0.04", "L"),
        ("<0.1", "0.02-0.04", None),  # it may be anything under 0.1
        (">90", ">60", "N"),
        (">90", "40-60", "H"),
        (">50", "40-60", None),
        ("45", "<5", "H"),
        ("5", "<5", "H"),
        ("5", "<=5", "N"),
        ("3", "<5", "N"),
        ("60", ">60", "L"),
        ("61", ">60", "N"),
        ("elevated", "3.5-5.1", "H"),  # the note's own word
        ("about five", "3.5-5.1", None),
    ],
)
def test_a_number_is_compared_with_the_range_that_the_note_tells(value, normal, expected):
    text = f"Potassium {value} ({normal})"
    details = [("result", value), ("reference_range", normal)]
    made = only(built(text, finding(text, "Potassium", "test", details=details)))
    assert [one["coding"][0]["code"] for one in made.get("interpretation", [])] == (
        [expected] if expected else []
    )
    alone = only(built(text, finding(text, "Potassium", "test", details=details[:1])))
    assert ("interpretation" in alone) is (value == "elevated")


@pytest.mark.parametrize(
    ("normal", "expected"),
    [("3.5-5.0", {"low": 3.5, "high": 5}), ("<5", {"high": 5}), (">3", {"low": 3})],
)
def test_a_reference_range_has_the_unit_of_the_value(normal, expected):
    text = f"Potassium 5.6 mmol/L ({normal})"
    details = [("result", "5.6 mmol/L"), ("reference_range", normal)]
    (told,) = only(built(text, finding(text, "Potassium", "test", details=details)))["referenceRange"]
    assert {side: told[side]["value"] for side in ("low", "high") if side in told} == expected
    assert told["text"] == normal and {told[side]["code"] for side in expected} == {"mmol/L"}
