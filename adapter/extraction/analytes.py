"""Substances that a note measures rather than gives: "creatinine 1.9" is a test, "potassium 20 mEq" a drug.

Which names, and what a measured value looks like, is data: `mappings/extraction/arbiter.toml`.
"""

import re
from dataclasses import replace

import mappings
from adapter.model import Mention, Note

_REACH = 40  # code points before a mention in which "receptors of the" may stand


class Measured(mappings.Table):
    """`[measured]` of the arbiter's rules; names are in lower case."""

    always: frozenset[str]
    with_value: frozenset[str]
    value: re.Pattern[str]
    given_sections: frozenset[str]
    receptor_before: re.Pattern[str]
    receptor_after: re.Pattern[str]


def as_test(mention: Mention, note: Note, rules: Measured) -> Mention:
    """The mention as a test if it is a substance that is measured here, and as it was otherwise."""
    if mention.kind != "medication" or not _measured(mention, note, rules):
        return mention
    return replace(mention, kind="test")


def _measured(mention: Mention, note: Note, rules: Measured) -> bool:
    name = mention.text.lower()
    if name in rules.always or _of_receptor(mention, note, rules):
        return True
    if name not in rules.with_value or note.section_at(mention.start).key in rules.given_sections:
        return False
    return rules.value.match(note.text, mention.end) is not None


def _of_receptor(mention: Mention, note: Note, rules: Measured) -> bool:
    """Whether the words name a receptor: the oestrogen receptors of a tumour are not given."""
    before = note.text[max(0, mention.start - _REACH) : mention.start]
    after = rules.receptor_after.match(note.text, mention.end)
    return after is not None or rules.receptor_before.search(before) is not None
