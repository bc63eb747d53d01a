"""Attachments that only name a URL -> attachments that hold their data.

The stages never touch the network, so a door does this before the line runs. Where the data comes from is
given: `fetch` for foreign URLs, `local` for Binary references that are ours or the source server's; a
Binary in the same Bundle is found there. What came is compared with what the attachment says of it: size,
hash, type.
https://hl7.org/fhir/R4/datatypes.html#Attachment
"""

import base64
import binascii
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Protocol

from adapter.egress.binaries import REFERENCE, of_resource, unwrapped
from adapter.egress.fetching import Fetched, media_type
from adapter.errors import EgressFailed, EgressRefused
from adapter.model import Issue, Resource

MAX_REMOTE = 50  # attachments of one resource
MAX_BYTES = 64 * 1024 * 1024  # of all of them together
MAX_DEPTH = 8  # of Bundles within Bundles
GENERIC = "application/octet-stream"
SAME = (
    frozenset({"text/xml", "application/xml"}),
    frozenset({"text/rtf", "application/rtf", "application/x-rtf"}),
    frozenset({"application/pdf", "application/x-pdf"}),
)


class Fetch(Protocol):
    """Gets what a foreign URL holds: `functools.partial(egress.fetch, policy=policy)`."""

    def __call__(self, url: str, *, accept: str) -> Fetched:
        """What the URL holds; EgressRefused or EgressFailed."""


class Local(Protocol):
    """Gets a Binary that is ours or the source server's."""

    def __call__(self, reference: str, *, accept: str) -> Fetched | None:
        """The content; None when the reference is to neither. EgressRefused or EgressFailed."""


def no_local(reference: str, *, accept: str) -> Fetched | None:
    """Nothing: there is no store and no source server."""
    return None


def inlined(
    resource: Resource,
    fetch: Fetch,
    *,
    local: Local = no_local,
    most: int = MAX_REMOTE,
    max_bytes: int = MAX_BYTES,
) -> tuple[Resource, tuple[Issue, ...]]:
    """The resource with every attachment filled that has a url and no data, and what could not be filled.

    A DocumentReference or a Bundle of them; the resource given is not changed. An attachment that fails stays
    as it was, with an error of its path; documents entered in error are left alone.
    """
    run = _Run(fetch=fetch, local=local, most=most, left=max_bytes)
    return run.resource(resource, str(resource.get("resourceType", "")), 0), tuple(run.issues)


@dataclass(slots=True, kw_only=True)
class _Run:
    """One walk through a resource."""

    fetch: Fetch
    local: Local
    most: int  # attachments
    left: int  # bytes
    seen: int = 0
    issues: list[Issue] = field(default_factory=list)
    held: dict[str, Resource] = field(default_factory=dict)  # Binary resources of the Bundles around, by name

    def resource(self, resource: Resource, path: str, depth: int) -> Resource:
        """A resource with its attachments filled."""
        kind = resource.get("resourceType")
        if kind == "DocumentReference" and not _withdrawn(resource):
            return _with(resource, "content", lambda content, index: self._content(content, path, index))
        if kind == "Bundle" and depth < MAX_DEPTH:
            before = self.held
            self.held = {**before, **dict(_binaries(resource))}
            filled = _with(resource, "entry", lambda entry, index: self._entry(entry, path, index, depth))
            self.held = before
            return filled
        return resource

    def _entry(self, entry: Resource, path: str, index: int, depth: int) -> Resource:
        inner = entry.get("resource")
        if not isinstance(inner, dict):
            return entry
        filled = self.resource(inner, f"{path}.entry[{index}].resource", depth + 1)
        return entry if filled is inner else {**entry, "resource": filled}

    def _content(self, content: Resource, path: str, index: int) -> Resource:
        attachment = content.get("attachment")
        if not isinstance(attachment, dict) or attachment.get("data") or not attachment.get("url"):
            return content
        place = f"{path}.content[{index}].attachment"
        try:
            return {**content, "attachment": self._filled(attachment)}
        except (EgressRefused, EgressFailed) as error:
            self.issues.append(_issue(error, place))
            return content

    def _filled(self, attachment: Resource) -> Resource:
        self.seen += 1
        if self.seen > self.most:
            message = f"only {self.most} attachments of one resource are fetched"
            raise EgressRefused(message, rule="too-many", code="too-costly")
        fetched = self._found(attachment)
        if len(fetched.content) > self.left:
            message = "the attachments of the resource are too long together"
            raise EgressRefused(message, rule="too-long-together", code="too-costly")
        _compare(attachment, fetched)
        self.left -= len(fetched.content)
        data = base64.b64encode(fetched.content).decode("ascii")
        return {**attachment, "contentType": _content_type(attachment, fetched), "data": data}

    def _found(self, attachment: Resource) -> Fetched:
        url = attachment["url"]
        if not isinstance(url, str):
            raise _unlike("structure", "url-not-text", "url is no text", "url")
        if url in self.held:
            held = of_resource(self.held[url])
            if held is None:
                raise EgressFailed("the Binary holds no base64 data", path="url", lasting=True)
            return held
        declared, _ = media_type(_text(attachment.get("contentType")))
        accept = f"{declared}, */*;q=0.1" if declared else "*/*"
        try:
            return self._called(url, accept)
        except (EgressRefused, EgressFailed) as error:
            error.path = "url"
            raise

    def _called(self, url: str, accept: str) -> Fetched:
        binary = REFERENCE.fullmatch(url) is not None
        found = self.local(url, accept=accept) if binary else None
        if found is None and not url.lower().startswith(("http:", "https:")):
            message = (
                "the Binary is not known here" if binary else "url is neither http, https nor a known Binary"
            )
            raise EgressRefused(message, rule="not-known", code="not-found" if binary else "not-supported")
        found = found or self.fetch(url, accept=accept)
        return unwrapped(found) if binary else found


