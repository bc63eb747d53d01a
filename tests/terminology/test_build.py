"""Sources become one store: the right concepts, the same bytes, or nothing at all."""

import gzip
import hashlib
import os
import sqlite3
from pathlib import Path

import pytest

import terminology
from terminology import Source, TerminologyError, build, open_store, parse_source, sources
from terminology.build import FORMAT
from terminology.systems import ATC, ICD10CM, LOINC, RXNORM, SNOMED, possible

CORE = (
    "kind\tname\tsynonyms\tsnomed\ticd10cm\trxnorm\tatc\n"
    "condition\tasthma\tbronchial asthma\t195967001\tJ45.909\t\t\n"
    "medication\taspirin\tASA|acetylsalicylic acid\t387458008\t\t1191\tN02BA01\n"
    "medication\tibuprofen\t\t\t\t5640\tM01AE01\n"
    "condition\ttwinge of the moon\t\t\t\t\t\n"
    "finding\tcold sweat\t\t\tR61\t\t\n"
)
TSV = (
    "system\tcode\tdisplay\n"
    f"{SNOMED}\t195967001\tAsthma (disorder)\n"
    f"{SNOMED}\t160903007\tFull-time employment (finding)\n"
    f"{SNOMED}\t160903007\tFull time employment\n"
    f"{SNOMED}\t1234\tSNOMED Code\n"
    f"{LOINC}\t8302-2\tBody Height\n"
)


def built(folder, core=CORE, tsv=TSV, order=("core", "tsv")):
    folder.mkdir(exist_ok=True)
    (folder / "core.tsv").write_text(core, "utf-8")
    (folder / "list.tsv").write_text(tsv, "utf-8")
    paths = {"core": folder / "core.tsv", "tsv": folder / "list.tsv"}
    output = folder / "store.sqlite"
    build([Source(kind=kind, path=paths[kind]) for kind in order], output)
    return output


def test_a_core_row_is_the_first_code_it_fills_and_the_others_are_mappings(tmp_path):
    with open_store(built(tmp_path)) as store:
        aspirin = store.lookup(SNOMED, "387458008")
        assert aspirin.display == "aspirin"
        assert {term.text for term in aspirin.terms} == {"aspirin", "ASA", "acetylsalicylic acid"}
        assert [(m.system, m.code, m.relation) for m in store.mappings(SNOMED, "387458008")] == [
            (RXNORM, "1191", "equivalent"),
            (ATC, "N02BA01", "equivalent"),
        ]
        assert [m.code for m in store.mappings(RXNORM, "1191")] == ["387458008"]
        assert [(m.code, m.relation) for m in store.mappings(SNOMED, "195967001")] == [("J45.909", "mapped")]
        assert store.mappings(ICD10CM, "J45.909") == []
        assert store.lookup(RXNORM, "5640").kind == "medication"
        assert store.lookup(ICD10CM, "R61").kind == "finding"
        assert store.exact("twinge of the moon") == []
        assert store.lookup(SNOMED, "000") is None


def test_two_sources_with_one_code_make_one_concept(tmp_path):
    with open_store(built(tmp_path)) as store:
        asthma = store.lookup(SNOMED, "195967001")
        assert asthma.display == "Asthma"  # as its publisher writes it, not as Core does
        assert {t.text for t in asthma.terms} == {"asthma", "bronchial asthma", "Asthma", "Asthma (disorder)"}
        assert [t.text for t in asthma.terms if t.preferred] == ["Asthma"]


def test_a_fully_specified_name_gives_two_terms_and_the_kind(tmp_path):
    with open_store(built(tmp_path)) as store:
        concept = store.lookup(SNOMED, "160903007")
        assert (concept.display, concept.kind) == ("Full-time employment", "finding")
        assert store.exact("full-time employment (finding)")[0].match == "exact"
        assert store.exact("full-time employment")[0].match == "exact"


def test_the_manifest_counts_and_names_its_sources(tmp_path):
    output = built(tmp_path)
    with open_store(output) as store:
        core, tsv = store.manifest.sources
        assert (core.kind, core.concepts, core.skipped) == ("core", 4, 1)
        assert (tsv.name, tsv.concepts, tsv.terms, tsv.skipped) == ("list.tsv", 3, 4, 1)
        assert tsv.sha256 == hashlib.sha256((tmp_path / "list.tsv").read_bytes()).hexdigest()
        assert store.manifest.concepts == 6


