"""Notewright Core, second half: procedures, tests, medications, body sites and social history."""

import gzip
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from terminology import check

CORE = Path(__file__).parents[2] / "terminology" / "data" / "core"
RELEASES = Path(__file__).parents[3] / "shared" / "terminology"
HEADER = ["kind", "name", "synonyms", "snomed", "icd10cm", "rxnorm", "atc"]
KINDS = {
    "procedures": "procedure",
    "tests": "test",
    "medications": "medication",
    "body_sites": "body_site",
    "social": "social",
}
TAGS = {
    "procedures": {"procedure", "regime/therapy"},
    "tests": {"procedure", "regime/therapy", "observable entity"},
    "medications": {"substance", "medicinal product", "product"},
    "body_sites": {"body structure"},
    "social": {"finding", "observable entity"},
}
LEAST = {"procedures": 400, "tests": 300, "medications": 600, "body_sites": 150, "social": 60}


def table(file):
    lines = (CORE / f"{file}.tsv").read_text("utf-8").split("\n")
    return [dict(zip(HEADER, line.split("\t"), strict=True)) for line in lines[1:-1]]


def synonyms(row):
    return [word for word in row["synonyms"].split("|") if word]


def called(file, term):
    """The one row of the file that is named or may be called so, or None."""
    wanted = term.casefold()
    rows = [r for r in table(file) if wanted in {w.casefold() for w in [r["name"], *synonyms(r)]}]
    assert len(rows) <= 1, rows
    return rows[0] if rows else None


def dihedral(a, b):
    """The product of the group of the pentagon, on which the check digit of SNOMED CT rests."""
    turn = (a + b) % 5 if a < 5 else (a - b) % 5
    return turn + (5 if (a < 5) != (b < 5) else 0)


def check_digit_holds(sctid):
    """SNOMED CT identifiers end in a Verhoeff check digit (SNOMED CT release file specification, 6.3)."""
    shuffle = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
    total = 0
    for place, digit in enumerate(reversed(sctid)):
        value = int(digit)
        for _ in range(place % 8):
            value = shuffle[value]
        total = dihedral(total, value)
    return total == 0


def test_the_check_digit_tells_a_right_identifier_from_a_mistyped_one():
    assert check_digit_holds("80146002")
    assert not check_digit_holds("80146003")
    assert not check_digit_holds("81046002")


@pytest.mark.parametrize("file", KINDS)
def test_the_file_has_the_form_that_the_loader_reads(file):
    raw = (CORE / f"{file}.tsv").read_bytes()
    assert raw.endswith(b"\n") and b"\r" not in raw and b'"' not in raw
    lines = raw.decode("utf-8").split("\n")
    assert lines[0].split("\t") == HEADER
    names = [row["name"] for row in table(file)]
    assert names == sorted(names)
    assert {row["kind"] for row in table(file)} == {KINDS[file]}
    assert len(names) >= LEAST[file]


@pytest.mark.parametrize("file", KINDS)
def test_no_term_is_empty_padded_or_said_twice(file):
    terms = [term for row in table(file) for term in [row["name"], *row["synonyms"].split("|")] if term]
    assert all(term == " ".join(term.split()) for term in terms)
    assert all("||" not in row["synonyms"] for row in table(file))
    twice = [term for term, count in Counter(term.casefold() for term in terms).items() if count > 1]
    assert not twice


@pytest.mark.parametrize("file", KINDS)
def test_codes_are_well_formed_and_stand_in_their_own_column(file):
    for row in table(file):
        assert not row["snomed"] or check_digit_holds(row["snomed"]), row
        assert not row["atc"] or re.fullmatch(r"[A-Z]\d\d([A-Z]([A-Z](\d\d)?)?)?", row["atc"]), row
        assert not row["rxnorm"] or row["rxnorm"].isdecimal(), row
        assert not row["icd10cm"] or re.fullmatch(r"[A-Z]\d[\dA-Z](\.[\dA-Z]{1,4})?", row["icd10cm"]), row
        if file != "medications":
            assert not row["atc"] and not row["rxnorm"], row
        if file != "social":
            assert not row["icd10cm"], row


