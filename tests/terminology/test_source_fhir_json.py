"""FHIR CodeSystem, ValueSet and ConceptMap in R4 and R5, alone or in a Bundle."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminology import TerminologyError
from terminology.model import Entry
from terminology.sources import fhir_json

DATA = Path(__file__).parent / "data" / "fhir"
SYSTEM = "http://example.org/CodeSystem/ward-findings"
FILES = sorted(DATA.glob("*.json"))


def entries(name: str) -> dict[str, Entry]:
    return {entry.code: entry for entry in fhir_json.read(DATA / name).entries}


def written(tmp_path: Path, data: Any) -> Path:
    path = tmp_path / "resource.json"
    path.write_text(json.dumps(data), "utf-8")
    return path


def system(**fields: Any) -> dict[str, Any]:
    return {"resourceType": "CodeSystem", "url": SYSTEM, "concept": [{"code": "a", "display": "A"}], **fields}


def relations(name: str) -> dict[str, str]:
    return {entry.code: entry.mappings[0].relation for entry in fhir_json.read(DATA / name).entries}


def test_a_code_system_says_who_it_is() -> None:
    reading = fhir_json.read(DATA / "CodeSystem-ward-findings.json")
    assert (reading.name, reading.version) == ("Ward findings (invented)", "2026.1")
    assert len(tuple(reading.entries)) == 61
    assert {(entry.system, entry.version) for entry in reading.entries} == {(SYSTEM, "2026.1")}


def test_nesting_and_properties_of_either_side_make_parents() -> None:
    found = entries("CodeSystem-ward-findings.json")
    assert found["skin"].parents == ()
    assert found["skin-1"].parents == ("skin",)
    assert found["skin-2a"].parents == ("skin-2",)
    assert found["skin-6"].parents == ("skin", "skin-1")
    assert found["skin-9"].parents == ("skin", "skin-7")


def test_only_a_hierarchy_of_kinds_makes_parents(tmp_path: Path) -> None:
    nested = [{"code": "hand", "concept": [{"code": "finger"}]}]
    path = written(tmp_path, system(hierarchyMeaning="part-of", concept=nested))
    assert [entry.parents for entry in fhir_json.read(path).entries] == [(), ()]


def test_status_and_inactive_are_honoured_under_local_names() -> None:
    found = entries("CodeSystem-ward-findings.json")
    assert [code for code in found if code.startswith("skin") and not found[code].active] == [
        "skin-4",
        "skin-5",
    ]


def test_designations_are_names_in_their_language() -> None:
    terms = entries("CodeSystem-ward-findings.json")["skin-1"].terms
    assert [(term.text, term.language, term.preferred) for term in terms] == [
        ("Pale skin", "en", True),
        ("Hautbefund, erster", "de-ch", False),
        ("premier constat (skin)", "fr", True),
    ]


def test_a_concept_without_a_name_is_called_by_its_code() -> None:
    assert [term.text for term in entries("CodeSystem-ward-findings.json")["unnamed"].terms] == ["unnamed"]


@pytest.mark.parametrize(
    "fields", [{"content": "supplement"}, {"supplements": "http://example.org/CodeSystem/x"}]
)
def test_supplements_are_refused(tmp_path: Path, fields: dict[str, str]) -> None:
    with pytest.raises(TerminologyError, match=r"CodeSystem\.content: a supplement is not read"):
        fhir_json.read(written(tmp_path, system(**fields)))


def test_a_value_set_lists_its_codes() -> None:
    reading = fhir_json.read(DATA / "ValueSet-ward-admission.json")
    codes = [entry.code for entry in reading.entries]
    assert len(codes) == 29
    assert "skin-1" not in codes  # excluded
    assert reading.skipped == 1  # no name


def test_an_expansion_is_read_at_every_depth() -> None:
    found = entries("ValueSet-ward-expanded.json")
    assert len(found) == 50
    assert found["mood-2a"].terms[0].text == "Tearful, mild"
    assert not found["mood-4"].active


def test_r4_equivalence_is_that_of_the_target() -> None:
    found = relations("ConceptMap-r4.json")
    listed = [found.get(f"breath-{n}") for n in range(1, 10)]
    assert listed == ["equivalent"] * 2 + ["broader"] * 2 + ["narrower"] * 2 + ["mapped", None, None]
    assert "skin-1" not in found  # disjoint
    assert "intake" not in found  # no target
    assert "gait" not in found  # under a condition


def test_r5_relationship_is_turned_round() -> None:
    found = relations("ConceptMap-r5.json")
    listed = [found.get(f"breath-{n}") for n in range(1, 6)]
    assert listed == ["equivalent", "broader", "narrower", "mapped", None]
    mapping = entries("ConceptMap-r5.json")["breath-1"].mappings[0]
    assert (mapping.system, mapping.code) == ("http://example.org/CodeSystem/other-ward", "W000")


def test_a_bundle_is_all_its_resources(tmp_path: Path) -> None:
    inner = [json.loads(file.read_text("utf-8")) for file in FILES]
    bundle = {"resourceType": "Bundle", "entry": [{"resource": resource} for resource in inner]}
    bundle["entry"].append({"resource": {"resourceType": "OperationOutcome"}})
    whole = fhir_json.read(written(tmp_path, bundle))
    alone = [entry for file in FILES for entry in fhir_json.read(file).entries]
    assert list(whole.entries) == alone


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ([], "must be an object"),
        ({"resourceType": "Patient"}, "resourceType must be"),
        (system(concept=[]), "no codes there"),
        (system(url=None), r"CodeSystem\.url: missing"),
        (system(concept=[{"code": "a"}, {"display": "B"}]), r"CodeSystem\.concept\[1\]\.code: missing"),
        (system(concept=[{"code": "a", "concept": [3]}]), r"concept\[0\]\.concept\[0\]: must be an object"),
        (system(concept=[{"code": 7}]), r"CodeSystem\.concept\[0\]\.code: must be a string"),
        (system(concept=[{"code": "a", "display": "\ud800"}]), r"concept\[0\]\.display: half a surrogate"),
        (
            {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "CodeSystem"}}]},
            r"Bundle\.entry\[0\]\.resource\.url: missing",
        ),
        (
            {
                "resourceType": "ConceptMap",
                "group": [{"source": "x", "element": [{"code": "a", "target": [{"equivalence": "so"}]}]}],
            },
            r"ConceptMap\.group\[0\]\.element\[0\]\.target\[0\]: unknown",
        ),
    ],
)
def test_what_is_wrong_is_named_by_path(tmp_path: Path, data: Any, said: str) -> None:
    with pytest.raises(TerminologyError, match=said):
        fhir_json.read(written(tmp_path, data))


def test_a_truncated_file_names_line_and_column(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_text('{"resourceType": "CodeSystem",\n "url": "http', "utf-8")
    with pytest.raises(TerminologyError, match="line 2, column 9: no JSON"):
        fhir_json.read(path)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"resourceType": ' + "9" * 5000 + "}"])
def test_what_the_parser_cannot_take_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "deep.json"
    path.write_text(text, "utf-8")
    with pytest.raises(TerminologyError, match="nested too deeply"):
        fhir_json.read(path)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), source=st.sampled_from(FILES))
def test_broken_files_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, source: Path
) -> None:
    path = tmp_path_factory.mktemp("fhir") / source.name
    raw = source.read_bytes()
    start = data.draw(st.integers(0, len(raw)))
    cut = data.draw(st.one_of(st.integers(0, 40), st.just(len(raw))))
    path.write_bytes(raw[:start] + data.draw(st.binary(max_size=20)) + raw[start + cut :])
    check(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), source=st.sampled_from(FILES), value=JSON)
def test_any_value_anywhere_is_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, source: Path, value: Any
) -> None:
    resource = json.loads(source.read_text("utf-8"))
    where = resource
    while True:
        keys = list(where) if isinstance(where, dict) else list(range(len(where)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(where[key], dict | list) or not where[key] or data.draw(st.booleans()):
            break
        where = where[key]
    where[key] = value
    path = tmp_path_factory.mktemp("fhir") / "any.json"
    path.write_text(json.dumps(resource), "utf-8")
    check(path)


def check(path: Path) -> None:
    try:
        reading = fhir_json.read(path)
    except TerminologyError as error:
        assert str(path) in str(error)
    else:
        assert all(entry.system and entry.code for entry in reading.entries)
