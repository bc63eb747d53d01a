"""ConceptMap resources that are served: read, searched, and translated by, with what they depend on."""

from datetime import UTC, datetime

import pytest
from hypothesis import given as wild
from hypothesis import strategies as st
from test_fhir_operations import ANGINA, CHEST, PAIN, SNOMED, Memory, ask, named_parts, refused, value, values

from terminology import TerminologyError
from terminology.fhir import Refusal, Service, conceptmap, held, maps, patients
from terminology.maprules import Age
from terminology.systems import ICD10CM, LOINC

pytest.importorskip("fastapi", reason="FastAPI is not installed: the routes are not tested")

from fastapi import FastAPI
from test_fhir_routes import Client, issue, told

from terminology.fhir.routes import router

VERSIONS = ("R4", "R5")
KINDS, PLACE = "https://example.org/kinds", "https://example.org/attribute/place"


def target(version, code, relation, *, place=None):
    row = {"code": code, "display": code.upper(), maps.WORDS[version]: relation}
    if place and version == "R4":
        return row | {"dependsOn": [{"property": PLACE, "value": place}]}
    return row | ({"dependsOn": [{"attribute": "place", "valueCode": place}]} if place else {})


def concept_map(version, number, elements, *, ordered=False, source=KINDS, to=LOINC):
    made = {
        "resourceType": "ConceptMap",
        "id": number,
        "url": f"https://example.org/ConceptMap/{number}",
        "name": number.title(),
        "status": "active",
        "group": [{"source": source, "target": to, "element": elements}],
    }
    if version == "R5":
        made["additionalAttribute"] = [{"code": "place", "uri": PLACE, "type": "code"}]
    return made | ({"extension": [{"url": maps.ORDERED, "valueBoolean": True}]} if ordered else {})


def resources(version):
    same = "equivalent"
    rows = [target(version, "l-1", same, place="ward"), target(version, "l-2", same)]
    none = "disjoint" if version == "R4" else "not-related-to"
    return [
        concept_map(version, "first", [{"code": "pain", "target": rows}], ordered=True),
        concept_map(version, "every", [{"code": "itch", "target": rows}]),
        concept_map(version, "none", [{"code": "rash", "target": [target(version, "l-3", none)]}]),
        concept_map(
            version, "chest", [{"code": CHEST, "target": [target(version, "l-4", same)]}], source=SNOMED
        ),
    ]


def service(version):
    return Service(
        store=Memory(),
        fhir_version=version,
        clock=lambda: datetime(2026, 1, 2, tzinfo=UTC),
        concept_maps=held(resources(version), version),
    )


def dependency(version, place):
    if version == "R4":
        parts = [
            {"name": "element", "valueUri": PLACE},
            {"name": "concept", "valueCodeableConcept": {"coding": [{"code": place}]}},
        ]
    else:
        parts = [{"name": "attribute", "valueUri": PLACE}, {"name": "value", "valueCode": place}]
    return {"name": "dependency", "part": parts}


def translate(version, code, *, place=None, system=KINDS, more=()):
    accepted = conceptmap.TRANSLATE_R4 if version == "R4" else conceptmap.TRANSLATE_R5
    listed = [
        {"name": "system", "valueUri": system},
        {"name": "code" if version == "R4" else "sourceCode", "valueCode": code},
        *more,
        *([dependency(version, place)] if place else []),
    ]
    body = {"resourceType": "Parameters", "parameter": listed}
    return ask(conceptmap.translate, accepted, version=version, body=body, on=service(version))


def codes(answer):
    return [each["concept"]["code"] for each in named_parts(answer, "match")]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("code", "place", "found"),
    [
        ("pain", "ward", ["l-1"]),  # ordered: the first that holds
        ("pain", "home", ["l-2"]),
        ("itch", "ward", ["l-1", "l-2"]),  # not ordered: all that hold
        ("itch", "home", ["l-2"]),
        ("rash", None, []),
    ],
)
def test_dependencies_decide(version, code, place, found):
    answer = translate(version, code, place=place)
    assert (codes(answer), value(answer, "result")) == (found, bool(found))


