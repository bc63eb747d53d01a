"""A ledger, its workflows, reviewers, and a target that is a real FHIR server on loopback."""

from contextlib import contextmanager

import httpx

from adapter import reviews
from adapter.delivery import Server
from adapter.delivery.retry import Policy
from adapter.jobs import Courier, Deriver, Gate, Options, Posted, Workflows
from adapter.ledger import deliveries, resources, work
from adapter.reviews import Change, Reviewer
from adapter.reviews.desk import key_of
from tests.api.served import document, wait_until
from tests.delivery import fhir_server

ANN, BOB = Reviewer(id="a1", name="Ann Example"), Reviewer(id="b2", name="Bob Example")
NOTE = "A/P: asthma, sinusitis. Denies chest pain. Metformin 500 mg twice daily.\nPlan: rest."
QUICK = Policy(attempts=40, first=0.05, longest=0.5)


def content(text):
    return document(text)["content"]


class Site:
    """What a service has open, with one target of FHIR R4 and one of R5."""

    def __init__(self, database, pipeline, servers, client):
        self.database, self.servers = database, servers
        rules = reviews.load()
        posted = {
            name: Posted(name=name, sink=Server(server.url, client), fhir=name, policy=QUICK)
            for name, server in servers.items()
        }
        self.deriver = Deriver(
            database,
            pipeline,
            Gate(2),
            targets=posted,
            versions=("r4", "r5"),
            review=reviews.Reviewers(database, pipeline, rules),
        )
        courier = Courier(database, posted)
        options = Options(polling=0.02, beat=0.2, overdue=0.5)
        self.jobs = Workflows(database, derive=self.deriver.derive, deliver=courier.attempt, options=options)
        self.desk = reviews.Desk(
            database, pipeline, rules, start=self.jobs.accept, read=self.deriver.reviewable
        )

    def accept(self, text=NOTE, **more):
        """The id of a document that is stored, derived and delivered."""
        with self.database.writing() as tx:
            stored, _ = resources.create(tx, document(text, **more))
            work.add(tx, stored.id, stored.version)
        self.jobs.accept(stored.id, 1)
        self.done(stored.id, 1)
        return stored.id

    def change(self, id, **changes):
        with self.database.writing() as tx:
            new = resources.change(tx, "DocumentReference", id, lambda old: {**old, **changes})
            work.add(tx, id, new.version, retracts=new.content["status"] == "entered-in-error")
        self.jobs.accept(id, new.version)
        self.done(id, new.version)
        return new.version

    def send(self, id):
        version = self.desk.send(id)
        self.done(id, version)
        return version

    def done(self, id, version):
        def there():
            with self.database.reading() as tx:
                left = {one.state for one in deliveries.of(tx, id, version)}
                return work.read(tx, id, version).state != work.ACCEPTED and not left & {"waiting", "sending"}

        wait_until(there, 300)
        with self.database.reading() as tx:
            ended = {one.target: (one.state, one.outcome) for one in deliveries.of(tx, id, version)}
        assert {state for state, _ in ended.values()} <= {"sent"}, ended

    def work(self, id, version):
        with self.database.reading() as tx:
            return work.read(tx, id, version)

    def key(self, id, words, kind=None):
        found = [one for one in self.desk.opened(id).cases if one.item.shown.text == words]
        found = [one for one in found if kind in (None, one.item.place.kind)]
        assert len(found) == 1, [
            (one.item.shown.text, one.item.place.kind) for one in self.desk.opened(id).cases
        ]
        return key_of(found[0].item.place)

    def say(self, who, id, words, action, **more):
        return self.desk.say(who, id, self.key(id, words), Change(action=action, **more))

    def at(self, name, kind):
        return self.servers[name].current(kind)

    def statuses(self, name, kind="Condition"):
        """What is at a target: the words of each resource and its status."""
        return {words(one): status(one) for one in self.at(name, kind)}


def words(resource):
    return (resource.get("code") or resource.get("medicationCodeableConcept") or {}).get("text")


def status(resource):
    told = resource.get("verificationStatus")
    return told["coding"][0]["code"] if told else resource["status"]


@contextmanager
def running(database, pipeline):
    with (
        fhir_server.running() as r4,
        fhir_server.running() as r5,
        httpx.Client(timeout=10) as client,
    ):
        site = Site(database, pipeline, {"r4": r4(), "r5": r5()}, client)
        with site.jobs.running(patience=0):
            yield site
