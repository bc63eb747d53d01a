"""Documents come in: checked, stored with the work they mean, and only then answered.

Everything here happens in the caller's transaction; `Accepted.start` is called when that is on disk.
https://hl7.org/fhir/us/core/writing-clinical-notes.html
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import parse_qsl

from adapter.api.call import Call
from adapter.api.faults import Invalid, Malformed
from adapter.api.security.scopes import Grant
from adapter.errors import InputError, NotAllowed, PreconditionFailed
from adapter.fhir import check
from adapter.fhir.systems import Version
from adapter.fhir.wire.negotiation import Formats
from adapter.jobs.decisions import WRONG, to_do, wrong
from adapter.ledger import Transaction, resources, work
from adapter.ledger.index import Criterion, criterion
from adapter.ledger.resources import Stored
from adapter.model import Issue, Resource

KIND = "DocumentReference"
_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,40}")
ELEMENTS = 5_000  # of one document; they are checked while nobody else can write


class Giver(Protocol):
    """Who gives a document: a Call, or who stands for one that is over."""

    @property
    def formats(self) -> Formats:
        """The FHIR version it is in, among others."""

    @property
    def grant(self) -> Grant:
        """What the giver may do."""

    @property
    def base(self) -> str:
        """The base URL its references are relative to."""

    def admit(self, resource: Resource) -> None:
        """Raises NotAllowed when this resource is out of the giver's reach."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """What became of one document in a transaction."""

    stored: Stored
    created: bool = False
    todo: tuple[Stored, ...] = ()  # versions there is work for now

    def start(self, call: Call, priority: int = work.NORMAL) -> None:
        """The work begins. A process that ends before this takes it up when it starts again."""
        for one in self.todo:
            call.service.jobs.accept(one.id, one.version, priority=priority)


def create(
    tx: Transaction,
    call: Giver,
    document: Resource,
    *,
    match: Sequence[Criterion] = (),
    priority: int = work.NORMAL,
    id: str | None = None,
) -> Accepted:
    """A new document, with the id if one is given; one that is there already is given back as it is."""
    checked(document, call.formats.body_version)
    call.admit(document)
    stored, created = resources.create(tx, document, match=match, once=True, id=id)
    if not created:
        if not call.grant.admits(stored.content):
            raise NotAllowed
        return Accepted(stored=stored)
    retracts = document.get("status") == WRONG
    work.add(tx, stored.id, stored.version, priority=priority, retracts=retracts)
    replaced = _replaced(tx, call, document, priority)
    return Accepted(stored=stored, created=True, todo=(stored, *replaced))


def update(
    tx: Transaction,
    call: Call,
    id: str,
    document: Resource,
    *,
    expected: int | None,
    priority: int = work.NORMAL,
) -> Accepted:
    """The next version of a document. A body that only says entered-in-error is enough to take it back."""
    if document.get("id", id) != id:
        raise Malformed([_issue("invalid", "id-differs", "The id is not that of the URL.", f"{KIND}.id")])
    _is_document(document)
    before: list[str] = []

    def changed(old: Resource) -> Resource:
        call.admit(old)
        before.append(old["meta"]["versionId"])
        whole = wrong(old) if _partial(document) else document
        checked(whole, call.formats.body_version)
        call.admit(whole)
        return whole

    stored = resources.change(tx, KIND, id, changed, expected)
    if before == [str(stored.version)]:
        return Accepted(stored=stored)
    return Accepted(stored=stored, todo=(to_do(tx, stored, priority),))


def checked(document: Resource, version: Version) -> None:
    """Raises Malformed or Invalid with every issue when this is no DocumentReference we can take."""
    _is_document(document)
    bounded(document, ELEMENTS, KIND)
    nulls = [_issue("structure", "null", "null is no value here.", path) for path in _nulls(document, KIND)]
    if nulls:
        raise Malformed(nulls)
    issues = _issues(document, version)
    if issues and _other_is_clean(document, version):
        return
    if issues:
        raise Malformed(issues)


