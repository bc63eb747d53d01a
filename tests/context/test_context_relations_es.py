"""Which detail belongs to which finding in Spanish sentences, and which section they stand in."""

import pytest

from adapter import context, notes
from adapter.model import Mention


def details(finding):
    """What is mentioned of a finding; the side it is on is told in test_context_sides.py."""
    return [detail.text for detail in finding.attributes if detail.kind != "laterality"]


@pytest.fixture(scope="module")
def rules():
    return context.load("es")


def linked(text, spans, rules):
    """Finding -> its details, by words."""
    mentions, at = [], 0
    for line in spans:
        kind, words = line.split(": ", 1)
        at = text.index(words, at)
        mentions.append(Mention(start=at, end=at + len(words), text=words, kind=kind, confidence=0.9))
        at += len(words)
    kept = context.assess(notes.from_text("case", text, "es"), mentions, rules).kept
    return {finding.text: details(finding) for finding in kept}


@pytest.mark.parametrize(
    ("text", "spans", "expected"),
    [
        (
            "Amlodipino 5 mg: 1 comprimido por la mañana, vía oral.",
            ["medication: Amlodipino", "dose: 5 mg", "frequency: por la mañana", "route: vía oral"],
            {"Amlodipino": ["5 mg", "por la mañana", "vía oral"]},
        ),
        (
            "Ramipril 2,5 mg cada 24 horas, bisoprolol 5 mg cada 12 horas.",
            [
                *("medication: Ramipril", "dose: 2,5 mg", "frequency: cada 24 horas"),
                *("medication: bisoprolol", "dose: 5 mg", "frequency: cada 12 horas"),
            ],
            {"Ramipril": ["2,5 mg", "cada 24 horas"], "bisoprolol": ["5 mg", "cada 12 horas"]},
        ),
        (
            "Tos de tres días de evolución.",
            ["finding: Tos", "duration: tres días"],
            {"Tos": ["tres días"]},
        ),
        (
            "Hemoglobina de 9,8 g/dl.",
            ["test: Hemoglobina", "result: 9,8 g/dl"],
            {"Hemoglobina": ["9,8 g/dl"]},
        ),
        (
            "Dolor en la rodilla derecha.",
            ["finding: Dolor", "body_site: rodilla derecha"],
            {"Dolor": ["rodilla derecha"]},
        ),
        (
            "ALERGIAS: penicilina (urticaria).",
            ["medication: penicilina", "condition: urticaria"],
            {"penicilina": ["urticaria"]},
        ),
    ],
)
def test_details_join_their_finding(text, spans, expected, rules):
    assert linked(text, spans, rules) == expected


def test_sections_have_spanish_headings():
    text = (
        "MOTIVO DE CONSULTA: fiebre.\nAP: HTA.\nALERGIAS: no conocidas.\n"
        "ANTECEDENTES FAMILIARES\nPadre: ictus.\nEXPLORACIÓN FÍSICA:\nAP: murmullo conservado.\n"
        "Juicio clínico: neumonía.\nTratamiento al alta:\nAmoxicilina.\n"
    )
    keys = [section.key for section in notes.from_text("n", text, "es").sections]
    assert keys == [
        *("chief_complaint", "past_medical_history", "allergies", "family_history"),
        *("physical_exam", "physical_exam", "impression", "discharge_medications"),
    ]
