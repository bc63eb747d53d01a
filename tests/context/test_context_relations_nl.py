"""Details of Dutch prescriptions and findings: which finding they belong to."""

import pytest

from adapter import context, notes
from adapter.model import Mention


def details(finding):
    """What is mentioned of a finding; the side it is on is told in test_context_sides.py."""
    return [detail.text for detail in finding.attributes if detail.kind != "laterality"]


@pytest.fixture(scope="module")
def rules():
    return context.load("nl")


def mentions_of(text, words):
    position = 0
    for line in words:
        kind, _, quote = line.partition(": ")
        start = text.index(quote, position)
        position = start + len(quote)
        yield Mention(start=start, end=position, text=quote, kind=kind, confidence=0.9)


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        (
            "Metformine 2dd500mg, simvastatine 1dd40mg an.",
            [
                *("medication: Metformine", "frequency: 2dd", "dose: 500mg"),
                *("medication: simvastatine", "frequency: 1dd", "dose: 40mg", "frequency: an"),
            ],
            {"Metformine": ["2dd", "500mg"], "simvastatine": ["1dd", "40mg", "an"]},
        ),
        (
            "Metoprolol 1 dd 50 mg p.o., apixaban tablet 5 mg 2 x daags 1 stuk",
            [
                *("medication: Metoprolol", "frequency: 1 dd", "dose: 50 mg", "route: p.o."),
                *(
                    "medication: apixaban",
                    "form: tablet",
                    "dose: 5 mg",
                    "frequency: 2 x daags",
                    "dose: 1 stuk",
                ),
            ],
            {
                "Metoprolol": ["1 dd", "50 mg", "p.o."],
                "apixaban": ["tablet", "5 mg", "2 x daags", "1 stuk"],
            },
        ),
        (
            "Zij gebruikt 20 mg omeprazol en 80 mg acetylsalicylzuur.",
            ["dose: 20 mg", "medication: omeprazol", "dose: 80 mg", "medication: acetylsalicylzuur"],
            {"omeprazol": ["20 mg"], "acetylsalicylzuur": ["80 mg"]},
        ),
        (
            "Amoxicilline gedurende 7 dagen wegens otitis.",
            ["medication: Amoxicilline", "duration: 7 dagen", "condition: otitis"],
            {"Amoxicilline": ["7 dagen", "otitis"], "otitis": []},
        ),
        (
            "Sinds 3 dagen toenemende dyspnoe.",
            ["duration: 3 dagen", "finding: dyspnoe"],
            {"dyspnoe": ["3 dagen"]},
        ),
        (
            "Pijn in de linker knie, zwelling t.p.v. de enkel.",
            ["finding: Pijn", "body_site: knie", "finding: zwelling", "body_site: enkel"],
            {"Pijn": ["knie"], "zwelling": ["enkel"]},
        ),
        (
            "Hb 7,2, CRP: 120.",
            ["test: Hb", "result: 7,2", "test: CRP", "result: 120"],
            {"Hb": ["7,2"], "CRP": ["120"]},
        ),
        (
            "ALLERGIEËN: penicilline (huiduitslag), diclofenac - angio-oedeem.",
            [
                *("medication: penicilline", "finding: huiduitslag"),
                *("medication: diclofenac", "finding: angio-oedeem"),
            ],
            {"penicilline": ["huiduitslag"], "diclofenac": ["angio-oedeem"]},
        ),
        (
            "Huiduitslag door amoxicilline.",
            ["finding: Huiduitslag", "medication: amoxicilline"],
            {"amoxicilline": ["Huiduitslag"]},
        ),
    ],
)
def test_details_belong_to_their_finding(text, words, expected, rules):
    step = context.assess(notes.from_text("n", text, "nl"), list(mentions_of(text, words)), rules)
    assert {one.text: details(one) for one in step.kept} == expected
    assert not step.left_out