@pytest.mark.parametrize("version", VERSIONS)
def test_what_is_not_told_is_named(version):
    answer = translate(version, "pain")
    assert codes(answer) == ["l-1", "l-2"]
    assert PLACE in value(answer, "message")


@pytest.mark.parametrize("version", VERSIONS)
def test_the_map_of_a_url_alone_is_asked(version):
    both = translate(version, CHEST, system=SNOMED)
    assert codes(both) == ["l-4", "R07.9"]
    named = {"name": "url", "valueUri": "https://example.org/ConceptMap/chest"}
    alone = translate(version, CHEST, system=SNOMED, more=[named])
    assert codes(alone) == ["l-4"]
    (match,) = named_parts(alone, "match")
    assert match["source" if version == "R4" else "originMap"] == named["valueUri"]
    assert match[maps.WORDS[version]] == "equivalent"
    assert not codes(translate(version, PAIN, system=SNOMED, more=[named]))
    wanted = {"name": "targetsystem" if version == "R4" else "targetSystem", "valueUri": ICD10CM}
    assert codes(translate(version, CHEST, system=SNOMED, more=[wanted])) == ["R07.9"]


def test_the_store_still_speaks_for_itself():
    answer = translate("R4", ANGINA, system=SNOMED)
    assert codes(answer) == ["I20.9"]
    assert "depends on the patient" in value(answer, "message")
    unknown = translate("R4", "nothing")
    assert (codes(unknown), value(unknown, "result")) == ([], False)


def test_a_dependency_without_value_is_refused():
    broken = {"name": "dependency", "part": [{"name": "element", "valueUri": PLACE}]}
    refused(400, "required", lambda: translate("R4", "pain", more=[broken]))
    broken = {"name": "dependency", "part": ["x"]}
    refused(400, "structure", lambda: translate("R4", "pain", more=[broken]))


def client(version):
    app = FastAPI()
    app.include_router(router(service(version)), prefix="/fhir")
    return Client(app)


@pytest.mark.parametrize("version", VERSIONS)
def test_maps_are_read_and_searched(version):
    asked = client(version)
    first = told(asked.get("/fhir/ConceptMap/first"), version=version)
    assert first == resources(version)[0]
    every = told(asked.get("/fhir/ConceptMap"), version=version)
    assert every["total"] == 4
    assert every["entry"][0]["fullUrl"] == "http://test/fhir/ConceptMap/first"
    for query, found in [
        ({"url": first["url"]}, ["first"]),
        ({"_id": "none"}, ["none"]),
        ({"name": "EV"}, ["every"]),
        ({"url": "https://example.org/x"}, []),
    ]:
        bundle = told(asked.get("/fhir/ConceptMap", params=query), version=version)
        assert [entry["resource"]["id"] for entry in bundle.get("entry", ())] == found
    answer = told(
        asked.get("/fhir/ConceptMap/$translate", params=_asked(version, first["url"])), version=version
    )
    assert len(values(answer, "match")) == 2


def _asked(version, url):
    code = "code" if version == "R4" else "sourceCode"
    return {"url": url, "system": KINDS, code: "pain"}


def test_what_is_not_held_or_not_allowed_is_an_outcome():
    asked = client("R4")
    assert issue(asked.get("/fhir/ConceptMap/other"), 404)["code"] == "not-found"
    assert issue(asked.get("/fhir/ConceptMap?title=x"), 400)["code"] == "invalid"
    assert issue(asked.send("DELETE", "/fhir/ConceptMap/first"), 405)
    assert issue(asked.get("/fhir/ConceptMap/first/$translate"), 404)
    query = {"dependency": "x", "system": KINDS, "code": "pain"}
    assert "POST" in issue(asked.get("/fhir/ConceptMap/$translate", params=query), 400)["details"]["text"]


