"""RxNorm: names by term type, ingredients by the direction of RXNREL, ATC for single ingredients."""

import zipfile
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminology import TerminologyError
from terminology.model import Entry
from terminology.sources import rxnorm
from terminology.systems import ATC, RXNORM

RRF = Path(__file__).parent / "data" / "rxnorm" / "rrf"


@cache
def by_name() -> dict[str, Entry]:
    entries = rxnorm.read(RRF).entries
    return {term.text: entry for entry in entries for term in entry.terms if term.preferred}


def broader(name: str) -> set[str]:
    names = {entry.code: text for text, entry in by_name().items()}
    return {names[m.code] for m in by_name()[name].mappings if m.system == RXNORM and m.relation == "broader"}


def atc(name: str) -> list[tuple[str, str]]:
    return [(m.code, m.relation) for m in by_name()[name].mappings if m.system == ATC]


def test_reads_every_drug_once() -> None:
    reading = rxnorm.read(RRF)
    codes = [entry.code for entry in reading.entries]
    assert len(codes) == len(set(codes)) == 89
    assert reading.skipped == 0
    assert "UMLS" in reading.licence


def test_prescribable_names_and_labels_are_synonyms() -> None:
    drug = by_name()["velotarin hydrochloride 10 MG Oral Tablet"]
    assert [term.text for term in drug.terms if not term.preferred] == [
        "velotarin hydrochloride 10 mg tablet",
        "VELOTARIN 10 MG ORAL TABLET [VELOX]",
    ]


def test_names_of_restricted_sources_stay_out_and_languages_are_kept() -> None:
    terms = {(term.text, term.language) for term in by_name()["velotarin"].terms}
    assert terms == {("velotarin", "en"), ("velotarina", "es"), ("VELOTARIN", "en")}


def test_a_drug_has_its_ingredients_above_it_and_never_below() -> None:
    assert broader("velotarin hydrochloride 10 MG Oral Tablet") == {"velotarin", "velotarin hydrochloride"}
    assert broader("velotarin") == set()
    assert broader("velotarin hydrochloride") == {"velotarin"}
    assert broader("Velox") == {"velotarin", "velotarin hydrochloride"}


def test_a_branded_drug_is_narrower_than_the_generic_one() -> None:
    found = broader("velotarin hydrochloride 10 MG Oral Tablet [Velox]")
    assert {"velotarin hydrochloride 10 MG Oral Tablet", "Velox"} <= found


def test_only_isa_makes_parents() -> None:
    drug = by_name()["velotarin hydrochloride 10 MG Oral Tablet"]
    assert drug.parents == (by_name()["velotarin Oral Tablet"].code,)
    assert by_name()["velotarin Oral Tablet"].parents == ()


def test_a_combination_has_all_its_ingredients() -> None:
    found = broader("quastemide potassium 80 MG / velotarin hydrochloride 10 MG Oral Tablet")
    assert {"velotarin", "quastemide", "quastemide / velotarin"} <= found


def test_single_ingredients_alone_have_atc_codes_of_the_fifth_level() -> None:
    assert atc("velotarin") == [("C09AX91", "equivalent")]
    assert atc("quastemide / velotarin") == []
    assert atc("velotarin hydrochloride 10 MG Oral Tablet") == []


def test_what_is_no_longer_current_is_inactive() -> None:
    assert not by_name()["obsolamide"].active
    assert by_name()["velotarin"].active


def test_names_alone_do_without_relations() -> None:
    reading = rxnorm.read(RRF / "RXNCONSO.RRF")
    assert len(tuple(reading.entries)) == 89
    assert not any(mapping.system == RXNORM for entry in reading.entries for mapping in entry.mappings)


def test_of_a_full_release_the_full_set_is_read(tmp_path: Path) -> None:
    path = tmp_path / "RxNorm_full_09072026.zip"
    with zipfile.ZipFile(path, "w") as package:
        for file in RRF.iterdir():
            package.write(file, f"rrf/{file.name}")
            package.writestr(f"prescribe/rrf/{file.name}", "")
    reading = rxnorm.read(path)
    assert reading.entries == rxnorm.read(RRF).entries
    assert reading.version == "2026-09-07"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (b"1|ENG||||||2|||x|RXNORM|IN|1|name||N|", "line 1: 17 columns"),
        (b"\n1|ENG\n", "line 2: 1 columns"),
        (b"1|ENG||||||2||||RXNORM|IN|1|nam\xff||N||", "line 1, byte 32: not UTF-8"),
    ],
)
def test_what_is_wrong_is_named_by_line(tmp_path: Path, rows: bytes, said: str) -> None:
    path = tmp_path / "RXNCONSO.RRF"
    path.write_bytes(rows)
    with pytest.raises(TerminologyError, match=said):
        rxnorm.read(path)


def test_a_folder_without_names_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TerminologyError, match=r"no file named like RXNCONSO\.RRF"):
        rxnorm.read(tmp_path)


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_broken_files_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("rrf")
    for file in RRF.iterdir():
        raw = file.read_bytes()
        start = data.draw(st.integers(0, len(raw)))
        end = start + data.draw(st.integers(0, 200))
        (folder / file.name).write_bytes(raw[:start] + data.draw(st.binary(max_size=20)) + raw[end:])
    try:
        reading = rxnorm.read(folder)
    except TerminologyError as error:
        assert str(folder) in str(error)
    else:
        assert all(entry.terms for entry in reading.entries)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_broken_zips_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("zip") / "rxnorm.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for file in RRF.iterdir():
            package.write(file, f"rrf/{file.name}")
    raw = path.read_bytes()
    start = data.draw(st.one_of(st.integers(0, len(raw)), st.integers(len(raw) - 250, len(raw))))
    cut = data.draw(st.integers(0, 8))
    path.write_bytes(raw[:start] + data.draw(st.binary(max_size=8)) + raw[start + cut :])
    try:
        rxnorm.read(path)
    except TerminologyError as error:
        assert str(path) in str(error)
