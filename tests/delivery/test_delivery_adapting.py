import copy
import json

import pytest
from documents import bundle, coded, condition, finding, others
from hypothesis import given
from hypothesis import strategies as st

from adapter.delivery import adapting, linking, packs
from adapter.delivery.filtering import Filter
from adapter.errors import EmissionError, SettingsError
from adapter.fhir import check, systems

GM = "http://fhir.de/CodeSystem/bfarm/icd-10-gm"
ABSENT = {"extension": [{"url": systems.ABSENT, "valueCode": "unknown"}]}


def adapted(whole, pack="base", fhir="r4", **given):
    before = copy.deepcopy(whole)
    wanted = adapting.wishes(fhir, pack, **given)
    step = adapting.adapt(whole, wanted)
    assert whole == before
    assert json.dumps(adapting.adapt(whole, wanted).kept) == json.dumps(step.kept)
    (made,) = step.kept
    assert check.bundle(made, fhir) == []
    return made, step.left_out


def resources(made, kind):
    return [one["resource"] for one in made["entry"] if one["resource"]["resourceType"] == kind]


def profiles(made, kind):
    listed = [one.get("meta", {}).get("profile", []) for one in resources(made, kind)]
    return [name.rpartition("/")[2] for one in listed for name in one]


def observation(name, category, code, **value):
    return finding(
        {
            "resourceType": "Observation",
            "status": "final",
            "category": [coded(systems.OBSERVATION_CATEGORY, category)],
            "code": coded(systems.LOINC, code),
            "subject": {"reference": "Patient/1"},
            **value,
        },
        name,
    )


@pytest.mark.parametrize("fhir", ["r4", "r5"])
def test_base_leaves_everything_as_it_is(fhir):
    whole = bundle(condition("Rubella"), *others(fhir))
    assert adapted(whole, fhir=fhir) == (whole, ())


def test_every_pack_is_there_and_says_what_it_is_for():
    assert set(packs.names()) == {"base", "ips", "isik", "mii", "us-core"}
    with pytest.raises(SettingsError, match="us-core"):
        adapting.wishes("r5", "us-core")
    with pytest.raises(SettingsError, match="no such profile pack"):
        adapting.wishes("r4", "other")


def test_us_core():
    whole = bundle(
        condition("Rubella"),
        condition("Pertussis", category="encounter-diagnosis"),
        condition("Mumps", category=None),
        *others(),
        observation("pulse", "vital-signs", "8867-4", valueQuantity={"value": 80}),
        observation("smoking", "social-history", "72166-2", valueCodeableConcept={"text": "never"}),
        observation("sodium", "laboratory", "2951-2", valueQuantity={"value": 140}),
    )
    made, issues = adapted(whole, "us-core", organization={"reference": "Organization/1"})
    assert profiles(made, "Condition") == [
        "us-core-condition-problems-health-concerns",
        "us-core-condition-encounter-diagnosis",
    ]
    assert [(one.reason, one.path) for one in issues] == [
        ("profile-unmet", "Bundle.entry[3].resource.category")
    ]
    assert profiles(made, "Observation") == [
        "us-core-vital-signs",
        "us-core-smokingstatus",
        "us-core-observation-lab",
    ]
    (procedure,), (provenance,) = resources(made, "Procedure"), resources(made, "Provenance")
    assert procedure["_performedDateTime"] == ABSENT
    assert [one["onBehalfOf"] for one in provenance["agent"]] == [{"reference": "Organization/1"}]
    assert profiles(made, "MedicationStatement") == []
    assert len(provenance["target"]) == 10


def test_us_core_without_an_organization_has_no_provenance():
    made, issues = adapted(bundle(), "us-core")
    assert resources(made, "Provenance") == []
    assert [one.path for one in issues] == ["Bundle.entry[0].resource.agent.onBehalfOf"]


def test_a_planned_procedure_says_nothing_of_its_time():
    planned = finding(
        {
            "resourceType": "Procedure",
            "status": "preparation",
            "code": {"text": "Colonoscopy"},
            "subject": {"reference": "Patient/1"},
        },
        "colonoscopy",
    )
    made, _ = adapted(bundle(planned), "us-core")
    assert "_performedDateTime" not in resources(made, "Procedure")[0]


def test_ips_says_that_times_are_unknown():
    made, issues = adapted(bundle(*others()), "ips")
    assert resources(made, "Procedure")[0]["_performedDateTime"] == ABSENT
    assert resources(made, "MedicationStatement")[0]["_effectiveDateTime"] == ABSENT
    assert issues == ()


def test_ips_wants_a_literal_subject():
    logical = {"identifier": {"system": "urn:a", "value": "1"}}
    made, issues = adapted(bundle(condition("Rubella", subject=logical)), "ips")
    assert resources(made, "Condition") == resources(made, "Provenance") == []
    assert [one.path for one in issues] == ["Bundle.entry[1].resource.subject.reference"]


