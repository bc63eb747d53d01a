"""Vaccines that are called what they protect against: "Impfungen: Hepatitis A, Tollwut" are no diseases.

A vaccine is a medication, whatever the encoder read. Words and names: `[vaccines]` of
`mappings/extraction/arbiter.toml`.
"""

import re
from dataclasses import replace
from functools import cached_property

import mappings
from adapter.model import Mention, Note

_REACH = 200  # code points before or after a mention in which the list may say that it is one of vaccines
_WORD = re.compile(r"[^\W\d_]+")
_END = re.compile(r"\n[ \t]*\n|(?<![\d.])[.!?]\s")  # of a list; what ends with a digit is a date


class Vaccines(mappings.Table, arbitrary_types_allowed=True):
    """`[vaccines]` of the arbiter's rules; `names` and `links` are in lower case."""

    kinds: frozenset[str]  # that become medications
    word: mappings.Pattern  # in a mention that is a vaccine itself
    before: mappings.Pattern  # opens a list of vaccines
    after: mappings.Pattern  # closes one
    names: frozenset[str]  # what vaccines protect against
    links: frozenset[str]  # words that may stand in the list, too

    @cached_property
    def listed(self) -> frozenset[str]:
        """The words that a list of vaccines is made of."""
        return self.links.union(*(_WORD.findall(name) for name in self.names))


def as_vaccine(mention: Mention, note: Note, rules: Vaccines) -> Mention:
    """The mention as a medication if it is a vaccine here, and as it was otherwise."""
    if mention.kind not in rules.kinds or not _vaccine(mention, note, rules):
        return mention
    return replace(mention, kind="medication")


def _vaccine(mention: Mention, note: Note, rules: Vaccines) -> bool:
    if rules.word.search(mention.text):
        return True
    if mention.text.lower() not in rules.names:
        return False
    before = note.text[max(0, mention.start - _REACH) : mention.start]
    after = note.text[mention.end : mention.end + _REACH]
    *_, opened = [None, *rules.before.finditer(before)]
    closed = rules.after.search(after)
    between = [before[opened.end() :] if opened else None, after[: closed.start()] if closed else None]
    return any(words is not None and _list(words, rules) for words in between)


def _list(text: str, rules: Vaccines) -> bool:
    """Whether a text is nothing but names, links and dates."""
    return not _END.search(text) and all(word in rules.listed for word in _WORD.findall(text.lower()))
