from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

import terminology
from adapter import coding
from adapter.coding import Coder
from adapter.coding.choice import Question
from adapter.errors import EngineError
from adapter.model import Assertion, Choice, Finding, ModelInfo, Note

SNOMED, ICD = "http://snomed.info/sct", "http://hl7.org/fhir/sid/icd-10-cm"
MODEL = ModelInfo(name="scripted", version="1", digest="d1", quantization="")
ROWS = f"""system	code	display	kind
{SNOMED}	30989003	Knee pain (finding)	finding
{SNOMED}	22253000	Pain (finding)	finding
{SNOMED}	57676002	Joint pain (finding)	finding
{SNOMED}	22298006	Myocardial infarction (disorder)	condition
{SNOMED}	233604007	Pneumonia (disorder)	condition
{SNOMED}	205237003	Pneumonitis (disorder)	condition
{ICD}	J18.9	Pneumonia	condition
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[terminology.Store]:
    folder = tmp_path_factory.mktemp("choice")
    (folder / "rows.tsv").write_text(ROWS, "utf-8")
    terminology.build([terminology.Source(kind="tsv", path=folder / "rows.tsv")], folder / "store.sqlite")
    with terminology.open_store(folder / "store.sqlite") as opened:
        yield opened


class Scripted:
    """Chooses the concept of a code where it is offered, else none. Remembers what it was asked."""

    def __init__(self, code: str = "", outcome: str = "") -> None:
        self._code, self._outcome = code, outcome
        self.asked: list[Question] = []

    def choose(self, note: Note, questions: Sequence[Question]) -> list[Choice]:
        self.asked += questions
        return [self._one([concept.code for concept in concepts]) for _, concepts in questions]

    def _one(self, codes: list[str]) -> Choice:
        if self._outcome:
            return Choice(by=MODEL, outcome=self._outcome)  # type: ignore[arg-type]
        index = codes.index(self._code) if self._code in codes else None
        return Choice(by=MODEL, outcome="none" if index is None else "chosen", index=index, confidence=0.8)


UNSURE = "knee pain syndrome"  # Knee pain and Pain match weakly
SURE = "myocardial infarction"
MISSPELT = "pneumonai"


def finding(text: str, kind: str = "finding") -> Finding:
    return Finding(start=0, end=len(text), text=text, kind=kind, confidence=1.0)


def assigned(store: terminology.Store, chooser: Scripted | None, *findings: Finding) -> list[Finding]:
    note = Note(id="n", text=findings[0].text)
    return list(coding.assign(findings, Coder(store, coding.load(), chooser), ("en",), note).kept)


def test_only_the_unsure_are_asked_about_and_all_at_once(store: terminology.Store) -> None:
    chooser = Scripted()
    assigned(store, chooser, finding(SURE, "condition"), finding(UNSURE), finding("zebra stripes"))
    assert [asked.text for asked, _ in chooser.asked] == [UNSURE]
    concepts = chooser.asked[0][1]
    assert concepts[0].code == "30989003"
    assert concepts[0].terms[0].text.startswith("Knee pain")


def test_the_chosen_concept_is_given_and_says_how_it_was_found_and_who_chose(
    store: terminology.Store,
) -> None:
    plain = assigned(store, None, finding(UNSURE))[0]
    assert plain.codings == ()
    found = assigned(store, Scripted("30989003"), finding(UNSURE))[0]
    assert [one.code for one in found.codings] == ["30989003"]
    assert found.codings[0] in plain.alternatives  # its score and match are still the search's
    assert found.codings[0] not in found.alternatives
    assert found.choice == Choice(by=MODEL, outcome="chosen", index=0, confidence=0.8)


def test_what_goes_with_the_chosen_concept_is_given_too_and_never_asked_about(
    store: terminology.Store,
) -> None:
    chooser = Scripted("233604007")
    assigned(store, chooser, finding(MISSPELT, "condition"))
    assert "J18.9" not in [one.code for one in chooser.asked[0][1]]


@pytest.mark.parametrize("outcome", ["none", "unsure", "disagreed"])
def test_without_a_choice_the_words_stay_and_the_candidates_are_alternatives(
    store: terminology.Store, outcome: str
) -> None:
    misspelt = finding(MISSPELT, "condition")
    assert assigned(store, None, misspelt)[0].codings
    chooser = Scripted(outcome=outcome)
    coder = Coder(store, coding.load(), chooser)
    step = coding.assign([misspelt], coder, ("en",), Note(id="n", text=MISSPELT))
    assert step.kept[0].codings == ()
    assert step.kept[0].alternatives[0].code == "233604007"
    assert [issue.reason for issue in step.left_out] == [
        {"none": "none-chosen"}.get(outcome, f"choice-{outcome}")
    ]


def test_a_choice_that_failed_leaves_the_search_to_decide_and_is_reported(store: terminology.Store) -> None:
    misspelt, unsure = finding(MISSPELT, "condition"), finding(UNSURE)
    coder = Coder(store, coding.load(), Scripted(outcome="failed"))
    step = coding.assign([misspelt, unsure], coder, ("en",), Note(id="n", text=MISSPELT))
    plain = assigned(store, None, misspelt, unsure)
    assert [replace(one, choice=None) for one in step.kept] == plain
    assert [issue.reason for issue in step.left_out] == ["choice-failed", "choice-failed", "no-code"]
    assert step.left_out[0].severity == "warning"


def test_a_chooser_changes_nothing_else(store: terminology.Store) -> None:
    findings = [finding(SURE, "condition"), finding("zebra stripes"), finding("10 mg", "dose")]
    assert assigned(store, Scripted("22253000"), *findings) == assigned(store, None, *findings)
    chooser = Scripted()
    step = coding.assign([finding(UNSURE)], Coder(store, coding.load(), chooser), ("en",))
    assert step == coding.assign([finding(UNSURE)], Coder(store, coding.load()), ("en",))
    assert chooser.asked == []  # without the note


def test_what_no_longer_holds_is_not_offered(core_store: Path) -> None:
    past = replace(finding("brest cancr", "condition"), assertion=Assertion(historical=True))
    chooser = Scripted()
    with terminology.open_store(core_store) as opened:
        assigned(opened, chooser, past)
    codes = [(one.system, one.code) for _, concepts in chooser.asked for one in concepts]
    assert codes
    assert not [code for system, code in codes if system == ICD and code.startswith("C")]


def test_who_cannot_be_asked_stops_the_note(store: terminology.Store) -> None:
    class Down(Scripted):
        def choose(self, note: Note, questions: Sequence[Question]) -> list[Choice]:
            raise EngineError

    with pytest.raises(EngineError):
        assigned(store, Down(), finding(UNSURE))
