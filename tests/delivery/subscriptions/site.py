"""A ledger with subscribers, whose clock the test moves."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from adapter.delivery.retry import Policy
from adapter.delivery.subscriptions import Desk, Notifier, Rules, clients
from adapter.egress import allowing
from adapter.ledger import events, resources, work
from tests.delivery.documents import bundle, condition

BACKPORT = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/backport"
TOPIC = "https://notewright.org/fhir/SubscriptionTopic/document-findings"
BASE = "https://notewright.example/fhir"
SECRET = "Bearer SECRET-OF-THE-SUBSCRIBER"
PATIENCE = Policy(attempts=4, first=1.0, longest=60.0, jitter=lambda: 1.0)


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self):
        self.now = datetime(2026, 3, 7, 14, 5, tzinfo=UTC)

    def __call__(self):
        return self.now

    def move(self, seconds):
        self.now += timedelta(seconds=seconds)


class Site:
    """Subscriptions, documents, and a queue of notices worked on in order."""

    def __init__(self, database, clock, subscriber, **rules):
        self.database, self.clock, self.subscriber = database, clock, subscriber
        origin = subscriber.url.removesuffix("/hook")
        policy = allowing([origin], ["127.0.0.1/32"])
        self.rules = Rules(egress=policy, patience=PATIENCE, handshake=PATIENCE, **rules)
        self.queue = []
        self.desk = Desk(self.rules, lambda id, number: self.queue.append((self.clock.now, id, number)))
        self.notifier = self.another()

    def another(self, **rules):
        """Another process's notifier, perhaps under other rules."""
        changed = replace(self.rules, **rules)
        return Notifier(self.database, clients(changed.egress), changed)

    def subscribe(self, resource, owner="me"):
        """The id of a new Subscription, its handshake done."""
        with self.database.writing() as tx:
            stored = self.desk.create(tx, resource, owner=owner, base=BASE)
        self.desk.tell(stored.id, 0)
        self.work()
        return stored.id

    def update(self, id, resource):
        with self.database.writing() as tx:
            stored, number = self.desk.update(tx, id, resource, base=BASE, expected=None)
        if number is not None:
            self.desk.tell(id, number)
        return stored

    def post(self, *names, patient="1", **more):
        """A document with these conditions, derived."""
        document = {
            "resourceType": "DocumentReference",
            "status": "current",
            "subject": {"reference": f"Patient/{patient}"},
            "content": [{"attachment": {"contentType": "text/plain", "data": "QQ=="}}],
            **more,
        }
        with self.database.writing() as tx:
            stored, _ = resources.create(tx, document)
            self._derive(tx, stored, names)
        return stored

    def change(self, stored, *names, retract=False):
        """The next version of a document, derived."""
        with self.database.writing() as tx:
            new = resources.change(
                tx, "DocumentReference", stored.id, lambda old: {**old, "description": f"{stored.version}"}
            )
            self._derive(tx, new, names, retract)
        return new

    def _derive(self, tx, stored, names, retract=False):
        work.add(tx, stored.id, stored.version, retracts=retract)
        entries = [condition(name) for name in names]
        whole = bundle(*entries, run=f"{stored.id}-{stored.version}") if names else None
        bundles = {} if retract or whole is None else {"r4": whole, "r5": whole}
        state = work.RETRACTED if retract else work.EXTRACTED
        work.finish(tx, stored.id, stored.version, state, bundles=bundles)

    def publish(self, *documents):
        """What was derived is told, as the workflow of a document has it."""
        for one in documents:
            for id, number in self.notifier.publish(one.id, one.version):
                self.queue.append((self.clock.now, id, number))

    def work(self, most=200):
        """Works on the queue until it is empty, moving the clock to what waits."""
        while self.queue:
            most -= 1
            assert most, "the queue never ends"
            self.queue.sort(key=lambda one: one[0])
            due, id, number = self.queue.pop(0)
            self.clock.now = max(self.clock.now, due)
            wait = self.notifier.notice(id, number)
            if wait is not None:
                self.queue.append((self.clock.now + timedelta(seconds=wait), id, number))

    def beat(self, seconds=0.0):
        """What the keeper does, after so many seconds."""
        self.clock.move(seconds)
        for id, number in self.notifier.beat():
            self.queue.append((self.clock.now, id, number))
        self.work()

    def state(self, id):
        with self.database.reading() as tx:
            return events.read(tx, id)

    def resource(self, id):
        with self.database.reading() as tx:
            return resources.read(tx, "Subscription", id).content


def backport(url, content="full-resource", *criteria, mime="application/fhir+json", **channel):
    """A Subscription of the Backport guide."""
    names = {"heartbeat": "heartbeat-period", "timeout": "timeout", "most": "max-count"}
    kinds = {"heartbeat": "valueUnsignedInt", "timeout": "valueUnsignedInt", "most": "valuePositiveInt"}
    extensions = [{"url": f"{BACKPORT}-{names[name]}", kinds[name]: value} for name, value in channel.items()]
    listed = [{"url": f"{BACKPORT}-filter-criteria", "valueString": one} for one in criteria]
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "test",
        "criteria": TOPIC,
        **({"_criteria": {"extension": listed}} if listed else {}),
        "channel": {
            **({"extension": extensions} if extensions else {}),
            "type": "rest-hook",
            "endpoint": url,
            "payload": mime,
            "_payload": {"extension": [{"url": f"{BACKPORT}-payload-content", "valueCode": content}]},
            "header": [f"Authorization: {SECRET}"],
        },
    }


def r5(url, content="full-resource", *filters, **more):
    """A Subscription of R5."""
    named = [{"filterParameter": name, "value": value} for name, value in filters]
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "topic": TOPIC,
        "channelType": {"code": "rest-hook"},
        "endpoint": url,
        "contentType": "application/fhir+json",
        "content": content,
        "parameter": [{"name": "Authorization", "value": SECRET}],
        **({"filterBy": named} if named else {}),
        **more,
    }


def classic(url, criteria, mime=None):
    """A Subscription of R4 alone."""
    payload = {"payload": mime} if mime else {}
    return {
        "resourceType": "Subscription",
        "status": "requested",
        "reason": "test",
        "criteria": criteria,
        "channel": {"type": "rest-hook", "endpoint": url, **payload, "header": [f"Authorization: {SECRET}"]},
    }


def whole(value):
    """Everything of a resource as text, to look for what must not be in it."""
    return json.dumps(value)
