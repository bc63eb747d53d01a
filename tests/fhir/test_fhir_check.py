"""Each rule of the check: a Bundle that keeps it passes, one change breaks exactly that rule."""

import copy

import pytest

from adapter.fhir import check, systems
from adapter.model import Note

A = "urn:uuid:7ba83863-4f23-5a78-be10-89775b63306c"
B = "urn:uuid:d0b6c4ce-2570-5e33-afcc-7f0343b88cdb"
NOTE = Note(id="n", text="Pneumonia.", path="DocumentReference.content[0].attachment")


def concept(system, code):
    return {"coding": [{"system": system, "code": code}]}


def condition(**given):
    return {
        "resourceType": "Condition",
        "clinicalStatus": concept(systems.CONDITION_CLINICAL, "active"),
        "verificationStatus": concept(systems.CONDITION_VERIFICATION, "confirmed"),
        "code": {"text": "Pneumonia"},
        "subject": {"reference": "Patient/1"},
        **given,
    }


def allergy(**given):
    return {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": concept(systems.ALLERGY_CLINICAL, "active"),
        "verificationStatus": concept(systems.ALLERGY_VERIFICATION, "confirmed"),
        "patient": {"reference": "Patient/1"},
        **given,
    }


def observation(**given):
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": concept(systems.LOINC, "718-7"),
        "subject": {"reference": "Patient/1"},
        **given,
    }


def medication(**given):
    return {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationCodeableConcept": {"text": "aspirin"},
        "subject": {"reference": "Patient/1"},
        **given,
    }


def bundle(*resources):
    return {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {
                "fullUrl": url,
                "resource": copy.deepcopy(resource),
                "request": {
                    "method": "POST",
                    "url": resource["resourceType"],
                    "ifNoneExist": f"identifier=https://example.org|{url}",
                },
            }
            for url, resource in zip((A, B), resources, strict=False)
        ],
    }


def without(resource, *names):
    return {name: value for name, value in resource.items() if name not in names}


def rules(*resources, version="r4", **options):
    return [(issue.reason, issue.path) for issue in check.bundle(bundle(*resources), version, **options)]


def place(path):
    return f"Bundle.entry[0].resource{path}"


@pytest.mark.parametrize("resource", [condition(), allergy(), observation(), medication()])
def test_what_is_right_passes(resource):
    assert rules(resource) == []


@pytest.mark.parametrize("version", ["r4", "r5"])
def test_both_versions(version):
    assert rules(condition(), version=version) == []


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        (condition(foo="secret"), ".foo"),
        (without(condition(), "subject"), ""),
        (condition(recordedDate="2026-13-01"), ".recordedDate"),
        (medication(medicationReference={"reference": "Medication/1"}), ""),
    ],
)
def test_structure_is_told_without_values(resource, path):
    (issue, *_) = check.bundle(bundle(resource), "r4")
    assert issue.code in ("structure", "required", "value", "invariant")
    assert issue.path.startswith(place(path))
    assert "secret" not in issue.message


@pytest.mark.parametrize(
    ("resource", "path"),
    [
        (medication(status="banana"), ".status"),
        (observation(status="banana"), ".status"),
        (condition(clinicalStatus=concept(systems.CONDITION_CLINICAL, "sick")), ".clinicalStatus"),
        (condition(clinicalStatus=concept("http://x", "active")), ".clinicalStatus"),
        (
            condition(verificationStatus=concept(systems.CONDITION_VERIFICATION, "sure")),
            ".verificationStatus",
        ),
        (condition(verificationStatus={"text": "confirmed"}), ".verificationStatus"),
        (allergy(clinicalStatus=concept(systems.ALLERGY_CLINICAL, "remission")), ".clinicalStatus"),
        (allergy(category=["medicine"]), ".category[0]"),
        (observation(valueQuantity={"value": 1, "comparator": "!"}), ".valueQuantity.comparator"),
    ],
)
def test_required_bindings(resource, path):
    assert rules(resource) == [("required-binding", place(path))]


def test_unknown_is_a_clinical_status_of_r5_only():
    unknown = condition(clinicalStatus=concept(systems.CONDITION_CLINICAL, "unknown"))
    assert rules(unknown, version="r5") == []
    assert rules(unknown) == [("required-binding", place(".clinicalStatus"))]


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        (condition(subject={"reference": "Medication/1"}), {"reference-target", "not-a-patient"}),
        (
            condition(subject={"reference": "https://x.org/fhir/Device/1"}),
            {"reference-target", "not-a-patient"},
        ),
        (condition(subject={"reference": "Group/1"}), {"not-a-patient"}),
        (
            condition(subject={"type": "Device", "identifier": {"value": "1"}}),
            {"reference-target", "not-a-patient"},
        ),
        (condition(encounter={"reference": "Patient/1"}), {"reference-target"}),
        (medication(context={"reference": "Patient/1"}), {"reference-target"}),
        (condition(encounter={"reference": "Encounter/1"}), set()),
        (condition(subject={"identifier": {"value": "1"}}), set()),
    ],
)
def test_reference_targets(resource, expected):
    assert {rule for rule, _ in rules(resource)} == expected


