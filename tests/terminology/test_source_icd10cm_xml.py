"""The tabular list becomes codes with seventh characters written out, or says where it is wrong."""

import importlib.util
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminology import TerminologyError
from terminology.sources import icd10cm_xml
from terminology.systems import ICD10CM

SMALL = Path(__file__).parent / "data" / "icd" / "icd10cm_tabular_2031.xml"


@pytest.fixture(scope="module")
def by_code():
    return {entry.code: entry for entry in icd10cm_xml.read(SMALL).entries}


def names(entry):
    return [term.text for term in entry.terms]


def below(by_code, code):
    return [one for one, entry in by_code.items() if entry.parents == (code,)]


def test_every_diagnosis_is_a_code_with_its_names(by_code):
    reading = icd10cm_xml.read(SMALL)
    assert (reading.name, reading.version, reading.skipped) == ("ICD-10-CM", "2031", 0)
    assert len(by_code) == len(reading.entries) == 60 + 39
    assert {(entry.system, entry.version) for entry in reading.entries} == {(ICD10CM, "2031")}
    assert names(by_code["I10"]) == [
        *("High blood pressure", "hypertension (plain)", "high blood pressure & nothing more")
    ]
    assert [term.preferred for term in by_code["I10"].terms] == [True, False, False]
    assert names(by_code["A09"]) == ["Gut illness thought to be catching", "Catching diarrhea NOS"]


def test_nesting_gives_the_parents(by_code):
    assert by_code["J45"].parents == ()
    assert by_code["J45.909"].parents == ("J45.90",)
    assert by_code["E11.3511"].parents == ("E11.351",)


def test_seventh_characters_come_from_the_nearest_definition_and_are_filled_with_x(by_code):
    assert below(by_code, "S02.0") == [f"S02.0XX{last}" for last in "ABDGKS"]
    assert below(by_code, "S02.5") == [f"S02.5XX{last}" for last in "ADS"]
    assert below(by_code, "S02.101") == [f"S02.101{last}" for last in "ABDGKS"]
    assert names(by_code["T67.01XA"]) == ["Stroke by heat and sun, first visit"]
    assert below(by_code, "M81.0") == []
    assert below(by_code, "QA0.0101") == []


def test_what_a_note_bars_is_not_made(by_code):
    assert below(by_code, "S06.1X0") == ["S06.1X0A", "S06.1X0D", "S06.1X0S"]
    assert below(by_code, "S06.1X7") == ["S06.1X7A"]
    assert below(by_code, "S06.1X8") == ["S06.1X8A"]


def test_a_zip_of_several_lists_reads_the_tabular_one(tmp_path):
    path = tmp_path / "icd10cm.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(SMALL, "icd10cm_tabular_2031.xml")
        archive.writestr("icd10cm_index_2031.xml", "<ICD10CM.index/>")
    assert icd10cm_xml.read(path).entries == icd10cm_xml.read(SMALL).entries


@pytest.mark.parametrize("members", [{}, {"a.xml": "<a/>", "b.xml": "<b/>"}])
def test_a_zip_without_one_list_is_refused(tmp_path, members):
    path = tmp_path / "icd10cm.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "words")
        for name, text in members.items():
            archive.writestr(name, text)
    with pytest.raises(TerminologyError, match=r"icd10cm\.zip: the archive must hold one \.xml file"):
        icd10cm_xml.read(path)


def test_what_has_no_name_or_code_is_counted(tmp_path):
    path = tmp_path / "list.xml"
    path.write_text(
        "<ICD10CM.tabular><version>2031</version><chapter><section><diag><name>R05</name><desc>Cough</desc>"
        "<diag><name>R05.1</name></diag><diag><name>?</name><desc>What</desc></diag></diag>"
        "<diag><name>R05</name><desc>Again</desc></diag></section></chapter></ICD10CM.tabular>"
    )
    reading = icd10cm_xml.read(path)
    assert ([entry.code for entry in reading.entries], reading.skipped) == (["R05"], 3)


def test_a_broken_file_says_where(tmp_path):
    path = tmp_path / "list.xml"
    path.write_text("<ICD10CM.tabular>\n  <chapter>\n    <diag>")
    with pytest.raises(TerminologyError, match=r"list\.xml: line 3, column 11: no element found"):
        icd10cm_xml.read(path)
    path.write_text("<ClaML/>")
    with pytest.raises(TerminologyError, match=r"the document is no ICD10CM\.tabular"):
        icd10cm_xml.read(path)
    with pytest.raises(TerminologyError, match="needs a path"):
        icd10cm_xml.read(None)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_gives_anything_but_a_reading_or_an_error(tmp_path, data):
    zipped = tmp_path / "small.zip"
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(SMALL, "tabular.xml")
    whole = data.draw(st.sampled_from([SMALL.read_bytes(), zipped.read_bytes()]))
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 200)))
    path = tmp_path / "damaged"
    path.write_bytes(whole[:start] + data.draw(st.binary(max_size=20)) + whole[end:])
    try:
        first = icd10cm_xml.read(path)
    except TerminologyError as error:
        assert str(error).startswith(f"{path}: ")
    else:
        assert icd10cm_xml.read(path) == first


@pytest.mark.slow
def test_the_list_of_the_cdc_gives_the_codes_it_is_known_to_give():
    found = importlib.util.find_spec("simple_icd_10_cm")
    files = sorted(Path(found.origin).parent.glob("data/*tabular*.xml")) if found and found.origin else []
    if not files:
        pytest.skip("the package simple-icd-10-cm is not there")
    reading = icd10cm_xml.read(files[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import simple_icd_10_cm as package

        # its list names a category twice whose section is called the same: 98,225 are 98,186
        known = {
            one for one in package.get_all_codes(with_dots=True) if package.is_category_or_subcategory(one)
        }
    assert {entry.code for entry in reading.entries} == known
    assert (len(reading.entries), reading.skipped) == (len(known), 0)
    for entry in reading.entries:  # the package adds the note of an extension, where there is one
        assert " ".join(package.get_description(entry.code).split()).startswith(entry.terms[0].text)
