"""Bundles delivered to Medplum's server core: as it is, and with its strict and limited transactions."""

import json
from collections import Counter

import pytest

from adapter.delivery import Target, opened, retraction
from tests.interop import programs

CLINICAL = (
    "AllergyIntolerance",
    "Condition",
    "FamilyMemberHistory",
    "MedicationStatement",
    "Observation",
    "Procedure",
)
OURS = (*CLINICAL, "Device", "Provenance")
WAYS = [("auto",), ("no",), ("auto", "--strict"), ("no", "--strict")]
SNOMED = "http://snomed.info/sct"


@pytest.fixture(scope="module", params=WAYS, ids=" ".join)
def delivered(request, medplum_packages, bundles):
    """The base URL of a server that got every Bundle twice, the target, and the receipts."""
    mode, *options = request.param
    with programs.medplum(medplum_packages, *options) as base:
        programs.ask("PUT", f"{base}/Patient/example", json={"resourceType": "Patient", "id": "example"})
        with opened(Target(name="peer", url=base, conditional=mode), {}) as target:
            adapted = [target.adapted(bundle).kept[0] for bundle in bundles]
            receipts = [(target.sink.send(one), target.sink.send(one)) for one in adapted]
            yield base, target, adapted, receipts


def test_twice_delivered_is_there_once(delivered):
    base, _, adapted, receipts = delivered
    sent = Counter(entry["resource"]["resourceType"] for bundle in adapted for entry in bundle["entry"])
    there = Counter(one["resourceType"] for one in programs.everything(base, *OURS))
    assert there == {**sent, "Device": 1}
    for first, second in receipts:
        assert (first.status, second.status) == ("sent", "unchanged")
        assert [one.reference for one in first.entries] == [one.reference for one in second.entries]
        assert {one.result for one in second.entries} == {"existing"}


def test_every_reference_among_them_is_resolved(delivered):
    base, *_ = delivered
    there = programs.everything(base, *OURS)
    known = {f"{one['resourceType']}/{one['id']}" for one in there}
    named = {name for one in there for name in _references(one)}
    assert not [name for name in named if name.startswith("urn:")]
    assert {name for name in named if name.split("/")[0] in OURS} == {
        name for name in known if name.split("/")[0] != "Provenance"
    }


def test_what_was_sent_is_what_is_there(delivered):
    base, _, adapted, _ = delivered
    there = {one["identifier"][0]["value"]: one for one in programs.everything(base, *CLINICAL)}
    sent = [entry["resource"] for bundle in adapted for entry in bundle["entry"]]
    for one in (one for one in sent if one["resourceType"] in CLINICAL):
        stored = there[one["identifier"][0]["value"]]
        assert {**stored, "meta": None, "id": None} == {**one, "meta": None, "id": None}


def test_found_by_patient_by_code_and_by_who_made_it(delivered):
    base, *_ = delivered
    by_patient = _search(base, "Condition", patient="Patient/example")
    assert len(by_patient) == len(programs.everything(base, "Condition"))
    asthma = _search(base, "Condition", patient="Patient/example", code=f"{SNOMED}|195967001")
    assert [one["code"]["text"] for one in asthma] == ["asthma"]
    allergies = _search(base, "AllergyIntolerance", patient="Patient/example", code=f"{SNOMED}|373270004")
    assert [one["code"]["text"] for one in allergies] == ["Penicillin", "Penicillin"]
    (device,) = programs.everything(base, "Device")
    runs = _search(base, "Provenance", agent=f"Device/{device['id']}")
    assert len(runs) == 3
    assert {len(run["target"]) for run in runs} == {len(_findings(bundle)) for bundle in delivered[2]}


def test_a_retraction_marks_all_and_deletes_nothing(medplum_packages, bundles):
    for mode, *options in (WAYS[0], WAYS[3]):
        with (
            programs.medplum(medplum_packages, *options) as base,
            opened(Target(name="peer", url=base, conditional=mode), {}) as target,
        ):
            first, second = (target.adapted(bundle).kept[0] for bundle in bundles[:2])
            target.sink.send(first)
            target.sink.send(second)
            wrong = retraction.retract(first, recorded="2026-03-08T10:00:00Z")
            once, again = target.sink.send(wrong), target.sink.send(wrong)
            assert (once.status, len(once.entries)) == ("sent", len(again.entries))
            states = Counter(_wrong(one) for one in programs.everything(base, *CLINICAL))
            assert states == {True: len(_findings(first)), False: len(_findings(second))}
            (told,) = [one for one in programs.everything(base, "Provenance") if _activity(one) == "NULLIFY"]
            assert told["recorded"] == "2026-03-08T10:00:00Z"
            marked = {f"{one['resourceType']}/{one['id']}" for one in _all_wrong(base)}
            assert {target["reference"] for target in told["target"]} == marked
            back = target.sink.send(retraction.reinstated(first))
            assert back.status == "sent"
            assert not _all_wrong(base)


