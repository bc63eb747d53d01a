"""Subscriptions at the endpoint: for their owner, and never more than the owner may read."""

from dataclasses import replace

import pytest

from adapter.api import subscriptions
from adapter.api.call import Call
from adapter.api.faults import answer as answered
from adapter.api.security import scopes
from adapter.api.security.interactions import Interaction
from adapter.api.security.principal import Principal
from adapter.delivery.subscriptions import Desk, Rules
from adapter.egress import allowing
from adapter.errors import InputError, NotAllowed, NotewrightError, UnknownResource
from adapter.fhir import check
from adapter.fhir.wire.negotiation import Formats
from adapter.secret import MASK
from tests.delivery.subscriptions.site import SECRET, TOPIC, backport, classic, r5, whole

BASE = "https://notewright.example/fhir"
URL = "https://ehr.example.org/hook"
ALL = "system/*.cruds"
OPERATIONS = {"status": "Subscription/$status", "happened": "Subscription/$events"}
KINDS = {"search": "search-type", "read_topic": "read", "search_topics": "search-type"}


@pytest.fixture(scope="module")
def open_service(service):
    told = []
    rules = Rules(egress=allowing(["ehr.example.org"]))
    yield replace(service, subscriptions=Desk(rules, lambda id, number: told.append((id, number)))), told


class Client:
    """Calls handlers as the endpoint does, for one caller."""

    def __init__(self, service, id="me", scope=ALL, patient=None):
        self.service = service
        self.principal = Principal(kind="token", id=id, scopes=scopes.parse(scope), patient=patient)

    def ask(self, name, body=None, version="r4", headers=None, query=(), **path):
        operation = OPERATIONS.get(name, "")
        kind = "operation" if operation else KINDS.get(name, name)
        resource = "SubscriptionTopic" if "topic" in name else "Subscription"
        interaction = Interaction(kind=kind, resource=resource, operation=operation)
        self.principal.grant(interaction)
        call = Call(
            service=self.service,
            interaction=interaction,
            principal=self.principal,
            formats=Formats(body="json", body_version=version, answer="json", answer_version=version),
            base=BASE,
            path=path,
            query=query,
            headers=headers or {},
            body=body,
        )
        return getattr(subscriptions, name)(call)

    def create(self, body, version="r4"):
        return self.ask("create", body, version).resource["id"]


@pytest.fixture
def me(open_service):
    return Client(open_service[0])


def other(me, scope="user/Subscription.cruds user/*.rs", **more):
    return Client(me.service, "other", scope, **more)


def test_create_read_update_delete(me, open_service):
    answer = me.ask("create", backport(URL))
    id = answer.resource["id"]
    assert answer.status == 201
    assert answer.headers["Location"] == f"{BASE}/Subscription/{id}/_history/1"
    assert open_service[1][-1] == (id, 0)
    read = me.ask("read", id=id)
    assert read.resource["status"] == "requested" and SECRET not in whole(read.resource)
    assert read.resource["channel"]["header"] == [f"Authorization: {MASK}"]
    changed = me.ask("update", read.resource | {"reason": "more"}, headers={"if-match": 'W/"1"'}, id=id)
    assert changed.resource["reason"] == "more" and changed.headers["ETag"] == 'W/"2"'
    assert open_service[1][-1] == (id, -1)
    assert me.ask("delete", id=id).status == 204
    for name in ("read", "status", "happened", "delete"):
        with pytest.raises(NotewrightError) as caught:
            me.ask(name, id=id)
        assert answered(caught.value).status == 410


def test_r5_without_saying_so(me):
    id = me.create(r5(URL))
    assert me.ask("read", id=id).resource["topic"] == TOPIC
    assert me.ask("status", id=id).resource["entry"][0]["resource"]["resourceType"] == "SubscriptionStatus"


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        (backport(URL) | {"criteria": "https://x.example/topic"}, 422, "Subscription.criteria"),
        (backport("https://elsewhere.example.org/"), 422, "Subscription.channel.endpoint"),
        (backport("http://127.0.0.1/"), 422, "Subscription.channel.endpoint"),
        (backport(URL) | {"status": "active"}, 422, "Subscription.status"),
        ({"resourceType": "Subscription", "status": "requested", "topic": 5}, 400, None),
        ({"resourceType": "Patient"}, 400, "resourceType"),
    ],
)
def test_what_is_refused_is_told_with_the_element(me, body, status, path):
    with pytest.raises(NotewrightError) as caught:
        me.ask("create", body)
    told = answered(caught.value)
    assert told.status == status and check.resource(told.resource, "r4") == []
    assert path is None or told.resource["issue"][0]["expression"] == [path]


