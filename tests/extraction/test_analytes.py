import pytest

from adapter import notes
from adapter.extraction import analytes, arbiter
from adapter.model import Mention

RULES = arbiter.load().measured


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("Creatinine peaked at 2.1 mg/dL.", "Creatinine", "test"),
        ("Potassium 4.2, sodium 138.", "Potassium", "test"),
        ("Potassium level was 5.1 on admission.", "Potassium", "test"),
        ("Glucose of 112 mg/dL was noted.", "Glucose", "test"),
        ("Na 138 K 4.2", "Na", "test"),
        ("Potassium 20 mEq daily.", "Potassium", "medication"),
        ("Potassium was repleted.", "Potassium", "medication"),
        ("Digoxin 0.125 mg daily.", "Digoxin", "medication"),
        ("Digoxin level 0.8, not toxic.", "Digoxin", "test"),
        ("MEDICATIONS:\nVitamin D 2000\nIron 325\n", "Vitamin D", "medication"),
        ("MEDICATIONS:\nVitamin D 2000\nIron 325\n", "Iron", "medication"),
        ("Récepteurs de la progestérone : 40 %", "progestérone", "test"),
        ("Récepteurs des oestrogènes : 90 %", "oestrogènes", "test"),
        ("Estrogen receptor positive.", "Estrogen", "test"),
        ("Rezeptorstatus: Östrogen 90 %", "Östrogen", "test"),
        ("Östrogen seit 2019.", "Östrogen", "medication"),
        ("Progesterone 200 mg nightly.", "Progesterone", "medication"),
        ("Angiotensin receptor blocker.", "Angiotensin", "medication"),
        ("Lisinopril 10, daily.", "Lisinopril", "medication"),
    ],
)
def test_what_is_measured_is_a_test(text: str, name: str, kind: str) -> None:
    start = text.index(name)
    mention = Mention(start=start, end=start + len(name), text=name, kind="medication", confidence=0.9)
    assert analytes.as_test(mention, notes.from_text("n", text), RULES).kind == kind


def test_other_kinds_stay() -> None:
    mention = Mention(start=0, end=10, text="Creatinine", kind="condition", confidence=0.9)
    assert analytes.as_test(mention, notes.from_text("n", "Creatinine 2"), RULES) is mention
