"""The Global Patient Set in its three shapes, and the licence of each edition."""

import gzip
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminology import TerminologyError
from terminology.sources import gps
from terminology.systems import SNOMED

DATA = Path(__file__).parent / "data" / "gps"
TABLE = DATA / "SnomedINTL_GPSRelease_PRODUCTION_20260101T120000Z.txt"
RESOURCE = DATA / "ValueSet-sample-gps.json"
PUBLISHED = Path(__file__).parents[3] / "shared" / "terminology" / "snomed-gps-2020-09.tsv.gz"
README = "subject to the Creative Commons Attribution-NoDerivatives 4.0 International Public License"


def test_reads_the_table() -> None:
    reading = gps.read(TABLE)
    entries = {entry.code: entry for entry in reading.entries}
    assert (len(entries), reading.skipped, reading.version) == (101, 1, "2026-01-01")
    first = next(iter(entries.values()))
    assert (first.system, first.active) == (SNOMED, True)
    assert [(term.text, term.preferred) for term in first.terms] == [
        ("Sprain of left test joint", True),
        ("Sprain of left test joint (disorder)", False),
    ]
    assert sum(not entry.active for entry in entries.values()) == 6


def test_a_zip_is_the_same_as_its_table(tmp_path: Path) -> None:
    path = tmp_path / TABLE.with_suffix(".zip").name
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.write(TABLE, TABLE.name)
        package.writestr("Readme.txt", README)
    reading = gps.read(path)
    assert reading.entries == gps.read(TABLE).entries
    assert (reading.version, reading.licence[-12:]) == ("2026-01-01", "CC BY-ND 4.0")


@pytest.mark.parametrize(
    ("name", "readme", "licence"),
    [
        ("GPSRelease_20220731T120000Z", "", "CC BY 4.0"),
        ("GPSRelease_20250701T120000Z", README, "CC BY-ND 4.0"),
        ("GPSRelease_20250701T120000Z", "Creative Commons Attribution 4.0", "CC BY 4.0"),
        ("GPSRelease_20250701T120000Z", "", "Creative Commons"),
        ("GPSRelease_20270101T120000Z", "", "CC BY-ND 4.0"),
    ],
)
def test_the_licence_goes_by_the_edition(tmp_path: Path, name: str, readme: str, licence: str) -> None:
    path = tmp_path / f"{name}.zip"
    with zipfile.ZipFile(path, "w") as package:
        package.write(TABLE, f"{name}.txt")
        package.writestr("Readme.txt", readme)
    assert gps.read(path).licence.endswith(f"SNOMED International, {licence}")


def test_reads_the_value_set() -> None:
    reading = gps.read(RESOURCE)
    assert (len(tuple(reading.entries)), reading.version) == (100, "2020-09")
    assert reading.licence.endswith("CC BY 4.0")


@pytest.mark.parametrize("header", ["Concept Id\tActive\tFSN\tUS Preferred Term", "id\tactive\tfsn\tpt"])
def test_the_spelling_of_the_header_is_free(tmp_path: Path, header: str) -> None:
    path = tmp_path / "gps.txt"
    path.write_text(header + TABLE.read_text("utf-8").removeprefix("ConceptID\tActive\tFSN\tUSPreferredTerm"))
    assert gps.read(path).entries == gps.read(TABLE).entries


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "line 1: no header"),
        (b"Active\tFSN\n", "line 1: the header names no column conceptid"),
        (b"id\tactive\tfsn\n404684003\tmaybe\tx\n", "line 2: column Active"),
        (b"id\tactive\tfsn\n404684003\t1\n", "line 2: 2 columns"),
        (b"system\tcode\tdisplay\nhttp://loinc.org\t1-8\tx\n", "line 2: a code that is not of SNOMED CT"),
        (b"id\tactive\tfsn\n404684003\t1\tx\xc3\n", "line 2, byte 14: not UTF-8"),
    ],
)
def test_what_is_wrong_is_named_by_line(tmp_path: Path, text: bytes, said: str) -> None:
    path = tmp_path / "gps.txt"
    path.write_bytes(text)
    with pytest.raises(TerminologyError, match=said):
        gps.read(path)


@pytest.mark.skipif(not PUBLISHED.exists(), reason="the published edition is not here")
def test_reads_the_published_edition() -> None:
    reading = gps.read(PUBLISHED)
    assert (len(tuple(reading.entries)), reading.skipped, reading.version) == (26158, 0, "2020-09")


@settings(max_examples=200, deadline=None)
@given(data=st.data(), source=st.sampled_from([TABLE, RESOURCE]), packed=st.booleans())
def test_broken_files_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, source: Path, packed: bool
) -> None:
    path = tmp_path_factory.mktemp("gps") / (source.name + ".gz" * packed)
    raw = gzip.compress(source.read_bytes(), mtime=0) if packed else source.read_bytes()
    start = data.draw(st.integers(0, len(raw)))
    cut = data.draw(st.one_of(st.integers(0, 40), st.just(len(raw))))
    path.write_bytes(raw[:start] + data.draw(st.binary(max_size=20)) + raw[start + cut :])
    try:
        reading = gps.read(path)
    except TerminologyError as error:
        assert str(path) in str(error)
    else:
        assert all(entry.terms and entry.system == SNOMED for entry in reading.entries)
