"""Constraints of the standard that the models of fhir.resources do not check, as functions of the JSON.

Each yields the key of the broken constraint and the element it concerns. The keys are those of the
specification: con-3..5 (Condition), ait-1..2 (AllergyIntolerance), obs-6..7 (Observation), tim-* (Timing),
qty-3 (Quantity), der-1 (derivation-reference); "us-core-7" and "provenance-1" only when the profile is asked.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from adapter.fhir import systems
from adapter.model import Resource

Broken = Iterator[tuple[str, str]]

_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
_ENDED = {"inactive", "remission", "resolved"}


def of_resource(resource: Resource) -> Broken:
    """The constraints a resource breaks by itself."""
    if "id" in resource and not _ID.fullmatch(str(resource["id"])):
        yield "id-1", "id"
    check = _BY_TYPE.get(str(resource.get("resourceType")))
    if check is not None:
        yield from check(resource)


def of_profile(resource: Resource, profile: str) -> Broken:
    """The constraints of a profile pack that a resource breaks; "us-core" is known."""
    if profile == "us-core":
        yield from _us_core(resource)


def of_element(element: Resource) -> Broken:
    """The constraints an element breaks, whatever resource it stands in."""
    yield from _timing(element)
    if "code" in element and isinstance(element.get("value"), int | float) and "system" not in element:
        yield "qty-3", "code"
    if element.get("url") == systems.DERIVATION:
        parts = {part.get("url") for part in element.get("extension", [])}
        if "length" in parts and "offset" not in parts:
            yield "der-1", "extension"


def codes(element: Resource | None) -> set[str]:
    """The codes of a CodeableConcept."""
    return {str(coding.get("code")) for coding in (element or {}).get("coding", [])}


def _condition(resource: Resource) -> Broken:
    clinical, wrong = resource.get("clinicalStatus"), _in_error(resource)
    categories = {code for category in resource.get("category", []) for code in codes(category)}
    if clinical is None and not wrong and "problem-list-item" in categories:
        yield "con-3", "clinicalStatus"
    if any(name.startswith("abatement") for name in resource) and not codes(clinical) & _ENDED:
        yield "con-4", "clinicalStatus"
    if clinical is not None and wrong:
        yield "con-5", "clinicalStatus"


def _allergy(resource: Resource) -> Broken:
    clinical, wrong = resource.get("clinicalStatus"), _in_error(resource)
    if clinical is None and not wrong:
        yield "ait-1", "clinicalStatus"
    if clinical is not None and wrong:
        yield "ait-2", "clinicalStatus"


def _observation(resource: Resource) -> Broken:
    values = [name for name in resource if name.startswith("value")]
    if values and "dataAbsentReason" in resource:
        yield "obs-6", "dataAbsentReason"
    parts = {code for part in resource.get("component", []) for code in codes(part.get("code"))}
    if values and parts & codes(resource.get("code")):
        yield "obs-7", "component"


def _in_error(resource: Resource) -> bool:
    return "entered-in-error" in codes(resource.get("verificationStatus"))


def _timing(element: Resource) -> Broken:
    needs = (
        ("tim-1", "duration", "durationUnit"),
        ("tim-2", "period", "periodUnit"),
        ("tim-6", "periodMax", "period"),
        ("tim-7", "durationMax", "duration"),
        ("tim-8", "countMax", "count"),
        ("tim-9", "offset", "when"),
    )
    if not {"frequency", "period", "when", "duration", "boundsDuration"} & set(element):
        return
    for key, name, needed in needs:
        if name in element and needed not in element:
            yield key, name
    if "timeOfDay" in element and "when" in element:
        yield "tim-10", "timeOfDay"


def _us_core(resource: Resource) -> Broken:
    kind = resource.get("resourceType")
    performed = any(name.lstrip("_").startswith("performed") for name in resource)
    if kind == "Procedure" and resource.get("status") in ("completed", "in-progress") and not performed:
        yield "us-core-7", "performed"
    if kind == "Provenance" and any("onBehalfOf" not in agent for agent in resource.get("agent", [])):
        yield "provenance-1", "agent.onBehalfOf"
    if kind == "Condition" and not resource.get("category"):
        yield "us-core-category", "category"


_BY_TYPE: Final[Mapping[str, Callable[[Resource], Broken]]] = {
    "Condition": _condition,
    "AllergyIntolerance": _allergy,
    "Observation": _observation,
}
