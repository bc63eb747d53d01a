"""What is sent, and how long it may take."""

import time

import pytest

from adapter.delivery.subscriptions import clients, reading
from adapter.delivery.subscriptions.notification import Said
from adapter.delivery.subscriptions.parcels import Packer
from adapter.delivery.subscriptions.posting import Parcel, post
from adapter.delivery.subscriptions.telling import Told
from adapter.egress import allowing
from adapter.ledger.events import Event
from tests.delivery.documents import condition
from tests.delivery.subscriptions.site import classic


@pytest.fixture
def client(hook):
    policy = allowing([hook.url.removesuffix("/hook")], ["127.0.0.1/32"])
    with clients(policy)() as open_client:
        yield open_client


def parcels(hook, count):
    return [Parcel(method="POST", url=hook.url, body=b"{}") for _ in range(count)]


def test_all_are_sent_until_one_is_not_taken(client, hook):
    hook.answers = [200, 204, 404]
    answered = post(client, parcels(hook, 4), [("X-Mine", "1")], timeout=5, budget=5)
    assert (answered.error, answered.failure.status, answered.lasting) == ("error-response", 404, True)
    assert len(hook.calls) == 3 and {call.headers["X-Mine"] for call in hook.calls} == {"1"}


@pytest.mark.parametrize(("timeout", "budget"), [(0.2, 60), (60, 0.2)])
def test_neither_one_nor_all_may_last_for_ever(client, hook, timeout, budget):
    hook.answers = [12.0]
    begun = time.monotonic()
    answered = post(client, parcels(hook, 2), [], timeout=timeout, budget=budget)
    assert answered.error == "no-response" and not answered.lasting
    assert time.monotonic() - begun < 11


def test_a_host_that_is_not_allowed_is_not_called(client, hook):
    answered = post(
        client, [Parcel(method="POST", url="https://other.example.org/")], [], timeout=5, budget=5
    )
    assert (answered.error, answered.lasting) == ("not-allowed", True)


def test_nobody_listening_is_no_answer(hook):
    policy = allowing(["http://127.0.0.1:9"], ["127.0.0.1/32"])
    with clients(policy)() as client:
        answered = post(client, [Parcel(method="POST", url="http://127.0.0.1:9/")], [], timeout=5, budget=5)
    assert answered.error == "no-response"


def test_references_between_resources_are_those_of_the_endpoint(hook):
    one = condition("Rubella")
    two = condition("Pertussis", evidence=[{"detail": [{"reference": one["fullUrl"]}]}])
    told = Told(document="d", version=1, content=None, entries=(one, two))
    event = Event(number=1, document="d", version=1, before=None, at="2026-03-07T14:05:00.000Z")
    wanted = reading.read(classic(hook.url + "/", "Condition", "application/fhir+json"))
    sent = Packer().parcels(wanted, None, "event-notification", [Said(event=event, told=told)], "")
    id = one["fullUrl"].removeprefix("urn:uuid:")
    assert sent[0].url.removeprefix(hook.url) == f"/Condition/{id}"
    assert f'"reference":"Condition/{id}"'.encode() in sent[1].body and b"urn:uuid" not in sent[1].body
