from dataclasses import replace
from pathlib import Path

import pytest

import terminology
from adapter import coding
from adapter.coding import Coder, wordings
from adapter.model import Assertion, Attribute, Finding
from tests.terminology import rf2_release

SNOMED, ICD = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm"
RXNORM, ATC = "http://www.nlm.nih.gov/research/umls/rxnorm", "http://www.whocc.no/atc"
ROWS = f"""system	code	display	kind
{SNOMED}	22298006	Myocardial infarction (disorder)	condition
{SNOMED}	30989003	Knee pain (finding)	finding
{SNOMED}	22253000	Pain (finding)	finding
{SNOMED}	433144002	Chronic kidney disease stage 3 (disorder)	condition
{SNOMED}	431857002	Chronic kidney disease stage 4 (disorder)	condition
{SNOMED}	73761001	Colonoscopy (procedure)	procedure
{ICD}	I21.9	Acute myocardial infarction, unspecified	condition
{RXNORM}	860975	24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet	medication
{ATC}	A10BA02	metformin	medication
"""


@pytest.fixture(scope="module")
def coder(tmp_path_factory: pytest.TempPathFactory) -> Coder:
    folder = tmp_path_factory.mktemp("coder")
    rows = folder / "rows.tsv"
    rows.write_text(ROWS, "utf-8")
    store = folder / "store.sqlite"
    terminology.build([terminology.Source(kind="tsv", path=rows)], store)
    return Coder(terminology.open_store(store), coding.load())


def finding(text: str, kind: str, *sites: str) -> Finding:
    attributes = tuple(Attribute(kind="body_site", start=0, end=len(site), text=site) for site in sites)
    return Finding(start=0, end=len(text), text=text, kind=kind, confidence=1.0, attributes=attributes)


def codes(coder: Coder, *arguments: str) -> list[tuple[str, str]]:
    return [(one.code, one.match) for one in coder.code(finding(*arguments)).codings]


def test_an_exact_name_is_coded(coder: Coder) -> None:
    assert codes(coder, "Myocardial infarction", "condition") == [("22298006", "exact")]


def test_a_misspelt_name_is_coded_and_marked(coder: Coder) -> None:
    assert codes(coder, "myocardial infarcton", "condition") == [("22298006", "fuzzy")]


def test_another_stage_is_never_given(coder: Coder) -> None:
    assert codes(coder, "chronic kidney disease stage 4", "condition") == [("431857002", "exact")]
    assert codes(coder, "chronic kidney disease stage 5", "condition") == []


def test_an_unknown_name_gets_no_code(coder: Coder) -> None:
    step = coding.assign([finding("zebra stripe disease", "condition")], coder)
    assert step.kept[0].codings == ()
    assert [issue.reason for issue in step.left_out] == ["no-code"]


def test_a_side_or_grade_is_cut_and_the_code_marked_broader(coder: Coder) -> None:
    assert codes(coder, "severe left knee pain", "finding") == [("30989003", "broader")]


def test_a_site_that_is_only_a_side_leaves_no_name_without_its_site() -> None:
    found = wordings.of(finding("pain", "finding", "both sides"), coding.load(), ("en",))
    assert "both sides pain" in {one.text for one in found}
    alone = wordings.of(finding("pain", "finding", "left"), coding.load(), ("en",))
    assert {one.text for one in alone} == {"left pain", "pain of left", "pain in left", "pain"}


def test_a_body_site_makes_the_code_more_precise(coder: Coder) -> None:
    assert codes(coder, "pain", "finding", "knee") == [("30989003", "exact")]
    assert codes(coder, "pain", "finding", "left knee") == [("30989003", "broader")]
    assert codes(coder, "pain", "finding") == [("22253000", "exact")]


@pytest.mark.parametrize(
    ("text", "kind", "name"),
    [
        ("acute nephrolithiasis", "condition", "nephrolithiasis"),
        ("stage III non-small cell lung cancer", "condition", "non-small cell lung cancer"),
        ("T11 compression fracture", "condition", "compression fracture"),
        ("thumb injury", "condition", "traumatic injury"),
        ("edema of the left wrist", "finding", "edema"),
        ("ultrasound of the kidney", "test", "ultrasound"),
        ("kidney hypertension", "condition", None),  # another disease than the one without its site
        ("lung cavity", "condition", None),
    ],
)
def test_without_course_stage_or_site_only_what_still_holds_is_given(core_store, text, kind, name) -> None:
    with terminology.open_store(core_store) as store:
        codings = Coder(store, coding.load()).code(finding(text, kind)).codings
    assert [one.display for one in codings if one.system == SNOMED] == ([name] if name else [])
    assert {one.system for one in codings} <= {SNOMED}


