"""Bulk submissions: their manifests, the files of those, and what became of each line.

A manifest:  waiting -> reading -> done           its files are known; all of them came to an end
             any     -> discarding -> discarded   replaced or stopped: what it brought is taken back
A file:      waiting -> done | failed

Who changes a submission holds its lock. Line 0 tells of a whole file, file 0 of a whole manifest.
"""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, func, insert, select, tuple_, update

from adapter.errors import UnknownResource
from adapter.ledger.database import Transaction
from adapter.ledger.tables import bulk_file, line, manifest, submission, work
from adapter.ledger.work import ACCEPTED, EXTRACTED, FAILED
from adapter.model import Resource

IN_PROGRESS, COMPLETED, STOPPED = "in-progress", "completed", "stopped"
WAITING, READING, DONE, DISCARDING, DISCARDED = "waiting", "reading", "done", "discarding", "discarded"
BROKEN = "failed"  # of a file
GONE = (DISCARDING, DISCARDED)

Place = tuple[int, int, int]  # manifest, file, line


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """Where a submission stands."""

    id: str
    owner: str
    submitter: str
    name: str
    state: str
    at: str
    changed: str
    hop: int  # which workflow of the chain is in charge
    busy: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One manifest, or one page of it."""

    submission: str
    number: int
    root: int  # number of the first page
    url: str
    state: str
    fhir: str
    base: str
    replaces: int | None
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file of a manifest."""

    submission: str
    manifest: int
    number: int
    url: str
    state: str
    lines: int  # dealt with so far
    accepted: int
    refused: int
    digest: str | None
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What became of one line, and of the document it brought."""

    place: Place
    document: str | None
    version: int | None
    brought: bool
    outcome: Resource | None = None
    state: str | None = None  # of the document's work
    bundles: Mapping[str, Resource] | None = None
    told: Resource | None = None  # outcome of the document's work


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far the files of a submission, or of one manifest, are."""

    files: int = 0
    ended: int = 0
    failed: int = 0
    accepted: int = 0
    refused: int = 0


def lock(tx: Transaction, id: str) -> None:
    """From here on, nobody else changes this submission until the transaction ends."""
    tx.lock(f"submission/{id}")


def opened(tx: Transaction, owner: str, submitter: str, name: str) -> Submission:
    """The submission of this name, begun now if there is none."""
    tx.lock(f"submission/{owner}/{submitter}/{name}")
    found = named(tx, owner, submitter, name)
    if found is None:
        values = {"owner": owner, "submitter": submitter, "name": name, "state": IN_PROGRESS}
        times = {"at": tx.now, "changed": tx.now}
        id = str(uuid.uuid4())
        tx.connection.execute(insert(submission).values(id=id, **values, **times, hop=0, busy=False))
        found = read(tx, id)
    lock(tx, found.id)
    return found


def named(tx: Transaction, owner: str, submitter: str, name: str) -> Submission | None:
    """The submission of this name; None when there is none."""
    wanted = select(submission).where(
        submission.c.owner == owner, submission.c.submitter == submitter, submission.c.name == name
    )
    row = tx.connection.execute(wanted).first()
    return _submission(row) if row is not None else None


def read(tx: Transaction, id: str, owner: str | None = None) -> Submission:
    """The submission, of this owner if one is given. Raises UnknownResource."""
    row = tx.connection.execute(select(submission).where(submission.c.id == id)).first()
    if row is None or owner not in (None, row.owner):
        raise UnknownResource("there is no such submission")
    return _submission(row)


def change(tx: Transaction, id: str, **values: Any) -> Submission:
    """The submission with these values from now on."""
    tx.connection.execute(update(submission).where(submission.c.id == id).values(changed=tx.now, **values))
    return read(tx, id)


def woken(tx: Transaction, id: str) -> Submission:
    """The submission with something to do and another workflow in charge."""
    return change(tx, id, busy=True, hop=submission.c.hop + 1)


def busy(tx: Transaction, before: str, limit: int = 1_000) -> tuple[Submission, ...]:
    """The submissions with something to do that nothing happened to since an instant, oldest first."""
    wanted = select(submission).where(submission.c.busy.is_(True), submission.c.changed < before)
    rows = tx.connection.execute(wanted.order_by(submission.c.changed).limit(limit))
    return tuple(_submission(row) for row in rows)


