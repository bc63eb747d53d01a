"""WHO's ICD-10 categories of Notewright Core: what differs from ICD-10-CM, and what is looked up."""

from pathlib import Path

import pytest

import terminology
from terminology import check
from terminology.errors import TerminologyError
from terminology.fhir import Service, conceptmap
from terminology.fhir.parameters import given
from terminology.sources import core, who
from terminology.systems import ICD10, ICD10CM, SNOMED

HEAD = "kind\tname\tsynonyms\tsnomed\ticd10cm\trxnorm\tatc\n"
STROKE, MERKEL, HEPATITIS_C, SORE_THROAT = "230690007", "253001006", "50711007", "162397003"


@pytest.fixture(scope="module")
def store(core_store: Path):
    with terminology.open_store(core_store) as opened:
        yield opened


def broader(store, system, code):
    return {one.code for one in store.mappings(system, code) if one.system == ICD10}


@pytest.mark.parametrize(
    ("system", "code", "category"),
    [
        (SNOMED, MERKEL, "C44"),  # a category that ICD-10-CM alone has
        (ICD10CM, "C4A.9", "C44"),
        (SNOMED, STROKE, "I64"),  # reported as an infarction, which it need not be
        (ICD10CM, "I63.9", "I63"),
        (SNOMED, "128053003", "I80"),  # the same letters, another place
        (ICD10CM, "J45.902", "J46"),
        (ICD10CM, "A90", "A97"),  # withdrawn by WHO
        (SNOMED, "233604007", "J18"),  # the same
    ],
)
def test_the_who_category_is_given_and_marked_broader(store, system, code, category):
    found = terminology.translate(store, system, code, ICD10)
    assert [(one.code, one.how) for one in found.targets] == [(category, "broader")]


def test_where_none_is_sure_none_is_given(store):
    assert not broader(store, SNOMED, HEPATITIS_C)
    assert not terminology.translate(store, SNOMED, HEPATITIS_C, ICD10).targets


def test_several_categories_are_candidates(tmp_path):
    named = {"sore throat": "J02.9", "throat pain": "R07.0"}
    rows = "".join(f"finding\t{name}\t\t{SORE_THROAT}\t{code}\t\t\n" for name, code in named.items())
    folder, path = folder_of(tmp_path, ""), tmp_path / "store.sqlite"
    (folder / "findings.tsv").write_text(HEAD + rows, "utf-8")
    terminology.build([terminology.parse_source(f"core={folder}")], path)
    with terminology.open_store(path) as store:
        found = terminology.translate(store, SNOMED, SORE_THROAT, ICD10)
    assert not found.targets
    assert {one.code for one in found.candidates} == {"J02", "R07"}


def test_fhir_translate_says_wider(store):
    query = [("system", SNOMED), ("code", STROKE), ("targetsystem", ICD10)]
    answer = conceptmap.translate(Service(store=store), given(conceptmap.TRANSLATE_R4, query))
    (match,) = [one["part"] for one in answer["parameter"] if one["name"] == "match"]
    assert match[0]["valueCode"] == "wider"
    assert match[1]["valueCoding"] == {"system": ICD10, "code": "I64"}


def test_a_code_of_its_own_is_no_concept_of_core(store):
    assert store.lookup(ICD10CM, "I10") is None


def folder_of(tmp_path, codes, rows="kind\tname\ticd10\n"):
    (tmp_path / "who").mkdir()
    (tmp_path / "conditions.tsv").write_text(
        HEAD + f"condition\tMerkel cell carcinoma\t\t{MERKEL}\tC4A.9\t\t\n", "utf-8"
    )
    (tmp_path / "who" / "codes.tsv").write_text("icd10cm\ticd10\n" + codes, "utf-8")
    (tmp_path / "who" / "rows.tsv").write_text(rows, "utf-8")
    return tmp_path


def reasons(folder, reference=None):
    return [str(one) for one in check.check(frozenset({"C4A.9"}), folder, reference)[1]]


def test_the_longest_beginning_decides(tmp_path):
    found = who.read(folder_of(tmp_path, "C4A\tC44\nC4A.9\t\n"))
    assert (found.of_code("C4A.1"), found.of_code("C4A.9"), found.of_code("I10")) == ("C44", "", "I10")


def test_a_folder_without_the_tables_has_no_categories(tmp_path):
    (tmp_path / "conditions.tsv").write_text(HEAD + "condition\tgout\t\t\tM10.9\t\t\n", "utf-8")
    reading = core.read(tmp_path)
    assert not list(reading.mapped)
    assert not next(iter(reading.entries)).mappings


def test_what_is_not_listed_must_be_a_category(tmp_path):
    assert any("C4A is not a category" in one for one in reasons(folder_of(tmp_path, "")))


def test_a_category_is_looked_up(tmp_path):
    folder = folder_of(tmp_path, "C4A\tC44\n")
    assert reasons(folder, check.Reference(snomed={MERKEL: "disorder"}, icd10=frozenset({"C44"}))) == []
    withdrawn = check.Reference(snomed={MERKEL: "disorder"}, icd10=frozenset({"C43"}))
    assert any("C44 is not a category" in one for one in reasons(folder, withdrawn))


@pytest.mark.parametrize(
    ("codes", "rows", "said"),
    [
        ("C4A\tC44\nI10\tI11\n", "", "beginning of no code"),
        ("C4A.9\tC44\nC4A\tC44\n", "", "not sorted"),
        ("C4A\tC44\n", "condition\tgout\tM10\n", "both a SNOMED CT id"),
        ("C4A\tC44\n", "condition\tMerkel cell carcinoma\tC44\n", "category of its code"),
    ],
)
def test_a_line_that_should_not_be_there_is_a_defect(tmp_path, codes, rows, said):
    assert any(said in one for one in reasons(folder_of(tmp_path, codes, "kind\tname\ticd10\n" + rows)))


@pytest.mark.parametrize("codes", ["C4A\tC4A\n", "C4A\tC44\nC4A\tC43\n", "\tC44\n", "C4A\tC44.1\n"])
def test_a_broken_table_is_named_with_its_line(tmp_path, codes):
    with pytest.raises(TerminologyError, match=r"codes.tsv: line [23]"):
        core.read(folder_of(tmp_path, codes))


def test_every_category_of_core_is_in_the_reference(shared):
    reference = check.read_reference(shared / "terminology")
    categories = who.read(check.CORE)
    given_ = set(categories.codes.values()) | set(categories.rows.values())
    assert given_ - {""} <= reference.icd10
    assert "A90" not in reference.icd10