def test_metadata_says_that_maps_are_read():
    statement = told(client("R4").get("/fhir/metadata"))
    (kind,) = [one for one in statement["rest"][0]["resource"] if one["type"] == "ConceptMap"]
    assert [one["code"] for one in kind["interaction"]] == ["read", "search-type"]
    assert [one["name"] for one in kind["searchParam"]] == list(conceptmap.SEARCH)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"resourceType": "ValueSet"}, "resourceType"),
        ({"url": ""}, "url"),
        ({"group": None}, "group"),
        ({"group": [{"source": KINDS, "element": []}]}, "group.target"),
        ({"group": [{"source": KINDS, "target": LOINC, "element": [{}]}]}, "group.element.code"),
        (
            {"group": [{"source": KINDS, "target": LOINC, "element": [{"code": "a", "target": [{}]}]}]},
            "target.equivalence",
        ),
    ],
)
def test_a_broken_map_is_named_by_its_element(broken, said):
    with pytest.raises(TerminologyError, match=said):
        held([resources("R4")[0] | broken], "R4")


def test_maps_of_another_version_or_with_one_id_are_refused():
    with pytest.raises(ValueError, match="R5"):
        Service(store=Memory(), fhir_version="R5", concept_maps=held(resources("R4"), "R4"))
    with pytest.raises(TerminologyError, match="twice"):
        held([resources("R4")[0]] * 2, "R4")


ODD = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["code", "coding", "url", "x"]), inner)
    ),
    max_leaves=4,
)
PLACES = ["id", "url", "group", "extension", "additionalAttribute"]
DEEPER = ["code", "display", "target", "equivalence", "dependsOn", "relationship"]


@wild(
    place=st.sampled_from(PLACES),
    deep=st.sampled_from(DEEPER),
    value=ODD,
    other=ODD,
    version=st.sampled_from(VERSIONS),
)
def test_any_value_anywhere_is_read_or_refused(place, deep, value, other, version):
    made = resources(version)[0]
    for holder, name, odd in [
        (made, place, value),
        (made["group"][0]["element"][0]["target"][0], deep, other),
    ]:
        kept = holder.get(name)
        holder[name] = odd
        try:
            held([made], version)
        except TerminologyError as error:
            assert "ConceptMap" in str(error)
        holder[name] = kept


@wild(
    value=ODD,
    key=st.sampled_from(["valueUri", "valueCodeableConcept", "valueCode", "name"]),
    version=st.sampled_from(VERSIONS),
)
def test_any_dependency_is_answered_or_refused(value, key, version):
    broken = dependency(version, "ward")
    for part in broken["part"]:
        part[key] = value
    try:
        translate(version, "pain", more=[broken])
    except Refusal as refusal:
        assert refusal.status == 400


def told_of(version, name, value):
    """A `dependency` that tells something of the patient."""
    at, of = ("element", "concept") if version == "R4" else ("attribute", "value")
    key = "valueCodeableConcept" if version == "R4" else "valueString"
    said = {"text": value} if version == "R4" else value
    return {"name": "dependency", "part": [{"name": at, "valueUri": name}, {"name": of, key: said}]}


@pytest.mark.parametrize("version", VERSIONS)
def test_rules_are_decided_by_what_is_told_of_the_patient(version):
    for sex, found in (("female", ["I20.9", "N00"]), ("male", ["I20.9", "N01"])):
        answer = translate(version, ANGINA, system=SNOMED, more=[told_of(version, patients.SEX, sex)])
        assert codes(answer) == found
        assert not values(answer, "message")
    age = told_of(version, patients.AGE, "34 a")
    assert "depends on the patient" in value(translate(version, ANGINA, system=SNOMED, more=[age]), "message")


@pytest.mark.parametrize(
    ("told", "age"),
    [
        ({"value": 34, "code": "a"}, Age(value=34)),
        ({"value": 3.0, "unit": "months"}, Age(value=3, unit="months")),
    ],
)
def test_an_age_is_a_quantity_or_its_text(told, age):
    known = maps.told(
        [[{"name": "attribute", "valueUri": patients.AGE}, {"name": "value", "valueQuantity": told}]], ""
    )
    assert patients.patient(known, "").age == age


@pytest.mark.parametrize(
    ("name", "value"), [(patients.AGE, "-1 a"), (patients.AGE, "old"), (patients.SEX, "x")]
)
def test_an_age_or_a_sex_that_cannot_be_read_is_refused(name, value):
    more = [told_of("R5", name, value)]
    refused(
        400,
        "value",
        lambda: translate("R5", ANGINA, system=SNOMED, more=more),
        "Parameters.parameter.where(name='dependency')",
    )
