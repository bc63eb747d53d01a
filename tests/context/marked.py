"""Sentences with their mentions marked: "«Apixaban:medication!hypothetical» bei «Migräne:condition»".

Or by a letter for the kind: "[m Apixaban] for [c migraine]".
"""

import re

from adapter import context, notes
from adapter.model import Mention

KINDS = {
    "m": "medication",
    "p": "procedure",
    "t": "test",
    "c": "condition",
    "f": "finding",
    "d": "dose",
    "r": "route",
    "q": "frequency",
    "u": "duration",
    "b": "body_site",
    "v": "result",
    "x": "form",
    "y": "date",
}
MARK = re.compile(r"«([^»]*):(\w+)(?:!(\w+))?»")

LETTERED = re.compile(r"\[([a-z]) ([^\]]+)\]")


def read(marked):
    """The text, and the mentions in it with what an engine claims of them."""
    text, mentions, position = "", [], 0
    for match in MARK.finditer(marked):
        text += marked[position : match.start()]
        words, kind, claim = match.groups()
        start, position = len(text), match.end()
        text += words
        mentions.append(
            Mention(
                start=start,
                end=len(text),
                text=words,
                kind=kind,
                confidence=0.9,
                sources=("encoder",),
                claims=(claim,) if claim else (),
            )
        )
    return text + marked[position:], mentions


def assessed(language, sentence, shelf):
    """The findings of a sentence with its mentions marked."""
    text, mentions = read(sentence)
    return context.assess(notes.from_text("case", text, language), mentions, shelf[language]).kept


def lettered(line):
    """The text of a line without its marks, and the mentions they mark."""
    text, mentions, last = "", [], 0
    for mark in LETTERED.finditer(line):
        text += line[last : mark.start()]
        start, words, last = len(text), mark[2], mark.end()
        text += words
        kind = KINDS[mark[1]]
        mentions.append(Mention(start=start, end=len(text), text=words, kind=kind, confidence=0.9))
    return text + line[last:], mentions