def test_nearly_each_medication_has_a_code_mostly_atc_or_rxnorm():
    classes = {"beta blocker", "ACE inhibitor", "diuretic", "penicillin", "steroid", "anticoagulant"}
    others = [row for row in table("medications") if not row["atc"] and not row["rxnorm"]]
    assert classes <= {row["name"] for row in others if row["snomed"]}
    assert len(others) < 210  # with 49 allergens, which no list of drugs has
    assert len([row for row in others if not row["snomed"]]) < 100


@pytest.mark.parametrize(
    ("said", "name", "atc"),
    [
        ("Lasix", "furosemide", "C03CA01"),
        ("frusemide", "furosemide", "C03CA01"),
        ("paracetamol", "acetaminophen", "N02BE01"),
        ("APAP", "acetaminophen", "N02BE01"),
        ("Toprol XL", "metoprolol", "C07AB02"),
        ("salbutamol", "albuterol", "R03AC02"),
        ("adrenaline", "epinephrine", "C01CA24"),
        ("Synthroid", "levothyroxine", "H03AA01"),
        ("Coumadin", "warfarin", "B01AA03"),
        ("Bactrim DS", "trimethoprim / sulfamethoxazole", "J01EE01"),
        ("Advair Diskus", "fluticasone / salmeterol", "R03AK06"),
        ("Dyazide", "triamterene / hydrochlorothiazide", "C03EA01"),
        ("NPH", "insulin NPH", "A10AC01"),
        ("Timoptic", "timolol", "S01ED01"),
        ("Vicodin", "acetaminophen / hydrocodone", "N02AJ22"),
        ("Vicoprofen", "hydrocodone / ibuprofen", "N02AJ23"),
        ("Flexeril", "cyclobenzaprine", "M03BX08"),
        ("Toradol", "ketorolac", "M01AB15"),
        ("Marcumar", "phenprocoumon", "B01AA04"),
        ("narcotics", "opioid", "N02A"),
        ("Tdap", "diphtheria tetanus pertussis vaccine", "J07AJ52"),
        ("tetanus serum", "tetanus antitoxin", "J06AA02"),
    ],
)
def test_a_drug_is_found_by_brand_abbreviation_and_foreign_name(said, name, atc):
    row = called("medications", said)
    assert (row["name"], row["atc"]) == (name, atc)


@pytest.mark.parametrize(
    ("combination", "ingredient"),
    [
        ("Hyzaar", "losartan"),
        ("Zestoretic", "lisinopril"),
        ("Tylenol #3", "acetaminophen"),
        ("Augmentin", "amoxicillin"),
        ("Sinemet", "carbidopa"),
        ("Suboxone", "buprenorphine"),
        ("Janumet", "metformin"),
        ("Vytorin", "simvastatin"),
    ],
)
def test_the_brand_of_a_combination_is_not_one_of_its_ingredients(combination, ingredient):
    row = called("medications", combination)
    alone = called("medications", ingredient)
    assert " / " in row["name"] and ingredient in row["name"]
    assert alone is None or alone["atc"] != row["atc"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("hydroxyzine", "hydralazine"),
        ("prednisone", "prednisolone"),
        ("Celebrex", "Celexa"),
        ("Zantac", "Xanax"),
        ("Lamictal", "Lamisil"),
        ("clonidine", "clonazepam"),
        ("vinblastine", "vincristine"),
        ("inhaled fluticasone", "nasal fluticasone"),
        ("insulin glargine", "insulin glulisine"),
        ("acetazolamide", "acetohexamide"),
        ("methimazole", "metolazone"),
    ],
)
def test_look_alike_and_sound_alike_drugs_stay_apart(one, other):
    first, second = called("medications", one), called("medications", other)
    assert first is not None
    assert second is None or first["atc"] != second["atc"]


def test_aspirin_for_pain_and_aspirin_for_the_heart_are_not_one_atc_code():
    assert called("medications", "baby aspirin")["atc"] == "B01AC06"
    assert called("medications", "ASA")["atc"] == ""
    assert called("medications", "ASA")["rxnorm"] == "1191"


