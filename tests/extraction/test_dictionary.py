"""Names of a real store in a note, and which of them are left to others."""

from pathlib import Path

import pytest

import terminology
from adapter import extraction, notes
from adapter.extraction import Dictionary

SNOMED = "http://snomed.info/sct"
ROWS = f"""system	code	display	kind
{SNOMED}	38341003	Hypertension (disorder)	condition
{SNOMED}	161501007	History of hypertension (situation)	finding
{SNOMED}	18692006	Quinine (substance)	medication
{SNOMED}	3738000	Viral hepatitis (disorder)	condition
{SNOMED}	112283007	Escherichia coli (organism)	other
"""


@pytest.fixture(scope="module")
def dictionary(tmp_path_factory: pytest.TempPathFactory) -> Dictionary:
    folder = tmp_path_factory.mktemp("dictionary")
    (folder / "rows.tsv").write_text(ROWS, "utf-8")
    terminology.build([terminology.Source(kind="tsv", path=folder / "rows.tsv")], folder / "store.sqlite")
    rules = extraction.load()
    return Dictionary(terminology.open_store(folder / "store.sqlite"), rules.kinds, rules.context_words)


def found(dictionary: Dictionary, text: str) -> list[tuple[str, str]]:
    return [(one.text, one.kind) for one in dictionary.mentions(notes.from_text("n", text)).kept]


def test_names_are_quoted_where_they_stand(dictionary: Dictionary) -> None:
    text = "😀 VIRAL\nHepatitis, quinine."
    assert found(dictionary, text) == [("VIRAL\nHepatitis", "condition"), ("quinine", "medication")]


def test_what_context_is_to_judge_is_left_to_it_unless_the_note_writes_the_tag(
    dictionary: Dictionary,
) -> None:
    assert found(dictionary, "She has a history of hypertension.") == []
    assert found(dictionary, "- history of hypertension (situation)") == [
        ("history of hypertension (situation)", "finding")
    ]
    assert found(dictionary, "Has hypertension.") == [("hypertension", "condition")]


def test_names_without_a_code_are_known_in_the_languages_that_ask_for_them(dictionary: Dictionary) -> None:
    text, rules = "Heute CVVHDF bei Hypertension.", extraction.load()
    coded = [("Hypertension", "condition")]
    note = notes.from_text("n", text, "de")
    assert [(one.text, one.kind) for one in dictionary.mentions(note).kept] == coded
    both = Dictionary(dictionary.gazetteer, rules.kinds, rules.context_words, rules.uncoded)
    assert [(one.text, one.kind) for one in both.mentions(note).kept] == [("CVVHDF", "procedure"), *coded]
    assert found(both, text) == coded  # an English note


def test_of_names_with_and_without_a_code_the_longest_stands(dictionary: Dictionary) -> None:
    store = dictionary.gazetteer
    text = "Viral hepatitis; Plasmapherese, plasmapherese"
    matches = store.matches(text, languages=("de", "en"), uncoded=True)
    assert [(one.term, one.code) for one in matches] == [
        ("Viral hepatitis", "3738000"), ("Plasmapherese", ""), ("Plasmapherese", ""),
    ]  # fmt: skip
    assert [one.code for one in store.matches(text, languages=("de", "en"))] == ["3738000"]


def test_kinds_that_are_no_finding_are_not_reported(dictionary: Dictionary) -> None:
    assert found(dictionary, "Urine grew Escherichia coli.") == []


def test_without_kinds_there_is_nothing(dictionary: Dictionary) -> None:
    assert not found(Dictionary(dictionary.gazetteer, {}), "Known hypertension and asthma.")


def test_a_short_abbreviation_written_small_is_a_word(tmp_path: Path) -> None:
    names = f"{SNOMED}\t86044005\tALS\tcondition\n{SNOMED}\t6142004\tflu\tcondition\n"
    rows = f"system\tcode\tdisplay\tkind\n{names}"
    (tmp_path / "rows.tsv").write_text(rows, "utf-8")
    terminology.build([terminology.Source(kind="tsv", path=tmp_path / "rows.tsv")], tmp_path / "store.sqlite")
    rules = extraction.load()
    with terminology.open_store(tmp_path / "store.sqlite") as store:
        small = Dictionary(store, rules.kinds, rules.context_words)
        assert found(small, "Besser als gestern; ALS, Flu, flu.") == [
            ("ALS", "condition"), ("Flu", "condition"), ("flu", "condition"),
        ]  # fmt: skip
