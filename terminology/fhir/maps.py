"""ConceptMap resources as they are held: what a code is mapped to, and on what that depends."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from terminology.errors import TerminologyError
from terminology.fhir.outcome import Refusal, Resource

ORDERED = "https://notewright.org/fhir/StructureDefinition/conceptmap-ordered"
"""Extension of a ConceptMap: of an element's targets the first whose dependencies hold is the answer."""

WORDS = {"R4": "equivalence", "R5": "relationship"}
NONE = frozenset({"unmatched", "disjoint", "not-related-to"})  # what is said of a target that is no match
VALUES = (
    *("value", "valueString", "valueCode", "valueBoolean"),
    *("valueCoding", "valueCodeableConcept", "valueQuantity"),
)

Known = Mapping[str, frozenset[str]]  # attribute -> the values it is told to have


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a code is mapped to."""

    system: str
    code: str
    display: str
    relation: str  # as FHIR says it: R4 equivalence or R5 relationship
    depends: tuple[tuple[str, str], ...] = ()  # attribute (its URI) and the value it must have

    def holds(self, known: Known) -> bool | None:
        """Whether the mapping applies; None where what it depends on is not told."""
        told = [value in known[name] if name in known else None for name, value in self.depends]
        if False in told:
            return False
        return None if None in told else True


@dataclass(frozen=True, slots=True, kw_only=True)
class ConceptMap:
    """A ConceptMap that is served."""

    resource: Resource
    fhir_version: str
    id: str
    url: str
    ordered: bool
    targets: Mapping[tuple[str, str], tuple[Target, ...]]  # by system and code

    @classmethod
    def of(cls, resource: Resource, fhir_version: str) -> Self:
        """A resource as it is served.

        Raises TerminologyError naming the element that is missing or wrong.
        """
        if resource.get("resourceType") != "ConceptMap":
            raise TerminologyError("ConceptMap.resourceType: not a ConceptMap")
        attributes = {
            _text(row, "code", "additionalAttribute"): _text(row, "uri", "additionalAttribute")
            for row in _any(resource, "additionalAttribute", "ConceptMap")
        }
        found: dict[tuple[str, str], tuple[Target, ...]] = {}
        for group in _list(resource, "group", "ConceptMap"):
            systems = (_text(group, "source", "group"), _text(group, "target", "group"))
            for element in _list(group, "element", "ConceptMap.group"):
                key = (systems[0], _text(element, "code", "group.element"))
                rows = _any(element, "target", "ConceptMap.group.element")
                read = (_target(row, systems[1], WORDS[fhir_version], attributes) for row in rows)
                found[key] = found.get(key, ()) + tuple(one for one in read if one)
        return cls(
            resource=resource,
            fhir_version=fhir_version,
            id=_text(resource, "id", ""),
            url=_text(resource, "url", ""),
            ordered=any(
                row.get("url") == ORDERED and row.get("valueBoolean") is True
                for row in _any(resource, "extension", "ConceptMap")
            ),
            targets=found,
        )

    def matches(self, system: str, code: str, known: Known) -> tuple[list[Target], list[str]]:
        """The targets that hold or may hold, and the attributes that would tell."""
        found: list[Target] = []
        asked: dict[str, None] = {}
        for target in self.targets.get((system, code), ()):
            holds = target.holds(known)
            if holds is None:
                asked |= {name: None for name, _ in target.depends if name not in known}
            if holds is not False:
                found.append(target)
            if holds and self.ordered:
                break
        return found, list(asked)


def held(resources: Iterable[Resource], fhir_version: str) -> tuple[ConceptMap, ...]:
    """The resources as they are served, each id and URL once."""
    found = tuple(ConceptMap.of(resource, fhir_version) for resource in resources)
    for name, values in (("id", [one.id for one in found]), ("url", [one.url for one in found])):
        if len(set(values)) != len(values):
            raise TerminologyError(f"ConceptMap.{name}: stands twice")
    return found


def told(dependencies: Sequence[list[Resource]], at: str) -> Known:
    """What the `dependency` parameters of a request say: attribute -> values."""
    found: dict[str, set[str]] = {}
    for parts in dependencies:
        by_name = {str(part.get("name")): part for part in parts}
        name = by_name.get("element", by_name.get("attribute", {})).get("valueUri")
        value = _value(by_name.get("concept", by_name.get("value", {})))
        if not isinstance(name, str) or not value:
            text = "a dependency needs element and concept (R4), or attribute and value (R5)"
            raise Refusal(text, code="required", at=at)
        found.setdefault(name, set()).add(value)
    return {name: frozenset(values) for name, values in found.items()}


def _value(holder: Resource) -> str:
    """The value of a part or a dependency as a text; empty where it is of no type that is compared."""
    value = next((holder[key] for key in VALUES if key in holder), None)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict) and isinstance(value.get("value"), int | float):
        return f"{value['value']} {value.get('code', value.get('unit', ''))}"
    if isinstance(value, dict):
        among = value.get("coding")
        codings = [one for one in among if isinstance(one, dict)] if isinstance(among, list) else []
        listed = [value.get("code"), *(one.get("code") for one in codings), value.get("text")]
        return next((text for text in listed if isinstance(text, str) and text), "")
    return value if isinstance(value, str) else ""


def _target(row: Resource, system: str, word: str, attributes: Mapping[str, str]) -> Target | None:
    relation = _text(row, word, "group.element.target")
    if relation in NONE or "code" not in row:
        return None
    return Target(
        system=system,
        code=_text(row, "code", "group.element.target"),
        display=str(row.get("display", "")),
        relation=relation,
        depends=tuple(_depends(row, attributes)),
    )


def _depends(row: Resource, attributes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for one in _any(row, "dependsOn", "ConceptMap.group.element.target"):
        name = one.get("property", attributes.get(str(one.get("attribute"))))
        value = _value(one)
        if not isinstance(name, str) or not name or not value:
            raise TerminologyError("ConceptMap.group.element.target.dependsOn: no attribute or value")
        yield name, value


def _any(holder: Resource, name: str, at: str) -> list[Resource]:
    """A list that may be absent."""
    return _list(holder, name, at) if name in holder else []


def _list(holder: Resource, name: str, at: str) -> list[Resource]:
    listed = holder.get(name)
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise TerminologyError(f"{at}.{name}: a list is needed")
    return listed


def _text(holder: Any, name: str, at: str) -> str:
    value = holder.get(name) if isinstance(holder, dict) else None
    if not isinstance(value, str) or not value:
        raise TerminologyError(f"{'.'.join(filter(None, ('ConceptMap', at, name)))}: a text is needed")
    return value
