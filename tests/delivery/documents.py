"""Bundles as emission makes them, written by hand for the tests of delivery."""

from adapter.fhir import ids, systems

TEXTS = ("Zoster ophthalmicus", "Rubella", "Pertussis")
CONDITION = "http://terminology.hl7.org/CodeSystem/condition-clinical"


def coded(system, code):
    return {"coding": [{"system": system, "code": code}]}


def entry(resource, known):
    kind = resource["resourceType"]
    url = ids.full_url(ids.stable("test", known))
    return {
        "fullUrl": url,
        "resource": resource,
        "request": {"method": "POST", "url": kind, "ifNoneExist": known},
    }


def named(resource, system, name):
    value = ids.stable(name)
    made = {**resource, "identifier": [{"system": system, "value": value}]}
    return entry(made, f"identifier={system}|{value}")


def finding(resource, name, confidence=0.9):
    sure = {"url": systems.CONFIDENCE, "valueDecimal": confidence}
    return named({**resource, "extension": [sure]}, systems.FINDING_ID, name)


def condition(name, *, confidence=0.9, category="problem-list-item", verification="confirmed", **more):
    return finding(
        {
            "resourceType": "Condition",
            "clinicalStatus": coded(systems.CONDITION_CLINICAL, "active"),
            "verificationStatus": coded(systems.CONDITION_VERIFICATION, verification),
            **({"category": [coded(systems.CONDITION_CATEGORY, category)]} if category else {}),
            "code": {"text": name},
            "subject": {"reference": "Patient/1"},
            **more,
        },
        name,
        confidence,
    )


def others(fhir="r4"):
    """One of each of the other kinds."""
    patient = {"reference": "Patient/1"}
    medicine = {"medicationCodeableConcept": {"text": "Aspirin"}, "status": "active"}
    if fhir == "r5":
        medicine = {"medication": {"concept": {"text": "Aspirin"}}, "status": "recorded"}
    allergy = {
        "clinicalStatus": coded(systems.ALLERGY_CLINICAL, "active"),
        "verificationStatus": coded(systems.ALLERGY_VERIFICATION, "confirmed"),
        "code": {"text": "Penicillin"},
        "patient": patient,
    }
    family = {"status": "partial", "patient": patient, "relationship": coded(systems.ROLE, "MTH")}
    test = {"status": "final", "code": {"text": "Hb"}, "subject": patient, "valueString": "12"}
    done = {"status": "completed", "code": {"text": "Colonoscopy"}, "subject": patient}
    return [
        finding({"resourceType": "MedicationStatement", "subject": patient, **medicine}, "aspirin"),
        finding({"resourceType": "AllergyIntolerance", **allergy}, "penicillin"),
        finding({"resourceType": "FamilyMemberHistory", **family}, "mother"),
        finding({"resourceType": "Observation", **test}, "hb"),
        finding({"resourceType": "Procedure", **done}, "colonoscopy"),
    ]


def device():
    return named({"resourceType": "Device", "status": "active"}, systems.DEVICE_ID, "device")


def bundle(*entries, run="run-1", fhir="r4"):
    """A transaction of these entries with their Device and Provenance; three Conditions if none is given."""
    clinical = list(entries) or [condition(text) for text in TEXTS]
    made_by = device()
    provenance = {
        "resourceType": "Provenance",
        "meta": {"tag": [{"system": systems.RUN_ID, "code": run}]},
        "target": [{"reference": one["fullUrl"]} for one in clinical],
        "recorded": "2026-03-01T10:00:00Z",
        "agent": [{"who": {"reference": made_by["fullUrl"]}}],
        "entity": [{"role": "source", "what": {"reference": "DocumentReference/7"}}],
    }
    told = entry(provenance, f"_tag={systems.RUN_ID}|{run}")
    return {
        "resourceType": "Bundle",
        "id": ids.stable("bundle", run),
        "type": "transaction",
        "entry": [told, *clinical, made_by],  # the order must not matter
    }
