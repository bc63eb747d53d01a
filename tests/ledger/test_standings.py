"""Where document versions stand: pages, narrowed and whole, and what reading one costs."""

import pytest
from sqlalchemy import event as listened

from adapter.errors import InputError
from adapter.ledger import deliveries, events, opened, standings, work


@pytest.fixture
def database(database_url):
    with opened(database_url) as found:
        yield found


def filled(database, count=23):
    """Documents of every state: even ones go to `a`, every third to `b` too, where every sixth is dead."""
    for number in range(count):
        document = f"d{number:02}"
        with database.writing() as tx:
            for version in range(1, 2 + (number % 5 == 0)):
                work.add(tx, document, version)
                if number % 7:
                    work.finish(tx, document, version, work.EXTRACTED, bundles={}, seconds=0.5)
                    targets = ["a"] * (number % 2 == 0) + ["b"] * (number % 3 == 0)
                    deliveries.plan(tx, document, version, targets)
            if number % 6 == 0 and number % 7:
                one = deliveries.read(tx, document, 1, "b")
                deliveries.mark(tx, one, deliveries.DEAD, outcome={"resourceType": "OperationOutcome"})


def walked(database, **chosen):
    found, after = [], None
    while True:
        with database.reading() as tx:
            page = standings.page(tx, count=4, after=after, **chosen)
        found += [(one.document, one.version) for one in page.found]
        after = page.next
        if after is None:
            return found


@pytest.mark.parametrize(
    "chosen",
    [
        {},
        {"state": "extracted"},
        {"state": "accepted"},
        {"state": "waiting"},
        {"state": "dead"},
        {"target": "b"},
        {"state": "waiting", "target": "a"},
        {"state": "extracted", "target": "b"},
        {"state": "extracted", "target": "nowhere"},
    ],
)
def test_pages_hold_every_version_once(database, chosen):
    filled(database)
    found = walked(database, **chosen)
    with database.reading() as tx:
        whole = {(one.document, one.version) for one in standings.page(tx, count=1_000, **chosen).found}
        everything = standings.page(tx, count=1_000).found
    assert len(found) == len(set(found)) and set(found) == whole
    state, target = chosen.get("state"), chosen.get("target")
    expected = {
        (one.document, one.version)
        for one in everything
        if state
        in (None, one.state, *(sent.state for sent in one.deliveries if target in (None, sent.target)))
        and target in (None, *(sent.target for sent in one.deliveries))
    }
    assert whole == expected and (whole or target == "nowhere")


def test_newest_first_with_what_is_newer_told(database):
    filled(database)
    with database.reading() as tx:
        listed = standings.page(tx, count=1_000).found
        assert [one.at for one in listed] == sorted((one.at for one in listed), reverse=True)
        older = [one.document for one in listed if not one.newest]
        assert sorted(older) == [f"d{number:02}" for number in range(0, 23, 5)]
        assert [one.version for one in standings.versions(tx, "d05")] == [2, 1]
        assert standings.targets(tx) == ("a", "b")
        assert standings.counts(tx)["dead"] == 3 and standings.counts(tx, most=2)["dead"] == 2
        last = listed[9]
        assert standings.since(tx, f"{last.at}~{last.document}~{last.version}") == 9
        assert standings.since(tx, "0~0~0", most=5) == 5


def test_subscribers_are_told_or_not(database):
    filled(database, 2)
    with database.writing() as tx:
        for id, status, failures in (("s1", "active", 0), ("s2", "active", 2), ("s3", "error", 9)):
            known = {"owner": "o", "fhir": "r4", "base": "b", "headers": []}
            events.add(tx, id, **known, status=status, failures=failures)
            events.record(tx, id, "d01", 1)
            events.record(tx, id, "d00", 1)
        events.change(tx, "s1", sent=1)
        found = {one.document: one.notices for one in standings.page(tx).found}
    assert [one.state for one in found["d01"]] == ["told", "failing", "stopped"]
    assert found["d00"][0].state == "waiting"


def test_every_attempt_and_decision_is_kept(database):
    filled(database, 1)
    with database.writing() as tx:
        deliveries.plan(tx, "d", 1, ["a"])
        told = {"resourceType": "OperationOutcome", "issue": []}
        one = deliveries.read(tx, "d", 1, "a")
        deliveries.mark(tx, one, deliveries.SENDING)
        deliveries.mark(tx, one, deliveries.WAITING, hop=1, due="2026-01-01T00:00:00.000Z", outcome=told)
        deliveries.mark(tx, one, deliveries.WAITING, hop=2)  # its turn had not come
        deliveries.mark(tx, one, deliveries.DEAD, outcome=told)
        deliveries.discard(tx, "d", 1, "a")
        deliveries.again(tx, "d", 1, "a")
        deliveries.mark(tx, one, deliveries.SENT, receipt={"sink": "x"}, outcome=None)
        found = deliveries.attempts(tx, "d")
    assert [one.state for one in found] == ["sent", "waiting", "discarded", "dead", "waiting"]
    assert [bool(one.outcome) for one in found] == [False, False, False, True, True]
    assert found[-1].due == "2026-01-01T00:00:00.000Z"


@pytest.mark.parametrize("text", ["", "x", "a~b", "a~b~c", "~~1", "a~b~-1", "a~b~99999999999", "a~b~²"])
def test_what_is_no_position_is_refused(text):
    with pytest.raises(InputError):
        standings.place(text)


def test_no_query_reads_a_whole_table(tmp_path):
    with opened(f"sqlite:///{tmp_path}/ledger.sqlite") as database:
        filled(database)
        with database.writing() as tx:
            events.add(tx, "s", owner="o", fhir="r4", base="b", headers=[], status="active")
            events.record(tx, "s", "d01", 1)
        asked: list[tuple[str, tuple]] = []
        listened.listen(database.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
        with database.reading() as tx:
            for chosen in ({}, {"state": "dead"}, {"target": "a"}, {"state": "extracted", "target": "a"}):
                first = standings.page(tx, count=2, **chosen)
                standings.page(tx, count=2, after=first.next, **chosen)
            standings.versions(tx, "d01")
            standings.since(tx, "2026~d~1")
            standings.targets(tx)
            deliveries.attempts(tx, "d01")
            plans = [
                row[3]
                for statement, values in list(asked)
                for row in tx.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            ]
    big = ("nw_work", "nw_delivery", "nw_event", "nw_attempt", "nw_version", "nw_current")
    assert [plan for plan in plans if plan.startswith("SCAN") and any(name in plan for name in big)] == []
    assert all("document=?" in plan for plan in plans if "nw_event" in plan)
