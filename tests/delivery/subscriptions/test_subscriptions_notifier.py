"""Subscribers are told: in order, once, again after failures, and never what they did not ask for."""

import threading
from datetime import timedelta

import pytest

from adapter.egress import allowing
from adapter.fhir import check
from adapter.ledger import events
from tests.delivery.subscriptions.site import BASE, SECRET, backport, classic, r5, whole


def conditions(call):
    found = [entry.get("resource", {}) for entry in call.bundle["entry"]]
    return {
        one["code"]["text"]: one["verificationStatus"]["coding"][0]["code"]
        for one in found
        if one.get("resourceType") == "Condition"
    }


def test_a_subscription_is_active_when_its_endpoint_took_the_handshake(site, hook):
    id = site.subscribe(backport(hook.url))
    assert site.resource(id)["status"] == "active"
    (call,) = hook.calls
    assert call.said == {"type": "handshake", "status": "requested", "count": 0, "numbers": [], "focus": []}
    assert call.headers["Authorization"] == SECRET
    assert call.headers["Content-Type"] == "application/fhir+json; fhirVersion=4.0"
    assert check.resource(call.bundle, "r4") == []
    assert SECRET not in whole(site.resource(id))


def test_a_document_is_told_with_everything_derived_from_it(site, hook):
    site.subscribe(backport(hook.url))
    stored = site.post("Rubella", "Pertussis")
    site.publish(stored)
    site.work()
    call = hook.calls[-1]
    assert call.said["numbers"] == [1] and call.said["focus"] == [f"{BASE}/DocumentReference/{stored.id}"]
    assert call.bundle["type"] == "history"
    assert check.resource(call.bundle, "r4") == []
    assert all("request" in one and "response" in one for one in call.bundle["entry"])
    assert not any("ifNoneExist" in one["request"] for one in call.bundle["entry"])
    assert call.bundle["entry"][1]["resource"] == stored.content
    assert set(conditions(call)) == {"Rubella", "Pertussis"}


@pytest.mark.parametrize(("content", "focus", "entries"), [("empty", [None], 1), ("id-only", ["there"], 2)])
def test_less_is_told_where_less_is_asked_for(site, hook, content, focus, entries):
    site.subscribe(backport(hook.url, content))
    stored = site.post("Rubella")
    site.publish(stored)
    site.work()
    call = hook.calls[-1]
    where = f"{BASE}/DocumentReference/{stored.id}"
    assert call.said["focus"] == [where if one else None for one in focus]
    assert len(call.bundle["entry"]) == entries
    assert not any("resource" in one for one in call.bundle["entry"][1:])
    assert check.resource(call.bundle, "r4") == []


@pytest.mark.parametrize("content", ["empty", "id-only", "full-resource"])
def test_r5_is_told_in_r5(site, hook, content):
    site.subscribe(r5(hook.url, content))
    site.publish(site.post("Rubella"), site.post("Pertussis"))
    site.work()
    assert hook.kinds == ["handshake", "event-notification"] and hook.numbers == [1, 2]
    for call in hook.calls:
        assert call.bundle["type"] == "subscription-notification"
        assert check.resource(call.bundle, "r5") == []
        assert call.headers["Content-Type"] == "application/fhir+json; fhirVersion=5.0"
    assert hook.calls[-1].said["count"] == 2


def test_publishing_again_and_noticing_again_says_nothing_more(site, hook):
    id = site.subscribe(backport(hook.url))
    stored = site.post("Rubella")
    first = site.notifier.publish(stored.id, 1)
    assert site.notifier.publish(stored.id, 1) == first == ((id, 1),)
    for _ in range(3):
        assert site.notifier.notice(id, 1) is None
    assert site.notifier.publish(stored.id, 1) == first
    assert hook.numbers == [1]


def test_several_that_wait_go_together_as_many_as_were_asked_for(site, hook):
    site.subscribe(backport(hook.url, "id-only", most=3))
    site.publish(*(site.post("Rubella") for _ in range(7)))
    site.work()
    assert [one.said["numbers"] for one in hook.events()] == [[1, 2, 3], [4, 5, 6], [7]]
    assert [one.said["count"] for one in hook.events()] == [7, 7, 7]


