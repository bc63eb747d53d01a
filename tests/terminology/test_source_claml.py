"""ClaML becomes codes with names that can stand alone, or says where the file is wrong."""

import gzip
import hashlib
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from terminology import TerminologyError
from terminology.sources import claml, xml_reading
from terminology.sources.claml import canonical
from terminology.systems import ICD10, ICD10FR, ICD10GM

GM = Path(__file__).parent / "data" / "icd" / "icd10gm2031syst_claml.xml"


@pytest.fixture(scope="module")
def gm():
    return claml.read(GM)


@pytest.fixture(scope="module")
def by_code(gm):
    return {entry.code: entry for entry in gm.entries}


def names(entry):
    return [term.text for term in entry.terms]


def document(
    classes, head="", name="ICD-10-EN-2031", lang="en", doctype='<!DOCTYPE ClaML SYSTEM "ClaML.dtd">'
):
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{doctype}<ClaML version="2.0.0">'
        f'<Meta name="lang" value="{lang}"/><Title name="{name}" version="2031">A list</Title>'
        f"{head}{classes}</ClaML>"
    )


def a_class(code, label, inner="", kind="category", above=""):
    up = f'<SuperClass code="{above}"/>' if above else ""
    rubric = f'<Rubric kind="preferred"><Label>{label}</Label></Rubric>' if label else ""
    return f'<Class code="{code}" kind="{kind}">{up}{inner}{rubric}</Class>'


def characters(modifier, **labels):
    return "".join(
        f'<ModifierClass modifier="{modifier}" code="{key.replace("p", ".").replace("d", "")}">'
        f'<Rubric kind="preferred"><Label>{label}</Label></Rubric></ModifierClass>'
        for key, label in labels.items()
    )


def read(tmp_path, text):
    path = tmp_path / "list.xml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return claml.read(path)


def codes(reading):
    return [entry.code for entry in reading.entries]


def test_the_file_says_who_it_is(gm):
    assert (gm.name, gm.version, gm.skipped) == ("ICD-10-GM", "2031", 2)
    assert "BfArM" in gm.licence
    assert gm.sha256 == hashlib.sha256(GM.read_bytes()).hexdigest()
    assert {(entry.system, entry.version, entry.kind) for entry in gm.entries} == {(ICD10GM, "2031", None)}
    assert {term.language for entry in gm.entries for term in entry.terms} == {"de"}


def test_every_code_comes_once_with_one_preferred_name_and_known_parents(gm, by_code):
    assert len(by_code) == len(gm.entries) == 191
    assert all(canonical(code) == code for code in by_code)
    for entry in gm.entries:
        assert [term.preferred for term in entry.terms] == [True] + [False] * (len(entry.terms) - 1)
        assert all(parent in by_code for parent in entry.parents)


def test_chapters_blocks_and_free_codes_are_no_codes(by_code):
    assert not {"I", "A00-A09", "E86-E86", "U13", "U14"} & by_code.keys()
    assert by_code["A00"].parents == () and by_code["A00.0"].parents == ("A00",)


def test_inclusions_are_names_exclusions_and_codes_referred_to_are_not(by_code):
    assert names(by_code["J45"]) == ["Asthma"]
    assert names(by_code["J45.0"]) == [
        "Vorwiegend allergisches Asthma",
        "Heuasthma",
        "Exogen-allergisches Asthma",
    ]
    assert names(by_code["A00.0"])[1] == "Cholera: nach altem Muster"
    assert names(by_code["A17.0"]) == ["Hirnhautentzündung durch Tuberkulose"]


def test_a_site_or_a_substance_alone_is_no_name(by_code):
    assert names(by_code["C50.1"]) == ["Krebs: Mitte der Drüse"]
    assert names(by_code["D48.5"]) == ["Neubildung mit ungewissem Verhalten an sonstigem Ort: Haut"]
    assert names(by_code["D48.9"]) == ["Neubildung mit ungewissem Verhalten, Ort unbekannt"]
    assert names(by_code["T36.0"]) == ["Vergiftung durch Antibiotika: Penicilline"]
    assert names(by_code["Y40.0"]) == ["Unerwünschte Wirkung von Arznei: Antibiotika: Penicilline"]
    assert names(by_code["W00"]) == ["Sturz auf Eis"]


def test_modifiers_make_fourth_and_fifth_characters(by_code):
    assert names(by_code["E11.9"]) == ["Typ-2-Zuckerkrankheit, Ohne Folgen"]
    assert names(by_code["E11.91"]) == ["Typ-2-Zuckerkrankheit, Ohne Folgen, Als entgleist bezeichnet"]
    assert by_code["E11.91"].parents == ("E11.9",)
    assert [code for code in by_code if code.startswith("E10.7")] == ["E10.7", "E10.72", "E10.74"]


