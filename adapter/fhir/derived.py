"""From which characters of a document a resource says it was made."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapter.fhir import systems


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Characters of an attachment, as a derivation-reference names them."""

    start: int
    end: int
    path: str | None = None  # FHIRPath of the attachment; None where the document has only one


def places(value: Any) -> Iterator[Place]:
    """The places a resource, or a part of one, was made from, in the order of the JSON."""
    if isinstance(value, Mapping):
        if value.get("url") == systems.DERIVATION:
            parts = {part["url"]: part for part in value["extension"]}
            start = parts["offset"]["valueInteger"]
            length, path = parts["length"]["valueInteger"], parts.get("path", {}).get("valueString")
            yield Place(start=start, end=start + length, path=path)
        for inner in value.values():
            yield from places(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from places(inner)
