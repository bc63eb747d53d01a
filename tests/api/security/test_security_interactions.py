"""What a method and a path ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.api.security import interactions, scopes
from adapter.api.security.principal import Principal
from adapter.errors import NotAllowed


@pytest.mark.parametrize(
    ("request_line", "kind", "resource", "operation"),
    [
        ("GET metadata", "capabilities", "", ""),
        ("POST DocumentReference", "create", "DocumentReference", ""),
        ("GET DocumentReference/1", "read", "DocumentReference", ""),
        ("HEAD DocumentReference/1?_pretty=true", "read", "DocumentReference", ""),
        ("GET DocumentReference/1/_history", "history-instance", "DocumentReference", ""),
        ("GET DocumentReference/1/_history/2", "vread", "DocumentReference", ""),
        ("PUT DocumentReference/1", "update", "DocumentReference", ""),
        ("PATCH DocumentReference/1", "patch", "DocumentReference", ""),
        ("DELETE DocumentReference/1", "delete", "DocumentReference", ""),
        ("PUT DocumentReference?identifier=a|b", "conditional-update", "DocumentReference", ""),
        ("PATCH DocumentReference?identifier=a|b", "conditional-update", "DocumentReference", ""),
        ("DELETE DocumentReference?identifier=a|b", "conditional-delete", "DocumentReference", ""),
        ("GET DocumentReference", "search-type", "DocumentReference", ""),
        ("GET DocumentReference?patient=1", "search-type", "DocumentReference", ""),
        ("POST DocumentReference/_search", "search-type", "DocumentReference", ""),
        ("GET Patient/1/DocumentReference?status=current", "search-type", "DocumentReference", ""),
        ("GET DocumentReference/_history", "history-type", "DocumentReference", ""),
        ("GET ?_type=Condition", "search-system", "", ""),
        ("POST _search", "search-system", "", ""),
        ("GET _history", "history-system", "", ""),
        ("POST ", "batch", "", ""),
        ("POST $bulk-submit", "operation", "", "$bulk-submit"),
        ("POST DocumentReference/$extract", "operation", "DocumentReference", "DocumentReference/$extract"),
        ("GET Subscription/1/$status", "operation", "Subscription", "Subscription/$status"),
    ],
)
def test_interaction_of_a_request(request_line, kind, resource, operation):
    method, target = request_line.split(" ", 1)
    found = interactions.of_request(method, target)
    assert (found.kind, found.resource, found.operation) == (kind, resource, operation)


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /DocumentReference",
        "GET DocumentReference/",
        "GET DocumentReference/..",
        "GET DocumentReference/.",
        "GET DocumentReference/../Patient/1",
        "GET DocumentReference%2F1",
        "GET DocumentReference//1",
        "GET DocumentReference/1/_history/..",
        "GET documentreference/1",
        "GET DocumentReference/1\n",
        "PUT DocumentReference",
        "DELETE DocumentReference",
        "DELETE ",
        "PUT DocumentReference/1?x=1",
        "POST DocumentReference?x=1",
        "get DocumentReference/1",
        "TRACE DocumentReference/1",
        "GET https://elsewhere.example/fhir/DocumentReference/1",
        "DELETE DocumentReference/$extract",
        "GET DocumentReference/1/$extract/2",
        f"GET DocumentReference/{'a' * 65}",
    ],
)
def test_what_cannot_be_told_is_unknown(request_line):
    assert interactions.of_request(*request_line.split(" ", 1)) == interactions.UNKNOWN


def entry(method, url, kind=None):
    return {
        "request": {"method": method, "url": url},
        **({"resource": {"resourceType": kind}} if kind else {}),
    }


def test_each_entry_of_a_batch_is_asked_by_itself():
    base = "https://here.example/fhir"
    bundle = {
        "resourceType": "Bundle",
        "entry": [
            entry("POST", "DocumentReference", "DocumentReference"),
            entry("POST", f"{base}/DocumentReference", "DocumentReference"),
            entry("POST", "DocumentReference", "Patient"),
            entry("POST", "DocumentReference"),
            entry("DELETE", "DocumentReference/1"),
            entry("GET", "https://here.example/fhirx/DocumentReference/1"),
            entry("POST", "", "Bundle"),
            entry(["POST"], "DocumentReference"),
            {"request": 1},
            None,
        ],
    }
    found = interactions.of_entries(bundle, base)
    assert [one.kind for one in found] == [
        "create",
        "create",
        "unknown",
        "unknown",
        "delete",
        *["unknown"] * 5,
    ]
    caller = Principal(kind="key", id="x", scopes=scopes.parse("system/DocumentReference.c"))
    assert [caller.may(one) is not None for one in found] == [True, True, *[False] * 8]
    with pytest.raises(NotAllowed):
        caller.grant(found[4])
    assert interactions.of_entries({"entry": "x"}) == ()


@given(st.sampled_from(["GET", "POST", "PUT", "DELETE"]), st.text(max_size=40))
def test_wild_targets_are_told_or_unknown(method, target):
    found = interactions.of_request(method, target)
    assert found == interactions.UNKNOWN or found.resource in target
