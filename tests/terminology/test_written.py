from pathlib import Path

import pytest

import terminology


def named(store: Path, text: str, *languages: str) -> list[str]:
    with terminology.open_store(store) as opened:
        return [hit.term for hit in opened.search(text, languages=languages) if hit.score >= 0.88]


@pytest.mark.parametrize(
    ("text", "languages"),
    [
        ("pr", ("fr", "en")),
        ("Ak", ("de", "en")),
        ("mi", ("de", "en")),
        ("ra", ("en",)),
        ("as", ("en",)),
        ("ra", ()),
    ],
)
def test_an_abbreviation_needs_its_capitals(core_store: Path, text: str, languages: tuple[str, ...]) -> None:
    assert named(core_store, text, *languages) == []
    assert named(core_store, text.upper(), *languages) or text.upper() in ("MI", "AK", "AS")


@pytest.mark.parametrize("text", ["copd", "htn", "mi", "Copd"])
def test_english_notes_write_them_small_too(core_store: Path, text: str) -> None:
    assert text.upper() in named(core_store, text, "en")
    assert text.upper() in named(core_store, text)


@pytest.mark.parametrize(
    ("text", "language"), [("RA", "fr"), ("HF", "nl"), ("MI", "de"), ("Fall", "de"), ("pain", "fr")]
)
def test_short_english_names_are_none_of_another_language(core_store: Path, text, language) -> None:
    assert text.casefold() in [name.casefold() for name in named(core_store, text, "en")]
    assert named(core_store, text, language, "en") == []


@pytest.mark.parametrize(("text", "language"), [("COPD", "nl"), ("RR", "nl"), ("MVP", "de"), ("Pcm", "nl")])
def test_its_own_names_and_longer_abbreviations_stay(core_store: Path, text: str, language: str) -> None:
    assert named(core_store, text, language, "en")


def test_an_accent_makes_a_short_word_another(core_store: Path) -> None:
    assert named(core_store, "goût", "fr", "en") == []
    assert named(core_store, "gout", "en") and named(core_store, "proteinurie", "fr", "en")


@pytest.mark.parametrize(
    ("text", "language"), [("plaide", "fr"), ("Schwirren", "de"), ("pleurs", "fr"), ("bsthma", "en")]
)
def test_no_word_is_taken_for_another_that_is_a_few_letters_away(core_store: Path, text, language) -> None:
    assert named(core_store, text, language, "en") == []


@pytest.mark.parametrize(
    ("text", "language", "name"),
    [
        ("pneumona", "en", "pneumonia"),
        ("Infekte", "de", "Infekt"),
        ("bipolaren Störung", "de", "bipolare Störung"),
    ],
)
def test_slips_of_longer_words_and_their_forms_are_found(core_store: Path, text, language, name) -> None:
    assert named(core_store, text, language, "en")[0] == name


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Falls", "de"),
        ("Stroke", "de"),
        ("Angina", "de"),
        ("APAP", "de"),
        ("ganglion", "fr"),
        ("décubitus", "fr"),
        ("malaise", "fr"),
        ("temps", "fr"),
        ("hernia", "nl"),
        ("tender", "es"),
    ],
)
def test_words_of_a_language_are_not_the_english_name_they_look_like(
    core_store: Path, text, language
) -> None:
    assert named(core_store, text, "en") and named(core_store, text, language, "en") == []


@pytest.mark.parametrize(("text", "language"), [("OS", "fr"), ("FISH", "fr"), ("FISH", "de"), ("FISH", "en")])
def test_in_capitals_some_words_are_abbreviations(core_store: Path, text: str, language: str) -> None:
    assert named(core_store, text, language, "en") == []
    assert named(core_store, "os", "fr", "en") and named(core_store, "fish", "en")


@pytest.mark.parametrize("text", ["ID", "DC", "dc", "TA"])
@pytest.mark.parametrize("language", ["en", "nl", "fr"])
def test_a_sign_in_an_abbreviation_must_be_said(core_store: Path, text: str, language: str) -> None:
    operations = {"I&D", "I & D", "D&C", "D & C", "T&A", "D&Cs"}
    assert not operations & set(named(core_store, text, language, "en"))
    assert operations & set(named(core_store, "I & D", language, "en"))
    assert "I and D" in named(core_store, "I and D", "en")


def test_a_letter_of_its_own_does_not_end_a_word(core_store: Path) -> None:
    assert "vitamin E" not in named(core_store, "vitamine", "nl", "en")
    assert "vitamin E" in named(core_store, "vitamin E", "nl", "en")


@pytest.mark.parametrize(("text", "language"), [("côté", "fr"), ("côtés", "fr")])
def test_another_accent_makes_a_short_word_another(core_store: Path, text: str, language: str) -> None:
    assert named(core_store, text, language, "en") == [] and named(core_store, "côtes", language, "en")


def test_names_in_a_note_follow_the_same_rule(core_store: Path) -> None:
    note = "Le goût est bon, pr ce soir, RA et TPN; PR connue."
    with terminology.open_store(core_store) as opened:
        found = opened.matches(note, kinds=("condition", "finding", "procedure"), languages=("fr", "en"))
    assert "RA" not in [one.term for one in found] and "gout" not in [one.term for one in found]
    assert [note[one.start : one.end] for one in found if one.term == "PR"] == ["PR"]
