"""What reviewers said of findings: appended, read in order, never changed."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from sqlalchemy import Row, Select, func, insert, select

from adapter.ledger.database import Transaction
from adapter.ledger.tables import verdict
from adapter.model import Resource

Action = Literal["accept", "reject", "change", "add", "withdraw"]

ACTIONS: frozenset[Action] = frozenset(get_args(Action))
PAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """Somebody who judges."""

    id: str  # the same for the same person, whatever their name
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What a verdict is about: words of a text, taken for a kind of thing."""

    digest: str  # SHA-256 of the text
    start: int
    end: int
    kind: str  # as it was found; of what was added, as it was added


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """The words around a finding, by which it is known again when the rest of the text has changed."""

    text: str
    start: int  # of the finding, in it
    section: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one person said of one finding."""

    who: Reviewer
    document: str
    version: int  # of the document, as they saw it
    action: Action
    place: Place
    sentence: Sentence
    before: Resource | None  # the finding as they saw it; None where they added it
    after: Resource | None  # as it should be; None where there should be none, and where they take back
    number: int = 0  # in the order of all verdicts; 0 until it is kept
    at: str = ""  # instant


def append(tx: Transaction, one: Verdict) -> Verdict:
    """The verdict as it is kept."""
    sentence = {"text": one.sentence.text, "start": one.sentence.start, "section": one.sentence.section}
    told = {"before": one.before, "after": one.after, "sentence": sentence}
    values = {
        "at": tx.now,
        "who": one.who.id,
        "name": one.who.name.replace("\0", ""),  # which PostgreSQL does not keep
        "document": one.document,
        "version": one.version,
        "action": one.action,
        "digest": one.place.digest,
        "start": one.place.start,
        "end": one.place.end,
        "kind": one.place.kind,
        "content": json.dumps(told, ensure_ascii=False, separators=(",", ":")),
    }
    return _of(tx.connection.execute(insert(verdict).values(values).returning(verdict)).one())


def of(tx: Transaction, document: str) -> tuple[Verdict, ...]:
    """The verdicts on the findings of a document, oldest first."""
    rows = tx.connection.execute(_ordered().where(verdict.c.document == document))
    return tuple(_of(row) for row in rows)


def documents(tx: Transaction) -> tuple[str, ...]:
    """The documents there are verdicts on, by when the first was given."""
    first = func.min(verdict.c.number)
    rows = tx.connection.execute(select(verdict.c.document).group_by(verdict.c.document).order_by(first))
    return tuple(rows.scalars())


def last(tx: Transaction, among: Sequence[str]) -> dict[str, int]:
    """The number of the last verdict on each of these documents."""
    found: dict[str, int] = {}
    for start in range(0, len(among), PAGE):
        page = verdict.c.document.in_(among[start : start + PAGE])
        wanted = select(verdict.c.document, func.max(verdict.c.number)).where(page)
        found |= {row[0]: row[1] for row in tx.connection.execute(wanted.group_by(verdict.c.document))}
    return found


def every(tx: Transaction) -> Iterator[Verdict]:
    """All verdicts, oldest first."""
    reached = 0
    while True:
        rows = tx.connection.execute(_ordered().where(verdict.c.number > reached).limit(PAGE)).all()
        yield from map(_of, rows)
        if len(rows) < PAGE:
            return
        reached = rows[-1].number


def _ordered() -> Select[Any]:
    return select(verdict).order_by(verdict.c.number)


def _of(row: Row[Any]) -> Verdict:
    told = json.loads(row.content)
    return Verdict(
        number=row.number,
        at=row.at,
        who=Reviewer(id=row.who, name=row.name),
        document=row.document,
        version=row.version,
        action=row.action,
        place=Place(digest=row.digest, start=row.start, end=row.end, kind=row.kind),
        sentence=Sentence(**told["sentence"]),
        before=told["before"],
        after=told["after"],
    )
