"""Substances that a note measures rather than gives: "creatinine 1.9" is a test, "potassium 20 mEq" a drug.

Which names, and what a measured value looks like, is data: `mappings/extraction/arbiter.toml`.
"""

import re
from dataclasses import replace

import mappings
from adapter.model import Mention, Note


class Measured(mappings.Table):
    """`[measured]` of the arbiter's rules; names are in lower case."""

    always: frozenset[str]
    with_value: frozenset[str]
    value: re.Pattern[str]
    given_sections: frozenset[str]


def as_test(mention: Mention, note: Note, rules: Measured) -> Mention:
    """The mention as a test if it is a substance that is measured here, and as it was otherwise."""
    if mention.kind != "medication" or not _measured(mention, note, rules):
        return mention
    return replace(mention, kind="test")


def _measured(mention: Mention, note: Note, rules: Measured) -> bool:
    name = mention.text.lower()
    if name in rules.always:
        return True
    if name not in rules.with_value or note.section_at(mention.start).key in rules.given_sections:
        return False
    return rules.value.match(note.text, mention.end) is not None
