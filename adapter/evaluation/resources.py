"""A FHIR resource -> what it says of a patient, as sets that are compared."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from adapter.fhir import systems
from adapter.model import Resource

NOT_CLINICAL = ("Device", "Provenance", "DocumentReference", "Patient", "Encounter", "OperationOutcome")
STATUS = ("status", "clinicalStatus", "verificationStatus", "intent", "adherence")
DATES = ("onset", "abatement", "effective", "performed", "occurrence", "lastOccurrence")
LEFT_OUT = (
    "id",
    "meta",
    "identifier",
    "fullUrl",
    "recordedDate",
    "dateAsserted",
    "recorded",
    "issued",
)
ABOUT = (systems.DERIVATION, systems.CONFIDENCE)
Facts = frozenset[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clinical:
    """What a resource says, as sets that are compared."""

    resource: Resource
    cleaned: Any  # the resource without what does not count
    type: str
    words: str  # the text of its code, folded
    places: Facts  # what it was derived from: attachment and offset, and length
    status: Facts
    code: Facts
    date: Facts


def parts(bundle: Resource) -> Iterator[Resource]:
    """The resources of a Bundle that say something of a patient."""
    resources = (entry.get("resource", {}) for entry in bundle.get("entry", ()))
    yield from (one for one in resources if one.get("resourceType") not in NOT_CLINICAL)


def cleaned(value: Any) -> Any:
    """A resource without what may differ between two runs that say the same."""
    if isinstance(value, dict):
        kept = {key: cleaned(inner) for key, inner in value.items() if not _ignored(key, inner)}
        return {key: inner for key, inner in kept.items() if inner not in ({}, [])}
    if isinstance(value, list):
        return [cleaned(one) for one in value if not (isinstance(one, dict) and one.get("url") in ABOUT)]
    return value


def equal(path: str, one: str, other: str) -> bool:
    """Whether two values of an element are the same."""
    return one == other


@dataclass(frozen=True, slots=True, kw_only=True)
class Counting:
    """What counts when two Bundles are compared."""

    parts: Callable[[Resource], Iterable[Resource]] = parts  # what is compared, of a Bundle
    cleaned: Callable[[Resource], Any] = cleaned  # a part without what does not count
    alike: Callable[[str, str, str], bool] = equal  # whether two values at a path are as good as the same


CLINICALLY = Counting()
"""What is said of the patient; not who said it, from where and how sure."""


def clinical(resource: Resource, counting: Counting = CLINICALLY) -> Clinical:
    """What a resource says."""
    codes = concept(resource)
    return Clinical(
        resource=resource,
        cleaned=counting.cleaned(resource),
        type=str(resource.get("resourceType")),
        words=" ".join(str(codes.get("text", "")).casefold().split()),
        places=frozenset(_places(resource)),
        status=frozenset((name, _told(resource[name])) for name in STATUS if name in resource),
        code=frozenset((str(one.get("system")), str(one.get("code"))) for one in codes.get("coding", ())),
        date=frozenset((name, _told(resource[name])) for name in resource if name.startswith(DATES)),
    )


def concept(resource: Resource) -> Resource:
    """What a resource is about: its code, or its medication."""
    medication = resource.get("medicationCodeableConcept") or (resource.get("medication") or {}).get(
        "concept"
    )
    found = medication or resource.get("code") or resource.get("relationship") or {}
    return found if isinstance(found, dict) else {}


def _ignored(key: str, inner: Any) -> bool:
    if key == "text":
        return isinstance(inner, dict)  # a narrative; the text of a concept stays
    return key.lstrip("_") in LEFT_OUT or (key == "reference" and str(inner).startswith("urn:uuid:"))


def _told(value: Any) -> str:
    """A status or date as one text: of a concept its codes."""
    concept = value.get("code", value) if isinstance(value, dict) else value
    if isinstance(concept, dict) and "coding" in concept:
        return " ".join(sorted(str(one.get("code")) for one in concept["coding"]))
    return json.dumps(concept, sort_keys=True)


def _places(resource: Resource) -> Iterator[tuple[str, str]]:
    for extension in resource.get("extension", ()):
        if extension.get("url") == systems.DERIVATION:
            parts = {one.get("url"): one for one in extension.get("extension", ())}
            offset, length = (parts.get(name, {}).get("valueInteger") for name in ("offset", "length"))
            path = parts.get("path", {}).get("valueString", "")
            yield f"{path}:{offset}" if path else str(offset), str(length)
