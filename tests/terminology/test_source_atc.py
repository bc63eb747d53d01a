"""ATC tables: the WHO index and the German edition, hierarchy by the length of the code."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminology import TerminologyError
from terminology.model import Entry
from terminology.sources import atc
from terminology.systems import ATC, ATC_BFARM

DATA = Path(__file__).parent / "data" / "atc"
WHO = DATA / "atc-index-2026.csv"
BFARM = DATA / "atc-bfarm-2026.csv"


def entries(path: Path) -> dict[str, Entry]:
    return {entry.code: entry for entry in atc.read(path).entries}


def table(tmp_path: Path, text: str, name: str = "atc.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_reads_the_index_once_per_code() -> None:
    reading = atc.read(WHO)
    assert len(tuple(reading.entries)) == len(entries(WHO)) == 97
    assert {entry.system for entry in reading.entries} == {ATC}
    assert (reading.version, reading.skipped) == ("2026", 1)  # a veterinary code


def test_the_level_is_the_length_of_the_code() -> None:
    found = entries(WHO)
    chain = ["Z01AA01"]
    while parents := found[chain[-1]].parents:
        chain += parents
    assert chain == ["Z01AA01", "Z01AA", "Z01A", "Z01", "Z"]


def test_quoted_cells_are_read() -> None:
    assert entries(WHO)["Z02AA"].terms[0].text == 'Tilurafen derivatives, "light"'
    assert entries(BFARM)["Z02BA"].terms[0].text == "Sendrolole; andere"


def test_the_german_edition_is_a_system_of_its_own() -> None:
    reading = atc.read(BFARM)
    assert {entry.system for entry in reading.entries} == {"http://fhir.de/CodeSystem/bfarm/atc"}
    assert {term.language for entry in reading.entries for term in entry.terms} == {"de"}
    assert "UrhG" in reading.licence


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("code;name", "en"),
        ("ATC-Code;ATC-Bedeutung", "de"),
        ("Code ATC;Libellé", "fr"),
        ("ATC-code;Naam", "nl"),
        ("atc_code;name_pl", "pl"),
    ],
)
def test_the_heading_tells_the_language(tmp_path: Path, header: str, language: str) -> None:
    found = entries(table(tmp_path, f"{header}\nZ01AA 01;sample\n"))
    assert [(term.text, term.language) for term in found["Z01AA01"].terms] == [("sample", language)]


def test_columns_of_several_languages_and_a_system_column(tmp_path: Path) -> None:
    text = f"code\tname_de\tname_fr\tsystem\nZ01\tProbe\tessai\t{ATC_BFARM}\nZ02\tandere\t\t\n"
    first, second = atc.read(table(tmp_path, text, "atc.tsv")).entries
    assert [(term.text, term.language) for term in first.terms] == [("Probe", "de"), ("essai", "fr")]
    assert (first.system, second.system) == (ATC_BFARM, ATC)


def test_the_first_name_is_preferred(tmp_path: Path) -> None:
    (entry,) = atc.read(table(tmp_path, "code,name\nZ01,one\nZ01,two\nZ01,one\n")).entries
    assert [(term.text, term.preferred) for term in entry.terms] == [("one", True), ("two", False)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: no header"),
        ("code,dose\nZ01,1\n", "line 1: no header"),
        ('code,name\nZ01,"one" two\n', "line 2: ',' expected"),
        ('code,name\nZ01,"one\n', "line 2: unexpected end"),
        ("code,name,ddd\nZ01,one,1\nZ02,two\n", "line 3: 2 columns"),
        ("code,name\nZ01,one, two\n", "line 2: 3 columns"),
        ("code,name,system\nZ01,one,http://loinc.org\n", "line 2: column 'system' must be"),
        ("code,name,language\nZ01,one,?\n", "line 2: column 'language'"),
    ],
)
def test_what_is_wrong_is_named_by_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(TerminologyError, match=said):
        atc.read(table(tmp_path, text))


@settings(max_examples=200, deadline=None)
@given(data=st.data(), source=st.sampled_from([WHO, BFARM]))
def test_broken_files_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, source: Path
) -> None:
    path = tmp_path_factory.mktemp("atc") / source.name
    raw = source.read_bytes()
    start = data.draw(st.one_of(st.integers(0, 120), st.integers(0, len(raw))))
    cut = data.draw(st.one_of(st.integers(0, 40), st.just(len(raw))))
    put = data.draw(st.one_of(st.binary(max_size=20), st.text(';,"\t\n\rZ0', max_size=8).map(str.encode)))
    path.write_bytes(raw[:start] + put + raw[start + cut :])
    try:
        reading = atc.read(path)
    except TerminologyError as error:
        assert str(path) in str(error)
    else:
        assert all(entry.terms and entry.code for entry in reading.entries)
