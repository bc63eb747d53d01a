"""Notewright Core holds together, and its check sees what is wrong."""

from pathlib import Path

import pytest

from terminology import check

SHARED = Path(__file__).parents[2].parent / "shared" / "terminology"
HEADER = "\t".join(check.COLUMNS)
GOOD = "condition\tasthma\tbronchial asthma\t195967001\tJ45.909\t\t"


def write(folder: Path, *lines: str) -> None:
    (folder / "made.tsv").write_bytes(("\n".join((HEADER, *lines)) + "\n").encode())


@pytest.fixture(scope="module")
def icd10cm():
    return check.read_icd10cm()


@pytest.fixture(scope="module")
def shipped(icd10cm):
    return check.check(icd10cm)


@pytest.fixture
def defects_of(tmp_path, icd10cm):
    def defects(*lines: str, reference: check.Reference | None = None) -> list[str]:
        write(tmp_path, *lines)
        return [str(defect) for defect in check.check(icd10cm, tmp_path, reference)[1]]

    return defects


def test_shipped_tables_have_no_defect(shipped):
    rows, defects = shipped
    assert [str(defect) for defect in defects] == []
    kinds = [row.cell("kind") for row in rows]
    assert kinds.count("condition") >= 750
    assert kinds.count("finding") >= 350


def test_shipped_ids_stand_in_the_releases(icd10cm):
    if not SHARED.is_dir():
        pytest.skip("the reference releases are not on this machine")
    assert [str(defect) for defect in check.check(icd10cm, reference=check.read_reference(SHARED))[1]] == []


@pytest.mark.parametrize(
    ("kind", "term", "snomed", "icd"),
    [
        ("condition", "T2DM", "44054006", "E11.9"),
        ("condition", "MI", "22298006", "I21.9"),
        ("condition", "CHF", "42343007", "I50.9"),
        ("condition", "heart attack", "22298006", "I21.9"),
        ("condition", "COPD", "13645005", "J44.9"),
        ("condition", "GERD", "235595009", "K21.9"),
        ("finding", "SOB", "267036007", "R06.02"),
        ("finding", "chest pain", "29857009", "R07.9"),
        ("finding", "haemoptysis", "66857006", "R04.2"),
    ],
)
def test_everyday_words_lead_to_their_codes(shipped, kind, term, snomed, icd):
    (row,) = [r for r in shipped[0] if r.cell("kind") == kind and term in (r.cell("name"), *r.synonyms())]
    assert (row.cell("snomed"), row.cell("icd10cm")) == (snomed, icd)


@pytest.mark.parametrize(
    "word", ["as", "mr", "hit", "age", "mg", "fit", "hrs", "odd", "ten", "cap", "ha", "sad"]
)
def test_no_term_is_an_everyday_word_or_unit(shipped, word):
    ours = [row for row in shipped[0] if row.cell("kind") in ("condition", "finding")]
    assert not [
        row for row in ours if word in {term.casefold() for term in (row.cell("name"), *row.synonyms())}
    ]


def test_a_good_table_has_no_defect(defects_of):
    reference = check.Reference(snomed={"195967001": "disorder"})
    assert defects_of(GOOD, reference=reference) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (GOOD.replace("195967001", "195967002"), "not a valid SNOMED CT id"),
        (GOOD.replace("195967001", "195976001"), "not a valid SNOMED CT id"),
        (GOOD.replace("195967001", "19596x001"), "not a valid SNOMED CT id"),
        (GOOD.replace("J45.909", "J45.90"), "not a reportable ICD-10-CM code"),
        (GOOD.replace("J45.909", "J45909"), "not a reportable ICD-10-CM code"),
        (GOOD.replace("J45.909", "Q99.99"), "not a reportable ICD-10-CM code"),
        (GOOD.replace("condition", "illness"), "unknown kind"),
        (GOOD.replace("bronchial asthma", "Asthma"), "stands already"),
        (GOOD.replace("bronchial asthma", "a||b"), "an empty synonym"),
        (GOOD.replace("bronchial asthma", "bronchial  asthma"), "white space"),
        (GOOD.replace("\tasthma", "\tasthma "), "white space"),
        (GOOD.replace("\tasthma", "\t"), "no name"),
        (GOOD.replace("bronchial asthma", '"asthma"'), "a quotation mark"),
        (GOOD + "\t", "8 cells"),
        ("medication\tx\t\t\t\t16l\t", "16l is not a valid RxNorm id"),
        ("medication\tx\t\t\t\t0161\t", "0161 is not a valid RxNorm id"),
        ("finding\tx\t\t\t\t161\t", "a finding has no RxNorm id"),
    ],
)
def test_a_wrong_line_is_named(defects_of, line, reason):
    (defect, *_) = defects_of(line)
    assert defect.startswith("made.tsv:2: ")
    assert reason in defect