def test_what_is_denied_is_not_denied_in_general(core_store: Path) -> None:
    said = finding("acute fracture", "condition")
    denied = replace(said, assertion=Assertion(negated=True))
    with terminology.open_store(core_store) as store:
        coder = Coder(store, coding.load())
        found = [[one.display for one in coder.code(each).codings] for each in (said, denied)]
    assert found == [["fracture"], []]


def test_a_side_inside_a_name_is_cut(core_store: Path) -> None:
    with terminology.open_store(core_store) as store:
        coded = Coder(store, coding.load()).code(finding("carcinoma of the left breast", "condition"))
    assert [(one.code, one.match) for one in coded.codings][:1] == [("254838004", "broader")]


@pytest.mark.parametrize("text", ["Lantus insulin", "Xylocaine anesthetic", "antibiotic therapy"])
def test_a_drug_is_found_before_what_it_is_for(core_store: Path, text: str) -> None:
    with terminology.open_store(core_store) as store:
        coder = Coder(store, coding.load())
        alone = coder.code(finding(text.split(" ", maxsplit=1)[0], "medication")).codings
        assert alone and [one.code for one in coder.code(finding(text, "medication")).codings] == [
            one.code for one in alone
        ]


def test_a_kind_is_never_crossed(coder: Coder) -> None:
    assert codes(coder, "colonoscopy", "condition") == []
    assert codes(coder, "colonoscopy", "procedure") == [("73761001", "exact")]


def test_a_malignancy_that_is_history_has_no_malignancy_code(core_store: Path) -> None:
    now = finding("breast cancer", "condition")
    then = replace(now, assertion=Assertion(historical=True))
    with terminology.open_store(core_store) as store:
        coder = Coder(store, coding.load())
        systems = [[one.system for one in coder.code(each).codings] for each in (now, then)]
    assert systems == [[SNOMED, ICD], [SNOMED]]


def test_values_are_never_coded(coder: Coder) -> None:
    assert coder.code(finding("metformin", "dose")).codings == ()


def test_a_strength_is_part_of_a_drugs_code_and_never_guessed(coder: Coder) -> None:
    whole = "24 hr metformin hydrochloride 500 mg extended release oral tablet"
    assert codes(coder, whole, "medication")[0] == ("860975", "exact")
    other = [code for code, _ in codes(coder, whole.replace("500", "750"), "medication")]
    assert "860975" not in other
    assert codes(coder, "metformin 850 mg tablet", "medication") == [("A10BA02", "broader")]


def test_alternatives_are_listed_but_not_chosen(coder: Coder) -> None:
    found = coder.code(finding("knee pain syndrome", "finding"))
    assert found.codings == ()
    assert "30989003" in [one.code for one in found.alternatives]


def test_core_gives_snomed_and_its_icd_map(core_store: Path) -> None:
    with terminology.open_store(core_store) as store:
        coded = Coder(store, coding.load()).code(finding("hypertension", "condition"))
    assert [one.system for one in coded.codings] == [SNOMED, ICD]
    assert coded.codings[1].code == "I10"
    assert coded.codings[1].match == "mapped"


def test_map_rules_that_always_hold_give_a_code_and_others_none(tmp_path: Path) -> None:
    release = rf2_release.write(tmp_path, rf2_release.Shape(concepts=60, inactive=4))
    path = tmp_path / "store.sqlite"
    terminology.build([terminology.Source(kind="rf2", path=release)], path)
    icd10 = "http://hl7.org/fhir/sid/icd-10"
    rules = coding.load()
    systems = {**rules.systems, "condition": (SNOMED, icd10)}
    with terminology.open_store(path) as store:
        coder = Coder(store, rules.model_copy(update={"systems": systems}))
        names = {number: rf2_release.names(number, rf2_release.Shape(concepts=60))[1] for number in (3, 9)}
        always = coder.code(finding(names[3], "condition")).codings
        depends = coder.code(finding(names[9], "condition")).codings
    assert [(one.system, one.code) for one in always][1:] == [(icd10, "A13.3")]
    assert [one.system for one in depends] == [SNOMED]


