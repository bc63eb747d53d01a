"""The elements all resources share: whose, from where, how sure, and what it is called."""

import re
from collections.abc import Sequence
from typing import Any

from adapter.fhir import ids, references, systems, times
from adapter.model import Attribute, Coding, Finding, Note, Resource

_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def prune(value: Any) -> Any:
    """The same JSON without None and what is empty; control characters, not allowed in FHIR, are spaces."""
    if isinstance(value, str):
        return _CONTROL.sub(" ", value) if value.strip() else None
    if isinstance(value, dict):
        kept = {key: prune(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None and item not in ({}, [])}
    if isinstance(value, list | tuple):
        return [item for item in map(prune, value) if item is not None and item not in ({}, [])]
    return value


def concept(text: str | None, codings: Sequence[Coding] = ()) -> Resource:
    """A CodeableConcept: the chosen codings, best first, and the words of the note verbatim."""
    return {"coding": [coding(one) for one in codings], "text": text}


def coding(chosen: Coding) -> Resource:
    """A Coding; `userSelected` is never said, because no user selected it."""
    return {
        "system": chosen.system,
        "version": chosen.version,
        "code": chosen.code,
        "display": chosen.display,
    }


def coded(system: str, code: str | None, display: str | None = None) -> Resource | None:
    """A CodeableConcept of one fixed code."""
    return {"coding": [{"system": system, "code": code, "display": display}]} if code else None


def document(note: Note) -> Resource:
    """The reference to the DocumentReference a note came from: literal, else by business identifier."""
    if references.literal(note.source):
        return {"reference": note.source}
    named = note.identifier or ids.identifier(systems.NOTE_ID, note.id)
    return {"type": "DocumentReference", "identifier": named}


def derivation(note: Note, finding: Finding | Attribute) -> Resource:
    """The characters a mention, or a detail of it, stands on. https://hl7.org/fhir/extensions/StructureDefinition-derivation-reference.html

    Offset and length count Unicode code points of the decoded attachment.
    """
    parts = [
        {"url": "reference", "valueReference": document(note)},
        {"url": "path", "valueString": note.path} if note.contents > 1 else None,
        {"url": "offset", "valueInteger": finding.start},
        {"url": "length", "valueInteger": finding.end - finding.start},
    ]
    return {"url": systems.DERIVATION, "extension": [part for part in parts if part]}


def confidence(findings: Sequence[Finding]) -> Resource:
    """How sure the model is: the surest of the mentions, a probability."""
    surest = max(finding.confidence for finding in findings)
    return {"url": systems.CONFIDENCE, "valueDecimal": round(surest, 4)}


def evidence(note: Note, findings: Sequence[Finding]) -> list[Resource]:
    """Every mention's place in the note, in text order, and the confidence."""
    return [derivation(note, finding) for finding in findings] + [confidence(findings)]


def head(note: Note, findings: Sequence[Finding], resource: str, *place: object) -> Resource:
    """What every resource made from a note begins with.

    The identifier says where the resource came from (note, kind and place of its first mention), not what it
    was coded as, so a better code next month is still the same resource.
    """
    first = findings[0]
    where = place or (first.kind, first.start, first.end)
    return {
        "resourceType": resource,
        "meta": {"security": [dict(systems.AIAST)]},
        "extension": evidence(note, findings),
        "identifier": [ids.identifier(systems.FINDING_ID, ids.stable(note.id, resource, *where))],
    }


def encounter(note: Note) -> Resource | None:
    """The encounter of the document, when others can follow the reference."""
    if note.encounter is None or not references.followable(note.encounter):
        return None
    return note.encounter if references.target_type(note.encounter) in (None, "Encounter") else None


def date(note: Note) -> str | None:
    """When the document was made, when that is a time FHIR knows."""
    return note.date if times.is_date_time(note.date) else None


def attributes(finding: Finding, *kinds: str) -> list[Attribute]:
    """The details of a finding of these kinds, in text order."""
    return sorted(
        (attribute for attribute in finding.attributes if attribute.kind in kinds),
        key=lambda attribute: (attribute.start, attribute.end, attribute.kind),
    )
