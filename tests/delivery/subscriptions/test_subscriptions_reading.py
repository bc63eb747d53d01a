"""What can be subscribed to, and what is refused, named by its element."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.delivery.subscriptions import Desk, NotTaken, Rules, filters, headers, reading, topic
from adapter.delivery.subscriptions.filters import FINDINGS
from adapter.egress import allowing
from adapter.fhir import check
from adapter.secret import MASK
from tests.delivery.subscriptions.site import SECRET, TOPIC, backport, classic, r5, whole

URL = "https://ehr.example.org/hook"
DESK = Desk(Rules(egress=allowing(["ehr.example.org"])), lambda id, number: None)
RUBELLA = {"coding": [{"system": "http://snomed.info/sct", "code": "36653000"}]}
DOCUMENT = {"subject": {"reference": "Patient/1"}, "type": {"coding": [{"system": "a", "code": "b"}]}}


def changed(resource, **values):
    return {**resource, **values}


def channel(resource, **values):
    return {**resource, "channel": {**resource["channel"], **values}}


@pytest.mark.parametrize("make", [backport, r5, lambda url: classic(url, "Condition?code=x")])
def test_the_three_forms_are_valid_and_understood(make):
    given = make(URL)
    assert check.resource(given, "r5" if "topic" in given else "r4") == []
    assert DESK.understood(given).endpoint == URL


def test_numbers_of_the_channel():
    one = DESK.understood(backport(URL, "empty", heartbeat=60, timeout=5, most=7))
    assert (one.heartbeat, one.timeout, one.most, one.content) == (60, 5, 7, "empty")
    two = DESK.understood(r5(URL, heartbeatPeriod=60, timeout=5, maxCount=7))
    assert (two.heartbeat, two.timeout, two.most, two.content) == (60, 5, 7, "full-resource")


REFUSED = {
    "another topic": (changed(backport(URL), criteria="https://x.example/topic"), "Subscription.criteria"),
    "another topic, R5": (r5(URL, topic="https://x.example/topic"), "Subscription.topic"),
    "no search": (classic(URL, "everything"), "Subscription.criteria"),
    "a search on what is not made": (classic(URL, "Patient?name=x"), "Subscription.criteria"),
    "a parameter": (classic(URL, "Condition?onset-date=2020"), "Subscription.criteria"),
    "a modifier": (classic(URL, "Condition?code:not=x"), "Subscription.criteria"),
    "an empty value": (classic(URL, "Condition?code="), "Subscription.criteria"),
    "too many parameters": (
        classic(URL, "Condition?" + "&".join(["code=x"] * 30)),
        "Subscription.criteria",
    ),
    "a chain": (classic(URL, "Condition?patient.name=x"), "Subscription.criteria"),
    "a patient that is none": (classic(URL, "Condition?patient=Group/1"), "Subscription.criteria"),
    "a filter": (backport(URL, "empty", "colour=red"), "Subscription.criteria.extension"),
    "a filter of a type": (backport(URL, "empty", "Patient?name=x"), "Subscription.criteria.extension"),
    "an empty filter": (backport(URL, "empty", ""), "Subscription.criteria.extension"),
    "a resource type": (
        backport(URL, "empty", "resource-type=Patient"),
        "Subscription.criteria.extension",
    ),
    "a filter, R5": (r5(URL, "empty", ("colour", "red")), "Subscription.filterBy[0]"),
    "a comparator": (
        r5(URL, filterBy=[{"filterParameter": "code", "value": "x", "comparator": "gt"}]),
        "Subscription.filterBy[0]",
    ),
    "a modifier, R5": (
        r5(URL, filterBy=[{"filterParameter": "code", "value": "x", "modifier": "not"}]),
        "Subscription.filterBy[0]",
    ),
    "a channel": (channel(backport(URL), type="websocket"), "Subscription.channel.type"),
    "a channel, R5": (r5(URL, channelType={"code": "message"}), "Subscription.channelType"),
    "no endpoint": (channel(backport(URL), endpoint=None), "Subscription.channel.endpoint"),
    "a payload": (channel(backport(URL), payload="text/plain"), "Subscription.channel.payload"),
    "a payload, R5": (r5(URL, contentType="text/plain"), "Subscription.contentType"),
    "no payload content": (channel(backport(URL), _payload={}), "Subscription.channel.payload"),
    "a payload content": (backport(URL, "everything"), "Subscription.channel.payload"),
    "a heartbeat too fast": (backport(URL, heartbeat=1), "Subscription.channel"),
    "a timeout too long": (backport(URL, timeout=3600), "Subscription.channel"),
    "plain http": (backport("http://ehr.example.org/hook"), "Subscription.channel.endpoint"),
    "a host": (backport("https://elsewhere.example.org/hook"), "Subscription.channel.endpoint"),
    "an address": (r5("https://169.254.169.254/latest"), "Subscription.endpoint"),
    "a user": (backport("https://u:p@ehr.example.org/hook"), "Subscription.channel.endpoint"),
    "a query to put below": (
        classic(URL + "?a=b", "Condition", "application/fhir+json"),
        "Subscription.channel.endpoint",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_supported_is_refused_by_its_element(name):
    resource, path = REFUSED[name]
    with pytest.raises(NotTaken) as caught:
        DESK.understood(resource)
    assert caught.value.path == path and caught.value.status == 422
    assert "example" not in str(caught.value) and "red" not in str(caught.value)


def finding(kind="Condition", code=RUBELLA, **more):
    return {"resourceType": kind, "code": code, **more}


@pytest.mark.parametrize(
    ("criteria", "document", "findings", "met"),
    [
        ((), DOCUMENT, [], True),
        (("patient=1",), DOCUMENT, [], True),
        (("patient=Patient/1",), DOCUMENT, [], True),
        (("patient=2,1",), DOCUMENT, [], True),
        (("patient=2",), DOCUMENT, [], False),
        (("document-type=a|b",), DOCUMENT, [], True),
        (("document-type=b",), DOCUMENT, [], True),
        (("DocumentReference?type=a|",), DOCUMENT, [], True),
        (("document-type=|b",), DOCUMENT, [], False),
        (("code=36653000",), DOCUMENT, [finding()], True),
        (("code=http://snomed.info/sct|36653000",), DOCUMENT, [finding()], True),
        (("code=http://snomed.info/sct|1",), DOCUMENT, [finding()], False),
        (("code=36653000",), DOCUMENT, [], False),
        (("resource-type=Procedure,Condition",), DOCUMENT, [finding()], True),
        (("resource-type=Procedure", "code=36653000"), DOCUMENT, [finding()], False),
        (
            ("resource-type=Procedure", "code=36653000"),
            DOCUMENT,
            [finding(), finding("Procedure", {})],
            False,
        ),
        (("Condition?code=36653000&patient=1",), DOCUMENT, [finding()], False),
        (
            ("Condition?code=36653000&patient=1",),
            DOCUMENT,
            [finding(subject=DOCUMENT["subject"])],
            True,
        ),
        (
            ("code=36653000",),
            DOCUMENT,
            [{"resourceType": "MedicationStatement", "medicationCodeableConcept": RUBELLA}],
            True,
        ),
        (
            ("code=36653000",),
            DOCUMENT,
            [{"resourceType": "MedicationStatement", "medication": {"concept": RUBELLA}}],
            True,
        ),
        (
            ("code=36653000",),
            DOCUMENT,
            [{"resourceType": "FamilyMemberHistory", "condition": [{"code": RUBELLA}]}],
            True,
        ),
    ],
)
def test_filters(criteria, document, findings, met):
    wanted = reading.read(backport(URL, "empty", *criteria)).filters
    assert wanted.meets(document, findings) is met


def test_the_filters_of_both_versions_are_the_same():
    one = reading.read(backport(URL, "empty", "patient=1&code=x", "resource-type=Condition")).filters
    two = reading.read(r5(URL, "empty", ("patient", "1"), ("code", "x"), ("resource-type", "Condition")))
    assert one == two.filters


def test_the_patients_a_subscription_is_about():
    assert reading.read(backport(URL)).filters.patients() is None
    assert reading.read(backport(URL, "empty", "patient=1,2")).filters.patients() == {
        "Patient/1",
        "Patient/2",
    }
    assert reading.read(classic(URL, "Observation?patient=1")).filters.patients() == {"Patient/1"}


@given(st.text(max_size=60))
def test_any_criteria_are_understood_or_refused(text):
    for resource in (classic(URL, text), backport(URL, "empty", text), r5(URL, "empty", ("code", text))):
        with suppress(NotTaken):
            reading.read(resource)


@given(st.sampled_from(["patient", "code", "kind", "type", "category"]), st.text(max_size=40))
def test_any_value_of_a_filter_is_a_test_or_none(name, value):
    found = filters.test(name, value)
    assert found is None or found.met(finding()) in (True, False)


@pytest.mark.parametrize("make", [backport, r5])
def test_headers_are_masked_and_known_again(make):
    masked, pairs = headers.taken(make(URL))
    assert pairs == (("Authorization", SECRET),)
    assert SECRET not in whole(masked) and MASK in whole(masked)
    assert check.resource(masked, "r5" if "topic" in masked else "r4") == []
    assert headers.taken(masked, pairs) == (masked, pairs)
    with pytest.raises(NotTaken):
        headers.taken(masked)


@pytest.mark.parametrize(
    "lines",
    [
        ["no colon"],
        ["Host: elsewhere"],
        ["Content-Type: text/html"],
        ["X: a\r\nY: b"],
        ["X: a", "x: b"],
        ["X:"],
        ["Transfer-Encoding: chunked"],
        [f"X-{number}: a" for number in range(30)],
        ["X: " + "a" * 9_000],
        ["X: caf\u00e9"],
    ],
)
def test_headers_that_cannot_be_sent_are_refused(lines):
    with pytest.raises(NotTaken) as caught:
        headers.taken(channel(backport(URL), header=lines))
    assert caught.value.path == "Subscription.channel.header"


@given(st.lists(st.text(max_size=30), max_size=3))
def test_any_headers_are_taken_or_refused(lines):
    with suppress(NotTaken):
        headers.taken(channel(backport(URL), header=lines))


def test_the_topic_says_what_can_be_filtered_by():
    one = topic.topic()
    assert one["url"] == TOPIC
    assert check.resource(one, "r4") == check.resource(one, "r5") == []
    for row in one["canFilterBy"]:
        name = row["filterParameter"]
        value = {"resource-type": FINDINGS[0]}.get(name, "1")
        assert reading.read(backport(URL, "empty", f"{name}={value}"))
