"""Identifiers that come out the same every time: uuid5 over where a thing stands, never over its code."""

import uuid

from adapter.model import Resource

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://notewright.org/fhir")


def stable(*parts: object) -> str:
    """The same UUID for the same parts, on every machine.

    >>> stable("note", 3, 9) == stable("note", 3, 9)
    True
    """
    return str(uuid.uuid5(_NAMESPACE, "\x1f".join(str(part) for part in parts)))


def identifier(system: str, value: str) -> Resource:
    """A business identifier."""
    return {"system": system, "value": value}


def full_url(value: str) -> str:
    """The Bundle-local address of a resource with this UUID."""
    return f"urn:uuid:{value}"
