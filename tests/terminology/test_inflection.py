"""Plurals and endings of German, French and Dutch find the name that is written in another form."""

from pathlib import Path

import pytest

import terminology
from terminology import inflection

KNOWN = frozenset(
    {"rippenfraktur", "cérébral", "anévrisme", "fractuur", "abces", "thrombos", "chronische", "husten"}
)


def found(store: Path, text: str, language: str) -> list[tuple[str, str, float]]:
    with terminology.open_store(store) as opened:
        hits = opened.search(text, kinds=("condition", "finding"), languages=(language, "en"))
    return [(hit.code, hit.match, hit.score) for hit in hits if hit.score >= 0.88]


@pytest.mark.parametrize(
    ("language", "text", "name"),
    [
        ("de", "Rippenfrakturen", "Rippenfraktur"),
        ("de", "Nierensteine", "Nierenstein"),
        ("de", "Harnwegsinfekte", "Harnwegsinfekt"),
        ("de", "Polypen", "Polyp"),
        ("de", "Leistenhernien", "Leistenhernie"),
        ("de", "chronischer Pankreatitis", "chronische Pankreatitis"),
        ("de", "Stürze", "Sturz"),
        ("fr", "anévrismes cérébraux", "anévrisme cérébral"),
        ("fr", "anémies", "anémie"),
        ("fr", "tachycardies", "tachycardie"),
        ("nl", "urineweginfecties", "urineweginfectie"),
        ("nl", "abcessen", "abces"),
        ("nl", "hematomen", "hematoom"),
    ],
)
def test_a_form_of_a_name_is_the_name(core_store: Path, language: str, text: str, name: str) -> None:
    codes = {code for code, _, _ in found(core_store, name, language)}
    given = found(core_store, text, language)
    assert given and given[0][0] in codes
    assert given[0][1] != "exact" and given[0][2] < 0.98


@pytest.mark.parametrize("text", ["Karzinome", "Thrombosen"])
def test_a_form_is_no_slip_for_another_word(core_store: Path, text: str) -> None:
    assert found(core_store, text, "de") == []


def test_several_nodules_are_no_solitary_one(core_store: Path) -> None:
    for language, text in (("en", "pulmonary nodules"), ("fr", "nodules pulmonaires"), ("nl", "longnoduli")):
        assert found(core_store, text, language)[0][0] == "445249002"


@pytest.mark.parametrize(
    ("language", "text", "first"),
    [
        ("de", "Rippenfrakturen", ["rippenfraktur"]),
        ("de", "chronischer Husten", ["chronische Husten"]),
        ("fr", "anévrismes cérébraux", ["anévrismes cérébral"]),
        ("nl", "fracturen", ["fractuur"]),
        ("nl", "abcessen", ["abces"]),
        ("de", "Thrombosen", []),
        ("de", "Fieber", []),
        ("de", " ".join(["Rippenfrakturen"] * 9), []),
    ],
)
def test_only_known_forms_are_tried(language: str, text: str, first: list[str]) -> None:
    others = inflection.shipped().others(text, language, KNOWN.__contains__)
    assert list(others)[:1] == first


def test_a_language_without_rules_has_no_forms() -> None:
    rules = inflection.shipped()
    assert rules.languages(("es", "en")) == [] and rules.languages(("en", "nl")) == ["nl"]
    assert rules.languages() == ["de", "fr", "nl"]
