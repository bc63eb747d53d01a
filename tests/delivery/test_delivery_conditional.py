"""Delivery to a real FHIR server that has, lacks or only claims conditional interactions."""

from contextlib import contextmanager

import httpx
import pytest
from documents import bundle, condition

from adapter.delivery import retraction
from adapter.delivery.conditional import Conditional
from adapter.delivery.refusals import ServerRefused, ServerUnavailable
from adapter.delivery.rest import Rest
from adapter.delivery.retry import Policy
from adapter.errors import TargetRefused

POOR = [
    {},
    {"conditional": False},
    {"conditional": False, "transaction": False},
    {"conditional": False, "states": False},
    {"conditional": False, "transaction": False, "states": False},
    {"conditional": False, "claims": True},
    {"conditional": False, "transaction": False, "mute": True},
]


@contextmanager
def sink(server, mode="auto", attempts=3):
    with httpx.Client(timeout=5) as client:
        policy = Policy(attempts=attempts, first=0.001, longest=0.01)
        yield Conditional(Rest(server.url, client, policy=policy), mode)


def send(server, whole, mode="auto", attempts=3):
    with sink(server, mode, attempts) as target:
        return target.send(whole)


def kinds(server):
    return {kind: len(server.current(kind)) for kind in ("Condition", "Device", "Provenance")}


@pytest.mark.parametrize("manners", POOR, ids=str)
def test_twice_delivered_is_there_once(fhir, manners):
    whole = bundle()
    server = fhir(**manners)
    first, second = send(server, whole), send(server, whole)
    assert kinds(server) == {"Condition": 3, "Device": 1, "Provenance": 1}
    assert server.unresolved() == []
    (told,) = server.current("Provenance")
    assert {one["reference"] for one in told["target"]} == {
        f"Condition/condition-{number}" for number in (1, 2, 3)
    }
    assert told["agent"][0]["who"]["reference"] == "Device/device-1"
    urls = [entry["fullUrl"] for entry in whole["entry"]]
    assert [one.full_url for one in first.entries] == urls == [one.full_url for one in second.entries]
    assert {one.result for one in first.entries} == {"created"}
    assert {one.result for one in second.entries} == {"existing"}
    assert [one.reference for one in first.entries] == [one.reference for one in second.entries]
    assert (first.status, second.status) == ("sent", "unchanged")


@pytest.mark.parametrize("manners", POOR, ids=str)
def test_what_is_there_is_pointed_at(fhir, manners):
    server = fhir(**manners)
    send(server, bundle(condition("Rubella")))
    receipt = send(server, bundle(condition("Rubella"), condition("Pertussis"), run="run-2"))
    assert kinds(server) == {"Condition": 2, "Device": 1, "Provenance": 2}
    assert server.unresolved() == []
    results = [(one.type, one.result) for one in receipt.entries]
    assert results == [
        ("Provenance", "created"),
        ("Condition", "existing"),
        ("Condition", "created"),
        ("Device", "existing"),
    ]


@pytest.mark.parametrize("manners", POOR, ids=str)
def test_a_line_cut_anywhere_doubles_nothing(fhir, manners):
    """The client dies after each number of writes; another takes over. Then the same with retries."""
    whole, once = bundle(), {"Condition": 3, "Device": 1, "Provenance": 1}
    server = fhir(**manners)
    writes = 5 if manners.get("transaction") is False else 1
    for number in range(1, writes + 1):
        server.store.clear()
        server.drop_after = number
        with pytest.raises(ServerUnavailable, match="RemoteProtocolError"):
            send(server, whole, attempts=1)
        assert sum(kinds(server).values()) == (number if writes > 1 else 5)
        send(server, whole)
        assert kinds(server) == once and server.unresolved() == []
        server.store.clear()
        server.drop_after = number
        assert send(server, whole).attempts == 2
        assert kinds(server) == once


def test_a_server_that_does_not_heed_conditions_is_searched(fhir):
    """It takes ifNoneExist and creates all the same; it says of itself that it has no conditional create."""
    server = fhir(conditional=False, heedless=True)
    send(server, bundle())
    send(server, bundle())
    assert kinds(server) == {"Condition": 3, "Device": 1, "Provenance": 1}


@pytest.mark.parametrize("transaction", [True, False])
def test_a_server_that_does_not_search_is_left_alone(fhir, transaction):
    server = fhir(conditional=False, searches=False, transaction=transaction)
    server.put("Condition", "other", {"resourceType": "Condition"})
    with pytest.raises(TargetRefused) as error:
        send(server, bundle())
    assert "does not search" in str(error.value)
    assert kinds(server)["Condition"] == 1 and not kinds(server)["Provenance"]


def test_two_of_one_identifier_are_refused(fhir):
    whole = bundle(condition("Rubella"))
    server = fhir(conditional=False)
    for id in ("a", "b"):
        server.put("Condition", id, whole["entry"][1]["resource"])
    with pytest.raises(TargetRefused) as error:
        send(server, whole)
    assert error.value.path == "Bundle.entry[1]"
    assert len(server.current("Condition")) == 2