def add_manifest(
    tx: Transaction,
    id: str,
    url: str,
    *,
    fhir: str,
    base: str,
    root: int | None = None,
    headers: Sequence[tuple[str, str]] = (),
    replaces: int | None = None,
) -> Manifest:
    """A manifest that waits to be fetched; with `root`, a further page of that one."""
    number = 1 + (_scalar(tx, select(func.max(manifest.c.number)).where(manifest.c.submission == id)) or 0)
    kept = json.dumps(list(headers)) if headers else None
    tx.connection.execute(
        insert(manifest).values(
            submission=id,
            number=number,
            root=root or number,
            url=url,
            state=WAITING,
            fhir=fhir,
            base=base,
            headers=kept,
            replaces=replaces,
            attempts=0,
        )
    )
    return manifests(tx, id)[-1]


def manifests(tx: Transaction, id: str, root: int | None = None) -> tuple[Manifest, ...]:
    """The manifests of a submission, or the pages of one of them, in the order they came."""
    wanted = select(manifest).where(manifest.c.submission == id).order_by(manifest.c.number)
    wanted = wanted.where(manifest.c.root == root) if root is not None else wanted
    return tuple(Manifest(**_only(Manifest, row)) for row in tx.connection.execute(wanted))


def headers(tx: Transaction, one: Manifest) -> dict[str, str]:
    """The headers of the requests with their secrets: for the wire alone."""
    wanted = select(manifest.c.headers)
    wanted = wanted.where(manifest.c.submission == one.submission, manifest.c.number == one.root)
    return dict(json.loads(_scalar(tx, wanted) or "[]"))


def forget_headers(tx: Transaction, id: str, root: int | None = None) -> None:
    """The secrets of a manifest, or of the whole submission, are gone."""
    wanted = update(manifest).where(manifest.c.submission == id).values(headers=None)
    tx.connection.execute(wanted.where(manifest.c.root == root) if root is not None else wanted)


def mark_manifest(tx: Transaction, one: Manifest, **values: Any) -> None:
    """The manifest has these values from now on."""
    own = and_(manifest.c.submission == one.submission, manifest.c.number == one.number)
    tx.connection.execute(update(manifest).where(own).values(**values))


def discard(tx: Transaction, id: str, root: int | None = None) -> None:
    """What a manifest, or the whole submission, brought is to be taken back."""
    wanted = update(manifest).where(manifest.c.submission == id, manifest.c.state != DISCARDED)
    wanted = wanted.where(manifest.c.root == root) if root is not None else wanted
    tx.connection.execute(wanted.values(state=DISCARDING))
    forget_headers(tx, id, root)


def add_files(tx: Transaction, one: Manifest, urls: Iterable[tuple[int, str]]) -> None:
    """The files of a manifest, with their numbers, wait to be fetched."""
    own = {"submission": one.submission, "manifest": one.number, "state": WAITING}
    none = {"lines": 0, "accepted": 0, "refused": 0, "attempts": 0}
    rows = [{**own, **none, "number": number, "url": url} for number, url in urls]
    if rows:
        tx.connection.execute(insert(bulk_file), rows)


def next_file(tx: Transaction, one: Manifest) -> File | None:
    """The first file of a manifest that waits; None when all came to an end."""
    own = and_(bulk_file.c.submission == one.submission, bulk_file.c.manifest == one.number)
    wanted = select(bulk_file).where(own, bulk_file.c.state == WAITING).order_by(bulk_file.c.number)
    row = tx.connection.execute(wanted.limit(1)).first()
    return File(**_only(File, row)) if row is not None else None


def file(tx: Transaction, one: File) -> File:
    """The file as it stands now."""
    return File(**_only(File, tx.connection.execute(select(bulk_file).where(_own_file(one))).one()))


def mark_file(tx: Transaction, one: File, **values: Any) -> None:
    """The file has these values from now on."""
    tx.connection.execute(update(bulk_file).where(_own_file(one)).values(**values))


def keep_line(
    tx: Transaction,
    id: str,
    place: Place,
    *,
    document: str | None = None,
    version: int | None = None,
    brought: bool = False,
    outcome: Resource | None = None,
) -> None:
    """What became of a line is kept."""
    told = json.dumps(outcome, ensure_ascii=False, separators=(",", ":")) if outcome else None
    values = {"document": document, "version": version, "brought": brought, "outcome": told}
    named = dict(zip(("manifest", "file", "line"), place, strict=True))
    tx.connection.execute(insert(line).values(submission=id, **named, **values))


def lines(
    tx: Transaction, id: str, numbers: Sequence[int], *, after: Place = (0, -1, -1), limit: int = 100
) -> tuple[Line, ...]:
    """The lines of these manifests with what became of their documents, a page of them after a place."""
    place = tuple_(line.c.manifest, line.c.file, line.c.line)
    same = and_(work.c.document == line.c.document, work.c.version == line.c.version)
    wanted = (
        select(line, work.c.state, work.c.bundle, work.c.outcome.label("told"))
        .outerjoin(work, same)
        .where(line.c.submission == id, line.c.manifest.in_(numbers), place > after)
        .order_by(line.c.manifest, line.c.file, line.c.line)
        .limit(limit)
    )
    return tuple(_line(row) for row in tx.connection.execute(wanted))