@pytest.mark.parametrize(
    ("line", "reference", "reason"),
    [
        (GOOD, check.Reference(), "not in the Global Patient Set"),
        (
            GOOD,
            check.Reference(snomed={"195967001": "procedure"}),
            "a procedure, which does not suit a condition",
        ),
        (
            "medication\tparacetamol\tAPAP\t\t\t161\t",
            check.Reference(rxnorm={"161": frozenset({"aspirin"})}),
            "RxNorm 161 is 'aspirin' in the reference",
        ),
        (
            "medication\taspirin\t\t\t\t161\t",
            check.Reference(rxnorm={"1191": frozenset({"aspirin"})}),
            "'aspirin' is RxNorm 1191 in the reference",
        ),
        ("medication\tx\t\t\t\t\tN02BE01", check.Reference(), "ATC N02BE01 is not in the reference"),
    ],
)
def test_an_id_that_is_in_no_release_is_named(defects_of, line, reference, reason):
    (defect,) = defects_of(line, reference=reference)
    assert reason in defect


def test_an_rxnorm_id_may_be_called_by_any_term_of_its_row_or_stand_in_no_list(defects_of):
    line = "medication\tlow-dose aspirin\taspirin 81 mg\t\t\t1191\t"
    known = check.Reference(rxnorm={"1191": frozenset({"aspirin"})})
    assert defects_of(line, reference=known) == []
    assert defects_of(line, reference=check.Reference()) == []


def test_two_drugs_share_an_rxnorm_id_only_as_one_snomed_ct_concept(defects_of):
    shared = "medication\ta\t\t\t\t161\t", "medication\tb\t\t\t\t161\t"
    assert defects_of(*shared) == ["made.tsv:3: RxNorm 161 stands already at made.tsv:2"]
    assert defects_of(*(line.replace("\t\t\t\t", "\t\t387517004\t\t") for line in shared)) == []


def test_order_and_duplicates_across_rows_are_named(defects_of):
    found = defects_of("finding\tb\tc\t\t\t\t", "finding\ta\tC\t\t\t\t", "condition\tc\t\t\t\t\t")
    assert found == ["made.tsv:3: 'C' stands already at made.tsv:2", "made.tsv:3: not sorted by name"]


def test_line_ends_and_header_are_checked(tmp_path, icd10cm):
    (tmp_path / "made.tsv").write_bytes(HEADER.replace("atc", "ATC").encode() + b"\r\n")
    reasons = " ".join(str(defect) for defect in check.check(icd10cm, tmp_path)[1])
    assert "line feed" in reasons and "header" in reasons


def test_the_command_says_with_its_exit_status_what_it_found(tmp_path, capsys):
    write(tmp_path, GOOD)
    assert check.main(["--data", str(tmp_path)]) == 0
    write(tmp_path, GOOD.replace("J45.909", "J45"))
    assert check.main(["--data", str(tmp_path)]) == 1
    assert "made.tsv:2: J45 is not a reportable" in capsys.readouterr().err
    (tmp_path / "made.tsv").unlink()
    assert check.main(["--data", str(tmp_path)]) == 1
