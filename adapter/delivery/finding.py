"""Whether a server has a resource already: a search by the identifier (or tag) it was sent with.

A server may leave out of account a search parameter it does not know and answer with everything it has, so
what is found counts only when it bears the identifier; a server that finds others is told so and not used.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from adapter.delivery import rest
from adapter.delivery.refusals import ServerRefused
from adapter.delivery.rest import Rest
from adapter.model import Resource

_FRESH = {"Cache-Control": "no-cache", "Prefer": "handling=strict"}  # an answer from a cache may be too old


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A resource at the server."""

    type: str
    id: str
    version: str | None = None

    @property
    def reference(self) -> str:
        """The literal reference to it."""
        return f"{self.type}/{self.id}"


def condition(entry: Resource) -> str | None:
    """The search an entry is conditional on: of its ifNoneExist, or of the url of a conditional update."""
    request = entry.get("request", {})
    if request.get("method") == "POST":
        known = request.get("ifNoneExist")
        return str(known).partition("?")[2] or str(known) if known else None
    return str(request.get("url", "")).partition("?")[2] or None


def find(server: Rest, entry: Resource, path: str) -> Found | None:
    """The one resource an entry is conditional on, None when the server has none.

    Raises ServerUnavailable while there is no answer, ServerRefused when the server does not search so or has
    more than one.
    """
    query = condition(entry)
    if query is None:
        return None
    kind, params = str(entry["resource"]["resourceType"]), parameters(query)
    answer = rest.success(server.get(kind, params=params, headers=_FRESH), path)
    if not isinstance(answer, dict) or answer.get("resourceType") != "Bundle":
        raise ServerRefused("The server's answer to a search is not a Bundle", path=path)
    found = {one.id: one for one in _matches(answer, kind, params, path)}
    if len(found) > 1:
        raise ServerRefused("The server has more than one resource of this identifier", path=path)
    return next(iter(found.values()), None)


def in_error(resource: Resource) -> bool:
    """Whether a resource says of itself that it is a mistake."""
    codings = (resource.get("verificationStatus") or {}).get("coding", [])
    return "entered-in-error" in (resource.get("status"), *(one.get("code") for one in codings))


def parameters(query: str) -> dict[str, str]:
    """The parameters of a search, decoded.

    >>> parameters("identifier=urn:a|1&_tag=x%7Cy")
    {'identifier': 'urn:a|1', '_tag': 'x|y'}
    """
    pairs = (part.partition("=") for part in query.split("&") if part)
    return {unquote(name): unquote(value) for name, _, value in pairs}


def _matches(answer: Resource, kind: str, params: Mapping[str, str], path: str) -> Iterator[Found]:
    for entry in answer.get("entry") or []:
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or resource.get("resourceType") != kind:
            continue  # an OperationOutcome or what was included
        if not all(_bears(resource, name, value) for name, value in params.items()):
            raise ServerRefused("The server does not search by identifier or tag", path=path)
        if isinstance(resource.get("id"), str):
            version = (resource.get("meta") or {}).get("versionId")
            yield Found(type=kind, id=resource["id"], version=version if isinstance(version, str) else None)


def _bears(resource: Resource, name: str, value: str) -> bool:
    """Whether a resource has the identifier or tag; other parameters are the server's to judge."""
    if name not in ("identifier", "_tag"):
        return True
    system, _, code = value.rpartition("|")
    listed = resource.get("identifier") if name == "identifier" else (resource.get("meta") or {}).get("tag")
    own: list[Any] = listed if isinstance(listed, list) else [listed]
    key = "value" if name == "identifier" else "code"
    return any(
        isinstance(one, dict) and (one.get("system", ""), one.get(key)) == (system, code) for one in own
    )
