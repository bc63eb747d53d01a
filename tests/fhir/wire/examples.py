"""One valid resource of every type that is taken or given, by version."""

SNOMED = "http://snomed.info/sct"
DIV = (
    '<div xmlns="http://www.w3.org/1999/xhtml"><p class="a">No <b>cough</b> &amp; no fever.<br/>Sé.</p></div>'
)
PATIENT = {"reference": "Patient/p1"}
DERIVED = {
    "url": "http://hl7.org/fhir/StructureDefinition/derivation-reference",
    "extension": [
        {"url": "reference", "valueReference": {"reference": "DocumentReference/1"}},
        {"url": "offset", "valueInteger": 12},
        {"url": "length", "valueInteger": 5},
    ],
}


def coded(code: str, system: str = SNOMED) -> dict:
    return {"coding": [{"system": system, "code": code, "display": "Name of " + code}], "text": "as written"}


def _common() -> dict[str, dict]:
    return {
        "OperationOutcome": {
            "issue": [
                {
                    "severity": "error",
                    "code": "structure",
                    "diagnostics": "line one\nline two\tand < & > \" '",
                    "expression": ["DocumentReference.content[0].attachment"],
                }
            ]
        },
        "Condition": {
            "id": "c1",
            "meta": {
                "versionId": "3",
                "lastUpdated": "2026-03-01T10:00:00.123+01:00",
                "profile": ["http://x.example/p"],
            },
            "text": {"status": "generated", "div": DIV},
            "extension": [DERIVED],
            "clinicalStatus": coded("active", "http://terminology.hl7.org/CodeSystem/condition-clinical"),
            "code": coded("73211009"),
            "subject": PATIENT,
            "onsetAge": {"value": 41, "unit": "a", "system": "http://unitsofmeasure.org", "code": "a"},
            "_recordedDate": {"extension": [{"url": "http://x.example/why", "valueCode": "unknown"}]},
        },
        "Procedure": {"status": "completed", "code": coded("80146002"), "subject": PATIENT},
        "Observation": {
            "status": "final",
            "code": coded("8480-6", "http://loinc.org"),
            "subject": PATIENT,
            "effectiveDateTime": "2026-03",
            "valueQuantity": {"value": 7.25, "comparator": "<", "unit": "mmol/l"},
            "component": [
                {"code": coded("1"), "valueBoolean": False},
                {"code": coded("2"), "valueInteger": -3},
                {"code": coded("3"), "valueString": " spaced "},
            ],
        },
        "AllergyIntolerance": {
            "code": coded("91936005"),
            "patient": PATIENT,
            "category": ["food", "medication"],
            "_category": [None, {"id": "second"}],
            "reaction": [{"manifestation": [], "severity": "mild"}],
        },
        "FamilyMemberHistory": {
            "status": "partial",
            "patient": PATIENT,
            "relationship": coded("MTH"),
            "condition": [{"code": coded("73211009"), "contributedToDeath": True}],
        },
        "Subscription": {"status": "requested", "reason": "findings of notes"},
        "Parameters": {
            "parameter": [
                {"name": "resource", "resource": {"resourceType": "Patient", "birthDate": "1950-01"}},
                {"name": "part", "part": [{"name": "decimal", "valueDecimal": 0.1}]},
                {"name": "when", "valueInstant": "2026-03-01T10:00:00Z"},
            ]
        },
        "ConceptMap": {"status": "active", "group": [{"element": [{"code": "a"}]}]},
        "ValueSet": {
            "status": "active",
            "compose": {"include": [{"system": SNOMED, "concept": [{"code": "73211009"}]}]},
            "expansion": {
                "timestamp": "2026-03-01T10:00:00Z",
                "contains": [{"code": "1", "abstract": False}],
            },
        },
    }


