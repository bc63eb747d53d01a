"""Alpha-ID rows become German names of ICD-10-GM codes, or say which row is wrong."""

import gzip
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminology import TerminologyError
from terminology.sources import alphaid
from terminology.systems import ICD10GM

SE = Path(__file__).parent / "data" / "icd" / "icd10gm2031_alphaidse_edvtxt.txt"


def read(tmp_path, raw, name="icd10gm2031_alphaid_edvtxt_20300930.txt"):
    path = tmp_path / name
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return alphaid.read(path)


def told(reading):
    return [(entry.code, entry.terms[0].text) for entry in reading.entries]


def test_every_valid_row_with_a_code_is_a_further_german_name():
    reading = alphaid.read(SE)
    assert (reading.name, reading.version) == ("Alpha-ID-SE", "2031")
    assert (len(reading.entries), reading.skipped) == (58, 2)
    assert {entry.system for entry in reading.entries} == {ICD10GM}
    assert {(t.language, t.preferred) for entry in reading.entries for t in entry.terms} == {("de", False)}
    assert ("J44.99", "COPD") in told(reading)
    assert "Alte Bezeichnung für Brustschmerz" not in {text for _, text in told(reading)}


def test_marks_are_kept_out_of_the_codes():
    found = {text: code for code, text in told(alphaid.read(SE))}
    assert found["Tuberkulöse Meningitis"] == "A17.0"
    assert found["Netzhautleiden bei jugendlichem Zucker"] == "E10.30"
    assert found["MRSA-Besiedlung"] == "U80.0"
    assert found["Hochdruckleiden"] == "I10"


def test_seven_columns_are_alpha_id_without_orpha_codes(tmp_path):
    reading = read(tmp_path, "\ufeff1|I1|R05||||Husten\r\n\r\n0|I2|R05||||Alt\n")
    assert (reading.name, reading.version, reading.skipped) == ("Alpha-ID", "2031", 1)
    assert told(reading) == [("R05", "Husten")]
    assert read(tmp_path, "1|I1|R05||||Husten", "phrases.txt").entries[0].version is None


def test_packed_files_read_alike(tmp_path):
    whole = alphaid.read(SE).entries
    assert read(tmp_path, gzip.compress(SE.read_bytes()), SE.name + ".gz").entries == whole
    path = tmp_path / "alphaid2031.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(SE, f"Klassifikationsdateien/{SE.name}")
        archive.writestr("Liesmich.txt", "words")
    assert alphaid.read(path).entries == whole


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("", "line 1: no rows"),
        ("1|I1|R05||||Husten\n1|I2|R06", "line 2: 3 columns"),
        ("1|I1|R05||||Husten\n1|I2|R06|||||Luft", "line 2: 8 columns, the first row has 7"),
        ("x|I1|R05||||Husten", "line 1: column 1 must be 0 or 1"),
        ("1|I1|R05||||Husten\n1|I1|R05||||Übel".encode("latin-1"), "line 2, byte 13: not UTF-8"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, raw, said):
    with pytest.raises(TerminologyError) as caught:
        read(tmp_path, raw)
    assert said in str(caught.value) and str(tmp_path) in str(caught.value)
    assert "Husten" not in str(caught.value)


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_gives_anything_but_a_reading_or_an_error(tmp_path, data):
    whole = SE.read_bytes()[:1500]
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 50)))
    raw = whole[:start] + data.draw(st.binary(max_size=12)) + whole[end:]
    try:
        assert read(tmp_path, raw) == read(tmp_path, raw)
    except TerminologyError as error:
        assert str(error).startswith(str(tmp_path))
