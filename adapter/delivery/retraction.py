"""Taking back what was delivered: a transaction that marks it entered-in-error, and never deletes it.

The Bundle delivered earlier says what there is: each resource made from a document is updated where the
target has its identifier, and a new Provenance tells that it was. The Device stays as it is.
https://hl7.org/fhir/R4/http.html#cond-update
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from adapter.delivery import finding, linking
from adapter.fhir import ids, systems
from adapter.fhir.systems import Version
from adapter.model import Resource

OPERATION: Final = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
WRONG: Final = "entered-in-error"


def retract(delivered: Resource, fhir: Version = "r4", *, recorded: str | None = None) -> Resource | None:
    """The Bundle that takes back a Bundle delivered earlier; None when there is nothing to take back.

    `recorded` is the instant of the decision; without it the time is said to be unknown.
    """
    entries = [entry for entry in delivered.get("entry", []) if _clinical(entry)]
    if not entries:
        return None
    wrong = _nullified(entries, delivered, fhir, recorded)
    return _bundle("retraction", delivered, None, recorded, wrong)


def superseded(
    old: Resource, new: Resource, fhir: Version = "r4", *, recorded: str | None = None
) -> Resource:
    """The Bundle that puts a new version of a document in the place of the old one.

    Both are Bundles as the target gets them. What is no longer derived is taken back, what is derived as
    before stays untouched, what is derived anew is created, and what has the same identifier but says
    something else is updated.
    """
    before = {_identity(entry): entry for entry in old.get("entry", []) if _clinical(entry)}
    kept = [_updated(entry, before.get(_identity(entry))) for entry in new.get("entry", [])]
    present = {_identity(entry) for entry in kept}
    wrong = [entry for identity, entry in before.items() if identity not in present]
    if not wrong:
        return _bundle("superseded", old, new, recorded, kept)
    urls = {entry.get("fullUrl") for entry in kept}
    taken = [entry for entry in _nullified(wrong, old, fhir, recorded) if entry.get("fullUrl") not in urls]
    return _bundle("superseded", old, new, recorded, [*kept, *taken])


def reinstated(bundle: Resource) -> Resource:
    """The Bundle that delivers again what was taken back: what is marked as an error is updated.

    A plain delivery would leave the mark, since the identifiers are known.
    """
    entries = [_update(entry, entry["resource"]) if _clinical(entry) else entry for entry in bundle["entry"]]
    return bundle | {"id": ids.stable("reinstated", bundle.get("id")), "entry": entries}


def sure(entry: Resource) -> Resource:
    """The entry as an update where it holds what was read in a document, as an error or not."""
    resource = entry["resource"]
    named = (finding.condition(entry) or "").startswith("identifier=")
    return _update(entry, resource) if named and str(resource.get("resourceType")) in _WRONG else entry


def nullified(resource: Resource, fhir: Version = "r4") -> Resource:
    """The resource as a mistake: its status says so, everything else stays."""
    return _WRONG[str(resource["resourceType"])](resource, fhir)


def _nullified(
    entries: Sequence[Resource], delivered: Resource, fhir: Version, recorded: str | None
) -> list[Resource]:
    """The updates of these entries, the Devices that made them, and a Provenance for each run that did."""
    wrong = [_update(entry, nullified(entry["resource"], fhir)) for entry in entries]
    listed = delivered.get("entry", [])
    devices = [entry for entry in listed if entry["resource"]["resourceType"] == "Device"]
    runs = [entry["resource"] for entry in listed if entry["resource"]["resourceType"] == "Provenance"]
    urls = [str(entry["fullUrl"]) for entry in wrong]
    made = [(run, [url for url in urls if url in set(linking.pointed(run.get("target")))]) for run in runs]
    return [*wrong, *devices, *(_told(targets, run, fhir, recorded) for run, targets in made if targets)]


def _told(urls: Sequence[str], run: Resource, fhir: Version, recorded: str | None) -> Resource:
    """A Provenance of the retraction: of what one run made, by who made it, from the same documents."""
    tags = [tag.get("code") for tag in (run.get("meta") or {}).get("tag", [])]
    told = ids.stable("retraction", recorded, *tags, *sorted(urls))
    resource = {
        "resourceType": "Provenance",
        "meta": {"tag": [{"system": systems.RUN_ID, "code": told}]},
        "target": [{"reference": url} for url in urls],
        **_when(fhir, recorded),
        "activity": {"coding": [{"system": OPERATION, "code": "NULLIFY", "display": "nullify"}]},
        "agent": run["agent"],
        "entity": [one for one in run.get("entity", []) if one.get("role") == "source"],
    }
    profile = (run.get("meta") or {}).get("profile")
    if profile:
        resource["meta"] |= {"profile": profile}
    return {
        "fullUrl": ids.full_url(told),
        "resource": {key: value for key, value in resource.items() if value != []},
        "request": {"method": "POST", "url": "Provenance", "ifNoneExist": f"_tag={systems.RUN_ID}|{told}"},
    }


def _when(fhir: Version, recorded: str | None) -> Resource:
    """R4 wants a time or the word that it is unknown; R5 wants neither."""
    if recorded:
        return {"recorded": recorded}
    absent = {"extension": [{"url": systems.ABSENT, "valueCode": "unknown"}]}
    return {"_recorded": absent} if fhir == "r4" else {}


def _updated(entry: Resource, before: Resource | None) -> Resource:
    if before is None or before["resource"] == entry["resource"]:
        return entry
    return _update(entry, entry["resource"])


def _update(entry: Resource, resource: Resource) -> Resource:
    """A conditional update on what the entry was created by."""
    kind = resource["resourceType"]
    url = f"{kind}?{finding.condition(entry)}"
    return {"fullUrl": entry["fullUrl"], "resource": resource, "request": {"method": "PUT", "url": url}}


def _bundle(
    what: str, old: Resource, new: Resource | None, recorded: str | None, entries: Sequence[Resource]
) -> Resource:
    bundle: Resource = {
        "resourceType": "Bundle",
        "id": ids.stable(what, old.get("id"), (new or {}).get("id")),
        "type": "transaction",
        "entry": list(entries),
    }
    return bundle | ({"timestamp": recorded} if recorded else {})


def _clinical(entry: Resource) -> bool:
    """Whether an entry holds what was read in a document, by an identifier, and is not taken back already."""
    resource = entry["resource"]
    known = finding.condition(entry) or ""
    return (
        str(resource.get("resourceType")) in _WRONG
        and known.startswith("identifier=")
        and not finding.in_error(resource)
    )


def _identity(entry: Resource) -> str:
    return f"{entry['resource'].get('resourceType')}?{finding.condition(entry)}"


def _status(resource: Resource, fhir: Version) -> Resource:
    return resource | {"status": WRONG}


def _condition(resource: Resource, fhir: Version) -> Resource:
    """R4: con-5 wants no clinical status. R5 has no such rule and requires one: it is unknown then."""
    wrong = {key: value for key, value in resource.items() if key != "clinicalStatus"}
    wrong["verificationStatus"] = _coded(systems.CONDITION_VERIFICATION, WRONG)
    if fhir == "r5":
        wrong["clinicalStatus"] = _coded(systems.CONDITION_CLINICAL, "unknown")
    return wrong


def _allergy(resource: Resource, fhir: Version) -> Resource:
    """ait-2: no clinical status."""
    wrong = {key: value for key, value in resource.items() if key != "clinicalStatus"}
    return wrong | {"verificationStatus": _coded(systems.ALLERGY_VERIFICATION, WRONG)}


def _coded(system: str, code: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code}]}


_WRONG: Final[Mapping[str, Callable[[Resource, Version], Resource]]] = {
    "Condition": _condition,
    "AllergyIntolerance": _allergy,
    "MedicationStatement": _status,
    "Procedure": _status,
    "Observation": _status,
    "FamilyMemberHistory": _status,
}