def _r4() -> dict[str, dict]:
    common = _common()
    common["AllergyIntolerance"]["reaction"][0]["manifestation"] = [coded("247472004")]
    common["Subscription"] |= {
        "criteria": "http://x.example/topic",
        "_criteria": {"extension": [{"url": "http://x.example/filter", "valueString": "Condition?code=a"}]},
        "channel": {
            "type": "rest-hook",
            "endpoint": "https://x.example/hook",
            "payload": "application/fhir+json",
            "_payload": {"extension": [{"url": "http://x.example/content", "valueCode": "id-only"}]},
            "header": ["X-A: b", "X-C: d"],
        },
    }
    common["Subscription"]["reason"] = "findings of notes"
    common["ConceptMap"]["group"][0] |= {"source": SNOMED, "target": "http://hl7.org/fhir/sid/icd-10"}
    common["ConceptMap"]["group"][0]["element"][0]["target"] = [{"code": "b", "equivalence": "wider"}]
    return common | {
        "DocumentReference": {
            "contained": [{"resourceType": "Practitioner", "id": "a", "name": [{"given": ["A", "B"]}]}],
            "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.3"},
            "status": "current",
            "subject": PATIENT,
            "date": "2026-03-01T10:00:00Z",
            "author": [{"reference": "#a"}],
            "content": [
                {
                    "attachment": {"contentType": "text/plain", "data": "Tm8gY291Z2gu", "size": 9},
                    "format": {"system": "urn:x", "code": "y"},
                }
            ],
            "context": {"encounter": [{"reference": "Encounter/1"}]},
        },
        "MedicationStatement": {
            "status": "active",
            "medicationCodeableConcept": coded("387458008"),
            "subject": PATIENT,
            "dosage": [
                {
                    "text": "5 mg bd",
                    "timing": {"repeat": {"frequency": 2, "period": 1, "periodUnit": "d", "when": ["MORN"]}},
                    "doseAndRate": [{"doseQuantity": {"value": 5, "unit": "mg"}}],
                }
            ],
        },
        "Provenance": {
            "target": [{"reference": "Condition/1"}],
            "recorded": "2026-03-01T10:00:00Z",
            "agent": [{"who": {"reference": "Device/1"}}],
            "entity": [{"role": "source", "what": {"reference": "DocumentReference/1"}}],
        },
        "Device": {
            "identifier": [{"system": "urn:x", "value": "1"}],
            "deviceName": [{"name": "Notewright", "type": "model-name"}],
            "version": [{"value": "0.1.0"}],
        },
        "AuditEvent": {
            "type": {"system": "http://dicom.nema.org/resources/ontology/DCM", "code": "110112"},
            "action": "R",
            "recorded": "2026-03-01T10:00:00Z",
            "outcome": "0",
            "agent": [{"requestor": True, "network": {"address": "127.0.0.1", "type": "2"}}],
            "source": {"observer": {"reference": "Device/1"}},
        },
        "CapabilityStatement": {
            "status": "active",
            "date": "2026-03-01",
            "kind": "instance",
            "fhirVersion": "4.0.1",
            "format": ["json", "xml"],
            "rest": [
                {
                    "mode": "server",
                    "resource": [
                        {"type": "Patient", "interaction": [{"code": "read"}], "conditionalCreate": True}
                    ],
                }
            ],
        },
    }


def _r5() -> dict[str, dict]:
    common = _common()
    common["Condition"] |= {"participant": [{"actor": {"reference": "Device/1"}}]}
    common["AllergyIntolerance"]["reaction"][0]["manifestation"] = [{"concept": coded("247472004")}]
    common["Subscription"] |= {
        "topic": "http://x.example/topic",
        "channelType": {"code": "rest-hook"},
        "parameter": [{"name": "X-A", "value": "b"}],
        "heartbeatPeriod": 60,
    }
    return common | {
        "DocumentReference": {
            "status": "current",
            "subject": PATIENT,
            "version": "2",
            "content": [
                {
                    "attachment": {"contentType": "text/plain", "data": "Tm8gY291Z2gu", "size": "9"},
                    "profile": [{"valueUri": "urn:x"}],
                }
            ],
        },
        "MedicationStatement": {
            "status": "recorded",
            "medication": {"concept": coded("387458008")},
            "subject": PATIENT,
        },
        "SubscriptionStatus": {
            "type": "event-notification",
            "notificationEvent": [{"eventNumber": "7", "timestamp": "2026-03-01T10:00:00Z"}],
            "subscription": {"reference": "Subscription/1"},
        },
    }


def examples(version: str) -> list[dict]:
    """Every type of a version, and a Bundle of them all."""
    found = [{"resourceType": name, **value} for name, value in (_r4() if version == "r4" else _r5()).items()]
    entries = [
        {
            "fullUrl": f"urn:uuid:00000000-0000-0000-0000-{number:012}",
            "resource": one,
            "request": {"method": "POST", "url": one["resourceType"], "ifNoneExist": "identifier=a|b"},
        }
        for number, one in enumerate(found)
    ]
    return [*found, {"resourceType": "Bundle", "type": "transaction", "entry": entries}]
