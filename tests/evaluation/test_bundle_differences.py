"""What differs between two resources, as a person reads it."""

from hypothesis import given
from hypothesis import strategies as st

from adapter.errors import InputError
from adapter.evaluation import bundle_differences
from adapter.evaluation.bundles import BundleCase

SNOMED = "http://snomed.info/sct"


def bundle(*resources):
    return {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}


def statement(*, dose, status="active", codes=("1", "2")):
    return {
        "resourceType": "MedicationStatement",
        "status": status,
        "subject": {"reference": "Patient/1"},
        "medicationCodeableConcept": {
            "coding": [{"system": SNOMED, "code": one, "display": "Shown"} for one in codes],
            "text": "Metformin",
        },
        "dosage": [{"text": f"{dose} mg", "doseAndRate": [{"doseQuantity": {"value": dose, "unit": "mg"}}]}],
        "extension": [{"url": "http://example.org/said-so", "valueString": "hm"}],
    }


def told(expected, emitted, *, text=True):
    case = BundleCase(name="1", expected=bundle(*expected), emitted=bundle(*emitted))
    return bundle_differences.differences(case, text=text)


def test_elements_that_differ_and_no_others():
    first, second = statement(dose=500), statement(dose=850, status="stopped", codes=("2", "3"))
    (one,) = told([first], [second])
    assert (one.type, one.what, one.about) == ("MedicationStatement", "differs", "Metformin")
    assert {fact.path: (fact.expected, fact.emitted) for fact in one.facts} == {
        "status": (("active",), ("stopped",)),
        "medicationCodeableConcept.coding": (("snomed 1 Shown",), ("snomed 3 Shown",)),
        "dosage.text": (("500 mg",), ("850 mg",)),
        "dosage.doseAndRate.doseQuantity": (("500 mg",), ("850 mg",)),
    }


def test_the_order_of_lists_is_no_difference():
    assert told([statement(dose=1, codes=("1", "2"))], [statement(dose=1, codes=("2", "1"))]) == []


def test_without_text_only_codes_and_numbers_are_told():
    first, second = statement(dose=500), statement(dose=850)
    (one,) = told([first], [second], text=False)
    assert one.about == "snomed 1, snomed 2"
    assert {fact.path: fact.expected for fact in one.facts} == {
        "dosage.doseAndRate.doseQuantity": ("500 (words)",)
    }
    (other,) = told([first], [first | {"extension": []}], text=False)
    assert other.facts[0].path == "extension(said-so).valueString"
    assert other.facts[0].expected == ("(words)",)


def test_what_differs_in_words_alone_is_told_without_them():
    words = {"resourceType": "Condition", "code": {"coding": [{"code": "1"}], "text": "asthma"}}
    (one,) = told([words], [words | {"code": words["code"] | {"text": "Asthma!"}}], text=False)
    assert one.facts == () and one.what == "differs"


def test_what_is_there_once_is_told_without_references():
    (one,) = told([statement(dose=1)], [])
    assert one.what == "missing"
    assert not any(fact.path == "subject.reference" or fact.emitted for fact in one.facts)
    (other,) = told([], [statement(dose=1)])
    assert other.what == "invented"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["code", "coding", "text", "value", "unit", "url", "status"]), inner
        )
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(st.sampled_from(["code", "status", "onset", "extension", "text"]), JSON), st.booleans()
)
def test_whatever_a_resource_holds_is_told_or_refused(wild, text):
    case = BundleCase(name="1", expected=bundle({"resourceType": "Condition", **wild}), emitted=bundle())
    try:
        found = bundle_differences.differences(case, text=text)
    except InputError:
        return
    assert len(found) == 1