@pytest.mark.parametrize(
    ("text", "language", "code"),
    [
        ("MI", "en", "22298006"),
        ("MI.", "en", None),
        ("mi", "en", None),
        ("MIX", "en", None),
        ("MI", "de", "30989003"),
        ("k.p.", "de", "30989003"),
        ("MI", "fr", "22298006"),
    ],
)
def test_an_abbreviation_of_the_site_is_written_out_first(coder: Coder, text, language, code) -> None:
    meant = {"en": {"MI": "myocardial infarction"}, "de": {"MI": "knee pain", "k.p.": "knee pain"}}
    rules = coder.rules.model_copy(
        update={
            "abbreviations": meant,
            "kinds": {**coder.rules.kinds, "condition": ("condition", "finding")},
        }
    )
    found = coder.ruled(rules).code(finding(text, "condition"), languages=(language, "en"))
    assert [one.code for one in found.codings] == ([code] if code else [])
    assert coder.code(finding(text, "condition")).codings == ()


@pytest.mark.parametrize(
    ("language", "name"),
    [("de", "subarachnoid hemorrhage"), ("nl", "subarachnoid hemorrhage"), ("en", "spontaneous abortion")],
)
def test_an_abbreviation_of_two_languages_is_what_it_is_in_that_of_the_note(core_store, language, name):
    with terminology.open_store(core_store) as store:
        found = Coder(store, coding.load()).code(finding("SAB", "condition"), languages=(language, "en"))
    assert {one.display for one in found.codings if one.system == SNOMED} == {name}


@pytest.mark.parametrize(
    ("text", "kind", "language", "name"),
    [
        ("PTH", "test", "fr", None),  # the hormone, which has no code
        ("PTH", "procedure", "fr", "total hip replacement"),
        ("pulses", "test", "en", None),
        ("pulse", "test", "en", "heart rate"),
        ("trouble waking", "finding", "en", None),
        ("cavity", "condition", "en", None),
        ("Fall", "condition", "de", None),
    ],
)
def test_a_name_is_not_taken_for_its_namesake(core_store: Path, text, kind, language, name) -> None:
    with terminology.open_store(core_store) as store:
        found = Coder(store, coding.load()).code(finding(text, kind), languages=(language, "en"))
    assert [one.display for one in found.codings] == ([name] if name else [])


@pytest.mark.parametrize(
    ("language", "words", "name"),
    [
        ("de", ("Prellung", "condition", "linkes Knie"), "knee contusion"),
        ("de", ("Arthroskopie", "procedure", "Knie rechts"), "knee arthroscopy"),
        ("fr", ("rupture", "condition", "LCA"), "anterior cruciate ligament tear"),
        ("fr", ("douleur", "finding", "hanche gauche"), "hip pain"),
        ("nl", ("zwelling", "finding", "rechter enkel"), "ankle swelling"),
        ("de", ("Ösophagusvarizen Grad II", "condition"), "esophageal varices"),
        ("de", ("Alkoholische Leberzirrhose Child A", "condition"), "alcoholic cirrhosis"),
        ("fr", ("biopsie des glandes salivaires", "procedure"), "biopsy"),
        ("nl", ("hemorroïden graad I", "condition"), "hemorrhoids"),
        ("de", ("MI II°", "condition"), None),  # the mitral valve; what is left would be an infarction
        ("fr", ("crépitations", "finding"), None),  # of a joint or of the lungs
        ("fr", ("crépitants des bases", "finding"), "rales"),
        ("fr", ("crépitations", "finding", "bases"), "rales"),
        ("fr", ("TPN", "medication"), None),  # a dressing there, no food
        ("en", ("TPN", "medication"), "total parenteral nutrition"),
        ("fr", ("Wespenstich", "condition"), None),
        ("de", ("Wespenstich", "condition"), "wasp sting"),
        ("nl", ("bijengif", "medication"), "bee venom"),
    ],
)
def test_words_of_each_language_beside_and_behind_a_name(
    core_store, language: str, words: tuple[str, ...], name: str | None
) -> None:
    with terminology.open_store(core_store) as store:
        coder = Coder(store, coding.load())
        found = coder.code(finding(*words), languages=(language, "en"))
    given = [one.display for one in found.codings if one.system != ICD]
    assert given[:1] == ([name] if name else [])


@pytest.mark.parametrize(
    ("text", "site", "name"),
    [
        ("fractura de la cadera", "cadera", "fractura"),
        ("dolor en el hombro", "hombro", "dolor"),
        ("Hämatom am Unterarm", "Unterarm", "Hämatom"),
        ("zwelling van de enkel", "enkel", "zwelling"),
        ("hipertensión de la arteria", "arteria", None),  # another disease than the one without its site
    ],
)
def test_a_site_behind_a_joining_word_is_left_out_where_the_name_means_the_same(
    text: str, site: str, name: str | None
) -> None:
    found = wordings.coarse(finding(text, "condition"), coding.load(), lambda words: words == site)
    assert {one.text for one in found if one.lost == "site"} == ({name} if name else set())