def test_what_fails_is_tried_again_in_order(site, hook):
    id = site.subscribe(backport(hook.url, most=2))
    hook.answers = [500, 429, 503, 200, 500]
    begun = site.clock.now
    site.publish(*(site.post("Rubella") for _ in range(4)))
    site.work()
    assert hook.numbers == [1, 2, 3, 4]
    assert site.clock.now - begun == timedelta(seconds=1 + 2 + 4 + 1)
    assert site.state(id).failures == 0 and site.resource(id)["status"] == "active"


def test_one_notice_tries_again_for_all_that_wait(site, hook):
    id = site.subscribe(backport(hook.url))
    hook.answers = [500]
    site.publish(site.post("Rubella"), site.post("Rubella"))
    assert site.notifier.notice(id, 1) == 1.0
    assert site.notifier.notice(id, 2) is None
    site.clock.move(0.4)
    assert site.notifier.notice(id, 1) == pytest.approx(0.6)
    site.clock.move(0.6)
    assert site.notifier.notice(id, 1) is None
    assert hook.numbers == [1, 2]


def test_a_notification_has_a_size(site, hook):
    site.notifier = site.another(body=1)
    site.subscribe(backport(hook.url))
    site.publish(*(site.post("Rubella") for _ in range(3)))
    site.work()
    assert [one.said["numbers"] for one in hook.events()] == [[1], [2], [3]]


def test_a_retry_after_is_honoured(site, hook):
    site.subscribe(backport(hook.url))
    hook.answers, hook.retry_after = [503], 17
    begun = site.clock.now
    site.publish(site.post("Rubella"))
    site.work()
    assert hook.numbers == [1] and (site.clock.now - begun).total_seconds() == 17


@pytest.mark.parametrize(
    ("answers", "calls"), [([410], 1), ([404], 1), ([307], 1), ([500, 500, 500, 500], 4)]
)
def test_no_hope_ends_in_error_and_the_owner_begins_anew(site, hook, answers, calls):
    id = site.subscribe(backport(hook.url, "id-only"))
    hook.answers = list(answers)
    site.publish(site.post("Rubella"), site.post("Rubella"))
    site.work()
    assert len(hook.events()) == calls
    assert site.resource(id)["status"] == "error" and site.resource(id)["error"] == "error-response"
    site.publish(site.post("Rubella"))
    site.work()
    assert len(hook.events()) == calls and site.state(id).events == 3
    site.update(id, site.resource(id) | {"status": "requested"})
    site.work()
    assert site.resource(id)["status"] == "active" and "error" not in site.resource(id)
    assert hook.numbers == [1, 2, 3] and hook.calls[-1].headers["Authorization"] == SECRET


def test_an_endpoint_that_takes_no_handshake_never_becomes_active(site, hook):
    hook.answers = [500] * 4
    id = site.subscribe(backport(hook.url))
    assert site.resource(id)["status"] == "error" and hook.kinds == ["handshake"] * 4


def test_an_endpoint_that_hangs_is_no_answer(site, hook):
    id = site.subscribe(backport(hook.url, timeout=1))
    hook.answers = [2.0]
    site.publish(site.post("Rubella"))
    wait = site.notifier.notice(id, 1)
    assert wait == 1.0 and site.state(id).error == "no-response"
    site.work()
    assert site.state(id).sent == 1


def test_a_heartbeat_comes_when_nothing_else_did(site, hook):
    id = site.subscribe(backport(hook.url, heartbeat=30))
    site.beat(29)
    site.publish(site.post("Rubella"))
    site.work()
    site.beat(29)
    assert hook.kinds == ["handshake", "event-notification"]
    for _ in range(6):
        site.beat(10)
    assert hook.kinds[2:] == ["heartbeat"] * 2
    assert hook.calls[-1].said["count"] == 1 and check.resource(hook.calls[-1].bundle, "r4") == []
    assert site.state(id).status == "active"


