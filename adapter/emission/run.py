"""Who made the resources: the Device and the Provenance of one run.

After the HL7 guide "AI Transparency on FHIR": AIDevice and AIProvenance. R5 has neither Provenance.reason nor
the entity role "derivation"; the reason is then said by the security label and the role is "instantiates".
"""

from collections.abc import Sequence
from dataclasses import dataclass

from adapter.emission import elements
from adapter.fhir import ids, systems
from adapter.fhir.systems import Version
from adapter.model import ModelInfo, Note, Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class Maker:
    """What made the resources, and when.

    `recorded` is the instant the run was accepted, from the caller's clock or ledger. Without it Provenance
    says that the time is unknown, not a time that is not true: the same note then gives the same bytes.
    """

    model: ModelInfo
    version: str  # of Notewright
    mappings: str  # SHA-256 of the mapping files, hex
    terminology: str | None = None  # SHA-256 of the terminology store, hex
    recorded: str | None = None  # FHIR instant
    organization: Resource | None = None  # on whose behalf; US Core wants it


def device_id(maker: Maker) -> str:
    """The UUID of this model in this version of the software."""
    model = maker.model
    return ids.stable("device", model.name, model.version, model.digest, model.quantization, maker.version)


def device(maker: Maker, fhir: Version) -> Resource:
    """The AI Device: model, version, digest of its file, quantization. https://hl7.org/fhir/R4/device.html"""
    model = maker.model
    kind = {"coding": [_ai("Artificial-Intelligence")]}
    versions = {"model": model.version, "software": maker.version}
    return {
        "resourceType": "Device",
        "extension": [_kind("AI-for-Medical-Text-Data"), _kind("Deep-Learning-Models")],
        "identifier": [
            ids.identifier(systems.DEVICE_ID, device_id(maker)),
            ids.identifier(systems.MODEL_DIGEST, model.digest) if model.digest else None,
        ],
        "status": "active",
        **(_named_r4(model) if fhir == "r4" else _named_r5(model)),
        "type": kind if fhir == "r4" else [kind],
        "version": [{"type": {"text": what}, "value": value} for what, value in versions.items() if value],
        "property": [_quantization(model, fhir)] if model.quantization else None,
    }


def provenance(notes: Sequence[Note], targets: Sequence[str], maker: Maker, fhir: Version) -> Resource:
    """That the Device made the targets from the notes. https://hl7.org/fhir/R4/provenance.html"""
    read = (note.id for note in notes)
    asked = [maker.model.details["task-digest"]] if "task-digest" in maker.model.details else []
    heard = [f"{note.id} {part.language}" for note in notes if note.detector for part in note.parts]
    run = ids.stable("run", device_id(maker), maker.mappings, maker.terminology, *asked, *read, *heard)
    return {
        "resourceType": "Provenance",
        "meta": {
            "security": [dict(systems.AIAST)],
            "tag": [{"system": systems.RUN_ID, "code": run}],
        },
        "target": [{"reference": target} for target in targets],
        "recorded": maker.recorded,
        "_recorded": None if maker.recorded or fhir == "r5" else _unknown(),
        "reason": [{"coding": [dict(systems.AIAST)]}] if fhir == "r4" else None,
        "activity": elements.coded(
            systems.LIFECYCLE, "transform", "Transform/Translate Record Lifecycle Event"
        ),
        "agent": [_agent(maker)],
        "entity": _entities(notes, maker, fhir),
    }


def _agent(maker: Maker) -> Resource:
    return {
        "type": elements.coded(systems.PARTICIPANT, "author", "Author"),
        "role": [{"coding": [_ai("Artificial-Intelligence")]}],
        "who": {"reference": ids.full_url(device_id(maker))},
        "onBehalfOf": maker.organization,
    }


def _entities(notes: Sequence[Note], maker: Maker, fhir: Version) -> list[Resource]:
    """The documents read, their languages where found, and what was applied to them, by digest."""
    sources = {repr(source): source for source in map(elements.document, notes)}
    told = maker.model.details
    heard = [(note.detector, part.language) for note in notes if note.detector for part in note.parts]
    applied = (
        (systems.MAPPINGS_DIGEST, maker.mappings, "Notewright mapping rules"),
        (systems.TERMINOLOGY_DIGEST, maker.terminology, "Notewright terminology store"),
        (systems.TASK_DIGEST, told.get("task-digest"), f"Task {told.get('task', '')}, as it was asked"),
        *(
            (systems.LANGUAGES, tag, f"Language of the text, told by {by}")
            for by, tag in dict.fromkeys(heard)
        ),
    )
    role = "derivation" if fhir == "r4" else "instantiates"
    return [{"role": "source", "what": source} for source in sources.values()] + [
        {"role": role, "what": {"identifier": ids.identifier(system, digest), "display": display}}
        for system, digest, display in applied
        if digest
    ]


def _named_r4(model: ModelInfo) -> Resource:
    return {"deviceName": [{"name": model.name, "type": "model-name"}], "modelNumber": model.version}


def _named_r5(model: ModelInfo) -> Resource:
    return {"name": [{"value": model.name, "type": "user-friendly-name"}], "modelNumber": model.version}


def _quantization(model: ModelInfo, fhir: Version) -> Resource:
    value = {"text": model.quantization}
    named = {"type": {"text": "quantization"}}
    return named | ({"valueCode": [value]} if fhir == "r4" else {"valueCodeableConcept": value})


def _kind(code: str) -> Resource:
    return {"url": systems.AI_KIND, "valueCodeableConcept": {"coding": [_ai(code)]}}


def _ai(code: str) -> Resource:
    return {"system": systems.AI_DEVICE, "code": code}


def _unknown() -> Resource:
    return {"extension": [{"url": systems.ABSENT, "valueCode": "unknown"}]}
