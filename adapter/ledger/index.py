"""What resources can be searched by: tokens, references and dates. https://hl7.org/fhir/R4/search.html"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, or_, select

from adapter.errors import InputError
from adapter.ledger.tables import current, parameter
from adapter.model import Resource

# parameter -> (kind, elements), by resource type
PARAMETERS: dict[str, dict[str, tuple[str, tuple[str, ...]]]] = {
    "DocumentReference": {
        "identifier": ("token", ("masterIdentifier", "identifier")),
        "patient": ("reference", ("subject",)),
        "subject": ("reference", ("subject",)),
        "patient:identifier": ("token", ("subject.identifier",)),  # the modifier of a logical reference
        "status": ("token", ("status",)),
        "type": ("token", ("type",)),
        "category": ("token", ("category",)),
        "date": ("date", ("date",)),
        "period": ("date", ("context.period", "period")),
        "relatesto": ("reference", ("relatesTo.target",)),
    },
    "Subscription": {
        "status": ("token", ("status",)),
        "url": ("token", ("channel.endpoint", "endpoint")),
        "criteria": ("token", ("criteria", "topic")),
    },
}

_DATE = re.compile(
    r"(?P<how>eq|ne|ge|gt|le|lt)?(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)"
    r"(?:T(?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:\.\d{1,9})?)?(?P<zone>Z|[+-]\d\d:\d\d)?)?)?)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One search parameter with its alternatives."""

    name: str
    values: tuple[str, ...]


def criterion(kind: str, name: str, value: str) -> Criterion:
    """A checked criterion. Raises InputError naming the parameter."""
    if name not in ("_id", "_lastUpdated") and name not in PARAMETERS.get(kind, {}):
        raise InputError(f"{kind} cannot be searched by this parameter", path=_safe(name))
    values = tuple(part.replace("\\,", ",") for part in re.split(r"(?<!\\),", value))
    if not all(values):
        raise InputError("a search parameter has no value", path=name)
    if _shape(kind, name) == "date":
        for one in values:
            span(one)
    return Criterion(name=name, values=values)


def owners(kind: str, one: Criterion) -> Select[Any]:
    """The ids of the resources that meet a criterion."""
    if one.name == "_id":
        return select(current.c.id).where(current.c.type == kind, current.c.id.in_(one.values))
    wanted = select(parameter.c.id).where(parameter.c.type == kind, parameter.c.name == one.name)
    if _shape(kind, one.name) == "date":
        return wanted.where(or_(*(_dated(value) for value in one.values)))
    if _shape(kind, one.name) == "reference":
        return wanted.where(
            parameter.c.value.in_([_reference(kind, one.name, value) for value in one.values])
        )
    return wanted.where(parameter.c.value.in_(one.values))


def of(resource: Resource) -> list[dict[str, str | None]]:
    """The rows by which a resource can be found."""
    rows = []
    for name, (shape, paths) in PARAMETERS.get(str(resource.get("resourceType")), {}).items():
        for path in paths:
            for value in _values(resource, path.split(".")):
                rows += [{"name": name, "value": low, "high": high} for low, high in _entries(shape, value)]
    meta = resource.get("meta") or {}
    if meta.get("lastUpdated"):
        low, high = span(meta["lastUpdated"])
        rows.append({"name": "_lastUpdated", "value": low, "high": high})
    return rows


def span(value: str) -> tuple[str, str]:
    """The first instant of a FHIR date and the first one after it. Raises InputError when it is no date."""
    found = _DATE.fullmatch(value)
    if not found:
        raise InputError("not a date", path="date")
    try:
        return _bounds(found)
    except (ValueError, OverflowError):
        raise InputError("there is no such date", path="date") from None


def _shape(kind: str, name: str) -> str:
    return "date" if name == "_lastUpdated" else PARAMETERS.get(kind, {}).get(name, ("token", ()))[0]


def _bounds(found: re.Match[str]) -> tuple[str, str]:
    parts = {
        key: int(value) for key, value in found.groupdict().items() if key not in ("how", "zone") and value
    }
    begin = datetime(
        parts["year"],
        parts.get("month", 1),
        parts.get("day", 1),
        parts.get("hour", 0),
        parts.get("minute", 0),
        parts.get("second", 0),
        tzinfo=UTC,
    )
    zone = found["zone"]
    if zone and zone != "Z":
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:]))
        begin += offset if zone[0] == "-" else -offset
    return _text(begin), _text(_after(begin, parts))


def _after(begin: datetime, parts: dict[str, int]) -> datetime:
    for name, step in (
        ("second", timedelta(seconds=1)),
        ("minute", timedelta(minutes=1)),
        ("day", timedelta(1)),
    ):
        if name in parts:
            return begin + step
    if "month" in parts:
        return begin.replace(year=begin.year + begin.month // 12, month=begin.month % 12 + 1)
    return begin.replace(year=begin.year + 1)


def _text(moment: datetime) -> str:
    return f"{moment.year:04}" + moment.strftime("-%m-%dT%H:%M:%SZ")


def _dated(value: str) -> Any:
    how = value[:2] if value[:2].isalpha() else "eq"
    low, high = span(value)
    begins, ends = parameter.c.value, parameter.c.high
    return {
        "eq": (begins >= low) & (ends <= high),
        "ne": ~((begins >= low) & (ends <= high)),
        "gt": ends > high,
        "ge": ends > low,
        "lt": begins < low,
        "le": begins < high,
    }[how]


def _reference(kind: str, name: str, value: str) -> str:
    return f"Patient/{value}" if name in ("patient", "subject") and "/" not in value else value


def _values(value: Any, path: list[str]) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _values(one, path)
    elif not path:
        yield value
    elif isinstance(value, dict) and path[0] in value:
        yield from _values(value[path[0]], path[1:])


def _entries(shape: str, value: Any) -> Iterator[tuple[str, str | None]]:
    if shape == "token":
        yield from ((token, None) for token in _tokens(value))
    elif shape == "reference" and isinstance(value, dict) and isinstance(value.get("reference"), str):
        yield value["reference"], None
    elif shape == "date":
        yield from _dates(value)


def _tokens(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for one in [value, *(value.get("coding") or [])]:
            code = one.get("value", one.get("code"))
            if isinstance(code, str):
                yield from (code, f"{one.get('system', '')}|{code}")
                if one.get("system"):
                    yield f"{one['system']}|"


def _dates(value: Any) -> Iterator[tuple[str, str | None]]:
    if isinstance(value, str):
        yield span(value)
    elif isinstance(value, dict) and (value.get("start") or value.get("end")):
        low = span(value["start"])[0] if value.get("start") else "0001"
        yield low, span(value["end"])[1] if value.get("end") else "9999-12-31T23:59:59Z"


def _safe(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z_.:\-]{0,40}", name) else "?"
