"""Subscribers are told by the workflows, across failures and the end of the process."""

import time

import pytest

from adapter.delivery.retry import Policy
from adapter.delivery.subscriptions import Desk, Notifier, Rules, clients
from adapter.egress import allowing
from adapter.jobs import Options, Workflows
from adapter.ledger import opened
from tests.delivery.subscriptions.site import BASE, Site, backport


class Running(Site):
    """A site whose queue is that of the workflows."""

    def __init__(self, database, subscriber):
        self.database, self.subscriber = database, subscriber
        policy = allowing([subscriber.url.removesuffix("/hook")], ["127.0.0.1/32"])
        patience = Policy(attempts=9, first=0.05, longest=0.2)
        self.rules = Rules(egress=policy, patience=patience, handshake=patience)
        self.notifier = Notifier(database, clients(policy), self.rules)

    def jobs(self):
        found = Workflows(
            self.database,
            derive=lambda document, version: (),
            deliver=lambda *given: None,
            publish=self.notifier.publish,
            notice=self.notifier.notice,
            options=Options(polling=0.02, beat=0.2, overdue=0.5),
        )
        self.desk = Desk(self.rules, lambda id, number: found._tell(id, number, 0, None))
        return found.running(patience=0)


@pytest.fixture
def running(database_url, hook):
    with opened(database_url) as database:
        yield Running(database, hook)


def wait_until(true, seconds=120):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def test_every_document_is_told_once_and_in_order(running, hook):
    hook.answers = [500, 200, 200, 503, 429, 500]
    with running.jobs() as jobs:
        with running.database.writing() as tx:
            id = running.desk.create(tx, backport(hook.url, "id-only", most=3), owner="me", base=BASE).id
        running.desk.tell(id, 0)
        documents = [running.post("Rubella") for _ in range(12)]
        for one in documents:
            jobs.accept(one.id, 1)
        wait_until(lambda: running.state(id).sent == 12)
    assert hook.numbers == list(range(1, 13))
    assert running.resource(id)["status"] == "active"


def test_what_failed_when_the_process_ended_is_told_by_the_next(running, hook):
    with running.jobs() as jobs:
        with running.database.writing() as tx:
            id = running.desk.create(tx, backport(hook.url, "id-only"), owner="me", base=BASE).id
        running.desk.tell(id, 0)
        wait_until(lambda: running.state(id).status == "active")
        hook.answers = [500, 500]
        jobs.accept(running.post("Rubella").id, 1)
        wait_until(lambda: len(hook.calls) > 1)
    with running.jobs():
        wait_until(lambda: running.state(id).sent == 1)
    assert hook.numbers == [1]
