"""Versions of FHIR resources: create, update, read, search. https://hl7.org/fhir/R4/http.html"""

import hashlib
import json
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, Select, and_, delete, func, insert, select, update

from adapter.errors import Gone, PreconditionFailed, UnknownResource
from adapter.ledger import index
from adapter.ledger.database import Transaction
from adapter.ledger.index import Criterion
from adapter.ledger.tables import current, parameter, version
from adapter.model import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """One version of a resource; `content` carries its id and meta."""

    type: str
    id: str
    version: int
    at: str  # instant
    content: Resource
    deleted: bool = False

    @property
    def etag(self) -> str:
        """The weak ETag of this version."""
        return f'W/"{self.version}"'

    @property
    def reference(self) -> str:
        """The literal reference, such as "DocumentReference/1"."""
        return f"{self.type}/{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a search, newest first."""

    found: tuple[Stored, ...]
    total: int
    next: str | None = None  # where the next page begins


def create(
    tx: Transaction,
    resource: Resource,
    *,
    match: Sequence[Criterion] = (),
    once: bool = False,
    id: str | None = None,
) -> tuple[Stored, bool]:
    """The stored resource, and whether it is new; `id` is the one a new resource gets.

    With `match` (If-None-Exist) one that is found is given back; raises PreconditionFailed when several are.
    With `once`, a current resource with the very same content and a business identifier is given back.
    """
    kind = str(resource["resourceType"])
    digest = digest_of(resource)
    if match:
        tx.lock(f"{kind}?{match}")
        found = search(tx, kind, match, count=2).found
        if len(found) > 1:
            raise PreconditionFailed("more than one resource matches", path="If-None-Exist")
        if found:
            return found[0], False
    if once and resource.get("identifier"):
        tx.lock(f"{kind}#{digest}")
        known = _same(tx, kind, digest)
        if known:
            return known, False
    return _written(tx, id or str(uuid.uuid4()), 1, resource, digest), True


def change(
    tx: Transaction, kind: str, id: str, changed: Callable[[Resource], Resource], expected: int | None = None
) -> Stored:
    """The next version of a resource; the same content gives the version that is there.

    Raises UnknownResource, Gone, or PreconditionFailed when `expected` is not the current version.
    """
    tx.lock(f"{kind}/{id}")
    before = read(tx, kind, id)
    if expected is not None and before.version != expected:
        raise PreconditionFailed("the resource has another version by now", path="If-Match")
    resource = changed(before.content)
    digest = digest_of(resource)
    if digest == digest_of(before.content):
        return before
    return _written(tx, id, before.version + 1, resource, digest)


def again(tx: Transaction, kind: str, id: str) -> Stored:
    """The next version of a resource, with the same content. Raises UnknownResource or Gone."""
    tx.lock(f"{kind}/{id}")
    before = read(tx, kind, id)
    return _written(tx, id, before.version + 1, before.content, digest_of(before.content))


def remove(tx: Transaction, kind: str, id: str) -> None:
    """The resource is gone; its versions stay readable. Raises UnknownResource or Gone."""
    tx.lock(f"{kind}/{id}")
    before = read(tx, kind, id)
    _write_version(tx, kind, id, before.version + 1, {}, deleted=True)
    _point(tx, kind, id, before.version + 1, "", deleted=True)
    _unindex(tx, kind, id)


def read(tx: Transaction, kind: str, id: str, number: int | None = None) -> Stored:
    """The current version, or the one asked for. Raises UnknownResource or Gone."""
    wanted = select(version).where(version.c.type == kind, version.c.id == id)
    wanted = wanted.where(version.c.version == number) if number is not None else wanted
    row = tx.connection.execute(wanted.order_by(version.c.version.desc()).limit(1)).first()
    if row is None:
        raise UnknownResource(f"there is no such {kind}")
    if row.deleted:
        raise Gone(f"this {kind} was deleted")
    return _stored(row)