def test_only_valid_characters_are_made_and_excluded_modifiers_are_not(by_code):
    assert [code for code in by_code if code[:3] in {"F15", "F17"}] == ["F15", "F15.0", "F15.2", "F17"]
    assert [code for code in by_code if code.startswith("I70")] == [
        *("I70", "I70.0", "I70.1", "I70.10", "I70.11", "I70.2", "I70.20", "I70.21")
    ]
    assert "M10.1" in by_code and "M10.10" not in by_code


def test_a_fifth_character_without_a_fourth_is_filled(by_code):
    assert [code for code in by_code if code.startswith("M45")] == ["M45", "M45.X0", "M45.X2"]


def test_a_block_gives_its_modifiers_to_what_has_no_fourth_place_of_its_own(by_code):
    assert [code for code in by_code if code.startswith("W00")] == [
        *("W00", "W00.0", "W00.1", "W00.9", "W00.00", "W00.10", "W00.90")
    ]
    assert [code for code in by_code if code.startswith("W18")] == ["W18", "W18.0"]


def test_a_category_spelled_out_wins_over_one_that_is_made(tmp_path):
    head = characters("S04E10_4", p0="With coma", p2="With kidney trouble")
    head += characters("S04E10_5", d1="Derailed")
    both = '<ModifiedBy code="S04E10_4"/><ModifiedBy code="S04E10_5"/>'
    classes = a_class("E10", "Sugar", both) + a_class("E10.2", "Sugar and kidney", above="E10")
    reading = read(tmp_path, document(classes, head))
    assert codes(reading) == ["E10", "E10.0", "E10.01", "E10.2", "E10.21"]
    assert names(reading.entries[-1]) == ["Sugar and kidney, Derailed"]


def test_who_and_french_lists_and_labels_in_two_languages(tmp_path):
    labels = (
        '<Class code="J45" kind="category"><Rubric kind="preferred"><Label xml:lang="en">Asthma</Label>'
        '<Label xml:lang="nl">Astma</Label></Rubric></Class>'
    )
    dutch = read(tmp_path, document(labels, name="ICD-10-NL", lang="nl")).entries[0]
    assert dutch.system == ICD10
    assert [(t.text, t.language, t.preferred) for t in dutch.terms] == [
        ("Astma", "nl", True),
        ("Asthma", "en", False),
    ]
    head = characters("S13M40_5", d0="Sites multiples")
    spine = a_class("M45", "Raideur du dos", '<ModifiedBy code="S13M40_5"/>')
    french = read(tmp_path, document(spine, head, name="CIM-10-FR", lang=""))
    assert {(e.system, e.code, e.terms[0].language) for e in french.entries} == {
        (ICD10FR, "M45", "fr"),
        (ICD10FR, "M45.+0", "fr"),
    }


def test_text_in_pieces_is_put_together(tmp_path):
    label = (
        'Lack of vitamin B<Term class="subscript">12</Term> <Para>in  the</Para><Para>blood</Para>'
        " (<Reference>D51.-†</Reference>)"
    )
    entry = read(tmp_path, document(a_class("E538†", label))).entries[0]
    assert (entry.code, names(entry)) == ("E53.8", ["Lack of vitamin B12 in the blood"])


def test_namespaces_and_a_newer_version_are_read(tmp_path):
    text = document(a_class("R05", "Cough"), doctype="")
    text = text.replace(
        '<ClaML version="2.0.0">', '<ClaML xmlns="http://example.org/claml3" version="3.0.0">'
    )
    assert codes(read(tmp_path, text)) == ["R05"]


def test_what_cannot_be_a_code_is_counted(tmp_path):
    classes = (
        a_class("R05", "Cough") + a_class("R05", "Again") + a_class("8000/3", "Shape") + a_class("R06", "")
    )
    reading = read(tmp_path, document(classes))
    assert (codes(reading), reading.skipped) == (["R05"], 3)


def test_classes_above_each_other_do_not_hang(tmp_path):
    classes = a_class("C50", "One", above="C50.1") + a_class("C50.1", "Two", above="C50")
    classes += a_class("R05", "Cough", above="R05")
    assert codes(read(tmp_path, document(classes))) == ["C50", "C50.1", "R05"]


@pytest.mark.parametrize("pack", ["gzip", "zip"])
def test_packed_files_read_alike(tmp_path, gm, pack):
    path = tmp_path / "packed"
    if pack == "gzip":
        path.write_bytes(gzip.compress(GM.read_bytes()))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.write(GM, "Klassifikationsdateien/icd10gm2031syst_claml.xml")
            archive.writestr("Klassifikationsdateien/ClaML.dtd", "<!ELEMENT ClaML ANY>")
            archive.writestr("Zusatz/other.xml", "<other/>")
    assert claml.read(path).entries == gm.entries


