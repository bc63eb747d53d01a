from dataclasses import replace

import pytest

from adapter.extraction import arbiter, persons, pieces
from adapter.model import Mention, Note

RULES = arbiter.load()


def settled(marked: str, kind: str, language: str = "en", named: tuple[str, ...] = ()) -> list[str]:
    """What stays of the mentions marked as «words»."""
    text, found = "", []
    for index, part in enumerate(marked.replace("»", "«").split("«")):
        if index % 2:
            start = len(text)
            found.append(
                Mention(
                    start=start, end=start + len(part), text=part, kind=kind, confidence=0.9 - index / 100
                )
            )
        text += part
    note = Note(id="n", text=text, language=language)
    told = [replace(one, sources=("dictionary",)) if one.text in named else one for one in found]
    whole, _ = pieces.joined(pieces.trimmed(told, note, RULES.pieces), note, RULES.pieces)
    assert all(text[one.start : one.end] == one.text for one in whole)
    return [one.text for one in whole]


@pytest.mark.parametrize(
    ("marked", "kind", "language", "kept"),
    [
        ("«koorts met» koude", "finding", "nl", ["koorts"]),
        ("«krachtsverlies van de» arm", "finding", "nl", ["krachtsverlies"]),
        ("«Schmerzen in» der Hüfte", "finding", "de", ["Schmerzen"]),
        ("«tremblements des» mains", "finding", "fr", ["tremblements"]),
        ("«head of» the femur", "body_site", "en", ["head"]),
        ("«hepatitis A» vaccine", "condition", "en", ["hepatitis A"]),
        ("«wants to die»", "finding", "en", ["wants to die"]),
        ("«of»", "finding", "en", ["of"]),
        ("«5 mg of» x", "dose", "en", ["5 mg of"]),
        ("«für 7 Tage wegen» Harnwegsinfekt", "duration", "de", ["für 7 Tage"]),
        ("«pendant 7 jours pour» une cystite", "duration", "fr", ["pendant 7 jours"]),
        ("«7 dagen vanwege» cystitis", "duration", "nl", ["7 dagen"]),
        ("«for 7 days for» cystitis", "duration", "en", ["for 7 days"]),
    ],
)
def test_no_name_ends_with_a_preposition(marked: str, kind: str, language: str, kept: list[str]) -> None:
    assert settled(marked, kind, language) == kept


@pytest.mark.parametrize(
    ("marked", "kind", "language", "kept"),
    [
        ("«foul» «smelling drainage»", "finding", "en", ["foul smelling drainage"]),
        ("«AP» «lateral» «views»", "test", "en", ["AP lateral views"]),
        ("«nebulized» «albuterol»", "medication", "en", ["albuterol"]),
        ("«breitbasiger» «Polyp»", "condition", "de", ["Polyp"]),
        ("«recidiverende» «urineretentie»", "condition", "nl", ["urineretentie"]),
        ("«bronchoscopie» avec «biopsies»", "procedure", "fr", ["bronchoscopie", "biopsies"]),
        ("«Osteopenie»\n«Gonarthrose»", "condition", "de", ["Osteopenie", "Gonarthrose"]),
        ("«kleine» «Zehe»", "body_site", "de", ["kleine Zehe"]),
        ("«ligament» «croisé antérieur»", "body_site", "fr", ["ligament croisé antérieur"]),
    ],
)
def test_two_that_touch_are_one_or_the_first_is_a_piece(
    marked: str, kind: str, language: str, kept: list[str]
) -> None:
    assert settled(marked, kind, language) == kept


