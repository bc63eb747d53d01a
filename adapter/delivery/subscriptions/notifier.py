"""Tells subscribers: in order, one notice at a time, again until it arrives or there is no hope.

A notice is a call to look at a subscription, whatever its number: what there is to say is in the ledger. An
event that was said is never said again, unless the process ended before it knew that it had arrived.
"""

import logging
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from adapter.delivery import retry
from adapter.delivery.subscriptions import notification, reading, telling
from adapter.delivery.subscriptions.notification import Kind, Said
from adapter.delivery.subscriptions.parcels import Packer, content_type
from adapter.delivery.subscriptions.posting import Answered, Clients, Parcel, post
from adapter.delivery.subscriptions.subscription import KIND, NotTaken, Rules, Subscription
from adapter.delivery.subscriptions.telling import Told
from adapter.egress import check_endpoint
from adapter.errors import EgressRefused, LedgerError, RestError
from adapter.fhir.systems import Version
from adapter.ledger import Database, Transaction, events, resources, work
from adapter.ledger.database import instant
from adapter.ledger.events import ACTIVE, COUNTED, ERROR, OFF, REQUESTED, State
from adapter.model import Resource

MANY = 300.0  # seconds the resources of one event may take, put one by one
MARGIN = 10.0  # seconds a notice has for itself beyond the time of its requests
PURGE = 600.0  # seconds between two looks for events that are too old


@dataclass(frozen=True, slots=True, kw_only=True)
class _Errand:
    """What one notice is to do."""

    state: State
    wanted: Subscription
    kind: Kind
    headers: Sequence[tuple[str, str]]
    holder: str
    now: str


