"""The Binary resources of the FHIR server a document came from, read with the credentials kept for it.

https://hl7.org/fhir/R4/binary.html
"""

import base64
import binascii
import json
import re
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapter.egress import urls
from adapter.egress.fetching import Fetched, fetch, media_type
from adapter.egress.policy import Policy
from adapter.egress.resolving import Resolver
from adapter.errors import EgressFailed
from adapter.model import Resource

REFERENCE = re.compile(
    r"(?:.*/)?Binary/(?!\.+(?:/|$))[A-Za-z0-9.-]{1,64}(?:/_history/[A-Za-z0-9.-]{1,64})?", re.S
)
_RELATIVE = re.compile(
    r"(Binary/(?!\.+(?:/|$))[A-Za-z0-9.-]{1,64})(?:/_history/(?!\.+$)[A-Za-z0-9.-]{1,64})?"
)
JSON = frozenset({"application/fhir+json", "application/json+fhir", "application/json"})


def _none() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceServer:
    """A FHIR server whose Binary resources may be read. Its credentials go to its base alone."""

    base: str  # "https://ehr.example.org/fhir"
    policy: Policy
    headers: Callable[[], Mapping[str, str]] = _none  # credentials, asked for at each call
    resolver: Resolver | None = None
    tls: ssl.SSLContext | None = None

    def __call__(self, reference: str, *, accept: str = "*/*") -> Fetched | None:
        """The content of a Binary, by "Binary/12" or its whole URL; None for what is not of this server."""
        named = self._named(reference)
        if named is None:
            return None
        return fetch(
            f"{self.base.rstrip('/')}/{named}",
            self.policy,
            accept=accept,
            headers=self.headers(),
            resolver=self.resolver,
            tls=self.tls,
        )

    def _named(self, reference: str) -> str | None:
        """The reference relative to the base."""
        if _RELATIVE.fullmatch(reference):
            return reference
        if not reference.lower().startswith(("http://", "https://")):
            return None
        target, base = urls.parsed(reference), urls.parsed(self.base)
        start = base.path.rstrip("/") + "/"
        inside = target.origin == base.origin and target.path.startswith(start)
        rest = target.path[len(start) :]
        return rest if inside and _RELATIVE.fullmatch(rest) else None


def unwrapped(fetched: Fetched) -> Fetched:
    """The content of a Binary that came as a resource and not as it is; anything else unchanged.

    Raises EgressFailed when the resource is broken.
    """
    if fetched.content_type not in JSON:
        return fetched
    try:
        resource = json.loads(fetched.content)
    except (ValueError, RecursionError):
        return fetched
    if not isinstance(resource, dict) or resource.get("resourceType") != "Binary":
        return fetched
    held = of_resource(resource)
    if held is None:
        raise EgressFailed("the Binary holds no base64 data", lasting=True)
    return held


def of_resource(resource: Resource) -> Fetched | None:
    """The content of a Binary resource; None when there is none that can be read."""
    data = resource.get("data")
    if not isinstance(data, str) or not data:
        return None
    try:
        content = base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        return None
    media, charset = media_type(str(resource.get("contentType", "")))
    return Fetched(content=content, content_type=media or "application/octet-stream", charset=charset)
