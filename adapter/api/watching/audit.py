"""AuditEvents in a chain: written one after the other, each with a digest over itself and the one before.

Where they are kept is the affair of `append`. The chain is an extension of each AuditEvent, so that an export
can be checked by whoever gets it.
"""

import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

from adapter.api.watching.balp import Access, Disclosure, Presence, Site, event
from adapter.fhir import ids
from adapter.model import Issue, Resource

__all__ = ["CHAIN", "START", "Access", "Disclosure", "Head", "Presence", "Site", "Trail", "export", "verify"]

CHAIN: Final = "https://notewright.org/fhir/StructureDefinition/audit-chain"
"""The extension that ties an AuditEvent to the one before: chain, number, previous, digest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The end of a chain: what the next record builds on."""

    number: int
    digest: str


START: Final = Head(number=0, digest="0" * 64)
"""The end of a chain nothing was written to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Link:
    chain: str
    number: int
    previous: str
    digest: str = ""


class Trail:
    """Writes the audit of one process. Safe to use from several threads.

    Every process needs a chain name of its own, since two that write to one would break it. With a key the
    digests cannot be made anew by somebody who can change the store but does not know the key.
    """

    def __init__(
        self,
        append: Callable[[Resource], None],
        *,
        site: Site,
        chain: str,
        head: Head = START,
        key: bytes = b"",
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._append, self._site, self._chain, self._key, self._clock = append, site, chain, key, clock
        self._head, self._lock = head, threading.Lock()

    @property
    def head(self) -> Head:
        """The end of the chain; kept elsewhere, it shows later that nothing was cut off."""
        with self._lock:
            return self._head

    def record(self, told: Access | Disclosure | Presence) -> Resource:
        """The AuditEvent as it was appended.

        What `append` raises goes through, and the chain stays as it was: an access that cannot be audited
        should not be answered.
        """
        with self._lock:
            made = event(told, self._site, self._clock())
            record, head = _linked(made, self._chain, self._head, self._key)
            self._append(record)
            self._head = head
        return record


def verify(
    records: Iterable[Resource],
    *,
    key: bytes = b"",
    starts: Mapping[str, Head] | None = None,
    ends: Mapping[str, Head] | None = None,
) -> list[Issue]:
    """What was changed, removed, added or moved in the records of any number of chains.

    `starts` says where chains begin that are not given from their first record; `ends` says where they must
    end, without which records cut off at the end are not missed.
    """
    heads = dict(starts or {})
    found: list[Issue] = []
    for place, record in enumerate(records):
        link = _link(record)
        if link is None:
            found.append(_issue("audit-unchained", place))
            continue
        head = heads.get(link.chain, START)
        found += [_issue(reason, place) for reason in _broken(record, link, head, key)]
        heads[link.chain] = Head(number=link.number, digest=link.digest)
    found += [_issue("audit-cut-off") for name, end in (ends or {}).items() if heads.get(name, START) != end]
    return found


def export(
    events: Iterable[Resource], since: datetime | None = None, until: datetime | None = None
) -> Iterator[str]:
    """The AuditEvents recorded from `since` up to before `until`, one JSON line each (NDJSON)."""
    for one in events:
        time = _recorded(one)
        early = time is not None and since is not None and time < since
        late = time is not None and until is not None and time >= until
        if not early and not late:  # one without a proper time is shown, not hidden
            yield json.dumps(one, ensure_ascii=False, separators=(",", ":")) + "\n"


def _linked(made: Resource, chain: str, head: Head, key: bytes) -> tuple[Resource, Head]:
    """The event with its id and its place in the chain, and the new end."""
    link = _Link(chain=chain, number=head.number + 1, previous=head.digest)
    named = {
        "resourceType": "AuditEvent",
        "id": ids.stable("audit", chain, link.number, head.digest),
        **made,
    }
    digest = _digest(named | {"extension": [_extension(link)]}, head.digest, key)
    record = named | {"extension": [_extension(replace(link, digest=digest))]}
    return record, Head(number=link.number, digest=digest)


def _extension(link: _Link) -> Resource:
    """A link as it stands in a record; without the digest, as it goes into the digest."""
    parts = [
        {"url": "chain", "valueString": link.chain},
        {"url": "number", "valueUnsignedInt": link.number},
        {"url": "previous", "valueString": link.previous},
        *([{"url": "digest", "valueString": link.digest}] if link.digest else []),
    ]
    return {"url": CHAIN, "extension": parts}


def _broken(record: Resource, link: _Link, head: Head, key: bytes) -> Iterator[str]:
    bare = record | {"extension": [_extension(replace(link, digest=""))]}
    if not hmac.compare_digest(_digest(bare, link.previous, key).encode(), _encoded(link.digest)):
        yield "audit-changed"
    if link.number != head.number + 1:
        yield "audit-gap"
    elif link.previous != head.digest:
        yield "audit-broken"


def _digest(record: Resource, previous: str, key: bytes) -> str:
    """SHA-256, or HMAC-SHA-256 with a key, over the digest before and the record as canonical JSON."""
    canonical = json.dumps(record, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    content = _encoded(f"{previous}\n{canonical}")
    return hmac.new(key, content, hashlib.sha256).hexdigest() if key else hashlib.sha256(content).hexdigest()


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # a tampered record may hold anything


def _link(record: Any) -> _Link | None:
    """The chain extension of a record; None when it is not there exactly as we write it."""
    try:
        (extension,) = record["extension"]
        chain, number, previous, digest = extension["extension"]
        link = _Link(
            chain=chain["valueString"],
            number=number["valueUnsignedInt"],
            previous=previous["valueString"],
            digest=digest["valueString"],
        )
    except (KeyError, TypeError, ValueError):
        return None
    proper = type(link.number) is int and all(isinstance(text, str) for text in (link.chain, link.previous))
    return link if proper and extension == _extension(link) else None


def _recorded(one: Resource) -> datetime | None:
    try:
        time = datetime.fromisoformat(one["recorded"])
    except (KeyError, TypeError, ValueError):
        return None
    return time if time.tzinfo is not None else None


def _issue(reason: str, place: int | None = None) -> Issue:
    path = None if place is None else f"AuditEvent[{place}]"
    return Issue(code="invalid", reason=reason, message=_MEANS[reason], severity="error", path=path)


_MEANS: Final = {
    "audit-unchained": "The record has no place in a chain.",
    "audit-changed": "The record is not what was written.",
    "audit-gap": "Records are missing, doubled or moved before this one.",
    "audit-broken": "The record does not follow the one before it.",
    "audit-cut-off": "The chain does not end where it should.",
}
