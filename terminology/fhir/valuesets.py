"""Value sets: implicit ones by their URL, explicit ones by what a request's ValueSet says."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from terminology.fhir import sets
from terminology.fhir.outcome import Refusal, Resource, shown, unknown, unsupported
from terminology.fhir.parameters import Given
from terminology.fhir.service import Service
from terminology.fhir.sets import Codes
from terminology.systems import LOINC, SNOMED

IMPLICIT = re.compile(
    r"(?P<system>[^?]+)\?fhir_vs(?:=(?P<kind>isa|refset|ecl)(?:/(?P<rest>.+))?)?", re.DOTALL
)
WHOLE = {f"{LOINC}/vs": LOINC}
KEYS = frozenset({"system", "version", "concept", "filter", "valueSet"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one include or exclude names."""

    system: str
    codes: Codes
    displays: Mapping[str, str] = field(default_factory=dict)  # that the value set gives its codes


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueSet:
    """A set of codes of one or more systems."""

    url: str | None
    include: tuple[Part, ...]
    exclude: tuple[Part, ...] = ()
    active_only: bool = False

    def has(self, system: str, code: str) -> bool:
        """Whether a code is in the set."""
        return any(part.system == system and part.codes.has(code) for part in self.include) and not any(
            part.system == system and part.codes.has(code) for part in self.exclude
        )

    def members(self) -> Iterator[tuple[str, str]]:
        """Every system and code in the set, each once."""
        seen: set[tuple[str, str]] = set()
        for part in self.include:
            for code in part.codes.each():
                member = (part.system, code)
                if member not in seen and not self._excluded(*member):
                    seen.add(member)
                    yield member

    def display(self, system: str, code: str) -> str | None:
        """The display the value set itself gives a code."""
        given = (part.displays.get(code) for part in self.include if part.system == system)
        return next(filter(None, given), None)

    def _excluded(self, system: str, code: str) -> bool:
        return any(part.system == system and part.codes.has(code) for part in self.exclude)


def requested(service: Service, given: Given) -> ValueSet:
    """The value set a request names or brings."""
    if given.only_one_of("url", "valueSet") == "url":
        return named(service, given.required("url"), at=given.place("url"))
    return explicit(service, given.one("valueSet"))


def named(service: Service, url: str, *, at: str) -> ValueSet:
    """The value set of a URL, which is not repeated where it holds an expression: that may hold texts."""
    part = _implicit(service, url, at)
    return ValueSet(url=None if "=ecl" in url else url, include=(part,))


def explicit(service: Service, resource: Resource) -> ValueSet:
    """The value set a ValueSet resource defines."""
    if resource.get("resourceType") != "ValueSet":
        raise Refusal("the resource must be a ValueSet", code="structure", at="ValueSet")
    compose = resource.get("compose")
    if not isinstance(compose, dict):
        raise Refusal("the ValueSet has no compose", code="required", at="ValueSet.compose")
    if "lockedDate" in compose:
        raise unsupported("lockedDate is not supported", at="ValueSet.compose.lockedDate")
    include = _parts(service, compose, "include")
    if not include:
        raise Refusal("compose includes nothing", code="required", at="ValueSet.compose.include")
    url = resource.get("url")
    return ValueSet(
        url=url if isinstance(url, str) and url else None,
        include=include,
        exclude=_parts(service, compose, "exclude"),
        active_only=compose.get("inactive") is False,
    )


def _implicit(service: Service, url: str, at: str) -> Part:
    if url in WHOLE:
        return _whole(service, WHOLE[url], at)
    match = IMPLICIT.fullmatch(url)
    if match is None:
        raise unknown("this value set is not held; implicit ones are, and those sent along", at=at)
    system, kind, rest = match["system"], match["kind"], unquote(match["rest"] or "").strip()
    if kind is None:
        return _whole(service, system, at)
    if system != SNOMED:
        raise unknown(f"implicit value sets of this kind are those of {SNOMED} alone", at=at)
    if not rest:
        raise unsupported(f"?fhir_vs={kind} needs what it is of, as in ?fhir_vs={kind}/...", at=at)
    if kind == "isa":
        return Part(system=system, codes=sets.below(service, system, rest, itself=True, at=at))
    if kind == "refset":
        return Part(system=system, codes=sets.members(service, system, rest, at=at))
    return Part(system=system, codes=sets.constrained(service, rest, at=at))


