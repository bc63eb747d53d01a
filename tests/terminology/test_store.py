"""One store, many threads: lookup, exact names, and the names that stand in a note."""

import gzip
import json
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from terminology import Source, TerminologyError, build, open_store
from terminology.systems import RXNORM, SNOMED
from tests.terminology import rf2_release

SHARED = Path(__file__).parents[3] / "shared"
ROWS = [
    (SNOMED, "43878008", "Streptococcal sore throat (disorder)", ""),
    (SNOMED, "267102003", "Sore throat symptom (finding)", "finding"),
    (SNOMED, "22253000", "Pain (finding)", ""),
    (SNOMED, "29857009", "Chest pain (finding)", ""),
    (SNOMED, "80313002", "Severe anxiety (panic) (finding)", ""),
    (SNOMED, "160903007", "Full-time employment (finding)", ""),
    (SNOMED, "91857003", "ALL", "condition"),
    (SNOMED, "22298006", "MI", "condition"),
    (SNOMED, "38341003", "HTN", "condition"),
    (SNOMED, "79654002", "Edema (morphologic abnormality)", ""),
    (SNOMED, "267038008", "Edema (finding)", ""),
    (SNOMED, "34000006", "Crohn's disease (disorder)", ""),
    (SNOMED, "13645005", "Ménière disease", "condition"),
    (SNOMED, "49436004", "Atrial fibrillation (disorder)", ""),
    (SNOMED, "116154003", "Patient", "finding"),
    (
        SNOMED,
        "104091002",
        "Hemogram, automated, with RBC, WBC, Hgb, Hct, Indices, Platelet count, and manual WBC differential",
        "procedure",
    ),
    (
        RXNORM,
        "106892",
        "insulin isophane, human 70 UNT/ML / insulin, regular, human 30 UNT/ML"
        " Injectable Suspension [Humulin]",
        "",
    ),
    (RXNORM, "860975", "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet", ""),
    (RXNORM, "6809", "Metformin", ""),
    (RXNORM, "314076", "lisinopril 10 MG Oral Tablet", ""),
]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    lines = ["system\tcode\tdisplay\tkind", *("\t".join(row) for row in ROWS)]
    (folder / "list.tsv").write_text("\n".join(lines), "utf-8")
    build([Source(kind="tsv", path=folder / "list.tsv")], folder / "store.sqlite")
    with open_store(folder / "store.sqlite") as opened:
        yield opened


def found(store, text):
    return [(text[match.start : match.end], match.code) for match in store.matches(text)]


SEARCHED = [row for row in ROWS if row[2] != "Patient"]


@pytest.mark.parametrize(("system", "code", "display", "kind"), SEARCHED, ids=[row[1] for row in SEARCHED])
def test_every_display_is_found_whole_in_a_note(store, system, code, display, kind):
    text = f"# Plan\n- {display.lower() if code not in ('91857003', '22298006') else display}; seen today."
    matches = store.matches(text)
    assert (matches[0].start, matches[0].end) == (9, 9 + len(display))
    assert (system, code) in {(hit.system, hit.code) for hit in matches[0].codes}
    assert matches[0].codes[0].match == "exact"


def test_longest_wins_and_nothing_overlaps(store):
    text = "Chest pain, streptococcal sore throat (disorder), pain."
    assert found(store, text) == [
        ("Chest pain", "29857009"),
        ("streptococcal sore throat (disorder)", "43878008"),
        ("pain", "22253000"),
    ]


def test_white_space_line_breaks_hyphens_and_plurals_do_not_matter(store):
    assert found(store, "full time\n  employment") == [("full time\n  employment", "160903007")]
    assert found(store, "chest\tpains") == [("chest\tpains", "29857009")]
    assert found(store, "Crohn’s disease, crohns disease, CROHN'S DISEASE") == [
        ("Crohn’s disease", "34000006"),
        ("crohns disease", "34000006"),
        ("CROHN'S DISEASE", "34000006"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "pain-free",
        "painful",
        "non-pain",
        "chest, full-time\n\nemployment",
        "full-time\n- employment",
        "metforminx",
        "he took all of it",
        "mi casa",
        "HE TOOK ALL OF IT",
        "patient",
        "",
        "   \n\n ",
    ],
)
def test_what_is_not_said_is_not_found(store, text):
    assert found(store, text) == []


