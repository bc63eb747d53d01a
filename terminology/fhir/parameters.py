"""Requests: a query string or a Parameters resource -> `Given`; and parameters written.

What an operation takes is a table name -> type: a FHIR type or "parts", "*" after it where it may stand more
than once, or "" for what FHIR defines and this service refuses.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from terminology.fhir.outcome import Refusal, Resource, shown, unsupported

Accepted = Mapping[str, str]

LONGEST = 4096  # characters of one text
TEXTS = frozenset({"code", "uri", "string", "canonical"})
TEXT_KEYS = ("Code", "Uri", "String", "Canonical", "Url", "Id", "Oid", "Uuid", "Markdown")
GREATEST = 2**31 - 1
INTEGER = re.compile(r"-?\d{1,10}")
FLAGS = {"true": True, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What a request gives, by parameter, checked against what the operation takes."""

    values: Mapping[str, tuple[Any, ...]]
    body: bool = False  # it came as a Parameters resource

    def place(self, name: str) -> str:
        """Where a parameter stands, or should stand, in the request."""
        return f"Parameters.parameter.where(name='{name}')" if self.body else f"http.{name}"

    def all(self, name: str) -> tuple[Any, ...]:
        """Every value of a parameter."""
        return self.values.get(name, ())

    def one(self, name: str) -> Any:
        """The value of a parameter, or None."""
        return next(iter(self.all(name)), None)

    def text(self, name: str) -> str | None:
        """The text of a parameter, or None."""
        value = self.one(name)
        return None if value is None else str(value)

    def required(self, name: str, why: str = "") -> str:
        """The text of a parameter that must be there."""
        value = self.text(name)
        if value is None:
            raise Refusal(
                f"parameter '{name}' is required{why and ' ' + why}", code="required", at=self.place(name)
            )
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        """The truth of a parameter."""
        value = self.one(name)
        return default if value is None else bool(value)

    def number(self, name: str) -> int | None:
        """The whole number of a parameter that may not be negative, or None."""
        value = self.one(name)
        if value is not None and not 0 <= value <= GREATEST:
            raise Refusal(f"parameter '{name}' must be 0 to {GREATEST}", code="value", at=self.place(name))
        return None if value is None else int(value)

    def only_one_of(self, *names: str) -> str:
        """The one of these parameters that is there."""
        there = [name for name in names if name in self.values]
        if len(there) != 1:
            code = "invalid" if there else "required"
            at = self.place((there or names)[-1])
            raise Refusal(f"exactly one of {', '.join(names)} must be given", code=code, at=at)
        return there[0]


def given(
    accepted: Accepted, query: Iterable[tuple[str, str]] = (), body: Resource | None = None, alone: str = ""
) -> Given:
    """A request as the operation takes it: query string, Parameters resource, or both.

    `alone` names the parameter that may be posted by itself, as a bare resource.
    """
    found: dict[str, list[Any]] = {}
    for name, text in query:
        _put(found, accepted, name, _from_text(accepted, name, text), f"http.{_safe(name)}")
    for at, name, value in _stated(accepted, body, alone) if body is not None else ():
        _put(found, accepted, name, value, at)
    return Given(values={name: tuple(values) for name, values in found.items()}, body=body is not None)


def document(raw: bytes) -> Resource:
    """A posted JSON object."""
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_no_number)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except (ValueError, RecursionError):
        raise Refusal("the body is not JSON in UTF-8", code="structure") from None
    if not isinstance(value, dict):
        raise Refusal("the body must be a resource", code="structure")
    return value


def parameter(name: str, kind: str, value: Any) -> Resource:
    """A parameter with a value, as in `parameter("result", "Boolean", True)`."""
    return {"name": name, f"value{kind}": value}


def parts(name: str, listed: Iterable[Resource]) -> Resource:
    """A parameter made of parts."""
    return {"name": name, "part": list(listed)}


def resource(listed: Iterable[Resource]) -> Resource:
    """A Parameters resource."""
    return {"resourceType": "Parameters", "parameter": list(listed)}


def _no_number(_: str) -> NoReturn:
    raise ValueError("no JSON number")


def _put(found: dict[str, list[Any]], accepted: Accepted, name: str, value: Any, at: str) -> None:
    if name in found and not accepted[name].endswith("*"):
        raise Refusal(f"parameter '{name}' may stand only once", at=at)
    found.setdefault(name, []).append(value)


def _safe(name: str) -> str:
    return name if shown(name) == f"'{name}'" else "parameter"


def _type(accepted: Accepted, name: str, at: str) -> str:
    if name not in accepted:
        known = ", ".join(sorted(key for key, kind in accepted.items() if kind))
        raise Refusal(f"unknown parameter {shown(name)}; this operation takes {known}", at=at)
    if not accepted[name]:
        raise unsupported(f"parameter '{name}' is not supported", at=at)
    return accepted[name].removesuffix("*")


def _from_text(accepted: Accepted, name: str, text: str) -> Any:
    at = f"http.{_safe(name)}"
    kind = _type(accepted, name, at)
    if kind in TEXTS:
        return _text(name, text, at)
    if kind == "boolean" and text in FLAGS:
        return FLAGS[text]
    if kind == "integer" and INTEGER.fullmatch(text):
        return int(text)
    if kind in {"boolean", "integer"}:
        raise Refusal(f"parameter '{name}' must be {_article(kind)}", code="value", at=at)
    if kind == "parts":
        raise Refusal(f"parameter '{name}' has parts; send it by POST", at=at)
    raise Refusal(f"parameter '{name}' is {_article(kind)}; send it by POST", at=at)


def _article(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeio' else 'a'} {kind}"


def _text(name: str, value: Any, at: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST:
        raise Refusal(f"parameter '{name}' must be a text of 1 to {LONGEST} characters", code="value", at=at)
    return value


def _stated(accepted: Accepted, body: Resource, alone: str) -> Iterable[tuple[str, str, Any]]:
    if alone and body.get("resourceType") == _alone_type(alone):
        return [(body["resourceType"], alone, body)]
    listed = body.get("parameter", [])
    if body.get("resourceType") != "Parameters" or not isinstance(listed, list):
        raise Refusal("the body must be a Parameters resource", code="structure", at="Parameters")
    return [_entry(accepted, number, entry) for number, entry in enumerate(listed)]


def _alone_type(name: str) -> str:
    return name[0].upper() + name[1:]


def _entry(accepted: Accepted, number: int, entry: Any) -> tuple[str, str, Any]:
    at = f"Parameters.parameter[{number}]"
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise Refusal("a parameter must be an object with a name", code="structure", at=at)
    name: str = entry["name"]
    return at, name, _value(name, _type(accepted, name, at), entry, at)


def _value(name: str, kind: str, entry: Resource, at: str) -> Any:
    if kind in TEXTS:
        there = [entry[f"value{key}"] for key in TEXT_KEYS if f"value{key}" in entry]
        return _text(name, there[0] if there else None, at)
    key, types = {
        "boolean": ("valueBoolean", bool),
        "integer": ("valueInteger", int),
        "Coding": ("valueCoding", dict),
        "CodeableConcept": ("valueCodeableConcept", dict),
        "parts": ("part", list),
    }.get(kind, ("resource", dict))
    value = entry.get(key)
    if not isinstance(value, types) or (kind == "integer" and isinstance(value, bool)):
        raise Refusal(f"parameter '{name}' must be {_article(kind)}, in '{key}'", code="value", at=at)
    if isinstance(value, list) and not all(isinstance(part, dict) for part in value):
        raise Refusal(f"the parts of '{name}' must be objects", code="structure", at=at)
    return value