def bounded(value: object, most: int, path: str | None = None) -> None:
    """Raises InputError when there are more elements in a resource than that."""
    level: list[object] = [value]
    left = most
    while level and left >= 0:
        below = [one.values() if isinstance(one, dict) else one for one in level]
        level = [
            child for one in below if isinstance(one, Iterable) and not isinstance(one, str) for child in one
        ]
        left -= len(level)
    if left < 0:
        raise InputError(f"more than {most} elements", path=path)


def criteria(text: str) -> tuple[Criterion, ...]:
    """The search of an If-None-Exist header. Raises InputError or PreconditionFailed."""
    query = text.strip().removeprefix(f"{KIND}?").removeprefix("?")
    if "%00" in query or "\0" in query:
        raise InputError("a character that no FHIR string may hold", path="If-None-Exist")
    found = [(name, value) for name, value in parse_qsl(query, keep_blank_values=True)]
    if not found:
        raise PreconditionFailed("the condition names no search parameter", path="If-None-Exist")
    return tuple(criterion(KIND, name, value) for name, value in found)


def expected(header: str | None) -> int | None:
    """The version an If-Match header names. Raises InputError."""
    if header is None or header.strip() == "*":
        return None
    bare = header.strip().removeprefix("W/").strip('"')
    if not (bare.isascii() and bare.isdecimal()) or len(bare) > 9:
        raise InputError("not a version of ours", path="If-Match")
    return int(bare)


def _is_document(document: Resource) -> None:
    if document.get("resourceType") != KIND:
        raise Invalid([_issue("not-supported", "not-a-document", f"Only {KIND} is taken.", "resourceType")])


def _partial(document: Resource) -> bool:
    return document.get("status") == WRONG and "content" not in document


def _other_is_clean(document: Resource, version: Version) -> bool:
    """Whether it is a document of the other FHIR version, sent without saying so."""
    return not _issues(document, "r5" if version == "r4" else "r4")


def _issues(document: Resource, version: Version) -> list[Issue]:
    """What is wrong with a document. The models look up contained types by name and know no other."""
    try:
        return check.resource(document, version)
    except KeyError:
        message = "A contained resource is of no type there is."
        return [_issue("not-supported", "unknown-type", message, f"{KIND}.contained")]


def _nulls(value: object, path: str) -> Iterator[str]:
    """Where null stands for an element; in a list it may, beside extensions of its values."""
    if isinstance(value, dict):
        for name, child in value.items():
            place = f"{path}.{name if _NAME.fullmatch(name) else '?'}"
            if child is None:
                yield place
            yield from _nulls(child, place)
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield from _nulls(child, f"{path}[{number}]")


def _replaced(tx: Transaction, call: Giver, document: Resource, priority: int) -> tuple[Stored, ...]:
    """The documents this one replaces, superseded: what was derived from them is taken back."""
    changed = []
    for old in _targets(tx, call, document):
        if old.content.get("status") == "current" and call.grant.admits(old.content):
            stored = resources.change(tx, KIND, old.id, lambda one: {**one, "status": "superseded"})
            changed.append(to_do(tx, stored, priority))
    return tuple(changed)


def _targets(tx: Transaction, call: Giver, document: Resource) -> list[Stored]:
    found: list[Stored] = []
    for one in document.get("relatesTo") or []:
        code = one.get("code")
        codes = {code} if isinstance(code, str) else {c.get("code") for c in (code or {}).get("coding", [])}
        if "replaces" in codes:
            found += _meant(tx, call, one.get("target") or {})
    return found


def _meant(tx: Transaction, call: Giver, target: Resource) -> tuple[Stored, ...]:
    """Our document a reference means; none when it means one that is not here."""
    reference = str(target.get("reference", "")).removeprefix(f"{call.base}/")
    named = target.get("identifier") or {}
    if reference.startswith(f"{KIND}/"):
        wanted = criterion(KIND, "_id", reference.split("/")[1] or "-")
    elif named.get("value"):
        wanted = criterion(KIND, "identifier", f"{named.get('system', '')}|{named['value']}")
    else:
        return ()
    return resources.search(tx, KIND, [wanted], count=10).found


def _issue(code: str, reason: str, message: str, path: str) -> Issue:
    return Issue(code=code, reason=reason, message=message, severity="error", path=path)