def test_a_bundle_too_large_for_the_server_goes_in_parts(medplum_packages, large):
    """Medplum takes eight entries in a conditional transaction and fifty updates in any."""
    with (
        programs.medplum(medplum_packages, "--strict") as base,
        opened(Target(name="peer", url=base, conditional="auto"), {}) as target,
    ):
        findings = len(_findings(large))
        assert findings > 50
        for _ in range(2):
            receipt = target.sink.send(large)
            assert len(receipt.entries) == len(large["entry"])
            assert len(programs.everything(base, *CLINICAL)) == findings
        target.sink.send(retraction.retract(large))
        assert len(programs.everything(base, *CLINICAL)) == len(_all_wrong(base)) == findings
        runs = Counter(_activity(one) for one in programs.everything(base, "Provenance"))
        assert runs == {"transform": 1, "NULLIFY": 1}
        assert len(programs.everything(base, "Device")) == 1


def test_a_server_that_finds_fault_is_understood(medplum_packages, bundles):
    with (
        programs.medplum(medplum_packages, "--strict") as base,
        opened(Target(name="peer", url=base, conditional="no"), {}) as target,
    ):
        broken = json.loads(json.dumps(bundles[1]))
        entry = next(one for one in broken["entry"] if one["resource"]["resourceType"] == "Condition")
        del entry["resource"]["subject"]
        with pytest.raises(Exception, match="400") as refused:
            target.sink.send(broken)
        assert type(refused.value).__name__ == "ServerRefused"
        assert refused.value.outcome["resourceType"] == "OperationOutcome"
        assert any("subject" in (issue.path or "") for issue in refused.value.issues)
        assert programs.everything(base, *OURS) == []  # whole or nothing


@pytest.mark.parametrize("mode", ["auto", "no"])
def test_the_whole_way(medplum_packages, core_store, tmp_path, mode):
    """A document is posted, changed and taken back; the peer is looked at after each."""
    with (
        programs.medplum(medplum_packages, *(["--strict"] if mode == "no" else [])) as peer,
        programs.notewright(tmp_path, core_store, _targets(peer, mode)) as base,
    ):
        first = programs.document(
            "ASSESSMENT: Hypertension. Type 2 diabetes mellitus. Denies fever.\n", "whole-way"
        )
        posted = programs.ask("POST", f"{base}/DocumentReference", json=first)
        assert posted.status_code == 201
        stands = programs.eventually(lambda: _standing(peer, 1))
        assert stands == {"Hypertension", "Type 2 diabetes mellitus"}

        url = posted.headers["Location"].split("/_history")[0]
        second = programs.document("ASSESSMENT: Gout. Type 2 diabetes mellitus.\n", "whole-way")
        second |= {"id": url.split("/")[-1]}
        put = programs.ask("PUT", url, json=second, headers={"If-Match": posted.headers["ETag"]})
        assert put.status_code == 200
        stands = programs.eventually(lambda: _standing(peer, 3))
        assert stands == {"Gout", "Type 2 diabetes mellitus"}
        assert {_code(one) for one in _all_wrong(peer)} == {"Hypertension", "Type 2 diabetes mellitus"}

        wrong = {"resourceType": "DocumentReference", "id": second["id"], "status": "entered-in-error"}
        assert programs.ask("PUT", url, json=wrong).status_code == 200
        programs.eventually(lambda: len(_all_wrong(peer)) == 4)
        assert _standing(peer, 4) == set()
        assert Counter(_activity(one) for one in programs.everything(peer, "Provenance")) == {
            "transform": 2,
            "NULLIFY": 2,
        }
        assert len(programs.everything(peer, "Device")) == 1


def _targets(peer: str, mode: str) -> str:
    return f'[targets.peer]\nurl = "{peer}"\nconditional = "{mode}"\n'


def _standing(base: str, runs: int) -> set[str] | None:
    """The Conditions that hold, once there are so many Provenances."""
    if len(programs.everything(base, "Provenance")) < runs:
        return None
    return {_code(one) for one in programs.everything(base, "Condition") if not _wrong(one)}


def _all_wrong(base: str) -> list[dict]:
    return [one for one in programs.everything(base, *CLINICAL) if _wrong(one)]


def _wrong(resource: dict) -> bool:
    codings = resource.get("verificationStatus", {}).get("coding", [])
    wrong = "entered-in-error" in (resource.get("status"), *(one["code"] for one in codings))
    assert not (wrong and "clinicalStatus" in resource)
    return wrong


def _code(resource: dict) -> str:
    return str(resource["code"]["text"])


def _activity(provenance: dict) -> str:
    return str(provenance["activity"]["coding"][0]["code"])


def _findings(bundle: dict) -> list[dict]:
    return [entry for entry in bundle["entry"] if entry["resource"]["resourceType"] in CLINICAL]


def _search(base: str, kind: str, **query: str) -> list[dict]:
    found = programs.ask("GET", f"{base}/{kind}", params={**query, "_count": "1000"}).json()
    return [entry["resource"] for entry in found.get("entry", [])]


def _references(value: object) -> list[str]:
    if isinstance(value, list):
        return [name for one in value for name in _references(one)]
    if not isinstance(value, dict):
        return []
    own = [value["reference"]] if isinstance(value.get("reference"), str) else []
    return own + [name for one in value.values() for name in _references(one)]
