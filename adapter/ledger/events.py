"""Subscriptions as they stand, and the numbered events each of them is told.

The numbers of a subscription begin at 1 and have no gaps; a document version is the same event however often
it is recorded. Who changes a subscription holds its lock.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Row, Select, delete, func, insert, select, update

from adapter.ledger.database import Transaction
from adapter.ledger.tables import event, subscription

REQUESTED, ACTIVE, ERROR, OFF = "requested", "active", "error", "off"
COUNTED = (REQUESTED, ACTIVE, ERROR)  # events are numbered, whether or not they can be delivered

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """Where a subscription stands."""

    id: str
    owner: str
    fhir: Literal["r4", "r5"]
    base: str
    status: str
    events: int  # numbered so far
    sent: int  # the last one that arrived
    failures: int  # in a row
    wakes: int
    driver: int | None = None  # which notice tries again
    due: str | None = None  # and when
    lease: str | None = None  # until when one notice has it for itself
    holder: str | None = None  # and which
    last: str | None = None  # when something arrived
    ends: str | None = None
    error: str | None = None  # code of the last failure


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One document version, as a subscription is told of it."""

    number: int
    document: str
    version: int
    before: int | None  # the version that held before
    at: str  # instant


def lock(tx: Transaction, id: str) -> None:
    """From here on, nobody else changes this subscription until the transaction ends."""
    tx.lock(f"subscription/{id}")


def add(
    tx: Transaction, id: str, *, owner: str, fhir: str, base: str, headers: Headers, **values: Any
) -> State:
    """A subscription that nothing was told yet; `values` are other columns."""
    tx.connection.execute(
        insert(subscription).values(
            id=id,
            owner=owner,
            fhir=fhir,
            base=base,
            status=REQUESTED,
            headers=json.dumps(list(headers)),
            events=0,
            sent=0,
            failures=0,
            wakes=0,
        )
    )
    change(tx, id, **values)
    return _found(tx, id)


def read(tx: Transaction, id: str) -> State | None:
    """A subscription; None when there is none."""
    row = tx.connection.execute(select(subscription).where(subscription.c.id == id)).first()
    return _of(row) if row is not None else None


def headers(tx: Transaction, id: str) -> tuple[tuple[str, str], ...]:
    """The headers of the channel with their secrets: for the wire alone."""
    text = tx.connection.execute(select(subscription.c.headers).where(subscription.c.id == id)).scalar()
    return tuple((name, value) for name, value in json.loads(text or "[]"))


def change(tx: Transaction, id: str, **values: Any) -> None:
    """The subscription has these values from now on; `headers` as pairs."""
    if "headers" in values:
        values["headers"] = json.dumps(list(values["headers"]))
    if values:
        tx.connection.execute(update(subscription).where(subscription.c.id == id).values(**values))


def woken(tx: Transaction, id: str) -> int:
    """The number of a notice that never was: below zero, for whoever is to look."""
    change(tx, id, wakes=subscription.c.wakes + 1)
    return -_found(tx, id).wakes


def remove(tx: Transaction, id: str) -> None:
    """The subscription and its events are gone."""
    tx.connection.execute(delete(event).where(event.c.subscription == id))
    tx.connection.execute(delete(subscription).where(subscription.c.id == id))


def listed(
    tx: Transaction,
    statuses: Sequence[str] = COUNTED,
    *,
    owner: str | None = None,
    after: str = "",
    limit: int | None = None,
) -> tuple[State, ...]:
    """The subscriptions in these states, of one owner or of all, by id, from the one after `after`."""
    wanted = select(subscription).where(subscription.c.status.in_(statuses), subscription.c.id > after)
    wanted = wanted.where(subscription.c.owner == owner) if owner is not None else wanted
    wanted = wanted.limit(limit) if limit is not None else wanted
    return tuple(_of(row) for row in tx.connection.execute(wanted.order_by(subscription.c.id)))


def counts(tx: Transaction) -> dict[str, int]:
    """How many subscriptions are in each state."""
    rows = tx.connection.execute(select(subscription.c.status, func.count()).group_by(subscription.c.status))
    return {row[0]: row[1] for row in rows}


def silent(tx: Transaction) -> tuple[State, ...]:
    """The subscriptions somebody must look at by now."""
    wanted = select(subscription).where(subscription.c.wake <= tx.now).order_by(subscription.c.id)
    return tuple(_of(row) for row in tx.connection.execute(wanted))


def record(tx: Transaction, id: str, document: str, version: int, before: int | None = None) -> int:
    """The number of the event that a document version is, given now unless it has one.

    The caller holds the lock.
    """
    known = numbered(tx, id, document, version)
    if known is not None:
        return known
    number = _found(tx, id).events + 1
    values = {"document": document, "version": version, "before": before, "at": tx.now}
    tx.connection.execute(insert(event).values(subscription=id, number=number, **values))
    change(tx, id, events=number)
    return number


def numbered(tx: Transaction, id: str, document: str, version: int) -> int | None:
    """The number of the event that a document version is; None when it is none, or no longer kept."""
    wanted = select(event.c.number).where(
        event.c.subscription == id, event.c.document == document, event.c.version == version
    )
    return tx.connection.execute(wanted).scalar()


def between(tx: Transaction, id: str, since: int, until: int, limit: int) -> tuple[Event, ...]:
    """The events from one number to another, both included, that are still kept."""
    wanted = _events(id).where(event.c.number >= since, event.c.number <= until).limit(limit)
    return tuple(
        Event(number=row.number, document=row.document, version=row.version, before=row.before, at=row.at)
        for row in tx.connection.execute(wanted)
    )


def forget(tx: Transaction, before: str) -> int:
    """How many events from before an instant were forgotten."""
    return tx.connection.execute(delete(event).where(event.c.at < before)).rowcount


def _events(id: str) -> Select[Any]:
    return select(event).where(event.c.subscription == id).order_by(event.c.number)


def _found(tx: Transaction, id: str) -> State:
    row = tx.connection.execute(select(subscription).where(subscription.c.id == id)).one()
    return _of(row)


def _of(row: Row[Any]) -> State:
    return State(**{name: getattr(row, name) for name in State.__dataclass_fields__})
