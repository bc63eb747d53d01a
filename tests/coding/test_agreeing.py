import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import terminology
from adapter import coding
from adapter.coding import Coder, agreeing
from adapter.coding.agreeing import Around
from adapter.model import Assertion, Coding, Finding, Note, Span

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
NOT_SO = (Assertion(negated=True), Assertion(uncertain=True), Assertion(experiencer="family"))


@pytest.fixture(scope="module")
def coder(core_store: Path) -> Iterator[Coder]:
    with terminology.open_store(core_store) as store:
        yield Coder(store, coding.load())


def found(text: str, *words: str) -> list[Finding]:
    starts = [text.index(one) for one in words]
    return [
        Finding(start=start, end=start + len(one), text=one, kind="condition", confidence=1.0)
        for start, one in zip(starts, words, strict=True)
    ]


def classified(coder: Coder, language: str, text: str, findings: list[Finding]) -> list[str]:
    """The ICD-10-CM codes of the first finding, which keeps its SNOMED CT one."""
    ends = [place + 1 for place, letter in enumerate(text) if letter == "."]
    spans = tuple(Span(start=one, end=two) for one, two in zip([0, *ends], ends, strict=False))
    note = Note(id="n", text=text, language=language, sentences=spans)
    first = coder.code_all(findings, (language, "en"), note)[0]
    assert first.codings and first.codings[0].system != ICD
    return [one.code for one in first.codings if one.system == ICD]


CONTRADICTED = [
    ("de", "Diabetische Ketoazidose bei DM Typ 1.", "Diabetische Ketoazidose", "DM Typ 1"),
    ("en", "Diabetes, type 1, on insulin.", "Diabetes", "insulin"),
    ("de", "Osteoporose mit pathologischer Fraktur.", "Osteoporose", "Fraktur"),
    ("nl", "Perforatie sigmoïd bij diverticulitis.", "diverticulitis", "Perforatie"),
    ("nl", "Opname wegens retentie. Bekend met BPH.", "BPH", "retentie"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "first", "other"), CONTRADICTED)
def test_a_code_that_the_note_contradicts_is_left_out(coder: Coder, language, text, first, other) -> None:
    findings = found(text, first, other)
    assert classified(coder, language, text, findings) == []


@pytest.mark.parametrize("case", CONTRADICTED[2:])
@pytest.mark.parametrize("told", NOT_SO, ids=["denied", "uncertain", "another's"])
def test_what_is_not_so_contradicts_nothing(coder: Coder, told: Assertion, case: tuple[str, ...]) -> None:
    language, text, *words = case
    one, two = found(text, *words)
    assert classified(coder, language, text, [one, replace(two, assertion=told)])


KEPT = [
    ("en", "Diabetes, not type 1.", "Diabetes"),
    ("en", "Diabetes, not type 1 diabetes.", "Diabetes"),
    ("en", "Diabetes. Type 1 was excluded.", "Diabetes"),
    ("en", "Diabetes (mother type 1).", "Diabetes"),
    ("de", "Diabetes mellitus, kein Typ 1.", "Diabetes mellitus"),
    ("fr", "Diabète, pas de type 1.", "Diabète"),
    ("nl", "Diabetes mellitus, geen type 1.", "Diabetes mellitus"),
    ("en", "Type 2 diabetes. Seen with type 1 diabetes in the clinic.", "Type 2 diabetes", "type 1 diabetes"),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "words"), [(one[0], one[1], one[2:]) for one in KEPT])
def test_a_type_that_is_denied_or_anothers_does_not_contradict(coder: Coder, language, text, words) -> None:
    assert classified(coder, language, text, found(text, *words))[0].startswith("E11")


@pytest.mark.parametrize("told", NOT_SO, ids=["denied", "uncertain", "another's"])
def test_a_type_close_behind_is_read_up_to_what_is_not_so(coder: Coder, told: Assertion) -> None:
    text = "Diabetes, brother type 1 diabetes."
    one, two = found(text, "Diabetes", "brother type 1 diabetes")
    assert classified(coder, "en", text, [one, replace(two, assertion=told)]) == ["E11.9"]


def test_without_the_note_the_own_words_are_asked(coder: Coder) -> None:
    """As in `notewright code` and on the page Terminology."""
    (one,) = found("Diabetes mellitus type 1", "Diabetes mellitus type 1")
    given = replace(one, codings=(Coding(system=ICD, code="E11.9", display="x", score=1.0, match="exact"),))
    assert agreeing.agreeing(given, Around(), coder.rules).codings == ()
    (arthritis,) = found("Arthritis", "Arthritis")
    for languages, codes in ((("de", "en"), []), (("en",), ["M19.90"])):
        ways = [
            coder.code(arthritis, languages=languages),
            coder.explained(arthritis, languages).finding,
            *coder.code_all([arthritis], languages),
        ]
        assert [[each.code for each in way.codings if each.system == ICD] for way in ways] == [codes] * 3


def test_what_is_contradicted_is_told(coder: Coder) -> None:
    (arthritis,) = found("Arthritis", "Arthritis")
    assert [one.code for one in coder.explained(arthritis, ("de", "en")).contradicted] == ["M19.90"]
    assert coder.explained(arthritis, ("en",)).contradicted == ()


def test_one_finding_is_coded_as_all_of_its_note_are(coder: Coder) -> None:
    text = "Diabetes. DM type 1."
    findings, note = found(text, "Diabetes", "DM type 1"), Note(id="n", text=text)
    alone = coder.code(findings[0], languages=("en",), note=note, beside=findings)
    assert alone == coder.code_all(findings, ("en",), note)[0]
    assert ICD not in [one.system for one in alone.codings]


def test_another_sentence_is_of_something_else(coder: Coder) -> None:
    text = "Osteoporosis. Fracture of the nose."
    assert classified(coder, "en", text, found(text, "Osteoporosis", "Fracture")) == ["M81.0"]


@pytest.mark.parametrize(("language", "codes"), [("de", []), ("en", ["M19.90"])])
def test_arthritis_is_inflammation_where_the_word_says_so(
    coder: Coder, language: str, codes: list[str]
) -> None:
    assert classified(coder, language, "Arthritis.", found("Arthritis.", "Arthritis")) == codes


def test_a_finding_alone_is_coded_as_ever(coder: Coder) -> None:
    (one,) = found("Diabetes.", "Diabetes")
    assert "E11.9" in [each.code for each in coder.code_all([one], ("en",))[0].codings]


def test_a_heading_of_icd_10_cm_is_no_code(tmp_path: Path) -> None:
    below = {"code": "M75.8", "display": "Other shoulder lesions"}
    heading = {"code": "M75", "display": "Shoulder lesions", "concept": [below]}
    system = {"resourceType": "CodeSystem", "url": ICD, "content": "complete", "concept": [heading]}
    (tmp_path / "icd.json").write_text(json.dumps(system), "utf-8")
    source = terminology.Source(kind="fhir", path=tmp_path / "icd.json")
    terminology.build([source], tmp_path / "store.sqlite")
    with terminology.open_store(tmp_path / "store.sqlite") as store:
        coder = Coder(store, coding.load())
        names = ("shoulder lesions", "other shoulder lesions")
        codes = [coder.code(*found(text, text)).codings for text in names]
    assert [[one.code for one in each] for each in codes] == [[], ["M75.8"]]
