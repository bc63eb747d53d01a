"""A DocumentReference (R4 or R5), or a Bundle that holds some -> Notes.

One note per readable attachment; everything else becomes an Issue with the path of its element.
https://hl7.org/fhir/R4/documentreference.html https://hl7.org/fhir/R5/documentreference.html
"""

import hashlib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace

from adapter.errors import InputError, NotADocument
from adapter.model import Issue, Note, Resource, Severity, Step
from adapter.notes.attachments import decode
from adapter.notes.formats.reading import Limits
from adapter.notes.headings import Part, Spellings, shipped
from adapter.notes.sections import divide
from adapter.notes.sentences import split
from adapter.notes.spoken import Listening, Spoken

MAX_BYTES = 8 * 1024 * 1024  # of one decoded attachment; US Core asks servers to take 5 MiB
MAX_DEPTH = 8  # of Bundles within Bundles
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://notewright.org/note")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posted:
    """A DocumentReference, where it stood in what was posted, and its fullUrl."""

    document: Resource
    path: str
    full_url: str | None = None


@dataclass(frozen=True, slots=True)
class _Reading:
    """How documents are read."""

    listening: Listening
    max_bytes: int
    limits: Limits
    spellings: Spellings


def read(
    resource: object,
    listening: Listening | None = None,
    max_bytes: int = MAX_BYTES,
    limits: Limits | None = None,
    spellings: Spellings | None = None,
) -> Step[Note]:
    """The notes of a DocumentReference or a Bundle; `listening` says how their languages are told.

    `spellings` are the headings of each language; None: those that ship.

    Raises InputError when `resource` is no JSON object, NotADocument when no DocumentReference is in it, and
    EngineError, worth a retry, when the process that reads PDF, RTF and CDA cannot be started.
    """
    if not isinstance(resource, dict):
        raise InputError("the input is not a JSON object")
    notes: dict[str, Note] = {}
    issues: list[Issue] = []
    found = False
    for posted in _documents(resource, issues):
        found = True
        reading = _Reading(listening or Listening(), max_bytes, limits or Limits(), spellings or shipped())
        for note, path in _notes(posted, issues, reading):
            if note.id in notes:
                issues.append(
                    _issue("duplicate", "duplicate-note", "the same attachment was posted twice", path)
                )
            notes.setdefault(note.id, note)
    if not found and not issues:
        raise NotADocument("there is no DocumentReference in the resourceType given", path="resourceType")
    return Step(name="notes", kept=tuple(notes.values()), left_out=tuple(issues))


def from_text(id: str, text: str, language: str = "en") -> Note:
    """A plain text in one language as a note, with its sections and sentences."""
    return _prepared(Note(id=id, text=text), Spoken(language=language.lower()), shipped())


def heard(
    id: str,
    text: str,
    listening: Listening,
    declared: str | None = None,
    spellings: Spellings | None = None,
) -> Note:
    """A plain text as a note, in the languages that are declared or found; `spellings` as in `read`."""
    return _prepared(Note(id=id, text=text), listening.spoken(text, declared, ""), spellings or shipped())


def _documents(resource: Resource, issues: list[Issue]) -> Iterator[_Posted]:
    if resource.get("resourceType") == "DocumentReference":
        yield _Posted(document=resource, path="DocumentReference")
    elif resource.get("resourceType") == "Bundle":
        yield from _entries(resource, "Bundle", issues, 1)


def _entries(bundle: Resource, path: str, issues: list[Issue], depth: int) -> Iterator[_Posted]:
    entries = bundle.get("entry", [])
    if not isinstance(entries, list):
        issues.append(_issue("structure", "not-a-list", "entry is not a list", f"{path}.entry", "error"))
        return
    for index, entry in enumerate(entries):
        place = f"{path}.entry[{index}]"
        inner = _object(_object(entry).get("resource"))
        if not isinstance(entry, dict):
            issues.append(_issue("structure", "not-an-object", "entry is not an object", place, "error"))
        elif inner.get("resourceType") == "DocumentReference":
            yield _Posted(document=inner, path=f"{place}.resource", full_url=_string(entry.get("fullUrl")))
        elif inner.get("resourceType") == "Bundle":
            if depth >= MAX_DEPTH:
                message = f"Bundles are nested more than {MAX_DEPTH} deep"
                issues.append(_issue("too-costly", "nested-too-deep", message, f"{place}.resource", "error"))
            else:
                yield from _entries(inner, f"{place}.resource", issues, depth + 1)


