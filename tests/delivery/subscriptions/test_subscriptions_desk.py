"""Subscriptions are kept with their secrets apart; what they were told can be asked for again."""

import pytest
from sqlalchemy import text

from adapter.delivery.subscriptions import Desk, NotTaken
from adapter.errors import Gone, PreconditionFailed, UnknownResource
from adapter.fhir import check
from adapter.ledger import events, resources
from tests.delivery.subscriptions.site import BASE, SECRET, backport, r5


def test_secrets_are_in_no_resource(site, hook):
    id = site.subscribe(backport(hook.url))
    site.update(id, site.resource(id) | {"status": "requested"})
    site.work()
    with site.database.reading() as tx:
        for table in ("nw_version", "nw_parameter"):
            rows = tx.connection.execute(text(f"SELECT * FROM {table}")).all()
            assert rows and "SECRET-OF" not in str(rows)
    assert [call.headers["Authorization"] for call in hook.calls] == [SECRET] * 2


def test_a_new_subscription_is_requested(site, hook):
    for status in ("active", "off", "error"):
        with pytest.raises(NotTaken):
            site.subscribe(backport(hook.url) | {"status": status})


def test_an_owner_has_so_many(site, hook):
    desk = Desk(type(site.rules)(egress=site.rules.egress, most=1), lambda id, number: None)
    with site.database.writing() as tx:
        desk.create(tx, backport(hook.url), owner="a", base=BASE)
        desk.create(tx, backport(hook.url), owner="b", base=BASE)
        with pytest.raises(NotTaken):
            desk.create(tx, backport(hook.url), owner="a", base=BASE)


def test_a_version_that_is_not_derived_is_refused(site, hook):
    desk = Desk(type(site.rules)(egress=site.rules.egress, versions=("r4",)), lambda id, number: None)
    with site.database.writing() as tx, pytest.raises(NotTaken):
        desk.create(tx, r5(hook.url), owner="a", base=BASE)


def test_off_ends_and_requested_begins_anew(site, hook):
    id = site.subscribe(backport(hook.url))
    site.update(id, backport(hook.url) | {"status": "off"})
    site.publish(site.post("Rubella"))
    site.work()
    assert hook.kinds == ["handshake"] and site.state(id).events == 0
    site.update(id, backport(hook.url))
    site.publish(site.post("Rubella"))
    site.work()
    assert hook.kinds == ["handshake", "handshake", "event-notification"]


def test_an_update_while_it_is_told_begins_anew(site, hook):
    id = site.subscribe(backport(hook.url))
    site.publish(site.post("Rubella"))
    told, changed = site.notifier._told, []

    def meanwhile(*given):
        if not changed:
            changed.append(site.update(id, backport(hook.url, "empty")))
        return told(*given)

    site.notifier._told = meanwhile
    site.work()
    assert hook.kinds == ["handshake", "event-notification", "handshake", "event-notification"]
    assert site.resource(id)["status"] == "active" and site.state(id).sent == 1


def test_another_version_is_not_overwritten(site, hook):
    id = site.subscribe(backport(hook.url))
    with site.database.writing() as tx, pytest.raises(PreconditionFailed):
        site.desk.update(tx, id, backport(hook.url), base=BASE, expected=1)


def test_a_removed_subscription_is_told_nothing(site, hook):
    id = site.subscribe(backport(hook.url))
    site.publish(site.post("Rubella"))
    with site.database.writing() as tx:
        site.desk.remove(tx, id)
    site.work()
    site.publish(site.post("Rubella"))
    site.beat(3600)
    assert hook.kinds == ["handshake"] and site.queue == []
    with site.database.reading() as tx:
        assert events.between(tx, id, 0, 99, 99) == ()
        with pytest.raises(Gone):
            site.desk.state(tx, id)
        with pytest.raises(UnknownResource):
            site.desk.state(tx, "none")


@pytest.mark.parametrize("make", [backport, r5])
def test_status_and_events_can_be_asked_for(site, hook, make):
    id = site.subscribe(make(hook.url, "empty"))
    documents = [site.post("Rubella") for _ in range(5)]
    site.publish(*documents)
    site.work()
    version = "r5" if make is r5 else "r4"
    with site.database.reading() as tx:
        state = site.desk.state(tx, id)
        asked = site.desk.statuses([state], BASE)
        told = site.desk.events(tx, state, 2, 4, "full-resource")
        nothing = site.desk.events(tx, state, 7, None, "id-only")
        bare = site.desk.events(tx, state, 1, None, "empty")
    for one in (asked, told, nothing, bare):
        assert check.resource(one, version) == []
    assert asked["type"] == "searchset" and asked["total"] == 1
    focused = [one["resource"]["id"] for one in told["entry"] if _kind(one) == "DocumentReference"]
    assert focused == [one.id for one in documents[1:4]]
    assert len(nothing["entry"]) == len(bare["entry"]) == 1
    assert "query-event" in str(told["entry"][0]) and "SECRET" not in str((asked, told))


def _kind(entry):
    return entry.get("resource", {}).get("resourceType")


def test_the_status_tells_the_error(site, hook):
    hook.answers = [410]
    id = site.subscribe(backport(hook.url))
    with site.database.reading() as tx:
        asked = site.desk.statuses([site.desk.state(tx, id)], BASE)
        assert resources.read(tx, "Subscription", id).content["error"] == "error-response"
    named = {one["name"]: one for one in asked["entry"][0]["resource"]["parameter"]}
    assert named["status"]["valueCode"] == "error"
    assert named["error"]["valueCodeableConcept"]["coding"][0]["code"] == "error-response"