def test_what_a_dead_process_left_undone_is_found_by_the_beat(site, hook):
    with site.database.writing() as tx:
        stored = site.desk.create(tx, backport(hook.url), owner="me", base=BASE)
    site.beat(60)
    assert site.resource(stored.id)["status"] == "active"
    document = site.post("Rubella")
    site.notifier.publish(document.id, 1)
    site.beat(60)
    assert hook.numbers == [1]


def test_a_document_taken_back_is_told_as_entered_in_error(site, hook):
    site.subscribe(backport(hook.url))
    one = site.post("Rubella", "Pertussis")
    site.publish(one)
    site.work()
    two = site.change(one, "Pertussis")
    site.publish(two)
    site.work()
    site.publish(site.change(two, retract=True))
    site.work()
    assert hook.numbers == [1, 2, 3]
    assert [conditions(call) for call in hook.events()] == [
        {"Rubella": "confirmed", "Pertussis": "confirmed"},
        {"Rubella": "entered-in-error", "Pertussis": "confirmed"},
        {"Pertussis": "entered-in-error"},
    ]
    assert all(check.resource(call.bundle, "r4") == [] for call in hook.events())


def test_two_versions_in_one_notification_are_there_as_they_are_last(site, hook):
    site.subscribe(r5(hook.url))
    one = site.post("Rubella")
    site.publish(one)
    two = site.change(one, "Pertussis")
    site.publish(two)
    site.work()
    (call,) = hook.events()
    urls = [entry["fullUrl"] for entry in call.bundle["entry"]]
    assert call.said["numbers"] == [1, 2] and len(urls) == len(set(urls))
    assert conditions(call) == {"Rubella": "entered-in-error", "Pertussis": "confirmed"}


def test_a_version_outrun_by_a_newer_one_is_no_event(site, hook):
    site.subscribe(backport(hook.url))
    one = site.post("Rubella")
    two = site.change(one, "Pertussis")
    site.publish(two, one)
    site.work()
    assert hook.numbers == [1] and hook.events()[0].bundle["entry"][1]["resource"]["meta"]["versionId"] == "2"


def test_only_what_was_asked_for_is_told(site, hook):
    site.subscribe(backport(hook.url, "id-only", "patient=Patient/2", "resource-type=Condition"))
    site.publish(site.post("Rubella"), site.post(patient="2"), site.post("Rubella", patient="2"))
    site.work()
    assert hook.numbers == [1]


def test_a_host_no_longer_allowed_is_not_called(site, hook):
    id = site.subscribe(backport(hook.url))
    site.publish(site.post("Rubella"))
    site.notifier = site.another(egress=allowing(["elsewhere.example.org"]))
    site.work()
    assert hook.kinds == ["handshake"]
    assert site.resource(id)["status"] == "error" and site.resource(id)["error"] == "not-allowed"


def test_a_classic_one_is_not_active_where_its_host_is_not_allowed(site, hook):
    site.notifier = site.another(egress=allowing(["elsewhere.example.org"]))
    id = site.subscribe(classic(hook.url, "Condition"))
    assert site.resource(id)["status"] == "error"


class Died(BaseException):
    """The process ends here."""


def test_a_process_that_ends_while_it_tells_is_followed_by_one_that_tells_again(site, hook):
    id = site.subscribe(backport(hook.url))
    site.publish(site.post("Rubella"))
    dying = site.another()

    def dies(*given):
        raise Died

    dying._told = dies
    with pytest.raises(Died):
        dying.notice(id, 1)
    assert hook.numbers == [1]
    waited = site.notifier.notice(id, 1)
    if waited is not None:  # PostgreSQL: the other process may still be at it
        assert waited > 0 and site.database.shared
        site.clock.move(waited)
        assert site.notifier.notice(id, 1) is None
    assert hook.numbers == [1, 1] and site.state(id).sent == 1


def test_classic_pings(site, hook):
    id = site.subscribe(classic(hook.url, "Condition?patient=1"))
    assert site.resource(id)["status"] == "active" and hook.calls == []
    site.publish(site.post("Rubella"), site.post("Rubella", patient="2"))
    site.work()
    (call,) = hook.calls
    assert (call.method, call.path, call.body) == ("POST", "/hook", b"")
    assert "Content-Type" not in call.headers and call.headers["Authorization"] == SECRET