@pytest.mark.parametrize(
    ("version", "date", "lacking"),
    [
        ("2026", "2026-03-01", None),
        (None, "2026-03-01", "code.coding.version"),
        ("2026", None, "recordedDate"),
    ],
)
def test_mii_wants_a_date_and_the_year_of_the_classification(version, date, lacking):
    code = {"coding": [{"system": GM, "code": "B02.3", **({"version": version} if version else {})}]}
    more = {"code": code} | ({"recordedDate": date} if date else {})
    made, issues = adapted(bundle(condition("Zoster", **more)), "mii")
    assert profiles(made, "Condition") == ([] if lacking else ["Diagnose"])
    assert [one.path for one in issues] == ([f"Bundle.entry[1].resource.{lacking}"] if lacking else [])


@pytest.mark.parametrize(("coding", "encounter", "sent"), [(1, 0, False), (1, 1, True), (0, 0, True)])
def test_isik_wants_an_encounter_for_what_is_coded(coding, encounter, sent):
    code = {"text": "Zoster"}
    code |= {"coding": [{"system": GM, "code": "B02.3", "version": "2026"}]} if coding else {}
    more = {"encounter": {"reference": "Encounter/1"}} if encounter else {}
    made, _ = adapted(bundle(condition("Zoster", code=code, recordedDate="2026-03-01", **more)), "isik")
    assert bool(resources(made, "Condition")) is sent


def test_a_target_may_want_it_without_the_profile():
    made, issues = adapted(bundle(condition("Mumps", category=None)), "us-core", unmet="unprofiled")
    assert len(resources(made, "Condition")) == 1 and profiles(made, "Condition") == []
    assert "without a profile" in issues[0].message


@pytest.mark.parametrize(
    ("wanted", "left", "reasons"),
    [
        ({"types": {"Procedure"}}, {"Procedure"}, {"filter-type"}),
        (
            {"types": {"Condition"}, "categories": {"Condition": {"problem-list-item"}}},
            {"Condition"},
            {"filter-type", "filter-category"},
        ),
        (
            {"types": {"Condition"}, "verification": {"confirmed"}},
            {"Condition"},
            {"filter-type", "filter-verification"},
        ),
        ({"types": {"Condition"}, "confidence": 0.5}, {"Condition"}, {"filter-type", "filter-confidence"}),
    ],
)
def test_the_filter(wanted, left, reasons):
    whole = bundle(
        condition("Rubella"),
        condition("Pertussis", category="encounter-diagnosis", verification="refuted", confidence=0.3),
        *others(),
    )
    made, issues = adapted(whole, filter=Filter.model_validate(wanted))
    kinds = [one["resource"]["resourceType"] for one in made["entry"]]
    assert set(kinds) == left | {"Provenance", "Device"}
    assert len(kinds) == 3
    (provenance,) = resources(made, "Provenance")
    assert len(provenance["target"]) == 1
    assert {one.reason for one in issues} == reasons
    assert {(one.code, one.severity) for one in issues} == {("suppressed", "information")}


def test_a_target_may_not_want_provenance():
    made, _ = adapted(bundle(), filter=Filter(provenance=False))
    assert {one["resource"]["resourceType"] for one in made["entry"]} == {"Condition"}


def test_nothing_wanted_leaves_the_device():
    made, _ = adapted(bundle(), filter=Filter(types=frozenset({"Procedure"})))
    assert [one["resource"]["resourceType"] for one in made["entry"]] == ["Device"]


def test_the_wrong_version_is_our_mistake():
    with pytest.raises(EmissionError, match="r5"):
        adapting.adapt(bundle(*others("r4")), adapting.wishes("r5", "base"))


_KINDS = ("Condition", "Procedure", "Observation", "MedicationStatement", "AllergyIntolerance")


@given(
    st.sampled_from(["base", "ips", "isik", "mii", "us-core"]),
    st.sets(st.sampled_from(_KINDS)),
    st.sampled_from([None, 0.2, 0.95]),
    st.booleans(),
)
def test_whatever_is_wanted_is_valid_and_whole(pack, types, confidence, named):
    wanted = Filter(types=frozenset(types), confidence=confidence)
    organization = {"reference": "Organization/1"} if named else None
    whole = bundle(condition("Rubella"), condition("Mumps", confidence=0.1, category=None), *others())
    made, issues = adapted(whole, pack, filter=wanted, organization=organization)
    urls = {one["fullUrl"] for one in made["entry"]}
    assert {one for one in linking.pointed(made) if one.startswith("urn:")} <= urls
    gone = len(whole["entry"]) - len(made["entry"])
    assert gone - len(issues) in (0, 1)  # a Provenance without targets goes untold
