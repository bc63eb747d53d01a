"""What a mention's source says about the words inside it."""

import pytest

from adapter import context, notes
from adapter.model import Mention

RULES = context.load("en")


@pytest.mark.parametrize(("source", "negated"), [("dictionary", False), ("encoder", True)])
def test_a_negation_inside_a_terminology_name_is_part_of_the_name(source: str, negated: bool) -> None:
    text = "Patient is presenting with not in labor force (finding), cough."
    note = notes.from_text("n", text)
    found = []
    for words in ("not in labor force (finding)", "cough"):
        start = text.index(words)
        end = start + len(words)
        found.append(
            Mention(start=start, end=end, text=words, kind="finding", confidence=0.9, sources=(source,))
        )
    name, cough = context.assess(note, found, RULES).kept
    assert name.assertion.negated is negated
    assert cough.assertion.negated is negated
