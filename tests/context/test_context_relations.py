"""Which detail belongs to which finding, and what happens to a detail that belongs to none."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import context, notes
from adapter.model import Mention

RULES = context.load("en")


def details(finding):
    """What is mentioned of a finding; the side it is on is told in test_context_sides.py."""
    return [detail.text for detail in finding.attributes if detail.kind != "laterality"]


@pytest.fixture(scope="module")
def rules():
    return RULES


def mentions_of(text, words):
    position = 0
    for line in words:
        kind, _, quote = line.partition(": ")
        start = text.index(quote, position)
        position = start
        yield Mention(start=start, end=start + len(quote), text=quote, kind=kind, confidence=0.9)


def linked(text, words, rules):
    step = context.assess(notes.from_text("n", text), list(mentions_of(text, words)), rules)
    kept = {finding.text: details(finding) for finding in step.kept}
    return kept, [(issue.reason, issue.kind, text[issue.start : issue.end]) for issue in step.left_out]


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        (
            "Aspirin 81 mg daily, lisinopril 10 mg p.o. bid.",
            [
                *("medication: Aspirin", "dose: 81 mg", "frequency: daily"),
                *("medication: lisinopril", "dose: 10 mg", "route: p.o.", "frequency: bid"),
            ],
            {"Aspirin": ["81 mg", "daily"], "lisinopril": ["10 mg", "p.o.", "bid"]},
        ),
        (
            "She takes 20 mg of lisinopril and 81 mg aspirin.",
            ["dose: 20 mg", "medication: lisinopril", "dose: 81 mg", "medication: aspirin"],
            {"lisinopril": ["20 mg"], "aspirin": ["81 mg"]},
        ),
        (
            "Aspirin 81 mg daily lisinopril 10 mg",
            [
                "medication: Aspirin",
                "dose: 81 mg",
                "frequency: daily",
                "medication: lisinopril",
                "dose: 10 mg",
            ],
            {"Aspirin": ["81 mg", "daily"], "lisinopril": ["10 mg"]},
        ),
        (
            "1. Metformin\n2. Insulin 10 units",
            ["medication: Metformin", "medication: Insulin", "dose: 10 units"],
            {"Metformin": [], "Insulin": ["10 units"]},
        ),
        (
            "Amoxicillin for 10 days for otitis.",
            ["medication: Amoxicillin", "duration: 10 days", "condition: otitis"],
            {"Amoxicillin": ["10 days", "otitis"], "otitis": []},
        ),
        (
            "Cough for 3 days.",
            ["finding: Cough", "duration: 3 days"],
            {"Cough": ["3 days"]},
        ),
        (
            "A 2-week history of cough.",
            ["duration: 2-week", "finding: cough"],
            {"cough": ["2-week"]},
        ),
        (
            "Hemoglobin 10.2, WBC 12.5, platelets normal.",
            [
                "test: Hemoglobin",
                "result: 10.2",
                "test: WBC",
                "result: 12.5",
                "test: platelets",
                "result: normal",
            ],
            {"Hemoglobin": ["10.2"], "WBC": ["12.5"], "platelets": ["normal"]},
        ),
        (
            "Blood pressure was 120/80, pulse of 70.",
            ["test: Blood pressure", "result: 120/80", "test: pulse", "result: 70"],
            {"Blood pressure": ["120/80"], "pulse": ["70"]},
        ),
        (
            "Normal chest x-ray.",
            ["result: Normal", "test: chest x-ray"],
            {"chest x-ray": ["Normal"]},
        ),
        (
            "Pain in the left knee and left elbow swelling.",
            ["finding: Pain", "body_site: left knee", "body_site: left elbow", "finding: swelling"],
            {"Pain": ["left knee"], "swelling": ["left elbow"]},
        ),
        (
            "Swelling of the wrist, hand and fingers.",
            ["finding: Swelling", "body_site: wrist", "body_site: hand", "body_site: fingers"],
            {"Swelling": ["wrist", "hand", "fingers"]},
        ),
        (
            "Left knee pain.",
            ["finding: Left knee pain", "body_site: Left knee"],
            {"Left knee pain": ["Left knee"]},
        ),
        (
            "ALLERGIES: Penicillin (hives), codeine.",
            ["medication: Penicillin", "finding: hives", "medication: codeine"],
            {"Penicillin": ["hives"], "codeine": []},
        ),
        (
            "She is allergic to sulfa, which causes a rash, and has asthma.",
            ["medication: sulfa", "finding: rash", "condition: asthma"],
            {"sulfa": ["rash"], "asthma": []},
        ),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_details_belong_to_their_findings(text, words, expected, rules):
    assert linked(text, words, rules) == (expected, [])


def test_a_detail_that_belongs_to_nothing_is_reported(rules):
    kept, left_out = linked("Continue 20 mg as before.\n\nGout.", ["dose: 20 mg", "condition: Gout"], rules)
    assert kept == {"Gout": []}
    assert left_out == [("attribute-unlinked", "dose", "20 mg")]


def test_a_dose_in_another_sentence_is_not_borrowed(rules):
    text = "Aspirin was given. The other was stopped at 20 mg."
    kept, left_out = linked(text, ["medication: Aspirin", "dose: 20 mg"], rules)
    assert kept == {"Aspirin": []} and len(left_out) == 1


@pytest.mark.parametrize("kind", ["result", "body_site", "age", "gender", "social", "test"])
def test_what_can_stand_alone_is_kept(kind, rules):
    assert linked("Seen: normal", [f"{kind}: normal"], rules) == ({"normal": []}, [])


TEXT = (
    "PMH: Asthma, gout.\nMEDICATIONS: Aspirin 81 mg daily, insulin 10 units.\n"
    "FAMILY HISTORY: Mother with gout.\nROS: Denies fever, cough or pain in the knee."
)
WORDS = [
    "condition: Asthma",
    "condition: gout",
    "medication: Aspirin",
    "dose: 81 mg",
    "frequency: daily",
    "medication: insulin",
    "dose: 10 units",
    "condition: gout",
    "finding: fever",
    "finding: cough",
    "finding: pain",
    "body_site: knee",
]


@given(st.randoms(use_true_random=False))
def test_the_order_of_mentions_does_not_matter(dice):
    note, mentions = notes.from_text("n", TEXT), list(mentions_of(TEXT, WORDS))
    expected = context.assess(note, mentions, RULES)
    dice.shuffle(mentions)
    assert context.assess(note, [*mentions, mentions[0]], RULES) == expected


@given(st.text(alphabet="no denies fever.,;:\n-? (1)😀é\t", max_size=120), st.data())
def test_any_text_and_any_mentions_are_survived(text, data):
    note = notes.from_text("n", text)
    picks = data.draw(st.lists(st.tuples(st.integers(0, 119), st.integers(1, 9)), max_size=8))
    mentions = [
        Mention(start=a, end=min(a + n, len(text)), text=text[a : a + n], kind=kind, confidence=0.5)
        for (a, n), kind in zip(picks, ("finding", "medication", "dose", "condition") * 2, strict=False)
        if a < len(text)
    ]
    step = context.assess(note, mentions, RULES)
    homes = sum(len(finding.attributes) for finding in step.kept)
    assert len(step.kept) + homes + len(step.left_out) == len(set(mentions))
    for finding in step.kept:
        assert all(text[cue.start : cue.end] == cue.text for cue in finding.assertion.cues)


def test_a_mention_outside_the_note_is_refused(rules):
    note = notes.from_text("n", "Gout.")
    with pytest.raises(ValueError, match="outside"):
        context.assess(note, [Mention(start=0, end=9, text="x", kind="finding", confidence=1.0)], rules)


def test_a_long_note_with_thousands_of_mentions(rules):
    text = "No fever, chills or cough. Known gout, aspirin 81 mg daily but pain. " * 1400
    quotes = {
        "fever": "finding",
        "gout": "condition",
        "aspirin": "medication",
        "81 mg": "dose",
        "pain": "finding",
    }
    mentions = []
    for quote, kind in quotes.items():
        start = text.find(quote)
        while start >= 0:
            mentions.append(
                Mention(start=start, end=start + len(quote), text=quote, kind=kind, confidence=1.0)
            )
            start = text.find(quote, start + 1)
    random.Random(1).shuffle(mentions)
    step = context.assess(notes.from_text("n", text), mentions, rules)
    assert len(mentions) >= 5000 and step.left_out == ()
    assert sum(finding.assertion.negated for finding in step.kept) == 1400
