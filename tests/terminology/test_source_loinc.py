"""LOINC: names, what is deprecated and replaced, translations, and which related names are worth taking."""

import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminology import TerminologyError
from terminology.model import Entry
from terminology.sources import loinc
from terminology.systems import LOINC

RELEASE = Path(__file__).parent / "data" / "loinc" / "Loinc_2.99"
TABLE = RELEASE / "LoincTable" / "Loinc.csv"
MUTATED = (
    "LoincTable/Loinc.csv",
    "LoincTable/MapTo.csv",
    "AccessoryFiles/LinguisticVariants/deDE15LinguisticVariant.csv",
)


def entries(path: Path) -> list[Entry]:
    return list(loinc.read(path).entries)


def names(entry: Entry, language: str = "en") -> list[str]:
    return [term.text for term in entry.terms if term.language == language]


def test_reads_every_code() -> None:
    reading = loinc.read(RELEASE)
    found = list(reading.entries)
    assert len({entry.code for entry in found}) == len(found) == 100
    assert {(entry.system, entry.version) for entry in found} == {(LOINC, "2.99")}
    assert reading.version == "2.99"


def test_the_long_common_name_is_preferred() -> None:
    first = entries(TABLE)[1]
    assert names(first) == [
        "Velotarase [Moles/volume] in Blood",
        "Velotarase (Bld) [Moles/Vol]",
        "Velotarase Bld-sCnc",
    ]
    assert [term.text for term in first.terms if term.preferred] == names(first)[:1]


def test_related_names_are_those_of_the_analyte_of_a_common_test() -> None:
    common, rare, *_ = entries(TABLE)
    assert names(common)[4:] == ["VLT", "velotarase level"]
    assert "VLT" not in names(rare)


def test_only_deprecated_codes_are_inactive_and_have_replacements() -> None:
    reading = loinc.read(RELEASE)
    gone = {entry.code for entry in reading.entries if not entry.active}
    told = list(reading.associations)
    assert len(gone) == 5
    assert {association.code for association in told} == gone
    assert [association.kind for association in told] == ["replaced-by"] * 4 + ["possibly-replaced-by"] * 2


def test_translations_are_names_in_their_language() -> None:
    found = entries(RELEASE)
    assert names(found[0], "de") == ["Veloferment in Blut"]
    assert names(found[1], "de") == ["Veloferment (Blut)"]  # no whole name: analyte and system
    assert names(found[2], "de") == ["Veloferment (Serum oder Plasma)", "Veloferment in Serum oder Plasma"]
    assert not any(names(entry, "fr") for entry in found)  # the variant is in English


def test_a_zip_is_the_same_as_its_folder(tmp_path: Path) -> None:
    path = tmp_path / "Loinc_2.99.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for file in RELEASE.rglob("*.csv"):
            package.write(file, file.relative_to(RELEASE))
    packed, lying = loinc.read(path), loinc.read(RELEASE)
    assert (packed.entries, packed.associations) == (lying.entries, lying.associations)


def test_the_table_alone_has_the_version_of_its_last_change(tmp_path: Path) -> None:
    path = shutil.copy(TABLE, tmp_path / "table.csv")
    reading = loinc.read(path)
    assert reading.version == "2.98"
    assert not reading.associations


HEADER = "LOINC_NUM,LONG_COMMON_NAME,STATUS\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: no header"),
        ("LOINC_NUM,STATUS\n", "line 1: the header needs one column 'long_common_name'"),
        (HEADER + "9000001-1,x\n", "line 2: 2 columns, the header has 3"),
        (HEADER + "9000001-1,x,GONE\n", "line 2: column 'STATUS'"),
        (HEADER + '9000001-1,"x" y,ACTIVE\n', "line 2: ',' expected"),
    ],
)
def test_what_is_wrong_is_named_by_line(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "Loinc.csv"
    path.write_text(text, "utf-8")
    with pytest.raises(TerminologyError, match=said):
        loinc.read(path)


def test_rows_without_code_or_name_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "Loinc.csv"
    path.write_text(HEADER + "no code,x,ACTIVE\n9000001-1,,ACTIVE\n9000001-1,x,\n", "utf-8")
    assert loinc.read(path).skipped == 2


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_broken_files_are_refused_or_read(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = shutil.copytree(RELEASE, tmp_path_factory.mktemp("loinc") / "release")
    path = folder / data.draw(st.sampled_from(MUTATED))
    raw = path.read_bytes()
    start = data.draw(st.one_of(st.integers(0, 200), st.integers(0, len(raw))))
    cut = data.draw(st.one_of(st.integers(0, 40), st.just(len(raw))))
    put = data.draw(st.one_of(st.binary(max_size=20), st.text(';,"\n\r9-', max_size=8).map(str.encode)))
    path.write_bytes(raw[:start] + put + raw[start + cut :])
    try:
        reading = loinc.read(folder)
    except TerminologyError as error:
        assert str(path) in str(error)
    else:
        assert all(entry.terms and entry.code for entry in reading.entries)
