"""A stored DocumentReference in the FHIR version a caller asked for.

What the other version has no place for is left out, and the tag SUBSETTED says so. Documents are stored as
they came. https://hl7.org/fhir/R5/documentreference.html (its R4 differences)
"""

from typing import Any, Final

from adapter.fhir.systems import Version
from adapter.model import Resource

SUBSETTED: Final = {
    "system": "http://terminology.hl7.org/CodeSystem/v3-ObservationValue",
    "code": "SUBSETTED",
}
_RELATION: Final = "http://hl7.org/fhir/document-relationship-type"
_MODE: Final = "http://hl7.org/fhir/composition-attestation-mode"
_STATES: Final = ("preliminary", "final", "amended", "entered-in-error")  # docStatus of R4
_RELATIONS: Final = ("replaces", "transforms", "signs", "appends")  # relatesTo.code of R4
_MOVED: Final = ("period", "facilityType", "practiceSetting")  # context.x in R4, x in R5
_R5_ONLY: Final = ("version", "_version", "modality", "bodySite", "basedOn", "attester", "event", *_MOVED)
_FRAMES: Final = ("height", "width", "frames", "duration", "pages")  # of an attachment, R5


def translated(document: Resource, version: Version) -> Resource:
    """The document as that version has it; itself when nothing in it differs."""
    made = _to_r4(document) if version == "r4" else _to_r5(document)
    if "lost" not in made:
        return made
    del made["lost"]
    meta = made.get("meta") or {}
    tags = [one for one in meta.get("tag", []) if one.get("code") != "SUBSETTED"]
    return made | {"meta": meta | {"tag": [*tags, SUBSETTED]}}


def _to_r5(old: Resource) -> Resource:
    new = {key: value for key, value in old.items() if key not in ("masterIdentifier", "authenticator")}
    if "masterIdentifier" in old:
        others = [one for one in old.get("identifier", []) if one != old["masterIdentifier"]]
        new["identifier"] = [old["masterIdentifier"], *others]
    if "authenticator" in old:
        mode = {"coding": [{"system": _MODE, "code": "official"}]}
        new["attester"] = [{"mode": mode, "party": old["authenticator"]}]
    if "relatesTo" in old:
        new["relatesTo"] = [_related_r5(one) for one in old["relatesTo"]]
    if isinstance(old.get("context"), dict):
        new = _context_r5(new, old["context"])
    return new | {"content": [_content_r5(one) for one in old.get("content", [])]}


def _context_r5(new: Resource, context: Resource) -> Resource:
    new = {key: value for key, value in new.items() if key != "context"}
    if "encounter" in context:
        new["context"] = context["encounter"]
    if "event" in context:
        new["event"] = [{"concept": one} for one in context["event"]]
    new |= {name: context[name] for name in _MOVED if name in context}
    lost = "sourcePatientInfo" in context or "related" in context
    return new | ({"lost": True} if lost else {})


def _related_r5(one: Resource) -> Resource:
    code = one.get("code")
    return one | {"code": {"coding": [{"system": _RELATION, "code": code}]}} if isinstance(code, str) else one


def _content_r5(one: Resource) -> Resource:
    new = {key: value for key, value in one.items() if key != "format"}
    if "format" in one:
        new["profile"] = [{"valueCoding": one["format"]}]
    size = (one.get("attachment") or {}).get("size")
    if size is not None:
        new["attachment"] = one["attachment"] | {"size": str(size)}
    return new


def _to_r4(old: Resource) -> Resource:
    gone = set(_R5_ONLY) if isinstance(old.get("context", []), list) else set()
    new = {key: value for key, value in old.items() if key not in gone and key != "context"}
    lost = any(name in old for name in gone if name not in (*_MOVED, "event"))
    if isinstance(old.get("context"), dict):
        new["context"] = old["context"]
    else:
        context, partly = _context_r4(old)
        new |= {"context": context} if context else {}
        lost = lost or partly
    if old.get("docStatus", _STATES[0]) not in _STATES:
        del new["docStatus"]
        lost = True
    if "relatesTo" in old:
        related = [_related_r4(one) for one in old["relatesTo"]]
        new["relatesTo"] = [one for one in related if one]
        lost = lost or len(new["relatesTo"]) < len(related)
        if not new["relatesTo"]:
            del new["relatesTo"]
    contents = [_content_r4(one) for one in old.get("content", [])]
    lost = lost or any(partly for _, partly in contents)
    return new | {"content": [one for one, _ in contents]} | ({"lost": True} if lost else {})


def _context_r4(old: Resource) -> tuple[Resource, bool]:
    """What R4 keeps in `context`, and whether some of it was left out."""
    made = {name: old[name] for name in _MOVED if name in old}
    seen = [one for one in old.get("context", []) if _is_encounter(one)]
    concepts = [one["concept"] for one in old.get("event", []) if "concept" in one]
    made |= ({"encounter": seen} if seen else {}) | ({"event": concepts} if concepts else {})
    return made, len(seen) < len(old.get("context", [])) or len(concepts) < len(old.get("event", []))


def _is_encounter(reference: Resource) -> bool:
    named = reference.get("type") or str(reference.get("reference", "Encounter/")).rpartition("/")[0]
    return named.rpartition("/")[2] in ("Encounter", "EpisodeOfCare")


def _related_r4(one: Resource) -> Resource | None:
    code = one.get("code")
    coded = [{"code": code}] if isinstance(code, str) else (code or {}).get("coding", [])
    codes = [each.get("code") for each in coded]
    known = [each for each in codes if each in _RELATIONS]
    return one | {"code": known[0]} if known else None


def _content_r4(one: Resource) -> tuple[Resource, bool]:
    new: dict[str, Any] = {key: value for key, value in one.items() if key != "profile"}
    profiles = one.get("profile") or []
    codings = [each["valueCoding"] for each in profiles if "valueCoding" in each]
    new |= {"format": codings[0]} if codings else {}
    attachment = {key: value for key, value in (one.get("attachment") or {}).items() if key not in _FRAMES}
    if str(attachment.get("size", "")).isdecimal():
        attachment["size"] = int(attachment["size"])
    lost = len(profiles) > len(codings[:1]) or len(attachment) < len(one.get("attachment") or {})
    return new | {"attachment": attachment}, lost
