import pytest

from training import distant
from training.distant import Guards, Labeller, Lexicon
from training.examples import check
from training.vocabulary import Vocabulary, ingredients, key, load, snomed_term


@pytest.fixture(scope="module")
def labeller(tmp_path_factory):
    vocabulary = load(core=tmp_path_factory.mktemp("core"))
    return Labeller(Lexicon(vocabulary, Guards()), {"brought", "notable", "presents"})


def said(labeller, text):
    made = check(labeller.label("note", text))
    return [(made.text[start:end], kinds[0]) for start, end, kinds in made.spans]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She denies any chest pain, nausea or vomiting.",
         [("chest pain", "finding"), ("nausea", "finding"), ("vomiting", "finding")]),
        ("History of chronic renal failure and severe asthma.",
         [("chronic renal failure", "condition"), ("asthma", "condition")]),
        ("He has right knee pain.", [("knee pain", "finding")]),
        ("There is swelling of the left ankle.", [("swelling", "finding"), ("left ankle", "body_site")]),
        ("Lasix 40 mg p.o. b.i.d. for 10 days.",
         [("Lasix", "medication"), ("40 mg", "dose"), ("p.o.", "route"), ("b.i.d.", "frequency"),
          ("for 10 days", "duration")]),
        ("Hemoglobin 12.3 g/dL, platelets 126,000.",
         [("Hemoglobin", "test"), ("12.3 g/dL", "result"), ("platelets", "test"), ("126,000", "result")]),
        ("Blood pressure 120/80, pulse 72.",
         [("Blood pressure", "test"), ("120/80", "result"), ("pulse", "test"), ("72", "result")]),
        ("This is a 65-year-old white male.", [("65-year-old", "age"), ("male", "gender")]),
        ("He denies tobacco use.", [("tobacco use", "social")]),
        ("2 mg of Versed was given.", [("2 mg", "dose"), ("Versed", "medication")]),
    ],
)  # fmt: skip
def test_mentions_as_the_guideline_has_them(labeller, text, expected):
    assert said(labeller, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The pain has lasted for 3 weeks",  # how long a symptom lasted is no duration
        "Her mother is 65 years old",  # a relative's age
        "He walks daily and eats twice a day",  # no drug near
        "A 5 mm trocar and 20 cc of air",  # no drug near
        "PULSE OF THE NATION",  # a test word without a value
        "He was given potassium",  # drug or test: not said
        "Will see him in ALL cases",
    ],
)
def test_what_is_not_labelled(labeller, text):
    kinds = {kind for _, kind in said(labeller, text)}
    assert not kinds & {"duration", "age", "frequency", "dose", "test", "result"}


def test_an_unknown_neighbour_makes_a_short_match_doubtful(labeller):
    made = labeller.label("note", "The zygotic hernia was brought up.")
    assert made.spans == ()
    assert all("hernia" not in made.text[start:end] for start, end in made.outside)


def test_outside_never_touches_a_span_and_holds_ordinary_words(labeller):
    made = labeller.label("note", "The patient was brought in with pneumonia.")
    ranges = {made.text[start:end] for start, end in made.outside}
    assert {"The", "patient", "was", "brought", "."} <= ranges
    assert "pneumonia" not in ranges
    assert made.complete == ()


def test_abbreviations_keep_their_case(labeller):
    assert said(labeller, "He has CAD and") == [("CAD", "condition")]
    assert said(labeller, "the cad file") == []


def test_ordinary_words_are_frequent_and_in_no_terminology():
    vocabulary = Vocabulary()
    vocabulary.add("condition", "heart failure", trusted=True)
    texts = [f"gently heart rare{number}" for number in range(12)]
    assert distant.ordinary_words(texts, vocabulary, Guards()) == {"gently"}


def test_terms_from_reference_displays():
    assert snomed_term("Chronic pharyngitis (disorder)") == ("condition", "Chronic pharyngitis")
    assert snomed_term("Entire brachial artery (body structure)") == ("body_site", "brachial artery")
    assert snomed_term("Product containing digoxin (medicinal product)") == ("medication", "digoxin")
    assert snomed_term("Platelet count (procedure)") == ("test", "Platelet count")
    assert snomed_term("Physician (occupation)") is None
    assert ingredients("24 HR metoprolol succinate 100 MG Extended Release Oral Tablet [Toprol]") == [
        "metoprolol succinate", "Toprol",
    ]  # fmt: skip
    assert key("non-small cell") == ("non", "small", "cell")