def _notes(posted: _Posted, issues: list[Issue], reading: _Reading) -> Iterator[tuple[Note, str]]:
    document, path = posted.document, posted.path
    if (withdrawn := _withdrawn(document, path)) is not None:
        issues.append(withdrawn)
        return
    contents = document.get("content")
    if not isinstance(contents, list) or not contents:
        issues.append(_issue("required", "content-missing", "content is missing", f"{path}.content", "error"))
        return
    if _reference(document.get("subject")) is None:
        issues.append(_issue("required", "subject-missing", "subject is missing", f"{path}.subject"))
    for index, content in enumerate(contents):
        place = f"{path}.content[{index}].attachment"
        attachment = _object(_object(content).get("attachment"))
        if not attachment:
            issues.append(_issue("required", "attachment-missing", "attachment is missing", place, "error"))
            continue
        decoded = decode(attachment, place, reading.max_bytes, reading.limits)
        issues.extend(decoded.issues)
        if decoded.text is not None:
            declared = _string(attachment.get("language")) or _string(document.get("language"))
            spoken = reading.listening.spoken(decoded.text, declared, place)
            issues.extend(spoken.issues)
            yield _note(posted, index, decoded.text, spoken, reading.spellings), place


def _withdrawn(document: Resource, path: str) -> Issue | None:
    for element in ("status", "docStatus"):
        if document.get(element) == "entered-in-error":
            message = f"{element} says the document was entered in error"
            return _issue("business-rule", "entered-in-error", message, f"{path}.{element}")
    return None


def _note(posted: _Posted, index: int, text: str, spoken: Spoken, spellings: Spellings) -> Note:
    document = posted.document
    path = f"DocumentReference.content[{index}].attachment"
    identifier = _identifier(document)
    named = f"DocumentReference/{document['id']}" if _string(document.get("id")) else ""
    business = f"{identifier.get('system', '')}|{identifier.get('value', '')}" if identifier else ""
    source = named or posted.full_url or business
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    note = Note(
        id=str(uuid.uuid5(NAMESPACE, "\n".join((named or business or source, path, digest)))),
        text=text,
        source=source,
        path=path,
        contents=len(document["content"]),
        identifier=identifier,
        subject=_reference(document.get("subject")),
        encounter=_encounter(document.get("context")),
        date=_date(document),
    )
    return _prepared(note, spoken, spellings)


def _prepared(note: Note, spoken: Spoken, spellings: Spellings) -> Note:
    """The note with its languages, sections and sentences."""
    note = replace(note, language=spoken.language, stretches=spoken.stretches, detector=spoken.detector)
    parts = [Part(start=one.start, end=one.end, rules=spellings.of(one.language)) for one in note.parts]
    sections = divide(note.text, parts)
    return replace(note, sections=sections, sentences=split(note.text, sections, parts))


def _identifier(document: Resource) -> Resource | None:
    identifiers = document.get("identifier")
    first = identifiers[0] if isinstance(identifiers, list) and identifiers else None
    return _object(document.get("masterIdentifier")) or _object(first) or None


def _encounter(context: object) -> Resource | None:
    """R4: context.encounter[0]; R5: the first reference of context that may be an Encounter."""
    if isinstance(context, dict):
        encounters = context.get("encounter")
        return _reference(encounters[0]) if isinstance(encounters, list) and encounters else None
    for reference in context if isinstance(context, list) else []:
        known = _reference(reference)
        if known and "Encounter" in (known.get("type"), *str(known.get("reference", "")).split("/")):
            return known
    return None


def _date(document: Resource) -> str | None:
    period = _object(document.get("period")) or _object(_object(document.get("context")).get("period"))
    return _string(document.get("date")) or _string(period.get("start"))


def _reference(value: object) -> Resource | None:
    known = _object(value)
    return known if known.get("reference") or known.get("identifier") else None


def _object(value: object) -> Resource:
    return value if isinstance(value, dict) else {}


def _string(value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _issue(code: str, reason: str, message: str, path: str, severity: Severity = "warning") -> Issue:
    return Issue(code=code, reason=reason, message=message, severity=severity, path=path)
