"""One document: where its versions stand, what happened, what was derived; the note when asked for."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from adapter.errors import EngineError, UnknownResource
from adapter.ledger import Transaction, deliveries, resources, standings, work
from adapter.ledger.deliveries import Delivery
from adapter.ledger.standings import Standing
from adapter.model import Resource
from adapter.workbench import cards
from adapter.workbench.documents.listing import KIND, part, words
from adapter.workbench.documents.seen import Told
from adapter.workbench.documents.timeline import issues, timeline
from adapter.workbench.page import Asked, render

ATTEMPTS: Final = 200  # of which the timeline tells
WRONG: Final = "entered-in-error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A resource of a Bundle."""

    number: int
    type: str
    title: str
    status: str
    json: str


def shown(asked: Asked) -> Told:
    """The page of a document."""
    id = identity(asked)
    with part(asked).database.reading() as tx:
        stored = resources.read(tx, KIND, id)
        listed = standings.versions(tx, id)
        attempts = deliveries.attempts(tx, id, ATTEMPTS)
        outcomes = standings.outcomes(tx, id)
        failed = {(one.version, one.target): one.outcome for one in _failed(tx, listed)}
    response = render(
        asked,
        "document.html",
        id=id,
        stored=stored,
        about=tuple(_about(stored.content)),
        listed=listed,
        failed=failed,
        timeline=timeline(listed, attempts, outcomes),
        issues=issues,
        words=words,
        pretty=_pretty,
        token=_token(listed),
        wrong=stored.content.get("status") == WRONG,
    )
    return Told(response=response, documents=(stored,))


def now(asked: Asked) -> Response:
    """Whether anything changed: what the page asks every few seconds."""
    with part(asked).database.reading() as tx:
        listed = standings.versions(tx, identity(asked))
    return JSONResponse({"token": _token(listed), "newer": 0})


def derived(asked: Asked) -> Told:
    """What was derived from a version: its Bundle in one FHIR version, as cards or as the file itself."""
    id, version, fhir = identity(asked), number(asked), asked.path["fhir"]
    with part(asked).database.reading() as tx:
        stored = resources.read(tx, KIND, id, version)
        done = work.read(tx, id, version)
    bundles = done.bundles or {}
    fhir = next(iter(bundles), "") if fhir == "bundle" else fhir
    if fhir not in bundles:
        raise UnknownResource("nothing was derived from this version")
    if asked.form.get("as") == "json":
        return Told(response=_file(bundles[fhir], f"{id}-{version}-{fhir}.json"), documents=(stored,))
    response = render(
        asked,
        "document-bundle.html",
        id=id,
        version=version,
        fhir=fhir,
        versions=tuple(bundles),
        cards=tuple(_cards(bundles[fhir])),
    )
    return Told(response=response, documents=(stored,))


def note(asked: Asked) -> Told:
    """The text of a version."""
    id, version, read = identity(asked), number(asked), part(asked).notes
    if read is None:
        raise EngineError("this process has no model, and reads no notes")
    with part(asked).database.reading() as tx:
        stored = resources.read(tx, KIND, id, version)
    notes, left = read(stored.content)
    response = render(asked, "document-note.html", id=id, version=version, notes=notes, left=left)
    return Told(response=response, documents=(stored,))


def identity(asked: Asked) -> str:
    """The id of the document the address names. Raises UnknownResource."""
    id = asked.path["id"]
    if "\0" in id or len(id) > 64:
        raise UnknownResource(f"there is no such {KIND}")
    return id


def number(asked: Asked) -> int:
    """The version the address names. Raises UnknownResource."""
    version = int(asked.path["version"])
    if not 0 < version < 2**31:
        raise UnknownResource("there is no such version of this document")
    return version


def _failed(tx: Transaction, listed: tuple[Standing, ...]) -> Iterator[Delivery]:
    """The deliveries of the versions of which any failed, with what was said."""
    for one in listed:
        if any(each.state in (deliveries.DEAD, deliveries.WAITING) for each in one.deliveries):
            yield from deliveries.of(tx, one.document, one.version)


def _token(listed: tuple[Standing, ...]) -> str:
    return hashlib.sha256(repr(listed).encode("utf-8", "replace")).hexdigest()[:32]


def _about(document: Resource) -> Iterator[tuple[str, str]]:
    """What a document says of itself, without a word of its note."""
    yield "Status", str(document.get("status", ""))
    yield "Type", _concept(document.get("type"))
    yield "Date", str(document.get("date") or "")
    subject = document.get("subject") or {}
    yield "Patient", str(subject.get("reference") or "") or _identifier(subject.get("identifier"))
    known = [document.get("masterIdentifier"), *(document.get("identifier") or [])]
    yield "Identifiers", ", ".join(filter(None, map(_identifier, known)))


def _concept(value: Any) -> str:
    concept: Resource = value or {}
    coding: Resource = next(iter(concept.get("coding") or []), {})
    return str(concept.get("text") or coding.get("display") or coding.get("code") or "")


def _identifier(value: Any) -> str:
    return "|".join(filter(None, (str((value or {}).get(name) or "") for name in ("system", "value"))))


def _cards(bundle: Resource) -> Iterator[Card]:
    for place, entry in enumerate(bundle.get("entry", ())):
        resource = entry["resource"]
        yield Card(
            number=place,
            type=resource["resourceType"],
            title=cards.title(resource),
            status=cards.status(resource),
            json=_pretty(resource),
        )


def _file(bundle: Resource, name: str) -> Response:
    return Response(
        _pretty(bundle),
        media_type="application/fhir+json",
        headers={"Content-Disposition": f'attachment; filename="{_plain(name)}"'},
    )


def _pretty(resource: Resource) -> str:
    return json.dumps(resource, ensure_ascii=False, indent=2)


def _plain(name: str) -> str:
    return "".join(sign if sign.isascii() and (sign.isalnum() or sign in ".-") else "_" for sign in name)