def test_the_same_input_gives_the_same_bytes(tmp_path):
    one = built(tmp_path / "a").read_bytes()
    assert one == built(tmp_path / "b").read_bytes()


def test_the_order_of_rows_does_not_matter_and_the_order_of_sources_does(tmp_path):
    head, *rows = TSV.splitlines(keepends=True)
    turned = head + "".join(reversed(rows))
    with open_store(built(tmp_path / "a")) as one, open_store(built(tmp_path / "b", tsv=turned)) as two:
        assert one.manifest.digest == two.manifest.digest
    with open_store(built(tmp_path / "c", order=("tsv", "core"))) as store:
        assert store.lookup(SNOMED, "195967001").display == "Asthma"


def test_other_content_gives_another_digest(tmp_path):
    changed = TSV.replace("Body Height", "Body height")
    with open_store(built(tmp_path / "a")) as one, open_store(built(tmp_path / "b", tsv=changed)) as two:
        assert one.manifest.digest != two.manifest.digest


def test_gzip_byte_order_mark_carriage_returns_and_remarks_are_read(tmp_path):
    text = "\ufeff# name: Ward list\r\n# licence: ours\r\nsystem\tcode\tdisplay\tkind\tlanguage\r\n"
    text += "urn:ward\t7\tBettgitter hoch\tprocedure\tde\r\n\r\n"
    (tmp_path / "list.tsv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    manifest = build([Source(kind="tsv", path=tmp_path / "list.tsv.gz")], tmp_path / "s")
    assert (manifest.sources[0].name, manifest.sources[0].licence) == ("Ward list", "ours")
    with open_store(tmp_path / "s") as store:
        (hit,) = store.exact("Bettgitter hoch")
        assert (hit.kind, hit.language, hit.term) == ("procedure", "de", "Bettgitter hoch")
        assert store.search("bettgitter hoch", languages=["en"]) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"system\tcode\n", "line 1: column 'display' is missing"),
        (b"", "line 1: no header"),
        (b"system\tcode\tdisplay\tcolour\n", "line 1: unknown column 'colour'"),
        (b"system\tcode\tdisplay\nurn:x\t1\n", "line 2: 2 columns, the header has 3"),
        (b"system\tcode\tdisplay\nurn:x\t1\t\n", "line 2: column 'display' is empty"),
        (b"system\tcode\tdisplay\tkind\nurn:x\t1\tCold\tillness\n", "line 2: column 'kind'"),
        (b"system\tcode\tdisplay\tlanguage\nurn:x\t1\tCold\tEnglish!\n", "line 2: column 'language'"),
        (b"system\tcode\tdisplay\nurn:x\t1\tC\xff\n", "line 2, byte 10: not UTF-8"),
        (gzip.compress(b"system\tcode\tdisplay\n" * 99, mtime=0)[:-9], "broken gzip"),
    ],
)
def test_a_broken_list_is_refused_by_file_and_line_and_leaves_nothing(tmp_path, content, said):
    source, output = tmp_path / "bad.tsv", tmp_path / "out" / "store.sqlite"
    source.write_bytes(content)
    output.parent.mkdir()
    output.write_text("the store of last month")
    with pytest.raises(TerminologyError, match=r"bad\.tsv") as error:
        build([Source(kind="tsv", path=source)], output)
    assert said in str(error.value)
    assert os.listdir(output.parent) == ["store.sqlite"]
    assert output.read_text() == "the store of last month"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("illness\tasthma\t\t195967001\t\t\t", "column 'kind'"),
        ("condition\t\t\t195967001\t\t\t", "column 'name'"),
        ("condition\tasthma\t\t195967002\t\t\t", "column 'snomed'"),
    ],
)
def test_a_broken_core_row_is_refused(tmp_path, row, said):
    with pytest.raises(TerminologyError, match=r"core.tsv: line 2: ") as error:
        built(tmp_path, core=CORE.splitlines()[0] + "\n" + row + "\n")
    assert said in str(error.value)


def test_sources_are_written_as_kind_and_path():
    assert parse_source("core") == Source(kind="core", path=None)
    assert parse_source("tsv=a=b.tsv") == Source(kind="tsv", path=Path("a=b.tsv"))
    for wrong in ("", "tsv", "tsv=", "snomed=x", "icd10cm=x"):
        with pytest.raises(TerminologyError, match="source"):
            parse_source(wrong)