@pytest.mark.parametrize(
    ("subset", "body"),
    [
        ('[<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]', "&b;"),
        ('[<!ENTITY x SYSTEM "file:///etc/hostname">]', "&x;"),
        ('[<!ENTITY % p SYSTEM "p.dtd"> %p;]', ""),
    ],
)
def test_declared_entities_are_refused(tmp_path, subset, body):
    doctype = f'<!DOCTYPE ClaML SYSTEM "ClaML.dtd" {subset}>'
    with pytest.raises(TerminologyError, match=r"list\.xml: line 1: declares entities"):
        read(tmp_path, document(a_class("R05", body), doctype=doctype))


def test_an_entity_of_the_outer_dtd_is_an_error_with_its_place(tmp_path):
    with pytest.raises(TerminologyError, match=r"line 1, column \d+: undefined entity$"):
        read(tmp_path, document(a_class("R05", "&nbsp;")))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1, column 1: no element found"),
        ("<ClaML>\n <Class>\n</ClaML>", "line 3, column 3: mismatched tag"),
        ("<Other/>", "line 1: the document is no ClaML"),
        ("<ClaML/>", "the title names neither"),
        (document("", name="OPS"), "the title names neither"),
        ("<ClaML>" + "<a>" * 100 + "</a>" * 100 + "</ClaML>", "elements within each other"),
    ],
)
def test_a_broken_file_says_where(tmp_path, text, said):
    with pytest.raises(TerminologyError) as caught:
        read(tmp_path, text)
    assert str(tmp_path / "list.xml") in str(caught.value) and said in str(caught.value)


@pytest.mark.parametrize(
    "raw",
    [
        b'<?xml version="1.0" encoding="no-such-code"?><ClaML/>',
        b'<?xml version="1.0" encoding="utf-7"?><ClaML/>',
        document("").encode("utf-16"),
        document(a_class("R05", "\N{LATIN SMALL LETTER E WITH ACUTE}")).encode("latin-1"),
        b"\x1f\x8b\x08 not gzip at all",
        b"PK\x03\x04 no archive",
        b"\0" * 100,
    ],
)
def test_bytes_of_another_kind_give_an_error_or_a_reading(tmp_path, raw):
    try:
        assert codes(read(tmp_path, raw)) == []
    except TerminologyError as error:
        assert str(error).startswith(f"{tmp_path / 'list.xml'}: ")


def test_a_file_that_unpacks_without_end_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(xml_reading, "MOST_BYTES", 1 << 20)
    path = tmp_path / "bomb.xml.gz"
    path.write_bytes(gzip.compress(b"<ClaML>" + b" " * (1 << 22)))
    with pytest.raises(TerminologyError, match=r"unpacks to more than 1 MiB"):
        claml.read(path)


def test_memory_does_not_grow_with_what_is_not_read(tmp_path):
    path = tmp_path / "long.xml"
    path.write_text(document("<Note><Part>words</Part></Note>\n" * 50_000 + a_class("R05", "Cough")))
    tracemalloc.start()
    try:
        assert codes(claml.read(path)) == ["R05"]
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_file_cut_short_says_where(tmp_path):
    whole = GM.read_bytes()
    cut = whole[: len(whole) // 2]
    line = len(cut.split(b"\n"))
    with pytest.raises(TerminologyError, match=rf"line {line}, column \d+: "):
        read(tmp_path, cut)


def test_a_missing_file_and_no_path(tmp_path):
    with pytest.raises(TerminologyError, match=r"nowhere\.xml: No such file"):
        claml.read(tmp_path / "nowhere.xml")
    with pytest.raises(TerminologyError, match="needs a path"):
        claml.read(None)


def test_modifiers_that_multiply_without_end_are_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr(claml, "MOST_CODES", 50)
    head = characters("A_4", **{f"d{n}": "x" for n in range(10)}) + characters(
        "B_5", **{f"d{n}": "y" for n in range(10)}
    )
    both = '<ModifiedBy code="A_4"/><ModifiedBy code="B_5"/>'
    with pytest.raises(TerminologyError, match="more than 50 codes"):
        read(tmp_path, document(a_class("R05", "Cough", both), head))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("A17.0+", "A17.0"),
        ("G01*", "G01"),
        (" u80.0! ", "U80.0"),
        ("A00.-", "A00"),
        ("E1190", "E11.90"),
        ("", ""),
        ("8000/3", ""),
    ],
)
def test_codes_are_cleaned(text, code):
    assert canonical(text) == code


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_gives_anything_but_a_reading_or_an_error(tmp_path, data):
    whole = data.draw(
        st.sampled_from(
            [GM.read_bytes()[:12000] + b"</ClaML>", GM.read_bytes(), gzip.compress(GM.read_bytes())]
        )
    )
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 200)))
    path = tmp_path / "damaged"
    path.write_bytes(whole[:start] + data.draw(st.binary(max_size=20)) + whole[end:])
    try:
        first = claml.read(path)
    except TerminologyError as error:
        assert str(error).startswith(f"{path}: ")
    else:
        assert claml.read(path) == first
