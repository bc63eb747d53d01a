"""Which detail belongs to which finding in French sentences."""

import pytest

from adapter import context, notes
from adapter.model import Mention

KINDS = ("medication", "dose", "route", "frequency", "duration", "form", "condition", "finding", "body_site")
KINDS += ("test", "result")


def details(finding):
    """What is mentioned of a finding; the side it is on is told in test_context_sides.py."""
    return [detail.text for detail in finding.attributes if detail.kind != "laterality"]


@pytest.fixture(scope="module")
def rules():
    return context.load("fr")


def linked(text, spans, rules):
    """Finding -> its details, by words."""
    note = notes.from_text("case", text, "fr")
    mentions, at = [], 0
    for line in spans:
        kind, words = line.split(": ", 1)
        assert kind in KINDS
        at = text.index(words, at)
        mentions.append(Mention(start=at, end=at + len(words), text=words, kind=kind, confidence=0.9))
        at += len(words)
    kept = context.assess(note, mentions, rules).kept
    return {finding.text: details(finding) for finding in kept}


@pytest.mark.parametrize(
    ("text", "spans", "expected"),
    [
        (
            "Amlodipine 5 mg : 1 comprimé le matin par voie orale.",
            ["medication: Amlodipine", "dose: 5 mg", "frequency: le matin", "route: voie orale"],
            {"Amlodipine": ["5 mg", "le matin", "voie orale"]},
        ),
        (
            "Ramipril 2,5 mg x 1/j, bisoprolol 5 mg matin et soir.",
            [
                *("medication: Ramipril", "dose: 2,5 mg", "frequency: x 1/j"),
                *("medication: bisoprolol", "dose: 5 mg", "frequency: matin et soir"),
            ],
            {"Ramipril": ["2,5 mg", "x 1/j"], "bisoprolol": ["5 mg", "matin et soir"]},
        ),
        (
            "Amoxicilline à la posologie de 1 g trois fois par jour pendant 7 jours.",
            ["medication: Amoxicilline", "dose: 1 g", "frequency: trois fois par jour", "duration: 7 jours"],
            {"Amoxicilline": ["1 g", "trois fois par jour", "7 jours"]},
        ),
        (
            "Reçoit 40 mg de furosémide.",
            ["dose: 40 mg", "medication: furosémide"],
            {"furosémide": ["40 mg"]},
        ),
        (
            "Douleur de l'épaule droite depuis 3 semaines.",
            ["finding: Douleur", "body_site: épaule droite", "duration: 3 semaines"],
            {"Douleur": ["épaule droite", "3 semaines"]},
        ),
        (
            "Arthrose sévère du genou gauche, sténose modérée de la carotide droite.",
            [
                *("condition: Arthrose", "body_site: genou gauche"),
                *("condition: sténose", "body_site: carotide droite"),
            ],
            {"Arthrose": ["sévère", "genou gauche"], "sténose": ["modérée", "carotide droite"]},
        ),
        (
            "CRP à 120 mg/l, kaliémie : 4,2 mmol/l.",
            ["test: CRP", "result: 120 mg/l", "test: kaliémie", "result: 4,2 mmol/l"],
            {"CRP": ["120 mg/l"], "kaliémie": ["4,2 mmol/l"]},
        ),
        (
            "Allergies : amoxicilline (urticaire), iode.",
            ["medication: amoxicilline", "finding: urticaire", "medication: iode"],
            {"amoxicilline": ["urticaire"], "iode": []},
        ),
        (
            "Allergie à la pénicilline : choc anaphylactique.",
            ["medication: pénicilline", "condition: choc anaphylactique"],
            {"pénicilline": ["choc anaphylactique"]},
        ),
    ],
)
def test_details_join_their_finding(text, spans, expected, rules):
    assert linked(text, spans, rules) == expected