def brought(tx: Transaction, one: Manifest, limit: int) -> tuple[tuple[Place, str, int], ...]:
    """Places, documents and versions that are here because of a manifest, a page of them."""
    wanted = select(line).where(line.c.submission == one.submission, line.c.manifest == one.number)
    wanted = wanted.where(line.c.brought.is_(True)).order_by(line.c.file, line.c.line).limit(limit)
    rows = tx.connection.execute(wanted)
    return tuple(((row.manifest, row.file, row.line), row.document, row.version) for row in rows)


def hand_on(tx: Transaction, id: str, place: Place, document: str) -> bool:
    """The line is no reason any more for its document to be here; whether another line still is one."""
    own = (line.c.submission == id) & (tuple_(line.c.manifest, line.c.file, line.c.line) == place)
    tx.connection.execute(update(line).where(own).values(brought=False))
    same = and_(manifest.c.submission == line.c.submission, manifest.c.number == line.c.manifest)
    wanted = select(line.c.submission, line.c.manifest, line.c.file, line.c.line).join(manifest, same)
    wanted = wanted.where(line.c.document == document, manifest.c.state.not_in(GONE), ~own).limit(1)
    heir = tx.connection.execute(wanted).first()
    if heir is None:
        return False
    whose = tuple_(line.c.submission, line.c.manifest, line.c.file, line.c.line) == tuple(heir)
    tx.connection.execute(update(line).where(whose).values(brought=True))
    return True


def progress(tx: Transaction, id: str, numbers: Sequence[int] | None = None) -> Progress:
    """How far the files of a submission, or of these manifests, are."""
    wanted = select(
        bulk_file.c.state, func.count(), func.sum(bulk_file.c.accepted), func.sum(bulk_file.c.refused)
    ).where(bulk_file.c.submission == id)
    wanted = wanted.where(bulk_file.c.manifest.in_(numbers)) if numbers is not None else wanted
    rows = tx.connection.execute(wanted.group_by(bulk_file.c.state)).all()
    by_state = {row[0]: row[1] for row in rows}
    return Progress(
        files=sum(by_state.values()),
        ended=sum(by_state.values()) - by_state.get(WAITING, 0),
        failed=by_state.get(BROKEN, 0),
        accepted=int(sum(row[2] or 0 for row in rows)),
        refused=int(sum(row[3] or 0 for row in rows)),
    )


def unread(tx: Transaction, id: str) -> int:
    """How many of the documents of a submission wait to be read."""
    return _in_state(tx, id, None, ACCEPTED)


def derived(tx: Transaction, id: str, numbers: Sequence[int]) -> int:
    """How many lines of these manifests something was derived from."""
    return _in_state(tx, id, numbers, EXTRACTED)


def unreadable(tx: Transaction, id: str, numbers: Sequence[int]) -> int:
    """How many lines of these manifests could be accepted and not be read."""
    return _in_state(tx, id, numbers, FAILED)


def _in_state(tx: Transaction, id: str, numbers: Sequence[int] | None, state: str) -> int:
    same = and_(work.c.document == line.c.document, work.c.version == line.c.version)
    wanted = select(func.count()).select_from(line.join(work, same))
    wanted = wanted.where(line.c.submission == id, work.c.state == state)
    wanted = wanted.where(line.c.manifest.in_(numbers)) if numbers is not None else wanted
    return int(_scalar(tx, wanted) or 0)


def _own_file(one: File) -> Any:
    return and_(
        bulk_file.c.submission == one.submission,
        bulk_file.c.manifest == one.manifest,
        bulk_file.c.number == one.number,
    )


def _scalar(tx: Transaction, wanted: Select[Any]) -> Any:
    return tx.connection.execute(wanted).scalar()


def _only(kind: Any, row: Row[Any]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in kind.__dataclass_fields__}


def _submission(row: Row[Any]) -> Submission:
    return Submission(**_only(Submission, row))


def _line(row: Row[Any]) -> Line:
    return Line(
        place=(row.manifest, row.file, row.line),
        document=row.document,
        version=row.version,
        brought=row.brought,
        outcome=json.loads(row.outcome) if row.outcome else None,
        state=row.state,
        bundles=json.loads(row.bundle) if row.bundle else None,
        told=json.loads(row.told) if row.told else None,
    )
