"""What OpenAPI can say of the routes: parameters, media types, answers.

The whole truth about the resources is in FHIR and in the CapabilityStatement; here they are objects.
https://spec.openapis.org/oas/v3.1.0
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from adapter.api.documents import RESULT
from adapter.api.routes import Route
from adapter.ledger.index import PARAMETERS

JSON: Final = "application/fhir+json"
XML: Final = "application/fhir+xml"
FORM: Final = "application/x-www-form-urlencoded"

_RESOURCE: Final = {
    "type": "object",
    "required": ["resourceType"],
    "properties": {"resourceType": {"type": "string"}},
}
_ISSUE: Final = {
    "type": "object",
    "required": ["severity", "code"],
    "properties": {
        "severity": {"enum": ["fatal", "error", "warning", "information"]},
        "code": {"type": "string"},
        "details": {"type": "object"},
        "diagnostics": {"type": "string"},
        "expression": {"type": "array", "items": {"type": "string"}},
    },
}
_OUTCOME: Final = {
    "type": "object",
    "required": ["resourceType", "issue"],
    "properties": {
        "resourceType": {"const": "OperationOutcome"},
        "issue": {"type": "array", "minItems": 1, "items": _ISSUE},
    },
}
_ID: Final = {"type": "string", "pattern": "^[A-Za-z0-9.\\-]{1,64}$"}
_REFUSALS: Final = {
    "400": "It cannot be read, or breaks a rule of FHIR",
    "401": "Credentials are needed",
    "403": "The scopes do not allow this",
    "404": "There is no such thing",
    "406": "None of the formats asked for is spoken",
    "429": "Too many requests, or too much waits; see Retry-After",
    "503": "Something needed is away; see Retry-After",
}
_WRITING: Final = {
    "409": "It contradicts what is there",
    "412": "A precondition does not hold",
    "413": "The body is too large",
    "415": "The body is in no format that is read",
    "422": "It breaks a rule of this endpoint",
}
_SUCCESS: Final[Mapping[str, Mapping[str, str]]] = {
    "create": {"200": "It was there already", "201": "Created", "202": "Accepted; see Content-Location"},
    "read": {"200": "The resource", "304": "The caller has this version"},
    "vread": {"200": "The version", "304": "The caller has this version"},
    "polling": {"200": "What became of it", "202": "Not done yet, or forgotten"},
    "delete": {"200": "Deleted", "204": "Deleted"},
}
_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "create": ("Prefer", "If-None-Exist"),
    "update": ("Prefer", "If-Match"),
    "read": ("If-None-Match",),
    "vread": ("If-None-Match",),
    "search-type": ("Prefer",),
}


def described(route: Route) -> dict[str, Any]:
    """What is added to FastAPI's own description of a route (`openapi_extra`)."""
    told: dict[str, Any] = {
        "parameters": [*_path(route), *_query(route), *_headers(route)],
        "responses": {**_answers(route), **_refusals(route)},
        "tags": [route.resource or "system"],
    }
    if route.method in ("POST", "PUT"):
        told["requestBody"] = {"required": route.kind != "search-type", "content": _body(route)}
    return told


def _path(route: Route) -> list[dict[str, Any]]:
    names = re.findall(r"\{(\w+)\}", route.path)
    return [{"name": name, "in": "path", "required": True, "schema": _ID} for name in names]


def _query(route: Route) -> list[dict[str, Any]]:
    names = ["_format", "_pretty"]
    if route.kind == "search-type" and route.method == "GET":
        names += ["_id", "_lastUpdated", *PARAMETERS.get(route.resource, {})]
        names += [name for name in RESULT if name not in names]
    return [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]


def _headers(route: Route) -> list[dict[str, Any]]:
    names = _HEADERS.get(route.kind, ())
    return [{"name": name, "in": "header", "schema": {"type": "string"}} for name in names]


def _body(route: Route) -> dict[str, Any]:
    if route.kind == "search-type":
        return {FORM: {"schema": {"type": "object"}}}
    return {JSON: {"schema": _RESOURCE}, XML: {"schema": {"type": "string"}}}


def _answers(route: Route) -> dict[str, Any]:
    found = _SUCCESS.get(route.kind, {"200": "Done"})
    content = {JSON: {"schema": _RESOURCE}, XML: {"schema": {"type": "string"}}}
    return {
        status: {"description": words} | ({"content": content} if status in ("200", "201") else {})
        for status, words in found.items()
    }


def _refusals(route: Route) -> dict[str, Any]:
    found = _REFUSALS | (_WRITING if route.method in ("POST", "PUT", "DELETE") else {})
    found = found | ({"410": "It was deleted"} if route.kind in ("read", "update", "vread") else {})
    content = {JSON: {"schema": _OUTCOME}, XML: {"schema": {"type": "string"}}}
    return {status: {"description": words, "content": content} for status, words in found.items()}