def history(tx: Transaction, kind: str, id: str) -> tuple[Stored, ...]:
    """All versions, newest first. Raises UnknownResource."""
    wanted = select(version).where(version.c.type == kind, version.c.id == id)
    rows = tx.connection.execute(wanted.order_by(version.c.version.desc())).all()
    if not rows:
        raise UnknownResource(f"there is no such {kind}")
    return tuple(_stored(row) for row in rows)


def search(
    tx: Transaction, kind: str, criteria: Sequence[Criterion], *, count: int = 50, after: str | None = None
) -> Page:
    """The current resources that meet all criteria; `after` is the `next` of the page before."""
    wanted = (
        select(version)
        .join(
            current,
            and_(current.c.type == version.c.type, current.c.id == version.c.id)
            & (current.c.version == version.c.version),
        )
        .where(current.c.type == kind, current.c.deleted.is_(False))
    )
    for criterion in criteria:
        wanted = wanted.where(current.c.id.in_(index.owners(kind, criterion)))
    total = tx.connection.execute(select(func.count()).select_from(wanted.subquery())).scalar_one()
    rows = tx.connection.execute(_page(wanted, count, after)).all()
    last = rows[count - 1] if len(rows) > count else None
    return Page(
        found=tuple(_stored(row) for row in rows[:count]),
        total=total,
        next=f"{last.at}~{last.id}" if last is not None else None,
    )


def digest_of(resource: Resource) -> str:
    """SHA-256 of a resource without its id and meta, whatever the order of its keys."""
    bare = {key: value for key, value in resource.items() if key not in ("id", "meta")}
    return hashlib.sha256(json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _page(wanted: Select[Any], count: int, after: str | None) -> Select[Any]:
    ordered = wanted.order_by(current.c.at.desc(), current.c.id.desc()).limit(count + 1)
    at, _, id = (after or "").partition("~")
    if not id:
        return ordered
    return ordered.where((current.c.at < at) | and_(current.c.at == at, current.c.id < id))


def _same(tx: Transaction, kind: str, digest: str) -> Stored | None:
    wanted = select(current.c.id).where(
        current.c.type == kind, current.c.digest == digest, current.c.deleted.is_(False)
    )
    found = tx.connection.execute(wanted.order_by(current.c.at).limit(1)).scalar()
    return read(tx, kind, found) if found else None


def _written(tx: Transaction, id: str, number: int, resource: Resource, digest: str) -> Stored:
    kind = str(resource["resourceType"])
    meta = {**(resource.get("meta") or {}), "versionId": str(number), "lastUpdated": tx.now}
    content = {"resourceType": kind, "id": id, "meta": meta}
    content |= {key: value for key, value in resource.items() if key not in content}
    _write_version(tx, kind, id, number, content, deleted=False)
    _point(tx, kind, id, number, digest, deleted=False)
    _unindex(tx, kind, id)
    rows = [{"type": kind, "id": id, **one} for one in index.of(content)]
    if rows:
        tx.connection.execute(insert(parameter), rows)
    return Stored(type=kind, id=id, version=number, at=tx.now, content=content)


def _write_version(
    tx: Transaction, kind: str, id: str, number: int, content: Resource, *, deleted: bool
) -> None:
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    tx.connection.execute(
        insert(version).values(type=kind, id=id, version=number, at=tx.now, deleted=deleted, content=text)
    )


def _point(tx: Transaction, kind: str, id: str, number: int, digest: str, *, deleted: bool) -> None:
    values = {"version": number, "at": tx.now, "deleted": deleted, "digest": digest}
    if number == 1:
        tx.connection.execute(insert(current).values(type=kind, id=id, **values))
    else:
        tx.connection.execute(
            update(current).where(current.c.type == kind, current.c.id == id).values(**values)
        )


def _unindex(tx: Transaction, kind: str, id: str) -> None:
    tx.connection.execute(delete(parameter).where(parameter.c.type == kind, parameter.c.id == id))


def _stored(row: Row[Any]) -> Stored:
    return Stored(
        type=row.type,
        id=row.id,
        version=row.version,
        at=row.at,
        deleted=row.deleted,
        content=json.loads(row.content),
    )
