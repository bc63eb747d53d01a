"""Resources of a document -> one transaction Bundle, checked before anybody sees it."""

from collections.abc import Sequence

from adapter.emission import run
from adapter.emission.elements import prune
from adapter.emission.run import Maker
from adapter.errors import EmissionError
from adapter.fhir import check, ids
from adapter.fhir.systems import Version
from adapter.model import Note, Resource


def bundle(
    notes: Note | Sequence[Note], resources: Sequence[Resource], made_by: Maker, fhir: Version = "r4"
) -> Resource:
    """The transaction that creates these resources where they are not yet, with their Device and Provenance.

    A document that says nothing still gives a Bundle, of the Device alone: a Provenance needs a target.
    Raises EmissionError, naming elements only, if what was built is not valid.
    """
    notes = [notes] if isinstance(notes, Note) else list(notes)
    written = (_entry(resource, *_identity(resource)) for resource in resources)
    clinical = {entry["fullUrl"]: entry for entry in written}  # a document posted twice at once is one
    entries = [*clinical.values(), _device(made_by, fhir)]
    if clinical:
        entries.append(_provenance(notes, list(clinical), made_by, fhir))
    whole: Resource = prune(
        {
            "resourceType": "Bundle",
            "id": ids.stable("bundle", fhir, *(note.id for note in notes)),
            "type": "transaction",
            "timestamp": made_by.recorded,
            "entry": entries,
        }
    )
    _checked(whole, notes, fhir)
    return whole


def _checked(whole: Resource, notes: Sequence[Note], fhir: Version) -> None:
    issues = check.bundle(whole, fhir, notes=notes)
    if issues:
        first = issues[0]
        more = f" (and {len(issues) - 1} more)" if len(issues) > 1 else ""
        raise EmissionError(f"{first.reason}: {first.message}{more}", path=first.path)


def _device(made_by: Maker, fhir: Version) -> Resource:
    resource = run.device(made_by, fhir)
    return _entry(resource, *_identity(resource))


def _provenance(notes: Sequence[Note], targets: Sequence[str], made_by: Maker, fhir: Version) -> Resource:
    """Provenance has no identifier element, so a tag tells a run that is already known."""
    resource = run.provenance(notes, targets, made_by, fhir)
    tag = resource["meta"]["tag"][0]
    return _entry(resource, tag["code"], f"_tag={tag['system']}|{tag['code']}")


def _identity(resource: Resource) -> tuple[str, str]:
    named = resource["identifier"][0]
    return named["value"], f"identifier={named['system']}|{named['value']}"


def _entry(resource: Resource, identity: str, known: str) -> Resource:
    return {
        "fullUrl": ids.full_url(identity),
        "resource": resource,
        "request": {"method": "POST", "url": resource["resourceType"], "ifNoneExist": known},
    }
