"""What a request asks for: the FHIR interaction of a method and path, and the scopes it needs.

https://hl7.org/fhir/R4/http.html and, for the letters, the scopes chapter of SMART App Launch.
"""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any, Final

from adapter.model import Resource

LETTERS: Final = MappingProxyType(
    {
        "create": "c",
        "read": "r",
        "vread": "r",
        "history-instance": "r",
        "update": "u",
        "patch": "u",
        "delete": "d",
        "search-type": "s",
        "search-system": "s",
        "history-type": "s",
        "history-system": "s",
        "conditional-update": "us",
        "conditional-delete": "ds",
    }
)
"""The letters each interaction needs on its type. An update that creates needs a create besides."""

_TYPE = r"(?P<type>[A-Z][A-Za-z]{0,63})"
_ID = r"(?!\.{1,2}(?:/|\Z))[A-Za-z0-9.-]{1,64}"
_OPERATION = r"(?P<operation>\$[a-z][a-zA-Z0-9-]{0,63})"
_READING = ("GET", "HEAD")
_SHAPES: Final = (
    # path, methods, with a query or not (None: either), interaction
    (r"metadata", _READING, None, "capabilities"),
    (rf"(?:{_TYPE}/(?:{_ID}/)?)?{_OPERATION}", (*_READING, "POST"), None, "operation"),
    (_TYPE, ("POST",), False, "create"),
    (_TYPE, _READING, None, "search-type"),
    (rf"{_TYPE}/_search", ("POST",), None, "search-type"),
    (_TYPE, ("PUT", "PATCH"), True, "conditional-update"),
    (_TYPE, ("DELETE",), True, "conditional-delete"),
    (rf"{_TYPE}/_history", _READING, None, "history-type"),
    (rf"{_TYPE}/{_ID}", _READING, None, "read"),
    (rf"{_TYPE}/{_ID}", ("PUT",), False, "update"),
    (rf"{_TYPE}/{_ID}", ("PATCH",), False, "patch"),
    (rf"{_TYPE}/{_ID}", ("DELETE",), False, "delete"),
    (rf"{_TYPE}/{_ID}/_history", _READING, None, "history-instance"),
    (rf"{_TYPE}/{_ID}/_history/{_ID}", _READING, None, "vread"),
    (rf"[A-Z][A-Za-z]{{0,63}}/{_ID}/{_TYPE}", _READING, None, "search-type"),
    (r"", ("POST",), False, "batch"),
    (r"", _READING, None, "search-system"),
    (r"_search", ("POST",), None, "search-system"),
    (r"_history", _READING, None, "history-system"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One thing a caller wants to do."""

    kind: str  # a key of LETTERS, "operation", "capabilities", "batch", or "unknown"
    resource: str = ""  # FHIR type; empty for the whole system
    operation: str = ""  # "DocumentReference/$extract" or "$process-message"


UNKNOWN: Final = Interaction(kind="unknown")
"""What cannot be told from its method and path. It is allowed to nobody."""


def of_request(method: str, target: str) -> Interaction:
    """The interaction of a method and a target below the FHIR base, such as `Patient/1?_pretty=true`."""
    path, mark, _ = target.partition("?")
    for shape, methods, query, kind in _SHAPES:
        if method in methods and query in (None, bool(mark)) and (match := re.fullmatch(shape, path)):
            found = match.groupdict()
            operation = found.get("operation") or ""
            resource = found.get("type") or ""
            name = f"{resource}/{operation}" if resource and operation else operation
            return Interaction(kind=kind, resource=resource, operation=name)
    return UNKNOWN


def of_entries(bundle: Resource, base: str = "") -> tuple[Interaction, ...]:
    """The interaction of each entry of a batch or transaction, in order.

    `base` is our own FHIR base URL, which entries may put before their path.
    """
    entries = bundle.get("entry")
    return tuple(_of_entry(entry, base) for entry in (entries if isinstance(entries, list) else []))


def needs(interaction: Interaction) -> tuple[tuple[str, str], ...] | None:
    """The (type, letter) pairs an interaction needs, all of them; None when it is allowed to nobody.

    A batch needs nothing itself: each of its entries does.
    """
    if interaction.kind in ("capabilities", "batch"):
        return ()
    if interaction.kind == "operation":
        return operations().get(interaction.operation)
    letters = LETTERS.get(interaction.kind)
    if letters is None or not (interaction.resource or interaction.kind.endswith("-system")):
        return None
    return tuple((interaction.resource or "*", letter) for letter in letters)


@cache
def operations() -> Mapping[str, tuple[tuple[str, str], ...]]:
    """The (type, letter) pairs each operation needs: operations.toml."""
    rows = tomllib.loads(files(__package__).joinpath("operations.toml").read_text("utf-8"))
    return MappingProxyType({name: tuple(_pair(scope) for scope in scopes) for name, scopes in rows.items()})


def _pair(scope: str) -> tuple[str, str]:
    resource, _, letter = scope.partition(".")
    return resource, letter


def _of_entry(entry: Any, base: str) -> Interaction:
    request = entry.get("request") if isinstance(entry, dict) else None
    method, url = (request.get("method"), request.get("url")) if isinstance(request, dict) else (None, None)
    if not isinstance(method, str) or not isinstance(url, str):
        return UNKNOWN
    start = base.rstrip("/") + "/"
    found = of_request(method, url.removeprefix(start) if base else url)
    if found.kind in ("batch", "unknown"):
        return UNKNOWN
    body = entry.get("resource")
    typed = body.get("resourceType") if isinstance(body, dict) else None
    writes = found.kind in ("create", "update", "conditional-update")
    return UNKNOWN if writes and typed != found.resource else found