def test_classic_payloads_are_put_with_the_same_id_again(site, hook):
    site.subscribe(classic(hook.url, "Condition", "application/fhir+json"))
    hook.answers = [200, 500]
    site.publish(site.post("Rubella", "Pertussis"))
    site.work()
    paths = [call.path for call in hook.calls]
    assert len(paths) == 4 and paths[:2] == paths[2:] and len(set(paths)) == 2
    for call in hook.calls:
        resource = call.bundle
        assert call.method == "PUT" and call.path == f"/hook/Condition/{resource['id']}"
        assert check.resource(resource, "r4") == [] and "urn:uuid" not in whole(resource.get("subject"))


def test_classic_documents(site, hook):
    site.subscribe(classic(hook.url, "DocumentReference?patient=Patient/1", "application/fhir+json"))
    stored = site.post("Rubella")
    site.publish(stored)
    site.work()
    assert hook.calls[0].path == f"/hook/DocumentReference/{stored.id}"
    assert hook.calls[0].bundle == stored.content


def test_xml(site, hook):
    from tests.delivery.subscriptions.subscriber import xml

    site.subscribe(backport(hook.url, mime="application/fhir+xml"))
    site.publish(site.post("Rubella"))
    site.work()
    assert [xml(call.body) for call in hook.calls] == ["Bundle", "Bundle"]
    assert hook.calls[0].headers["Content-Type"] == "application/fhir+xml; fhirVersion=4.0"


def test_an_end_switches_it_off(site, hook):
    id = site.subscribe(backport(hook.url) | {"end": "2026-03-07T15:00:00+00:00"})
    site.beat(3600)
    assert site.resource(id)["status"] == "off"
    site.publish(site.post("Rubella"))
    site.work()
    assert hook.kinds == ["handshake"]


def test_events_are_kept_for_a_time(site, hook):
    id = site.subscribe(backport(hook.url))
    site.publish(site.post("Rubella"))
    site.work()
    site.beat(8 * 24 * 3600)
    site.publish(site.post("Rubella"))
    site.work()
    with site.database.reading() as tx:
        assert [one.number for one in events.between(tx, id, 1, 9, 9)] == [2]
    assert hook.numbers == [1, 2]


def test_events_that_are_kept_no_more_are_not_told(site, hook):
    id = site.subscribe(backport(hook.url))
    site.publish(site.post("Rubella"))
    site.clock.move(8 * 24 * 3600)
    site.notifier.beat()
    site.work()
    assert hook.kinds == ["handshake"] and site.state(id).sent == site.state(id).events == 1


def test_a_defect_is_told_by_its_class_and_ends_in_error(site, hook, caplog):
    id = site.subscribe(backport(hook.url))
    site.publish(site.post("Rubella"))

    def explode(*given):
        raise ValueError("SECRET WORDS")

    site.notifier._packer.parcels = explode
    assert site.notifier.notice(id, 1) is None
    assert site.resource(id)["status"] == "error" and site.resource(id)["error"] == "processing"
    assert "SECRET" not in caplog.text and caplog.records[-1].error == "ValueError"


def test_many_at_once_are_numbered_without_gaps_and_told_in_order(site, hook):
    ids = [site.subscribe(backport(hook.url, "id-only", most=4)) for _ in range(2)]
    documents = [site.post("Rubella") for _ in range(16)]
    errors = []

    def publish(part):
        try:
            for one in part:
                for id, number in site.notifier.publish(one.id, 1):
                    site.notifier.publish(one.id, 1)
                    site.notifier.notice(id, number)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=publish, args=(documents[start % 2 :: 2],)) for start in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    for id in ids:
        while site.state(id).sent < site.state(id).events:
            site.notifier.notice(id, 0)
        mine = [one.said["numbers"] for one in hook.events() if f"Subscription/{id}" in one.body.decode()]
        assert [number for numbers in mine for number in numbers] == list(range(1, 17))