def test_acronyms_that_are_words_need_capitals_and_others_do_not(store):
    assert found(store, "relapsed ALL, old MI, htn") == [
        ("ALL", "91857003"),
        ("MI", "22298006"),
        ("htn", "38341003"),
    ]


def test_strengths_are_not_confused(store):
    assert found(store, "lisinopril 100 mg oral tablet") == []
    assert found(store, "lisinopril 10mg oral tablet") == [("lisinopril 10mg oral tablet", "314076")]


def test_a_name_of_two_concepts_gives_both_the_clinical_one_first(store):
    (match,) = store.matches("edema")
    assert [hit.code for hit in match.codes] == ["267038008", "79654002"]
    assert (match.kind, match.code) == ("finding", "267038008")
    assert [hit.code for hit in store.matches("edema", kinds=["other"])[0].codes] == ["79654002"]


@pytest.mark.parametrize("before", ["", "😀 ", "é̃ ", "\ufeff", "ﬁne\t", "日本語 "])
def test_offsets_are_code_points_of_the_text_as_given(store, before):
    text = f"{before}Meniere disease and Me\u0301nière\u00a0disease, atrial ﬁbrillation"
    matches = store.matches(text)
    assert [text[match.start : match.end] for match in matches] == [
        "Meniere disease",
        "Me\u0301nière\u00a0disease",
        "atrial ﬁbrillation",
    ]


NAMES = st.sampled_from(["chest pain", "metformin", "sore throat symptom", "edema", "atrial fibrillation"])


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(NAMES, st.text(max_size=8)), max_size=12))
def test_matches_never_overlap_and_are_words_of_the_text(store, parts):
    text = " ; ".join(parts)
    last = 0
    for match in store.matches(text):
        assert last <= match.start < match.end <= len(text)
        assert store.exact(text[match.start : match.end])
        last = match.end


def test_eight_threads_get_the_same_answers(store):
    text, answers = "chest pain and edema under metformin", []
    expected = (found(store, text), store.search("chets pain"), store.lookup(RXNORM, "6809"))

    def ask():
        answers.extend(
            (found(store, text), store.search("chets pain"), store.lookup(RXNORM, "6809")) for _ in range(5)
        )

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 40


def test_a_closed_store_says_so(tmp_path):
    (tmp_path / "list.tsv").write_text("system\tcode\tdisplay\nurn:x\t1\tCold foot\n")
    build([Source(kind="tsv", path=tmp_path / "list.tsv")], tmp_path / "s")
    store = open_store(tmp_path / "s")
    store.close()
    with pytest.raises(TerminologyError, match="closed"):
        store.search("cold foot")


@pytest.mark.slow
def test_every_coded_resource_of_real_synthetic_notes_is_found_with_its_code(tmp_path):
    codes, notes = SHARED / "terminology/synthea-codes.tsv.gz", SHARED / "corpora/synthea/dev.jsonl.gz"
    if not (codes.exists() and notes.exists()):
        pytest.skip("shared reference data is not here")
    build([Source(kind="tsv", path=codes)], tmp_path / "s")
    wanted = hits = 0
    with open_store(tmp_path / "s") as store, gzip.open(notes, "rt", encoding="utf-8") as lines:
        for line in list(lines)[:200]:
            note = json.loads(line)
            have = {(hit.system, hit.code) for match in store.matches(note["text"]) for hit in match.codes}
            for kind in ("Condition", "Procedure", "MedicationRequest"):
                for resource in note["resources"].get(kind, []):
                    wanted += 1
                    hits += (resource["system"], resource["code"]) in have
    assert wanted > 300
    assert hits / wanted >= 0.995


def test_the_systems_are_counted(tmp_path: Path) -> None:
    root = rf2_release.write(tmp_path, rf2_release.Shape())
    table = tmp_path / "own.tsv"
    table.write_text("system\tcode\tdisplay\nurn:own\ta\tone\nurn:own\tb\ttwo\n", "utf-8")
    path = tmp_path / "store.sqlite"
    build([Source(kind="rf2", path=root), Source(kind="tsv", path=table)], path)
    with open_store(path) as store:
        snomed, own = store.systems()
        assert (own.system, own.concepts, own.active, own.hierarchy) == ("urn:own", 2, 2, False)
        assert snomed.system == SNOMED
        assert snomed.hierarchy
        assert snomed.versions
        codes = store.codes(SNOMED, 0, 100_000)
        assert snomed.concepts == len(codes)
        assert snomed.active == sum(store.lookup(SNOMED, code).active for code in codes)