@pytest.mark.parametrize(
    ("file", "said", "snomed"),
    [
        ("procedures", "CABG", "232717009"),
        ("procedures", "appendectomy", "80146002"),
        ("procedures", "C-section", "11466000"),
        ("procedures", "lap chole", "45595009"),
        ("tests", "BP", "75367002"),
        ("tests", "HR", "364075005"),
        ("tests", "BMI", "60621009"),
        ("tests", "A1c", "43396009"),
        ("tests", "platelets", "61928009"),
        ("body_sites", "kneecap", "64234005"),
        ("body_sites", "liver", "10200004"),
        ("social", "former smoker", "8517006"),
        ("social", "never smoker", "266919005"),
        ("social", "current smoker", "77176002"),
    ],
)
def test_what_everybody_writes_has_the_code_that_everybody_uses(file, said, snomed):
    assert called(file, said)["snomed"] == snomed


@pytest.mark.parametrize(
    ("file", "word"),
    [
        ("medications", "MOM"),  # milk of magnesia, and a parent
        ("medications", "AED"),  # a defibrillator
        ("medications", "DES"),  # a stent
        ("medications", "Luminal"),  # "luminal irregularities" on the angiogram
        ("procedures", "PT"),  # the patient
        ("procedures", "APR"),  # a month
        ("tests", "VS"),  # versus
        ("tests", "PPD"),  # packs a day
        ("tests", "PET"),  # an animal
        ("tests", "OCT"),  # a month
        ("tests", "T4"),  # a vertebra, a tumour stage
        ("social", "incarcerated"),  # a hernia
        ("social", "quit smoking"),  # "was told to quit smoking" makes nobody an ex-smoker
        ("social", "denies alcohol"),  # negation is the work of the context rules
    ],
)
def test_a_word_that_mostly_means_something_else_is_no_synonym(file, word):
    assert called(file, word) is None


@pytest.mark.parametrize(
    ("file", "one", "other"),
    [
        ("procedures", "AKA", "BKA"),
        ("procedures", "total hip replacement", "hip hemiarthroplasty"),
        ("procedures", "tonsillectomy", "T&A"),
        ("procedures", "tubal ligation", "BTL"),
        ("procedures", "tracheostomy", "tracheotomy"),
        ("tests", "TTE", "TEE"),
        ("tests", "SBP", "DBP"),
        ("tests", "troponin I", "troponin T"),
        ("body_sites", "RUQ", "LUQ"),
        ("body_sites", "RUE", "RLE"),
        ("body_sites", "ulna", "radius"),
        ("body_sites", "ileum", "ilium"),
        ("social", "never smoked", "ex-smoker"),
        ("social", "social drinker", "heavy drinker"),
        ("social", "current drinker", "nondrinker"),
    ],
)
def test_near_neighbours_do_not_share_a_code(file, one, other):
    first, second = called(file, one), called(file, other)
    assert first["name"] != second["name"]
    assert not first["snomed"] or first["snomed"] != second["snomed"]


def released(name):
    path = RELEASES / name
    if not path.exists():
        pytest.skip(f"the reference release {name} is not on this machine")
    return gzip.open(path, "rt", encoding="utf-8")


def test_each_snomed_concept_is_in_the_global_patient_set_with_a_fitting_type():
    with released("snomed-gps-2020-09.tsv.gz") as lines:
        types = {
            code: display.rsplit("(", 1)[-1].rstrip(")\n")
            for _, code, display in (x.split("\t") for x in lines)
        }
    wrong = [
        (file, row["name"], types.get(row["snomed"]))
        for file in KINDS
        for row in table(file)
        if row["snomed"] and types.get(row["snomed"]) not in TAGS[file]
    ]
    assert not wrong


def test_each_atc_code_is_in_the_reference_list():
    with released("atc-drug-names-fr.json.gz") as text:
        known = set(json.load(text))
    listed = check.listed_atc()
    used = {row["atc"] for row in table("medications") if row["atc"]}
    assert used <= known | listed
    assert listed <= used - known, "listed without need"