def test_nobody_else_learns_of_it(me):
    id = me.create(backport(URL))
    stranger = other(me)
    for name in ("read", "status", "happened", "delete"):
        with pytest.raises(UnknownResource):
            stranger.ask(name, id=id)
    with pytest.raises(UnknownResource):
        stranger.ask("update", backport(URL), id=id)
    assert stranger.ask("search").resource["total"] == 0
    assert stranger.ask("status").resource["total"] == 0
    assert other(me, "system/Subscription.r").ask("read", id=id).resource["id"] == id
    with pytest.raises(UnknownResource):
        other(me, "system/Subscription.r user/Subscription.d").ask("delete", id=id)


def test_an_owner_finds_the_own_ones(me):
    stranger = other(me)
    mine = [stranger.create(backport(URL)), stranger.create(backport(f"{URL}/2"))]
    found = stranger.ask("search").resource
    assert {entry["resource"]["id"] for entry in found["entry"]} == set(mine) and found["total"] == 2
    assert check.resource(found, "r4") == [] and SECRET not in whole(found)
    found = stranger.ask("search", query=[("url", f"{URL}/2"), ("status", "requested")]).resource
    assert [entry["resource"]["id"] for entry in found["entry"]] == mine[1:]
    page = stranger.ask("search", query=[("_count", "1")]).resource
    assert len(page["entry"]) == 1 and page["link"][-1]["relation"] == "next"
    states = stranger.ask("status", query=[("id", mine[0])]).resource
    assert states["total"] == 1
    body = {"resourceType": "Parameters", "parameter": [{"name": "status", "valueCode": "error"}]}
    assert stranger.ask("status", body).resource["total"] == 0
    with pytest.raises(InputError):
        stranger.ask("search", query=[("colour", "red")])


@pytest.mark.parametrize(
    ("scope", "body", "allowed"),
    [
        ("system/Subscription.c", backport(URL, "empty"), False),
        ("system/Subscription.c system/DocumentReference.r", backport(URL, "empty"), True),
        ("system/Subscription.c system/DocumentReference.r", backport(URL, "id-only"), True),
        ("system/Subscription.c system/DocumentReference.r", backport(URL), False),
        ("system/Subscription.c system/*.r", backport(URL), True),
        ("system/Subscription.c system/Condition.r", classic(URL, "Condition", "application/json"), True),
        ("system/Subscription.c system/Condition.r", classic(URL, "Procedure", "application/json"), False),
        ("system/Subscription.c patient/*.r", backport(URL), False),
        ("system/Subscription.c patient/*.r", backport(URL, "empty", "patient=2"), False),
        ("system/Subscription.c patient/*.r", backport(URL, "empty", "patient=1,2"), False),
        ("system/Subscription.c patient/*.r", backport(URL, "empty", "patient=1"), True),
        ("system/Subscription.c patient/*.r", backport(URL, "full-resource", "patient=1"), True),
        ("system/Subscription.c patient/*.r", r5(URL, "full-resource", ("patient", "Patient/1")), True),
        ("system/Subscription.c system/DocumentReference.r?category=x", backport(URL, "empty"), False),
    ],
)
def test_nobody_is_told_what_the_owner_may_not_read(me, scope, body, allowed):
    caller = Client(me.service, "limited", scope, patient="1")
    if allowed:
        assert caller.create(body)
    else:
        with pytest.raises(NotAllowed):
            caller.create(body)


def test_more_cannot_be_asked_for_later(me):
    scope = "user/Subscription.cru user/DocumentReference.r"
    caller = Client(me.service, "limited", scope)
    id = caller.create(backport(URL, "id-only"))
    assert caller.ask("happened", id=id).resource["type"] == "history"
    with pytest.raises(NotAllowed):
        caller.ask("happened", id=id, query=[("content", "full-resource")])
    with pytest.raises(NotAllowed):
        caller.ask("update", backport(URL), id=id)


@pytest.mark.parametrize("query", [("eventsSinceNumber", "x"), ("eventsUntilNumber", "-1"), ("content", "y")])
def test_events_are_asked_for_by_number(me, query):
    id = me.create(backport(URL))
    with pytest.raises(InputError) as caught:
        me.ask("happened", id=id, query=[query])
    assert caught.value.path == query[0]


@pytest.mark.parametrize("version", ["r4", "r5"])
def test_the_topic_can_be_read(me, version):
    one = me.ask("read_topic", version=version, id="document-findings").resource
    found = me.ask("search_topics", version=version, query=[("url", TOPIC)]).resource
    assert found["entry"][0]["resource"] == one and check.resource(found, version) == []
    assert me.ask("search_topics", query=[("url", "x")]).resource["total"] == 0
    with pytest.raises(UnknownResource):
        me.ask("read_topic", id="another")
