"""Body sites taken out of findings, and with the side that stands before them."""

import re

import pytest

from adapter.extraction import arbiter, sites
from adapter.model import Mention, Note

RULES = arbiter.load().sites


def mention(text: str, quote: str, kind: str) -> Mention:
    start = text.index(quote)
    return Mention(start=start, end=start + len(quote), text=quote, kind=kind, confidence=0.9)


def parts(marked: str, language: str, kind: str = "finding", *, named: bool = False) -> list[tuple[str, str]]:
    """Kinds and words of what becomes of a mention; «» mark the dictionary's site, or `named` the whole."""
    text = marked.replace("«", "").replace("»", "")
    names = [mention(text, quote, "body_site") for quote in re.findall("«(.*)»", marked)]
    whole = [mention(text, text, kind)]
    note = Note(id="n", text=text, language=language)
    taken = sites.taken_out(whole, names + whole if named else names, note, RULES)
    assert all(text[one.start : one.end] == one.text for one in taken)
    return [(one.kind, one.text) for one in taken]


@pytest.mark.parametrize(
    ("marked", "language", "finding", "site"),
    [
        ("Tremor der «Hände»", "de", "Tremor", "Hände"),
        ("Schmerzen in der rechten «Hüfte»", "de", "Schmerzen", "rechten Hüfte"),
        ("Schwellung beider «Knie»", "de", "Schwellung", "beider Knie"),
        ("œdèmes des «membres inférieurs»", "fr", "œdèmes", "membres inférieurs"),
        ("cyanose de l’«oreille»", "fr", "cyanose", "oreille"),
        ("zwelling van de kleine «gewrichten»", "nl", "zwelling", "kleine gewrichten"),
    ],
)
def test_a_site_is_taken_out_of_a_finding(marked: str, language: str, finding: str, site: str) -> None:
    assert parts(marked, language) == [("finding", finding), ("body_site", site)]


@pytest.mark.parametrize(
    ("text", "language", "kind", "named"),
    [
        ("Infekt der «Atemwege»", "de", "condition", True),
        ("pijn op de «borst»", "nl", "finding", True),
        ("Anlage an der «Hand»", "de", "procedure", False),
        ("numbness of the «hand»", "en", "finding", False),
        ("Sehschärfe «Auge»", "de", "finding", False),
        ("Knieschmerz", "de", "finding", False),
    ],
)
def test_names_and_what_holds_no_site_stay_whole(text: str, language: str, kind: str, named: bool) -> None:
    assert parts(text, language, kind, named=named) == [(kind, text.replace("«", "").replace("»", ""))]


@pytest.mark.parametrize(
    ("marked", "language", "whole"),
    [
        ("Schmerzen im rechten «Knie»", "de", "rechten Knie"),
        ("li. «Ferse»", "de", "li. Ferse"),
        ("direkt «Haut»", "de", "Haut"),
        ("Herzrechte «Kammer»", "de", "Kammer"),
        ("both «knees»", "en", "both knees"),
        ("upright «neck»", "en", "neck"),
        ("les deux «ovaires»", "fr", "deux ovaires"),
        ("beide «enkels»", "nl", "beide enkels"),
        ("re «oor»", "nl", "re oor"),
    ],
)
def test_a_side_right_before_a_site_belongs_to_it(marked: str, language: str, whole: str) -> None:
    quote = re.findall("«(.*)»", marked)[0]
    text = marked.replace("«", "").replace("»", "")
    note = Note(id="n", text=text, language=language)
    (site,) = sites.sided([mention(text, quote, "body_site")], note, RULES)
    assert site.text == whole == text[site.start : site.end]


def test_a_side_that_is_part_of_another_mention_stays_there() -> None:
    text = "beide Knie"
    note = Note(id="n", text=text, language="de")
    other = mention(text, "beide", "finding")
    assert [one.text for one in sites.sided([other, mention(text, "Knie", "body_site")], note, RULES)] == [
        "beide",
        "Knie",
    ]


def test_what_is_no_site_takes_no_side() -> None:
    text = "rechte Pneumonie"
    note = Note(id="n", text=text, language="de")
    assert sites.sided([mention(text, "Pneumonie", "condition")], note, RULES)[0].text == "Pneumonie"