def test_references_inside_the_bundle_resolve():
    pointing = observation(hasMember=[{"reference": A}])
    assert rules(observation(), pointing) == []
    assert rules(pointing | {"hasMember": [{"reference": B}]}) == [
        ("reference-unresolved", place(".hasMember[0].reference"))
    ]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda whole: whole["entry"][1].update(fullUrl=A), "bdl-7"),
        (lambda whole: whole["entry"][0].update(fullUrl="urn:uuid:1"), "full-url"),
        (lambda whole: whole["entry"][0].pop("fullUrl"), "full-url"),
        (lambda whole: whole["entry"][0]["request"].update(url="Observation"), "request-url"),
        (lambda whole: whole["entry"][0]["request"].pop("ifNoneExist"), "if-none-exist"),
    ],
)
def test_addresses_and_requests(change, rule):
    whole = bundle(condition(), allergy())
    assert check.bundle(whole, "r4") == []
    change(whole)
    assert rule in {issue.reason for issue in check.bundle(whole, "r4")}


@pytest.mark.parametrize("version", ["r4", "r5"])
@pytest.mark.parametrize(("name", "fits"), [("x" * 64, True), ("x" * 65, False), ("a_b", False), ("", False)])
def test_ids_have_at_most_64_plain_characters(name, fits, version):
    found = rules(condition(id=name), version=version)
    assert (found == []) is fits
    assert all(path == place(".id") for _, path in found)


PROBLEM = [concept(systems.CONDITION_CATEGORY, "problem-list-item")]
WRONG = concept(systems.CONDITION_VERIFICATION, "entered-in-error")
RESOLVED = concept(systems.CONDITION_CLINICAL, "resolved")


@pytest.mark.parametrize(
    ("resource", "key"),
    [
        (without(condition(category=PROBLEM), "clinicalStatus"), "con-3"),
        (condition(category=PROBLEM), None),
        (without(condition(), "clinicalStatus"), None),
        (condition(abatementString="last year"), "con-4"),
        (condition(abatementString="last year", clinicalStatus=RESOLVED), None),
        (condition(verificationStatus=WRONG), "con-5"),
        (without(condition(verificationStatus=WRONG, category=PROBLEM), "clinicalStatus"), None),
        (without(allergy(), "clinicalStatus"), "ait-1"),
        (allergy(verificationStatus=concept(systems.ALLERGY_VERIFICATION, "entered-in-error")), "ait-2"),
        (observation(valueString="x", dataAbsentReason={"text": "y"}), "obs-6"),
        (observation(valueString="x", component=[{"code": concept(systems.LOINC, "718-7")}]), "obs-7"),
        (observation(valueString="x", component=[{"code": concept(systems.LOINC, "1-8")}]), None),
        (medication(dosage=[{"timing": {"repeat": {"frequency": 1, "period": 1}}}]), "tim-2"),
        (
            medication(dosage=[{"timing": {"repeat": {"frequency": 1, "periodMax": 2, "periodUnit": "d"}}}]),
            "tim-6",
        ),
        (medication(dosage=[{"timing": {"repeat": {"frequency": 1, "offset": 5}}}]), "tim-9"),
        (observation(valueQuantity={"value": 1, "unit": "mg", "code": "mg"}), "qty-3"),
        (observation(valueQuantity={"value": 1, "code": "mg"}), "qty-3"),
    ],
)
def test_invariants(resource, key):
    assert [rule for rule, _ in rules(resource)] == ([key] if key else [])


def derived(**parts):
    values = {"offset": "valueInteger", "length": "valueInteger", "path": "valueString"}
    listed = [{"url": name, values[name]: value} for name, value in parts.items()]
    return condition(extension=[{"url": systems.DERIVATION, "extension": listed}])


@pytest.mark.parametrize(
    ("parts", "key"),
    [
        ({"offset": 0, "length": 10}, None),
        ({"offset": 9, "length": 1}, None),
        ({"offset": 9, "length": 2}, "offset-outside-text"),
        ({"offset": -1, "length": 2}, "offset-outside-text"),
        ({"offset": 0, "length": 1, "path": NOTE.path}, None),
        (
            {"offset": 0, "length": 1, "path": "DocumentReference.content[1].attachment"},
            "offset-outside-text",
        ),
        ({"length": 3}, "der-1"),
    ],
)
def test_derivations(parts, key):
    assert [rule for rule, _ in rules(derived(**parts), notes=[NOTE])] == ([key] if key else [])


def test_without_notes_the_reach_of_a_derivation_is_not_known():
    assert rules(derived(offset=5000, length=10)) == []


def test_times_need_a_zone():
    assert rules(condition(recordedDate="2026-01-01T10:00:00Z")) == []
    assert rules(condition(recordedDate="2026-01-01T10:00:00")) != []


def test_profiles_only_when_asked():
    done = {
        "resourceType": "Procedure",
        "status": "completed",
        "code": {"text": "appendectomy"},
        "subject": {"reference": "Patient/1"},
    }
    assert rules(done) == []
    assert [rule for rule, _ in rules(done, profiles=["us-core"])] == ["us-core-7"]
    assert rules(done | {"performedDateTime": "2020"}, profiles=["us-core"]) == []
    assert [rule for rule, _ in rules(condition(), profiles=["us-core"])] == ["us-core-category"]