def _whole(service: Service, system: str, at: str) -> Part:
    if not service.store.codes(system, 0, 1):
        raise unknown("this code system is not held", at=at)
    return Part(system=system, codes=sets.everything(service, system))


def _parts(service: Service, compose: Resource, name: str) -> tuple[Part, ...]:
    return tuple(
        _part(service, item, f"ValueSet.compose.{name}[{number}]")
        for number, item in enumerate(_objects(compose, name, "ValueSet.compose"))
    )


def _part(service: Service, item: Resource, at: str) -> Part:
    odd = sorted(set(item) - KEYS - {"id", "copyright", "extension"})
    if odd:
        raise unsupported(f"{shown(odd[0])} is not supported here", at=at)
    named_parts = [
        _implicit(service, url, f"{at}.valueSet[{number}]") for number, url in enumerate(_texts(item, at))
    ]
    system = item.get("system", named_parts[0].system if named_parts else None)
    if not isinstance(system, str) or not system:
        raise Refusal("a system or a valueSet is needed", code="required", at=f"{at}.system")
    _check_version(service, system, item, at)
    concepts = _objects(item, "concept", at)
    criteria = [part.codes if part.system == system else sets.listed(()) for part in named_parts]
    criteria += [sets.listed(_code(service, system, row, at, n) for n, row in enumerate(concepts))] * bool(
        concepts
    )
    criteria += [
        _filter(service, system, row, f"{at}.filter[{number}]")
        for number, row in enumerate(_objects(item, "filter", at))
    ]
    if not criteria:
        return _whole(service, system, f"{at}.system")
    displays = {row["code"]: row["display"] for row in concepts if isinstance(row.get("display"), str)}
    return Part(system=system, codes=sets.both(criteria), displays=displays)


def _check_version(service: Service, system: str, item: Resource, at: str) -> None:
    version = item.get("version")
    if version is not None and version != service.version_of(system):
        raise unknown("this version of the code system is not held", at=f"{at}.version")


def _code(service: Service, system: str, row: Resource, at: str, number: int) -> str:
    at = f"{at}.concept[{number}].code"
    code = row.get("code")
    if not isinstance(code, str) or not code:
        raise Refusal("a concept needs a code", code="required", at=at)
    return sets.known(service, system, code, at=at).code


def _filter(service: Service, system: str, row: Resource, at: str) -> Codes:
    told = [row.get(key) for key in ("property", "op", "value")]
    if not all(isinstance(text, str) and text for text in told):
        raise Refusal("a filter needs property, op and value", code="required", at=at)
    name, op, value = (str(text) for text in told)
    at = f"{at}.value"
    if (name, op) == ("inactive", "=") and value in {"true", "false"}:
        return sets.inactive(service, system, wanted=value == "true")
    if system == SNOMED and (name, op) == ("constraint", "="):
        return sets.constrained(service, value, at=at)
    if system == SNOMED and (name, op) == ("concept", "in"):
        return sets.members(service, system, value, at=at)
    if (name, op) == ("concept", "="):
        return sets.listed([sets.known(service, system, value, at=at).code])
    if name == "concept" and op in {"is-a", "descendent-of"}:
        return sets.below(service, system, value, itself=op == "is-a", at=at)
    if (name, op) in {("parent", "="), ("child", "="), ("concept", "child-of")}:
        return sets.nearest(service, system, value, up=name == "child", at=at)
    raise unsupported(
        "filters are concept is-a, descendent-of, child-of, =; parent =; child =; inactive = true or false;"
        " for SNOMED CT also concept in, constraint =",
        at=at.removesuffix(".value"),
    )


def _objects(holder: Resource, name: str, at: str) -> list[Resource]:
    listed: Any = holder.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
        raise Refusal(f"{name} must be a list of objects", code="structure", at=f"{at}.{name}")
    return listed


def _texts(item: Resource, at: str) -> list[str]:
    listed: Any = item.get("valueSet", [])
    if not isinstance(listed, list) or not all(isinstance(url, str) for url in listed):
        raise Refusal("valueSet must be a list of URLs", code="structure", at=f"{at}.valueSet")
    return listed
