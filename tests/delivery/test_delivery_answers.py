import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.delivery import answers, refusals
from adapter.delivery.refusals import ServerRefused
from adapter.errors import TargetRefused
from adapter.model import ReceiptEntry

URL = "urn:uuid:0dcf1bd2-3f2f-5b3c-8d21-6c1a2a1c8f10"


def sent(method="POST"):
    request = {"method": method, "url": "Condition"}
    return {"entry": [{"fullUrl": URL, "resource": {"resourceType": "Condition"}, "request": request}]}


def response(**entry):
    return {"resourceType": "Bundle", "type": "transaction-response", "entry": [entry]}


@pytest.mark.parametrize(
    ("method", "status", "location", "result", "place"),
    [
        ("POST", "201 Created", "Condition/12/_history/3", "created", ("12", "3")),
        ("POST", "201", "https://a.example/fhir/Condition/12/_history/3", "created", ("12", "3")),
        ("POST", "200 OK", "Condition/12", "existing", ("12", None)),
        ("PUT", "200", "Condition/12/_history/4", "updated", ("12", "4")),
        ("PUT", "201", "Condition/12/_history/1", "created", ("12", "1")),
        ("POST", "200", None, "existing", (None, None)),
        ("POST", "200", "somewhere else", "existing", (None, None)),
    ],
)
def test_each_entry_is_read(method, status, location, result, place):
    id, version = place
    told = response(response={"status": status, **({"location": location} if location else {})})
    (read,) = answers.accepted(told, sent(method))
    expected = ReceiptEntry(
        full_url=URL, type="Condition", result=result, status=int(status[:3]), id=id, version=version
    )
    assert read == expected
    assert read.reference == (f"Condition/{id}" if id else None)


def test_a_returned_resource_names_itself():
    told = response(response={"status": "200"}, resource={"resourceType": "Condition", "id": "7"})
    assert answers.accepted(told, sent())[0].reference == "Condition/7"


def test_a_refused_entry_keeps_its_outcome_aside():
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [
            {
                "severity": "error",
                "code": "required",
                "diagnostics": "Zoster",
                "details": {"text": "Zoster", "coding": [{"code": "Erika M."}, {"code": "MSG_REQUIRED"}]},
                "expression": ["Condition.subject"],
            }
        ],
    }
    with pytest.raises(ServerRefused) as refused:
        answers.accepted(response(response={"status": "422", "outcome": outcome}), sent())
    error = refused.value
    assert (error.status, error.outcome) == (422, outcome)
    assert error.path == "Bundle.entry[0].response.status"
    (issue,) = error.issues
    assert (issue.code, issue.reason, issue.severity, issue.path) == (
        "required",
        "MSG_REQUIRED",
        "error",
        "Condition.subject",
    )
    assert "Zoster" not in f"{error!r} {error} {error.issues} {error.issue()}"
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.outcome, again.path) == (str(error), outcome, error.path)


@pytest.mark.parametrize("count", [0, 2])
def test_every_entry_must_be_answered(count):
    told = response()
    told["entry"] = [{"response": {"status": "201"}}] * count
    with pytest.raises(TargetRefused):
        answers.accepted(told, sent())


def test_a_large_outcome_is_not_kept():
    outcome = {"resourceType": "OperationOutcome", "issue": [{"diagnostics": "x" * refusals.LARGEST}]}
    assert refusals.kept(outcome) is None
    assert refusals.kept({"resourceType": "Bundle"}) is None


@pytest.mark.parametrize(
    ("interaction", "status", "issue", "lacks"),
    [
        ("conditional", 412, {"code": "not-supported"}, True),
        ("conditional", 400, {"code": "invalid", "diagnostics": "If-None-Exist is not allowed"}, True),
        ("conditional", 400, {"code": "invalid", "details": {"text": "Conditional create is off"}}, True),
        ("conditional", 501, {}, True),
        ("conditional", 412, {"code": "multiple-matches"}, False),
        ("conditional", 422, {"code": "business-rule"}, False),
        ("conditional", 403, {"code": "not-supported"}, False),
        ("transaction", 405, {}, True),
        ("transaction", 400, {"code": "invalid", "diagnostics": "Transaction not allowed"}, True),
        ("transaction", 400, {"code": "invalid"}, False),
    ],
)
def test_what_a_refusal_says_of_an_interaction(interaction, status, issue, lacks):
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    assert answers.lacks(interaction, status, outcome) is lacks


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["resourceType", "type", "entry", "response", "status", "issue", "outcome"]),
            inner,
        )
    ),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("status", "issue", "much"),
    [
        (400, {"details": {"text": "Transaction requires strict isolation but has too many entries"}}, True),
        (400, {"details": {"text": "Transaction contains more update operations than allowed"}}, True),
        (403, {"diagnostics": "The number of entries in the bundle exceeded the configured limit"}, True),
        (422, {"code": "too-costly"}, True),
        (413, {}, True),
        (500, {"code": "too-costly"}, False),
        (422, {"diagnostics": "Observation.valueString is too long"}, False),
        (400, {"diagnostics": "Transaction failed: Condition.subject is missing"}, False),
        (400, {}, False),
    ],
)
def test_what_a_refusal_says_of_the_size(status, issue, much):
    outcome = {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "invalid"} | issue],
    }
    assert answers.too_much(status, outcome) is much


@given(_JSON, st.integers(100, 599))
def test_no_answer_is_too_strange(body, status):
    """Whatever a server answers, it is refused or read, and none of its words come out."""
    try:
        answers.accepted(body, sent())
    except TargetRefused as error:
        assert len(str(error)) < 500
    answers.lacks("conditional", status, body)
    answers.too_much(status, body)
    json.dumps([one.message for one in answers.detailed(body)])
