"""Documents accepted are documents delivered, on SQLite and PostgreSQL, with the shipped model."""

import base64
import threading
import time
from contextlib import nullcontext
from dataclasses import replace

import pytest
from sqlalchemy import update

from adapter.delivery.retry import Policy
from adapter.errors import EmissionError, TargetRefused, TargetUnavailable
from adapter.jobs import Breaker, Courier, Deriver, Gate, Options, Posted, Workflows
from adapter.jobs.deriving import CAREFUL, MOST
from adapter.ledger import deliveries, opened, resources, tables, work
from adapter.model import Receipt

QUICK = Policy(attempts=4, first=0.05, longest=0.2)


class Target:
    """A target that fails as it is told, and keeps what it took."""

    def __init__(self, *failures):
        self.failures, self.taken, self._lock = list(failures), [], threading.Lock()

    def send(self, bundle):
        with self._lock:
            if self.failures:
                raise self.failures.pop(0)
            self.taken.append(bundle)
        return Receipt(sink="here", status="sent")


def document(text="Assessment: asthma.", **more):
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": "Patient/1"},
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
        **more,
    }


class Site:
    """A ledger, its workflows and its targets."""

    def __init__(self, database, pipeline, targets):
        self.database, self.targets = database, targets
        posted = {
            name: Posted(name=name, sink=sink, policy=QUICK, breaker=Breaker(failures=3, first=0.1))
            for name, sink in targets.items()
        }
        self.deriver = Deriver(database, pipeline, Gate(2), targets=targets)
        self.courier = Courier(database, posted)

    def running(self, **more):
        options = Options(polling=0.02, beat=0.2, overdue=0.5, **more)
        jobs = Workflows(
            self.database, derive=self.deriver.derive, deliver=self.courier.attempt, options=options
        )
        return jobs.running(patience=0)

    def store(self, resource):
        with self.database.writing() as tx:
            stored, _ = resources.create(tx, resource)
            work.add(tx, stored.id, stored.version)
        return stored

    def change(self, stored, **changes):
        with self.database.writing() as tx:
            new = resources.change(tx, stored.type, stored.id, lambda old: {**old, **changes})
            work.add(tx, new.id, new.version, retracts=new.content["status"] == "entered-in-error")
        return new

    def states(self, stored, version=None):
        with self.database.reading() as tx:
            return {one.target: one.state for one in deliveries.of(tx, stored.id, version or stored.version)}

    def work(self, stored):
        with self.database.reading() as tx:
            return work.read(tx, stored.id, stored.version)


def wait_until(true, seconds=120):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def site(database_url, pipeline):
    with opened(database_url) as database:
        yield lambda **targets: Site(database, pipeline, targets)