class Notifier:
    """Publishes what was derived to subscribers. Safe to use from several threads and processes."""

    def __init__(self, database: Database, clients: Clients, rules: Rules | None = None) -> None:
        self._database, self._clients, self._rules = database, clients, rules or Rules()
        self._packer = Packer()
        self._name = uuid.uuid4().hex
        self._purged: datetime | None = None

    def publish(self, document: str, version: int) -> tuple[tuple[str, int], ...]:
        """The notices due for a document version that was derived: (subscription, number).

        The same again however often it is asked; none for a version that a newer one has outrun.
        """
        with self._database.writing() as tx:
            listed = events.listed(tx)
            versions = work.versions(tx, document) if listed else ()
            if not telling.derived(versions, version):
                return ()
            late, earlier = telling.outrun(versions, version), telling.before(versions, version)
            said: dict[Version, Told] = {}
            found = []
            for state in listed:
                number = events.numbered(tx, state.id, document, version)
                if number is None and not late:
                    said[state.fhir] = said.get(state.fhir) or telling.told(
                        tx, document, version, earlier, state.fhir
                    )
                    if self._concerns(tx, state, said[state.fhir]):
                        number = self._record(tx, state.id, document, version, earlier)
                if number is not None:
                    found.append((state.id, number))
            return tuple(found)

    def notice(self, subscription: str, number: int) -> float | None:
        """Seconds until the next attempt, 0 when there is more to say at once; None when all is said."""
        with self._database.writing() as tx:
            events.lock(tx, subscription)
            state = events.read(tx, subscription)
            if state is None or state.status not in (REQUESTED, ACTIVE):
                return None
            if state.ends is not None and state.ends <= tx.now:
                self._settle(tx, state, OFF)
                return None
            wait = self._waits(tx, state, number)
            if wait is not None:
                return wait if wait > 0 else None
            errand = self._errand(tx, state)
            if errand is None:
                return None
            if isinstance(errand, str):
                self._settle(tx, state, ERROR, errand)
                return None
            until = instant(tx.moment + timedelta(seconds=self._lasts(errand.wanted)))
            wake = instant(tx.moment + timedelta(seconds=self._lasts(errand.wanted) + self._rules.grace))
            events.change(tx, state.id, lease=until, holder=errand.holder, driver=number, wake=wake)
        answered, last = self._deliver(errand)
        return self._told(errand, number, answered, last)

    def beat(self) -> tuple[tuple[str, int], ...]:
        """The notices due because of the time: heartbeats, and what somebody left undone.

        To be called every few seconds by each process that tells subscribers, and each to be enqueued.
        """
        with self._database.writing() as tx:
            tx.lock("subscriptions/beat")
            found = []
            for state in events.silent(tx):
                again = instant(tx.moment + timedelta(seconds=self._rules.grace))
                events.change(tx, state.id, wake=again)
                found.append((state.id, events.woken(tx, state.id)))
            self._forget(tx)
            return tuple(found)

    def _forget(self, tx: Transaction) -> None:
        if self._purged is None or (tx.moment - self._purged).total_seconds() > PURGE:
            self._purged = tx.moment
            events.forget(tx, instant(tx.moment - self._rules.retention))

    def _concerns(self, tx: Transaction, state: State, told: Told) -> bool:
        """Whether a subscriber wants to hear of a document version."""
        try:
            wanted = reading.read(resources.read(tx, KIND, state.id).content)
        except RestError:
            return False
        return told.content is not None and wanted.filters.meets(told.content, told.findings)

    def _record(
        self, tx: Transaction, id: str, document: str, version: int, earlier: int | None
    ) -> int | None:
        events.lock(tx, id)
        state = events.read(tx, id)
        if state is None or state.status not in COUNTED:
            return None
        number = events.record(tx, id, document, version, earlier)
        soon = instant(tx.moment + timedelta(seconds=self._rules.grace))
        if state.status != ERROR and state.due is None and state.lease is None:
            events.change(tx, id, wake=soon)
        return number

    def _waits(self, tx: Transaction, state: State, number: int) -> float | None:
        """None: it may act. Else the seconds this notice is to wait; 0 when another one looks after it."""
        mine = state.holder is not None and state.holder.startswith(self._name)
        if state.lease is not None and (self._database.shared or mine):
            left = _seconds(tx, state.lease)
            if left > 0:
                return left
        if state.due is not None:
            left = _seconds(tx, state.due)
            if left > 0:
                return left if state.driver == number else 0.0
        return None

    def _errand(self, tx: Transaction, state: State) -> _Errand | str | None:
        """What there is to do; None when there is nothing; a code when it cannot be done."""
        try:
            wanted = reading.read(resources.read(tx, KIND, state.id).content)
            check_endpoint(wanted.endpoint, self._rules.egress)
        except (NotTaken, EgressRefused):
            return "not-allowed"
        kind = self._kind(tx, state, wanted)
        if kind is None:
            events.change(tx, state.id, wake=self._next(tx, state.last or tx.now, wanted), lease=None)
            return None
        holder = f"{self._name}:{uuid.uuid4().hex}"
        headers = (*events.headers(tx, state.id), *content_type(wanted))
        return _Errand(state=state, wanted=wanted, kind=kind, headers=headers, holder=holder, now=tx.now)

    def _kind(self, tx: Transaction, state: State, wanted: Subscription) -> Kind | None:
        if state.status == REQUESTED:
            return "handshake"
        if state.sent < state.events:
            return "event-notification"
        if wanted.heartbeat and _seconds(tx, state.last or tx.now) + wanted.heartbeat <= 0:
            return "heartbeat"
        return None

    def _deliver(self, errand: _Errand) -> tuple[Answered, int]:
        """How it was taken, and the number of the last event that was in it."""
        state, event = errand.state, errand.kind == "event-notification"
        try:
            said = self._said(state, errand.wanted) if event else ()
            last = said[-1].event.number if said else state.events if event else state.sent
            return self._sent(errand, said), last
        except LedgerError:
            raise
        except Exception as error:  # a defect, whose words may be the note's; it must not stop what follows
            told = {"error": type(error).__name__}
            logging.getLogger("notewright.subscriptions").error("defect", extra=told)
            return Answered(error="processing", lasting=True), state.sent

    def _sent(self, errand: _Errand, said: Sequence[Said]) -> Answered:
        """How it was taken; there is nothing to send where what was not said is no longer kept."""
        wanted = errand.wanted
        parcels: tuple[Parcel, ...] = ()
        if said or (errand.kind != "event-notification" and wanted.form != "classic"):
            parcels = self._packer.parcels(wanted, errand.state, errand.kind, said, errand.now)
        seconds, budget = float(wanted.timeout or self._rules.timeout), self._lasts(wanted) - MARGIN
        with self._clients() as client:
            return post(client, parcels, errand.headers, timeout=seconds, budget=budget)

    def _said(self, state: State, wanted: Subscription) -> tuple[Said, ...]:
        """The next events; none where those that were not said are no longer kept."""
        most = 1 if wanted.form == "classic" else min(wanted.most or self._rules.events, self._rules.events)
        with self._database.reading() as tx:
            listed = events.between(tx, state.id, state.sent + 1, state.events, most)
            return notification.said(tx, listed, wanted.content, wanted.fhir, self._rules.body)

    def _told(self, errand: _Errand, number: int, answered: Answered, last: int) -> float | None:
        with self._database.writing() as tx:
            events.lock(tx, errand.state.id)
            state = events.read(tx, errand.state.id)
            if state is None:
                return None
            if state.holder != errand.holder:  # it was changed meanwhile, or taken over
                return 0.0
            if answered.error:
                return self._failed(tx, state, number, answered)
            return self._arrived(tx, state, errand, last)

    def _arrived(self, tx: Transaction, state: State, errand: _Errand, last: int) -> float | None:
        free: dict[str, Any] = {"failures": 0, "error": None, "due": None, "driver": None}
        free |= {"lease": None, "holder": None, "last": tx.now, "sent": max(state.sent, last)}
        more = free["sent"] < state.events
        grace = instant(tx.moment + timedelta(seconds=self._rules.grace))
        wake = grace if more else self._next(tx, tx.now, errand.wanted)
        events.change(tx, state.id, **free, wake=wake)
        if state.status == REQUESTED:
            self._show(tx, state.id, ACTIVE)
        return 0.0 if more else None

    def _failed(self, tx: Transaction, state: State, number: int, answered: Answered) -> float | None:
        failures = state.failures + 1
        patience = self._rules.handshake if state.status == REQUESTED else self._rules.patience
        wait = None if answered.lasting else retry.delay(answered.failure, failures, patience, tx.moment)
        events.change(tx, state.id, failures=failures, error=answered.error, lease=None, holder=None)
        if wait is None:
            self._settle(tx, state, ERROR, answered.error)
            return None
        due = tx.moment + timedelta(seconds=wait)
        wake = instant(due + timedelta(seconds=self._rules.grace))
        events.change(tx, state.id, driver=number, due=instant(due), wake=wake)
        return wait

    def _settle(self, tx: Transaction, state: State, status: str, error: str | None = None) -> None:
        """Nothing is said any more until the owner asks for it."""
        rest = {"lease": None, "holder": None, "driver": None, "due": None, "wake": None}
        events.change(tx, state.id, error=error, **rest)
        self._show(tx, state.id, status, error)

    def _show(self, tx: Transaction, id: str, status: str, error: str | None = None) -> None:
        """The status, where we keep it and in the resource."""
        events.change(tx, id, status=status)
        try:
            resources.change(tx, KIND, id, lambda old: shown(old, status, error))
        except RestError:  # it was deleted
            events.remove(tx, id)

    def _next(self, tx: Transaction, since: str, wanted: Subscription) -> str | None:
        """When somebody must look again: for the heartbeat, or the end."""
        moments = [wanted.end] if wanted.end else []
        if wanted.heartbeat and wanted.form != "classic":
            beat = datetime.fromisoformat(since) + timedelta(seconds=wanted.heartbeat)
            moments.append(instant(max(beat, tx.moment)))
        return min((instant(datetime.fromisoformat(one)) for one in moments), default=None)

    def _lasts(self, wanted: Subscription) -> float:
        """The seconds a notice may take."""
        many = wanted.form == "classic" and wanted.mime is not None
        return (MANY if many else float(wanted.timeout or self._rules.timeout)) + MARGIN


def shown(resource: Resource, status: str, error: str | None = None) -> Resource:
    """The Subscription with its status; R4 has room for an error too."""
    changed = {**resource, "status": status}
    changed.pop("error", None)
    return changed | ({"error": error} if error and "channel" in resource else {})


def _seconds(tx: Transaction, moment: str) -> float:
    """From now until then."""
    return (datetime.fromisoformat(moment) - tx.moment).total_seconds()
