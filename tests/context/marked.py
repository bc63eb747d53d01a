"""Sentences with their mentions marked: "«Apixaban:medication!hypothetical» bei «Migräne:condition»"."""

import re

from adapter.model import Mention

MARK = re.compile(r"«([^»]*):(\w+)(?:!(\w+))?»")


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