def conditions(bundle):
    return [
        entry["resource"]["code"]["text"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Condition"
    ]


def verifications(bundle):
    found = [entry["resource"] for entry in bundle["entry"]]
    return {
        one["code"]["text"]: one["verificationStatus"]["coding"][0]["code"]
        for one in found
        if one["resourceType"] == "Condition"
    }


def test_what_was_accepted_is_delivered_to_every_target(site):
    here = site(a=Target(), b=Target(TargetUnavailable(), TargetUnavailable()))
    with here.running() as jobs:
        stored = here.store(document())
        jobs.accept(stored.id, 1)
        jobs.accept(stored.id, 1)
        wait_until(lambda: here.states(stored) == {"a": "sent", "b": "sent"})
    for target in here.targets.values():
        assert [conditions(bundle) for bundle in target.taken] == [["asthma"]]
    assert here.work(stored).state == "extracted"


def test_what_was_stored_before_the_process_ended_is_taken_up_by_the_next(site):
    here = site(a=Target())
    stored = [here.store(document(f"Assessment: asthma. Line {number}.")) for number in range(5)]
    with here.running():
        wait_until(lambda: all(here.states(one) == {"a": "sent"} for one in stored))
    assert len(here.targets["a"].taken) == 5


def test_a_target_that_says_no_is_kept_for_somebody_to_decide(site):
    refused = TargetRefused("The server answered 422")
    here = site(a=Target(refused), b=Target(*[TargetUnavailable() for _ in range(4)]))
    with here.running() as jobs:
        stored = here.store(document())
        jobs.accept(stored.id, 1)
        wait_until(lambda: here.states(stored) == {"a": "dead", "b": "dead"})
        with here.database.reading() as tx:
            dead = deliveries.listed(tx, ("dead",))
        assert [one.attempts for one in dead] == [1, 4] or [one.attempts for one in dead] == [4, 1]
        assert all(one.outcome["resourceType"] == "OperationOutcome" for one in dead)
        with here.database.writing() as tx:
            again = deliveries.again(tx, stored.id, 1, "a")
            deliveries.discard(tx, stored.id, 1, "b")
        jobs.deliver(again)
        wait_until(lambda: here.states(stored) == {"a": "sent", "b": "discarded"})


def test_what_cannot_be_made_to_a_targets_wishes_is_kept_for_somebody_to_decide(site):
    def refuse(bundle):
        raise EmissionError("broken", path="Bundle.entry[0]")

    here = site(a=Target())
    here.courier._targets["a"] = Posted(name="a", sink=here.targets["a"], adapt=refuse)
    with here.running() as jobs:
        stored = here.store(document())
        jobs.accept(stored.id, 1)
        wait_until(lambda: here.states(stored) == {"a": "dead"})
    assert here.targets["a"].taken == []


def test_an_unreadable_document_is_kept_with_the_reason(site):
    here = site(a=Target())
    with here.running() as jobs:
        broken = document()
        broken["content"] = [{"attachment": {"contentType": "image/png", "data": "QQ=="}}]
        stored = here.store(broken)
        jobs.accept(stored.id, 1)
        wait_until(lambda: here.work(stored).state == "failed")
        issue = here.work(stored).outcome["issue"][0]
        assert issue["severity"] == "error" and issue["expression"] == [
            "DocumentReference.content[0].attachment.contentType"
        ]
        with here.database.writing() as tx:
            anew = work.again(tx, stored.id, 1)
        jobs.accept(stored.id, 1, hop=anew.hop)
        wait_until(lambda: here.work(stored).attempts == 1 and here.work(stored).state == "failed")
    assert here.targets["a"].taken == []


def test_a_defect_is_told_by_its_class_alone(site, pipeline, monkeypatch):
    here = site(a=Target())

    def explode(resource):
        raise ValueError("SECRET WORDS")

    here.deriver._fetch = explode
    with here.running() as jobs:
        stored = here.store(document())
        jobs.accept(stored.id, 1)
        wait_until(lambda: here.work(stored).state == "failed")
    assert "ValueError" in str(here.work(stored).outcome) and "SECRET" not in str(here.work(stored).outcome)


def test_a_newer_version_takes_back_what_the_older_one_made(site):
    here = site(a=Target())
    with here.running() as jobs:
        one = here.store(document())
        jobs.accept(one.id, 1)
        wait_until(lambda: here.states(one) == {"a": "sent"})
        two = here.change(one, content=document("Assessment: pneumonia.")["content"])
        jobs.accept(two.id, 2)
        wait_until(lambda: here.states(two) == {"a": "sent"})
        three = here.change(two, status="entered-in-error")
        jobs.accept(three.id, 3)
        wait_until(lambda: here.states(three) == {"a": "sent"})
    first, second, third = here.targets["a"].taken
    assert conditions(first) == ["asthma"]
    assert verifications(second) == {"pneumonia": "confirmed", "asthma": "entered-in-error"}
    assert verifications(third) == {"pneumonia": "entered-in-error", "asthma": "entered-in-error"}


def test_an_older_version_that_still_waits_is_not_sent(site):
    here = site(a=Target(*[TargetUnavailable() for _ in range(3)]))
    with here.running() as jobs:
        one = here.store(document())
        jobs.accept(one.id, 1)
        wait_until(lambda: len(here.targets["a"].failures) < 3)
        two = here.change(one, content=document("Assessment: pneumonia.")["content"])
        jobs.accept(two.id, 2)
        wait_until(lambda: here.states(two) == {"a": "sent"})
        wait_until(lambda: here.states(one) == {"a": "superseded"})


def test_what_somebody_unknown_had_begun_is_taken_over(site):
    """A worker that died before its first sign of life, or whose workflows outlived it."""
    here = site(a=Target())
    with Workflows(here.database).running(patience=0) as jobs:
        stored = here.store(document())
        jobs.accept(stored.id, 1)
    with here.database.writing() as tx:
        begun = f"UPDATE {_status(here)} SET status = 'PENDING', executor_id = 'gone'"
        assert tx.connection.exec_driver_sql(begun).rowcount == 1
    with here.running():
        wait_until(lambda: here.states(stored) == {"a": "sent"})
    assert here.work(stored).hop == 0


def test_who_was_not_heard_of_for_long_is_forgotten(site):
    here = site(a=Target())
    with here.running():
        with here.database.writing() as tx:
            tx.connection.exec_driver_sql("INSERT INTO nw_worker VALUES ('gone', '2026-01-01T00:00:00.000Z')")
        wait_until(lambda: not _rows(here, "SELECT id FROM nw_worker WHERE id = 'gone'"))


def test_finished_workflows_are_deleted_and_asking_again_does_nothing(site):
    here = site(a=Target())
    with here.running(retention=0.0) as jobs:
        stored = here.store(document())
        jobs.accept(stored.id, 1)
        wait_until(lambda: here.states(stored) == {"a": "sent"})
        wait_until(lambda: not _rows(here, f"SELECT status FROM {_status(here)}"))
        jobs.accept(stored.id, 1)
        wait_until(lambda: not _rows(here, f"SELECT status FROM {_status(here)}"))
    assert len(here.targets["a"].taken) == 1


def test_a_sweep_leaves_alone_what_changed_meanwhile(site):
    here = site(a=Target())
    stored = here.store(document())
    with here.database.writing() as tx:
        deliveries.plan(tx, stored.id, 1, ["a"])
        seen, todo = deliveries.read(tx, stored.id, 1, "a"), work.read(tx, stored.id, 1)
        assert deliveries.hop(tx, seen) and work.hop(tx, todo)
        assert not deliveries.hop(tx, seen) and not work.hop(tx, todo)
        deliveries.mark(tx, seen, deliveries.SENT)
        assert not deliveries.hop(tx, deliveries.read(tx, stored.id, 1, "a"))
    assert here.states(stored) == {"a": "sent"}


def test_a_document_begun_often_is_derived_alone_and_given_up_in_the_end(site):
    here = site(a=Target())
    alone = []
    here.deriver._gate.alone = lambda: alone.append(1) or nullcontext()
    for attempts, state in ((CAREFUL - 1, "extracted"), (CAREFUL, "extracted"), (MOST, "failed")):
        stored = here.store(document(f"Assessment: asthma. Attempt {attempts}."))
        with here.database.writing() as tx:
            tx.connection.execute(update(tables.work).values(attempts=attempts))
        here.deriver.derive(stored.id, 1)
        assert here.work(stored).state == state
        assert len(alone) == (attempts >= CAREFUL)


def test_bundles_go_one_after_the_other_to_a_server_that_is_searched_first(site):
    """The Device is in all of them: nobody may write between a search and its POST."""

    class Slow(Target):
        at_once = most = 0

        def send(self, bundle):
            with self._lock:
                self.at_once += 1
                self.most = max(self.most, self.at_once)
            time.sleep(0.05)
            with self._lock:
                self.at_once -= 1
            return super().send(bundle)

    here = site(a=Slow())
    here.courier._targets["a"] = replace(here.courier._targets["a"], searched=lambda bundle: True)
    with here.running() as jobs:
        stored = [here.store(document(f"Assessment: asthma. Line {number}.")) for number in range(6)]
        for one in stored:
            jobs.accept(one.id, 1)
        wait_until(lambda: len(here.targets["a"].taken) == 6)
    assert here.targets["a"].most == 1


def _rows(here, query):
    with here.database.reading() as tx:
        return list(tx.connection.exec_driver_sql(query))


def _status(here):
    return "dbos.workflow_status" if here.database.shared else "workflow_status"
