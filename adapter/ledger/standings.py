"""Where document versions stand, newest first, a page at a time: for who looks after the service.

What was derived and what is wrong with it are left where they are; a page reads as many rows of an index as
it shows, whatever is in the ledger. A position is "instant~document~version".
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, Table, and_, func, or_, select

from adapter.errors import InputError
from adapter.ledger import deliveries, events, work
from adapter.ledger.database import Transaction
from adapter.ledger.deliveries import Delivery
from adapter.ledger.events import State
from adapter.ledger.tables import delivery, event
from adapter.ledger.tables import work as works
from adapter.model import Resource

READ: Final = (work.ACCEPTED, work.EXTRACTED, work.FAILED, work.RETRACTED)
SCANNED: Final = 2_000  # versions looked at for one page, where a target is asked for besides
SUBSCRIBERS: Final = 200  # whose notices are looked up
MOST: Final = 1_000  # up to which is counted

Version = tuple[str, int]  # document and version
Place = tuple[str, str, int]  # instant, document, version


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A subscriber that is to be told of a document version."""

    subscription: str
    version: int
    number: int  # of the event
    at: str  # when it was known that it concerns them, instant
    state: str  # told, waiting, failing, stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one document version stands."""

    document: str
    version: int
    state: str  # what became of it: one of READ
    at: str  # when it was accepted, instant
    done: str | None
    attempts: int
    retracts: bool  # it says that the document was entered in error, or is superseded
    seconds: float | None
    newest: bool  # there is no newer version
    deliveries: tuple[Delivery, ...]  # without receipts and outcomes
    notices: tuple[Notice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some standings, newest first."""

    found: tuple[Standing, ...]
    next: str | None = None  # where the next page begins


def page(
    tx: Transaction, *, state: str = "", target: str = "", count: int = 50, after: str | None = None
) -> Page:
    """A page of the versions in a state, of reading or of delivery, and sent or to be sent to a target.

    In a state of delivery, and of a target alone, the order is that of the last change there.
    """
    where = place(after) if after else None
    if state in READ and target:
        places, last = _narrowed(tx, state, target, count, where)
    else:
        found = _merged(tx, _ranges(tx, state, target), count + 1, where)
        places, last = found[:count], found[count - 1] if len(found) > count else None
    listed = of(tx, [(one[1], one[2]) for one in places])
    return Page(found=listed, next="~".join(map(str, last)) if last else None)


def of(tx: Transaction, versions: Sequence[Version]) -> tuple[Standing, ...]:
    """Where these versions stand, in their order; those there are none of are left out."""
    if not versions:
        return ()
    columns = (works.c.document, works.c.version, works.c.state, works.c.at, works.c.done, works.c.attempts)
    wanted = select(*columns, works.c.retracts, works.c.seconds)
    named = [sorted(set(names)) for names in zip(*versions, strict=True)]  # no pairs: SQLite scans for those
    wanted = wanted.where(works.c.document.in_(named[0]), works.c.version.in_(named[1]))
    rows = {(row.document, row.version): row for row in tx.connection.execute(wanted)}
    documents = sorted({document for document, _ in rows})
    newest, sent, told = _newest(tx, documents), _deliveries(tx, documents), _notices(tx, documents)
    return tuple(
        Standing(
            **rows[one]._mapping,
            newest=newest[one[0]] == one[1],
            deliveries=tuple(sent.get(one, ())),
            notices=tuple(told.get(one, ())),
        )
        for one in versions
        if one in rows
    )


def versions(tx: Transaction, document: str, limit: int = 100) -> tuple[Standing, ...]:
    """Where the versions of a document stand, newest first."""
    wanted = select(works.c.version).where(works.c.document == document)
    newest: Sequence[int] = (
        tx.connection.execute(wanted.order_by(works.c.version.desc()).limit(limit)).scalars().all()
    )
    return of(tx, [(document, number) for number in newest])


def outcomes(tx: Transaction, document: str, limit: int = 100) -> dict[int, Resource]:
    """What was left out of the versions of a document, or why they could not be read."""
    wanted = select(works.c.version, works.c.outcome).where(works.c.document == document)
    rows = tx.connection.execute(wanted.order_by(works.c.version.desc()).limit(limit))
    return {row.version: json.loads(row.outcome) for row in rows if row.outcome}


def since(tx: Transaction, after: str, most: int = MOST) -> int:
    """How many versions were accepted after a position; at most `most` are counted."""
    where = place(after)
    later = (
        select(works.c.document).where(works.c.state == one, _later(works, where)).limit(most) for one in READ
    )
    counted = (select(func.count()).select_from(one.subquery()) for one in later)
    return min(most, sum(tx.connection.execute(one).scalar_one() for one in counted))


def counts(tx: Transaction, most: int = MOST) -> dict[str, int]:
    """How many versions wait or failed, and how many deliveries wait or are dead; each up to `most`."""
    wanted: list[tuple[str, Table]] = [(work.ACCEPTED, works), (work.FAILED, works)]
    wanted += [(deliveries.WAITING, delivery), (deliveries.DEAD, delivery)]
    found = {}
    for state, table in wanted:
        some = select(table.c.document).where(table.c.state == state).limit(most).subquery()
        found[state] = tx.connection.execute(select(func.count()).select_from(some)).scalar_one()
    return found


def targets(tx: Transaction) -> tuple[str, ...]:
    """The targets there are deliveries for."""
    return tuple(sorted({target for state in deliveries.STATES for target in _targets(tx, state)}))


def place(text: str) -> Place:
    """The place a position names. Raises InputError."""
    at, _, rest = text.partition("~")
    document, _, version = rest.rpartition("~")
    if not (at and document and version.isascii() and version.isdecimal()) or len(version) > 9:
        raise InputError("not a place in the list", path="after")
    return at, document, int(version)


def _ranges(tx: Transaction, state: str, target: str) -> Iterator[tuple[Table, ColumnElement[bool]]]:
    """The stretches of an index, each in the order of time, in which what is wanted lies."""
    if state in READ or not (state or target):
        yield from ((works, works.c.state == one) for one in ((state,) if state else READ))
    else:
        for one in (state,) if state else deliveries.STATES:
            for name in (target,) if target else _targets(tx, one):
                yield delivery, and_(delivery.c.state == one, delivery.c.target == name)


def _merged(
    tx: Transaction,
    ranges: Iterable[tuple[Table, ColumnElement[bool]]],
    count: int,
    where: Place | None,
) -> list[Place]:
    """The newest places of some stretches, none twice."""
    found: set[Place] = set()
    for table, chosen in ranges:
        wanted = _ordered(table, chosen, count)
        wanted = wanted.where(_earlier(table, where)) if where else wanted
        found |= {(row.at, row.document, row.version) for row in tx.connection.execute(wanted)}
    return sorted(found, reverse=True)[:count]


def _narrowed(
    tx: Transaction, state: str, target: str, count: int, where: Place | None
) -> tuple[list[Place], Place | None]:
    """The newest places in a state that are for a target, and where to go on looking."""
    seen = _merged(tx, [(works, works.c.state == state)], SCANNED, where)
    found: list[Place] = []
    for start in range(0, len(seen), 500):
        some = seen[start : start + 500]
        wanted = select(delivery.c.document, delivery.c.version).where(
            delivery.c.document.in_({document for _, document, _ in some}), delivery.c.target == target
        )
        sent = {(row.document, row.version) for row in tx.connection.execute(wanted)}
        found += [one for one in some if one[1:] in sent]
        if len(found) > count:
            return found[:count], found[count - 1]
    return found, seen[-1] if len(seen) == SCANNED else None


def _ordered(table: Table, chosen: ColumnElement[bool], count: int) -> Select[Any]:
    columns = (table.c.at, table.c.document, table.c.version)
    return select(*columns).where(chosen).order_by(*(one.desc() for one in columns)).limit(count)


def _earlier(table: Table, where: Place) -> ColumnElement[bool]:
    at, document, version = where
    c = table.c
    same = and_(c.document == document, c.version < version)
    return and_(c.at <= at, or_(c.at < at, c.document < document, same))


def _later(table: Table, where: Place) -> ColumnElement[bool]:
    at, document, version = where
    c = table.c
    same = and_(c.document == document, c.version > version)
    return and_(c.at >= at, or_(c.at > at, c.document > document, same))


def _targets(tx: Transaction, state: str) -> Iterator[str]:
    """The targets of deliveries in a state, one step of the index each."""
    last = ""
    while True:
        wanted = select(func.min(delivery.c.target)).where(
            delivery.c.state == state, delivery.c.target > last
        )
        found = tx.connection.execute(wanted).scalar()
        if found is None:
            return
        yield found
        last = found


def _newest(tx: Transaction, documents: Sequence[str]) -> dict[str, int]:
    wanted = select(works.c.document, func.max(works.c.version)).where(works.c.document.in_(documents))
    return {row[0]: row[1] for row in tx.connection.execute(wanted.group_by(works.c.document))}


def _deliveries(tx: Transaction, documents: Sequence[str]) -> dict[Version, list[Delivery]]:
    c = delivery.c
    columns = (c.document, c.version, c.target, c.state, c.hop, c.attempts, c.at, c.due)
    wanted = select(*columns).where(c.document.in_(documents)).order_by(c.version, c.target)
    found: dict[Version, list[Delivery]] = {}
    for row in tx.connection.execute(wanted):
        found.setdefault((row.document, row.version), []).append(Delivery(**row._mapping))
    return found


def _notices(tx: Transaction, documents: Sequence[str]) -> dict[Version, list[Notice]]:
    states = {one.id: one for one in events.listed(tx, (*events.COUNTED, events.OFF), limit=SUBSCRIBERS)}
    if not states:
        return {}
    wanted = select(event).where(event.c.subscription.in_(states), event.c.document.in_(documents))
    found: dict[Version, list[Notice]] = {}
    rows = tx.connection.execute(wanted).all()  # in no order: for one, SQLite would read all events
    for row in sorted(rows, key=lambda row: (row.subscription, row.number)):
        state = _told(states[row.subscription], row.number)
        one = Notice(
            subscription=row.subscription, version=row.version, number=row.number, at=row.at, state=state
        )
        found.setdefault((row.document, row.version), []).append(one)
    return found


def _told(state: State, number: int) -> str:
    if number <= state.sent:
        return "told"
    if state.status in (events.ERROR, events.OFF):
        return "stopped"
    return "failing" if state.failures else "waiting"
