"""Values of resources against what a search asks for."""

import pytest

from adapter.fhir.searching import at, refers, tokened

SNOMED = "http://snomed.info/sct"
CONCEPT = {"coding": [{"system": SNOMED, "code": "38341003"}, {"code": "I10"}]}


@pytest.mark.parametrize(
    ("value", "wanted", "meets"),
    [
        (CONCEPT, f"{SNOMED}|38341003", True),
        (CONCEPT, "38341003", True),
        (CONCEPT, f"{SNOMED}|", True),
        (CONCEPT, "|I10", True),
        (CONCEPT, "|38341003", False),
        (CONCEPT, "http://loinc.org|38341003", False),
        (CONCEPT, "http://loinc.org|", False),
        ({"system": "urn:oid:1.2", "value": "77"}, "urn:oid:1.2|77", True),
        ("final", "final", True),
        ("final", "urn:x|final", False),
        ({"text": "high blood pressure"}, "38341003", False),
        (None, "38341003", False),
        ({"coding": "38341003"}, "38341003", False),
    ],
)
def test_a_token_is_met_as_in_fhir_search(value: object, wanted: str, meets: bool) -> None:
    assert tokened(value, wanted) is meets


@pytest.mark.parametrize(
    ("value", "meets"),
    [
        ({"reference": "Patient/a"}, True),
        ({"reference": "Patient/a/_history/3"}, True),
        ({"reference": "Patient/ab"}, False),
        ({"display": "Patient/a"}, False),
        ("Patient/a", False),
    ],
)
def test_a_reference_is_met_whatever_version_it_names(value: object, meets: bool) -> None:
    assert refers(value, ["Patient/a"]) is meets


def test_lists_on_the_way_to_an_element_are_opened() -> None:
    resource = {"category": [{"coding": [{"code": "a"}, {"code": "b"}]}, {"text": "c"}]}
    assert list(at(resource, "category.coding.code")) == ["a", "b"]
    assert list(at(resource, "code")) == []