def test_a_missing_file_an_empty_folder_and_no_source_are_refused(tmp_path):
    with pytest.raises(TerminologyError, match="No such file"):
        build([Source(kind="tsv", path=tmp_path / "none.tsv")], tmp_path / "s")
    with pytest.raises(TerminologyError, match=r"no \.tsv file"):
        build([Source(kind="core", path=tmp_path)], tmp_path / "s")
    with pytest.raises(TerminologyError, match="at least one source"):
        build([], tmp_path / "s")


def test_codes_that_cannot_exist_are_known():
    assert possible(SNOMED, "195967001")
    assert not possible(SNOMED, "195967002")  # check digit
    assert not possible(SNOMED, "1366AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
    assert possible(LOINC, "8302-2")
    assert possible(LOINC, "LA4457-3")
    assert not possible(LOINC, "8302")
    assert not possible(RXNORM, "abc")
    assert possible("urn:x", "anything")


def test_kinds_come_from_tags_systems_twins_and_words(tmp_path):
    rows = [
        (SNOMED, "268556000", "Urine screening for glucose"),  # by its words
        (SNOMED, "116154003", "Patient"),  # nothing tells
        (SNOMED, "15777000", "Prediabetes"),  # by the ICD-10-CM row of that name
        (ICD10CM, "R73.03", "Prediabetes"),
        (SNOMED, "75367002", "Blood pressure (observable entity)"),
        (SNOMED, "79654002", "Edema (morphologic abnormality)"),
        (LOINC, "LA4457-3", "White"),
        (LOINC, "8302-2", "Body height"),
        (RXNORM, "1191", "Aspirin"),
        (ICD10CM, "J45", "Asthma"),
    ]
    tsv = "system\tcode\tdisplay\n" + "".join("\t".join(row) + "\n" for row in rows)
    with open_store(built(tmp_path, tsv=tsv, order=("tsv",))) as store:
        kinds = {code: store.lookup(system, code).kind for system, code, _ in rows}
    assert kinds == {
        "268556000": "procedure",
        "116154003": "other",
        "15777000": "finding",
        "R73.03": "finding",
        "75367002": "test",
        "79654002": "other",
        "LA4457-3": "other",
        "8302-2": "test",
        "1191": "medication",
        "J45": "condition",
    }


def test_a_store_of_another_version_or_no_store_is_refused(tmp_path):
    output = built(tmp_path)
    with sqlite3.connect(output) as connection:
        connection.execute("UPDATE about SET value = '99' WHERE key = 'format_version'")
    connection.close()
    with pytest.raises(TerminologyError, match=f"store format 99, this version reads {FORMAT}"):
        open_store(output)
    (tmp_path / "text").write_text("not a store")
    with pytest.raises(TerminologyError, match="not a terminology store"):
        open_store(tmp_path / "text")
    with pytest.raises(TerminologyError, match="no such store"):
        open_store(tmp_path / "none")


def test_progress_is_told(tmp_path):
    said = []
    (tmp_path / "list.tsv").write_text(TSV)
    build([Source(kind="tsv", path=tmp_path / "list.tsv")], tmp_path / "s", said.append)
    assert any("1 rows left out" in line for line in said)


@pytest.mark.slow
def test_icd10cm_has_categories_codes_and_inclusion_terms(tmp_path):
    reading = sources.read(Source(kind="icd10cm"))
    names = {entry.code: [term.text for term in entry.terms] for entry in reading.entries}
    assert names["J45.909"][1] == "Asthma NOS"
    assert "I21" in names
    assert "A00-A09" not in names
    assert all(entry.terms[0].preferred for entry in reading.entries)


def test_the_public_names_are_sorted():
    assert terminology.__all__ == sorted(terminology.__all__, key=lambda name: (name.islower(), name))


def test_a_code_shared_by_several_of_our_names_is_not_displayed_as_one_of_them(tmp_path):
    core = tmp_path / "core.tsv"
    header = "kind\tname\tsynonyms\tsnomed\ticd10cm\trxnorm\tatc\n"
    core.write_text(
        header
        + "finding\trales\t\t\tR09.89\t\t\nfinding\trhonchi\t\t\tR09.89\t\t\nfinding\tfever\t\t\tR50.9\t\t\n",
        "utf-8",
    )
    build([Source(kind="core", path=core)], tmp_path / "store.sqlite")
    with open_store(tmp_path / "store.sqlite") as store:
        assert store.lookup(ICD10CM, "R09.89").display == ""
        assert store.lookup(ICD10CM, "R50.9").display == "fever"
        assert [hit.code for hit in store.exact("rhonchi")] == ["R09.89"]
