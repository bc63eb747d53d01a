import copy
import json

import pytest
from documents import bundle, coded, condition, others

from adapter.delivery import retraction
from adapter.fhir import check, systems

WHEN = "2026-03-02T10:00:00Z"


def wrong(whole, fhir):
    """What is wrong with a Bundle."""
    return check.bundle(whole, fhir)


def whole(fhir="r4"):
    made = bundle(condition("Rubella"), *others(fhir))
    return made


def by_kind(made):
    return {entry["resource"]["resourceType"]: entry for entry in made["entry"]}


@pytest.mark.parametrize("recorded", [WHEN, None])
@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_everything_is_marked_and_valid(fhir, recorded):
    delivered = whole(fhir)
    before = copy.deepcopy(delivered)
    back = retraction.retract(delivered, fhir, recorded=recorded)
    assert delivered == before
    assert wrong(back, fhir) == []
    found = by_kind(back)
    for kind in ("MedicationStatement", "FamilyMemberHistory", "Observation", "Procedure"):
        assert found[kind]["resource"]["status"] == "entered-in-error"
    for kind in ("Condition", "AllergyIntolerance"):
        assert found[kind]["resource"]["verificationStatus"]["coding"][0]["code"] == "entered-in-error"
    assert "clinicalStatus" not in found["AllergyIntolerance"]["resource"]
    clinical = found["Condition"]["resource"].get("clinicalStatus")
    assert clinical == (None if fhir == "r4" else coded(systems.CONDITION_CLINICAL, "unknown"))
    request = found["Condition"]["request"]
    assert request["method"] == "PUT" and request["url"].startswith("Condition?identifier=")
    assert found["Device"] == by_kind(delivered)["Device"]


def test_the_provenance_is_a_new_one():
    delivered = whole()
    old = by_kind(delivered)["Provenance"]
    new = by_kind(retraction.retract(delivered, recorded=WHEN))["Provenance"]
    assert new["request"]["method"] == "POST"
    assert new["request"]["ifNoneExist"] != old["request"]["ifNoneExist"]
    resource = new["resource"]
    assert resource["activity"]["coding"][0]["code"] == "NULLIFY"
    assert len(resource["target"]) == 6
    assert (resource["recorded"], resource["agent"]) == (WHEN, old["resource"]["agent"])


def test_the_same_bundle_gives_the_same_bytes():
    one, other = (json.dumps(retraction.retract(whole(), recorded=WHEN)) for _ in range(2))
    assert one == other


def test_nothing_to_take_back():
    assert retraction.retract({"resourceType": "Bundle", "entry": []}) is None
    back = retraction.retract(whole())
    assert retraction.retract(back) is None


@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_superseded_takes_back_keeps_changes_and_creates(fhir):
    old = bundle(condition("Rubella"), condition("Pertussis"), condition("Mumps"), *others(fhir))
    changed = condition("Mumps", recordedDate="2026-03-01")
    new = bundle(condition("Pertussis"), changed, condition("Scabies"), run="run-2")
    made = retraction.superseded(old, new, fhir, recorded=WHEN)
    assert wrong(made, fhir) == []
    told = {
        entry["resource"]["code"]["text"]: entry["request"]["method"]
        for entry in made["entry"]
        if entry["resource"]["resourceType"] == "Condition"
    }
    assert told == {"Pertussis": "POST", "Mumps": "PUT", "Scabies": "POST", "Rubella": "PUT"}
    kinds = [entry["resource"]["resourceType"] for entry in made["entry"]]
    assert (kinds.count("Provenance"), kinds.count("Device")) == (2, 1)


def test_the_same_version_changes_nothing():
    made = retraction.superseded(whole(), whole())
    assert made["entry"] == whole()["entry"]


def test_what_replaced_can_be_taken_back_too():
    old, new = bundle(condition("Rubella")), bundle(condition("Rubella", recordedDate="2026"), run="run-2")
    made = retraction.superseded(old, new)
    back = retraction.retract(made)
    assert [entry["request"]["method"] for entry in back["entry"]] == ["PUT", "POST", "POST"]


def test_reinstated_updates_what_was_marked():
    made = retraction.reinstated(whole())
    assert check.bundle(made, "r4") == []
    methods = {entry["resource"]["resourceType"]: entry["request"]["method"] for entry in made["entry"]}
    assert methods.pop("Device") == methods.pop("Provenance") == "POST"
    assert set(methods.values()) == {"PUT"}


def test_what_two_runs_made_is_told_of_each():
    one, other = bundle(condition("Rubella")), bundle(condition("Mumps"), run="run-2")
    entries = {entry["fullUrl"]: entry for entry in (*one["entry"], *other["entry"])}
    back = retraction.retract(one | {"entry": list(entries.values())})
    assert check.bundle(back, "r4") == []
    told = [entry["resource"] for entry in back["entry"] if entry["resource"]["resourceType"] == "Provenance"]
    assert [len(provenance["target"]) for provenance in told] == [1, 1]
    assert told[0]["target"] != told[1]["target"]
