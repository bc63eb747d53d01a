"""Which detail belongs to which finding in German notes."""

import pytest

from adapter import context, notes
from adapter.model import Mention

RULES = context.load("de")


def details(finding):
    """What is mentioned of a finding; the side it is on is told in test_context_sides.py."""
    return [detail.text for detail in finding.attributes if detail.kind != "laterality"]


def mentions_of(text, words):
    position = 0
    for line in words:
        kind, _, quote = line.partition(": ")
        position = text.index(quote, position)
        yield Mention(start=position, end=position + len(quote), text=quote, kind=kind, confidence=0.9)


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        (
            "Ramipril 5 mg Tbl. 1-0-1, Bisoprolol 2,5 mg 1-0-0",
            [
                *("medication: Ramipril", "dose: 5 mg", "form: Tbl.", "frequency: 1-0-1"),
                *("medication: Bisoprolol", "dose: 2,5 mg", "frequency: 1-0-0"),
            ],
            {"Ramipril": ["5 mg", "Tbl.", "1-0-1"], "Bisoprolol": ["2,5 mg", "1-0-0"]},
        ),
        (
            "Entlassmedikation:\n- ASS 100 mg p.o. 1-0-0-0\n- Novaminsulfon 500 mg bei Bedarf",
            [
                *("medication: ASS", "dose: 100 mg", "route: p.o.", "frequency: 1-0-0-0"),
                *("medication: Novaminsulfon", "dose: 500 mg", "frequency: bei Bedarf"),
            ],
            {"ASS": ["100 mg", "p.o.", "1-0-0-0"], "Novaminsulfon": ["500 mg", "bei Bedarf"]},
        ),
        (
            "Der Patient erhielt dreimal täglich 500 mg Metformin über 2 Wochen.",
            ["frequency: dreimal täglich", "dose: 500 mg", "medication: Metformin", "duration: 2 Wochen"],
            {"Metformin": ["dreimal täglich", "500 mg", "2 Wochen"]},
        ),
        (
            "Seit 3 Wochen zunehmende Schmerzen in der linken Schulter.",
            ["duration: 3 Wochen", "finding: Schmerzen", "body_site: linken Schulter"],
            {"Schmerzen": ["3 Wochen", "linken Schulter"]},
        ),
        (
            "CRP 45 mg/l, Kreatinin von 1,2 mg/dl.",
            ["test: CRP", "result: 45 mg/l", "test: Kreatinin", "result: 1,2 mg/dl"],
            {"CRP": ["45 mg/l"], "Kreatinin": ["1,2 mg/dl"]},
        ),
        (
            "Allergien: Penicillin (Exanthem), Novalgin: Juckreiz",
            ["medication: Penicillin", "finding: Exanthem", "medication: Novalgin", "finding: Juckreiz"],
            {"Penicillin": ["Exanthem"], "Novalgin": ["Juckreiz"]},
        ),
    ],
)
def test_details_join_what_they_belong_to(text, words, expected):
    step = context.assess(notes.from_text("n", text, "de"), list(mentions_of(text, words)), RULES)
    assert {finding.text: details(finding) for finding in step.kept} == expected
    assert not step.left_out