def _compare(attachment: Resource, fetched: Fetched) -> None:
    """Nothing; EgressRefused when what came is not what the attachment says."""
    size = attachment.get("size")  # R4: a number; R5: a number as text
    if size is not None and str(size) != str(len(fetched.content)):
        raise _unlike("invalid", "size-differs", "what the url holds is not of the size given", "size")
    said = attachment.get("hash")
    if said is not None and _decoded(said) != hashlib.sha1(fetched.content, usedforsecurity=False).digest():
        raise _unlike("invalid", "hash-differs", "what the url holds does not have the hash given", "hash")
    declared, _ = media_type(_text(attachment.get("contentType")))
    if declared and not _alike(declared, fetched.content_type):
        message = "what the url holds is of another media type"
        raise _unlike("invalid", "content-type-differs", message, "contentType")
    if not fetched.content:
        raise _unlike("not-found", "empty", "what the url holds is empty", "url")


def _alike(declared: str, answered: str) -> bool:
    if answered in (declared, GENERIC) or any({declared, answered} <= same for same in SAME):
        return True
    return answered in SAME[0] and declared.endswith("+xml")


def _content_type(attachment: Resource, fetched: Fetched) -> str:
    """What the attachment says, with the answered charset if it names none; else what was answered."""
    written = _text(attachment.get("contentType"))
    media, charset = media_type(written)
    if media and (charset or not fetched.charset):
        return written
    plain = media or fetched.content_type
    return f"{plain}; charset={fetched.charset}" if fetched.charset else plain


def _binaries(bundle: Resource) -> Iterator[tuple[str, Resource]]:
    """The Binary resources of a Bundle by every name a document may call them."""
    entries = bundle.get("entry")
    for entry in entries if isinstance(entries, list) else []:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict) and resource.get("resourceType") == "Binary":
            names = (_text(entry.get("fullUrl")), f"Binary/{resource['id']}" if resource.get("id") else "")
            yield from ((name, resource) for name in names if name)


def _with(resource: Resource, element: str, change: Callable[[Resource, int], Resource]) -> Resource:
    """The resource with every object in a list changed; the same one when nothing is."""
    items = resource.get(element)
    if not isinstance(items, list):
        return resource
    changed = [change(item, index) if isinstance(item, dict) else item for index, item in enumerate(items)]
    same = all(old is new for old, new in zip(items, changed, strict=True))
    return resource if same else {**resource, element: changed}


def _withdrawn(document: Resource) -> bool:
    return "entered-in-error" in (document.get("status"), document.get("docStatus"))


def _decoded(said: object) -> bytes | None:
    try:
        return base64.b64decode(_text(said), validate=True)
    except (binascii.Error, ValueError):
        return None


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _unlike(code: str, rule: str, message: str, element: str) -> EgressRefused:
    return EgressRefused(message, path=element, rule=rule, code=code)


def _issue(error: EgressRefused | EgressFailed, place: str) -> Issue:
    rule = error.rule if isinstance(error, EgressRefused) else "failed"
    path = f"{place}.{error.path}" if error.path else place
    return replace(error.issue(), reason=f"attachment-{rule}", path=path)
