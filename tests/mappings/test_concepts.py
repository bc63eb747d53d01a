"""Concept tables as ConceptMaps: valid FHIR, the same answers as the tables they stand for."""

import importlib
import tomllib
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mappings
from adapter import categories, emission
from adapter.model import KINDS, Assertion, Finding
from mappings import Files, MappingError, concepts
from terminology import systems
from terminology.fhir import maps

VERSIONS = ("R4", "R5")
MODELS = {"R4": "fhir.resources.R4B.conceptmap", "R5": "fhir.resources.conceptmap"}
ATTRIBUTE = f"{concepts.BASE}/attribute"
SECTIONS = {row["key"] for row in tomllib.loads((mappings.ROOT / "sections/en.toml").read_text())["section"]}


@cache
def served(map_id, version="R4"):
    (found,) = [one for one in maps.held(concepts.resources(version), version) if one.id == map_id]
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_every_table_is_a_valid_concept_map(version):
    model = importlib.import_module(MODELS[version]).ConceptMap
    found = concepts.resources(version)
    assert [one["id"] for one in found] == sorted(
        path.stem for path in (mappings.ROOT / "concepts").glob("*.toml")
    )
    for one in found:
        model.model_validate(one)
        assert one["group"][0]["element"]
        assert not any(
            "" in (target["code"], element["code"])
            for element in one["group"][0]["element"]
            for target in element["target"]
        )
    assert maps.held(found, version)


def test_both_versions_say_the_same():
    for left, right in zip(
        *(maps.held(concepts.resources(version), version) for version in VERSIONS), strict=True
    ):
        assert (left.url, left.ordered) == (right.url, right.ordered)
        assert {key: [(one.code, one.depends) for one in rows] for key, rows in left.targets.items()} == {
            key: [(one.code, one.depends) for one in rows] for key, rows in right.targets.items()
        }


TABLE = categories.load()
WORDS = sorted({word for row in TABLE.row for word in row.words})


@pytest.mark.parametrize("version", VERSIONS)
@given(
    kind=st.sampled_from(KINDS),
    section=st.sampled_from(sorted(SECTIONS)),
    experiencer=st.sampled_from(["patient", "family", "other"]),
    historical=st.booleans(),
    text=st.lists(st.sampled_from([*WORDS, "gout", "x"]), min_size=1, max_size=2).map(" ".join),
)
def test_the_category_is_the_one_the_pipeline_gives(*, version, kind, section, experiencer, historical, text):
    finding = Finding(
        start=0,
        end=len(text),
        text=text,
        kind=kind,
        confidence=1.0,
        section=section,
        assertion=Assertion(experiencer=experiencer, historical=historical),
    )
    told = {
        "section": {section},
        "experiencer": {experiencer},
        "historical": {str(historical).lower()},
        "word": {word for word in WORDS if word in text} or {"none of them"},
    }
    known = {f"{ATTRIBUTE}/{name}": frozenset(values) for name, values in told.items()}
    category = served("finding-category", version)
    found, asked = category.matches(f"{concepts.BASE}/CodeSystem/finding-kind", kind, known)
    assert [one.code for one in found] == [TABLE.of(finding)]
    assert not asked


def test_what_is_not_told_leaves_the_answer_open():
    found, asked = served("finding-category").matches(
        f"{concepts.BASE}/CodeSystem/finding-kind", "condition", {}
    )
    assert [one.code for one in found][-1] == "diagnosis"
    assert asked == [f"{ATTRIBUTE}/{name}" for name in ("experiencer", "historical", "section")]


def test_every_kind_has_a_category_and_every_section_is_one():
    assert {code for _, code in served("finding-category").targets} == set(KINDS)
    mapped = served("section-loinc").targets
    assert {code for _, code in mapped} <= SECTIONS
    assert all(systems.possible(systems.LOINC, one.code) for rows in mapped.values() for one in rows)


def test_words_mean_what_they_mean_to_the_pipeline():
    rules = emission.load()
    routes = {code: rows[0].code for (_, code), rows in served("route-snomed").targets.items()}
    assert routes == {word: row.code for row in rules.dosage.routes for word in row.words if row.code}
    times = {code: rows[0].code for (_, code), rows in served("frequency-timing").targets.items()}
    assert times == {word: row.code for row in rules.dosage.times for word in row.words if row.code}
    assert all(systems.possible(systems.SNOMED, code) for code in routes.values())


HEAD = """version = 1
name = "A"
title = "A"
description = "A"
source = "urn:a"
target = "urn:b"
relation = "equivalent"
"""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HEAD, "either row or from"),
        (HEAD + '[[row]]\ncode = "a"\n', "row.0.target"),
        (HEAD + '[[row]]\ncode = "a"\ntarget = "b"\nrelation = "same"\n', "row.0.relation"),
        (HEAD + 'colour = "red"\n[[row]]\ncode = "a"\ntarget = "b"\n', "colour"),
        (HEAD + '[from]\nfile = "no.toml"\ntable = "row"\ncode = "a"\ntarget = "b"\n', "no.toml"),
        (
            HEAD + '[from]\nfile = "concepts/a.toml"\ntable = "row"\ncode = "a"\ntarget = "b"\n',
            "no list of tables",
        ),
    ],
)
def test_a_broken_table_names_file_and_key(tmp_path: Path, text, said):
    (tmp_path / "concepts").mkdir()
    (tmp_path / "concepts" / "a.toml").write_text(text, "utf-8")
    with pytest.raises(MappingError, match=said.replace(".", r"\.")):
        concepts.resources("R4", Files((tmp_path,)))
