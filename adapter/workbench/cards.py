"""What a FHIR resource is called on its card, and how it stands."""

from collections.abc import Iterator
from typing import Any

from adapter.model import Resource

NAMED = ("code", "medicationCodeableConcept", "medication", "relationship", "name", "deviceName", "activity")
STATUS = ("clinicalStatus", "verificationStatus", "status")


def title(resource: Resource) -> str:
    """The words a resource is about."""
    for name in NAMED:
        for text in _texts(resource.get(name)):
            return text
    return ""


def status(resource: Resource) -> str:
    """Its statuses, in words."""
    return ", ".join(text for name in STATUS for text in _codes(resource.get(name)))


def _texts(value: Any) -> Iterator[str]:
    """What a CodeableConcept, a CodeableReference or a name says, best first."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)
    elif isinstance(value, dict):
        inner = (value.get("text"), value.get("concept"), value.get("name"), value.get("value"))
        for one in inner:
            yield from _texts(one)
        for coding in value.get("coding", ()):
            yield from _texts(coding.get("display") or coding.get("code"))


def _codes(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (str(coding["code"]) for coding in value.get("coding", ()) if "code" in coding)