@pytest.mark.parametrize(
    ("text", "name", "kind", "language", "kept"),
    [
        ("Ileus notfallmäßig", "Ileus", "condition", "de", "Ileus"),
        ("pijn zeurend", "pijn", "finding", "nl", "pijn"),
        ("lues II", "lues", "condition", "nl", "lues II"),
        ("neuropathie graad 2", "neuropathie", "condition", "nl", "neuropathie graad 2"),
        ("MRT Leber", "MRT", "test", "de", "MRT Leber"),
        ("lupus pernio", "lupus", "condition", "fr", "lupus pernio"),
        ("alte Fraktur", "Fraktur", "condition", "de", "alte Fraktur"),
    ],
)
def test_what_follows_a_name_is_cut_off(text: str, name: str, kind: str, language: str, kept: str) -> None:
    def found(words: str) -> Mention:
        start = text.index(words)
        return Mention(start=start, end=start + len(words), text=words, kind=kind, confidence=0.9)

    note = Note(id="n", text=text, language=language)
    (one,) = pieces.ended([found(text)], [found(name)], note, RULES.pieces)
    assert one.text == kept == text[one.start : one.end]


def test_a_disease_keeps_its_site() -> None:
    text = "Verletzung Blase"
    note = Note(id="n", text=text, language="de")
    whole = Mention(start=0, end=16, text=text, kind="condition", confidence=0.9)
    name, site = (
        replace(whole, end=10, text="Verletzung"),
        replace(whole, start=11, text="Blase", kind="body_site"),
    )
    assert pieces.ended([whole], [name, site], note, RULES.pieces) == [whole]
    assert pieces.ended([whole], [name], note, RULES.pieces) == [name]


@pytest.mark.parametrize(
    ("text", "names", "kept"),
    [
        ("Leber/Niere", ["Leber", "Niere"], ["Leber", "Niere"]),
        ("Bluthusten / Brustschmerz", ["Bluthusten", "Brustschmerz"], ["Bluthusten", "Brustschmerz"]),
        ("Spier/gewrichtsklachten", ["gewrichtsklachten"], ["Spier/gewrichtsklachten"]),
        ("Influenza A/B", ["Influenza A"], ["Influenza A/B"]),
    ],
)
def test_a_stroke_between_two_names_divides_them(text: str, names: list[str], kept: list[str]) -> None:
    def found(words: str) -> Mention:
        start = text.index(words)
        return Mention(start=start, end=start + len(words), text=words, kind="finding", confidence=0.9)

    named = [found(name) for name in names]
    parts = pieces.divided([found(text)], named, Note(id="n", text=text, language="de"), RULES.pieces)
    assert [one.text for one in parts] == kept
    english = Note(id="n", text=text, language="en")
    assert pieces.divided([found(text)], named, english, RULES.pieces) == [found(text)]
    assert all(text[one.start : one.end] == one.text for one in parts)


def test_what_the_dictionary_names_is_no_piece() -> None:
    assert settled("«Gicht» «Arthrose»", "condition", "de", ("Gicht",)) == ["Gicht", "Arthrose"]


def test_what_is_joined_is_as_sure_as_its_least_sure_part() -> None:
    note = Note(id="n", text="foul smell")
    parts = [
        Mention(start=0, end=4, text="foul", kind="finding", confidence=0.5),
        Mention(start=5, end=10, text="smell", kind="finding", confidence=0.9),
    ]
    ((one,), left) = pieces.joined(parts, note, RULES.pieces)
    assert (one.confidence, left) == (0.5, [])


@pytest.mark.parametrize(
    ("text", "words", "person"),
    [
        ("Seen by Dr. Stein today", "Stein", True),
        ("mevrouw Koorts belt", "Koorts", True),
        ("meneer Van der Zweer komt", "Zweer", True),
        ("Frau Fall wurde", "Fall", True),
        ("Dr. X. Fever resolved", "Fever", False),
        ("Dr. Stein fever", "fever", False),
        ("Fr. Dialyse", "Dialyse", False),
        ("M. Crohn", "Crohn", False),
        ("Dr. Meier\nPneumonie", "Pneumonie", False),
    ],
)
def test_names_of_people(text: str, words: str, person: bool) -> None:
    start = text.index(words)
    mention = Mention(start=start, end=start + len(words), text=words, kind="condition", confidence=0.9)
    assert persons.is_person(mention, Note(id="n", text=text), RULES.persons) is person
    if person:
        assert persons.left_out(mention).reason == "name-of-a-person"