def test_the_statement_is_read_once(fhir):
    server = fhir()
    with sink(server) as target:
        target.send(bundle())
        target.send(bundle(run="run-2"))
        assert server.requests == [("GET", "/fhir/metadata"), ("POST", "/fhir"), ("POST", "/fhir")]


def test_a_refusal_is_remembered(fhir):
    server = fhir(conditional=False, claims=True)
    with sink(server) as target:
        target.send(bundle())
        server.requests.clear()
        target.send(bundle())
        assert {method for method, _ in server.requests} == {"GET"}


def test_yes_sends_as_it_is_and_no_searches(fhir):
    server = fhir(conditional=False)
    with pytest.raises(ServerRefused):
        send(server, bundle(), "yes")
    server = fhir()
    send(server, bundle(), "yes")
    assert server.requests == [("POST", "/fhir")]
    send(server, bundle(), "no")
    assert ("GET", "/fhir/Condition") in server.requests
    assert kinds(server) == {"Condition": 3, "Device": 1, "Provenance": 1}


@pytest.mark.parametrize("manners", POOR, ids=str)
def test_a_refusal_tells_codes_and_keeps_the_words_aside(fhir, manners, caplog):
    caplog.set_level("DEBUG")
    server = fhir(**manners, refuses="Condition")
    with pytest.raises(ServerRefused) as refused:
        send(server, bundle())
    assert server.current("Provenance") == []
    error = refused.value
    assert error.status == 422
    assert [(one.code, one.path, one.reason) for one in error.issues] == [
        ("business-rule", "Condition.code", "MSG_PARAM_INVALID")
    ]
    assert error.outcome["issue"][0]["diagnostics"] == "Erika Mustermann has Zoster"
    for seen in (str(error), repr(error), caplog.text, str(error.issue()), str(error.issues)):
        assert "Mustermann" not in seen and "Zoster" not in seen


@pytest.mark.parametrize("manners", POOR, ids=str)
def test_a_retraction_is_seen_at_the_server(fhir, manners):
    whole = bundle()
    server = fhir(**manners)
    send(server, whole)
    back = retraction.retract(whole, recorded="2026-03-02T10:00:00Z")
    receipts = [send(server, back), send(server, back)]
    conditions = server.current("Condition")
    assert len(conditions) == 3
    for one in conditions:
        assert "clinicalStatus" not in one
        assert one["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
    assert kinds(server) == {"Condition": 3, "Device": 1, "Provenance": 2}
    assert len(server.store["Device", "device-1"]) == 1
    assert server.unresolved() == []
    assert [one.result for one in receipts[0].entries[:3]] == ["updated"] * 3
    send(server, whole)
    assert all("clinicalStatus" not in one for one in server.current("Condition"))
    send(server, retraction.reinstated(whole))
    assert all("clinicalStatus" in one for one in server.current("Condition"))
    assert kinds(server) == {"Condition": 3, "Device": 1, "Provenance": 2}


@pytest.mark.parametrize("manners", POOR[1:], ids=str)
def test_what_never_arrived_is_not_created_to_be_wrong(fhir, manners):
    server = fhir(**manners)
    receipt = send(server, retraction.retract(bundle()))
    assert kinds(server) == {"Condition": 0, "Device": 1, "Provenance": 0}
    assert [one.result for one in receipt.entries] == ["omitted"] * 3 + ["created", "omitted"]


@pytest.mark.parametrize("manners", POOR, ids=str)
def test_a_new_version_takes_the_place_of_the_old(fhir, manners):
    old = bundle(condition("Rubella"), condition("Pertussis"), condition("Mumps"))
    changed = condition("Mumps", recordedDate="2026-03-01")
    new = bundle(condition("Pertussis"), condition("Scabies"), changed, run="run-2")
    server = fhir(**manners)
    send(server, old)
    send(server, retraction.superseded(old, new))
    found = {one["code"]["text"]: one for one in server.current("Condition")}
    versions = {one["code"]["text"]: len(server.store["Condition", one["id"]]) for one in found.values()}
    assert server.unresolved() == []
    assert kinds(server) == {"Condition": 4, "Device": 1, "Provenance": 3}
    assert versions == {"Rubella": 2, "Pertussis": 1, "Mumps": 2, "Scabies": 1}
    assert found["Rubella"]["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
    assert found["Mumps"]["recordedDate"] == "2026-03-01"


def test_a_circle_needs_a_transaction(fhir):
    whole = bundle(condition("Rubella"), condition("Pertussis"))
    one, other = whole["entry"][1], whole["entry"][2]
    one["resource"]["evidence"] = [{"detail": [{"reference": other["fullUrl"]}]}]
    other["resource"]["evidence"] = [{"detail": [{"reference": one["fullUrl"]}]}]
    server = fhir(conditional=False, transaction=False)
    with pytest.raises(TargetRefused):
        send(server, whole)
    assert server.store == {}


def test_a_busy_server_says_when(fhir):
    with pytest.raises(ServerUnavailable) as error:
        send(fhir(busy="3600"), bundle())
    assert (error.value.retry_after, error.value.status) == ("3600", 429)
