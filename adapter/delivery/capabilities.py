"""What a FHIR server says of itself. https://hl7.org/fhir/R4/capabilitystatement.html

Only what it says counts: a server that says nothing of conditional interactions may take `ifNoneExist` and
not heed it, and everything would be there twice.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from adapter.delivery import rest
from adapter.delivery.rest import Rest
from adapter.model import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """The interactions delivery asks about."""

    transaction: bool | None = None  # None: not said
    create: frozenset[str] = frozenset()  # types with conditional create
    update: frozenset[str] = frozenset()  # types with conditional update

    def conditional(self, bundle: Resource) -> bool:
        """Whether the server takes every entry of a Bundle as one conditional transaction."""
        return bool(self.transaction) and all(
            kind in (self.update if method == "PUT" else self.create) for method, kind in _asked(bundle)
        )


def ask(server: Rest) -> Capabilities | None:
    """The capabilities of a server; None while it does not let us see them.

    A server without a statement has none. Raises ServerUnavailable while it cannot be reached.
    """
    answer = server.get("metadata")
    if answer.status_code in (401, 403):
        return None
    return read(rest.parsed(answer)) if answer.is_success else Capabilities()


def read(statement: Any) -> Capabilities:
    """The capabilities a CapabilityStatement tells."""
    if not isinstance(statement, dict) or statement.get("resourceType") != "CapabilityStatement":
        return Capabilities()
    sides = [one for one in _dicts(statement.get("rest")) if one.get("mode", "server") == "server"]
    resources = [one for side in sides for one in _dicts(side.get("resource"))]
    told = {str(one.get("code")) for side in sides for one in _dicts(side.get("interaction"))}
    return Capabilities(
        transaction="transaction" in told if told else None,
        create=_types(resources, "conditionalCreate"),
        update=_types(resources, "conditionalUpdate"),
    )


def _asked(bundle: Resource) -> Iterator[tuple[str, str]]:
    """Method and type of each entry that is conditional."""
    for entry in bundle.get("entry", []):
        request = entry.get("request", {})
        if request.get("ifNoneExist") or "?" in str(request.get("url", "")):
            yield str(request.get("method")), str(entry.get("resource", {}).get("resourceType"))


def _types(resources: Iterable[Resource], element: str) -> frozenset[str]:
    return frozenset(str(one.get("type")) for one in resources if one.get(element) is True)


def _dicts(value: Any) -> list[Resource]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
