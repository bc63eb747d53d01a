"""Pieces of a name that the encoder read apart: a preposition at the end of one, two that are one name.

"koorts met koude rillingen" is read as "koorts met" and "koude rillingen", "foul smelling drainage" as
"foul" and "smelling drainage"; and the other way round "Leber/Niere" as one. Words, kinds and languages:
`[pieces]` of `mappings/extraction/arbiter.toml`.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace

import mappings
from adapter.extraction.sites import SITE
from adapter.model import DICTIONARY, Mention, Note, primary


class Pieces(mappings.Table, arbitrary_types_allowed=True):
    """`[pieces]` of the arbiter's rules; words are in lower case, by language."""

    kinds: frozenset[str]  # that may be in pieces
    one: dict[str, frozenset[str]]  # kinds by language of which two that touch are one name
    trailing: dict[str, frozenset[str]]  # words by language with which no name ends
    divided: frozenset[str]  # languages in which a stroke between two names divides them
    ended: dict[str, frozenset[str]]  # kinds by language that end where the dictionary's name ends
    graded: mappings.Pattern  # what belongs to a name behind it


def trimmed(read: Sequence[Mention], note: Note, rules: Pieces) -> list[Mention]:
    """What was read, without prepositions and articles at the ends."""
    return [_trimmed(one, note, rules) for one in read]


def ended(read: Sequence[Mention], named: Sequence[Mention], note: Note, rules: Pieces) -> list[Mention]:
    """What was read, without what follows the dictionary's name it begins with: "Ileus notfallmäßig".

    A body site stays: an injury of the bladder is not any injury.
    """
    ends = {(one.start, one.kind): one.end for one in named}
    sites = [one.start for one in named if one.kind == SITE]
    cut = []
    for one in read:
        end = ends.get((one.start, one.kind), one.end)
        told = bisect_left(sites, end) < bisect_left(sites, one.end)
        cut.append(one if told else _ended(one, end, note, rules))
    return cut


def _ended(mention: Mention, end: int, note: Note, rules: Pieces) -> Mention:
    """The mention up to `end`, if its kind ends there and no grade follows."""
    kinds = rules.ended.get(primary(note.language_at(mention.start)), ())
    if end >= mention.end or mention.kind not in kinds or rules.graded.search(note.text[end : mention.end]):
        return mention
    return replace(mention, end=end, text=note.text[mention.start : end])


def divided(read: Sequence[Mention], named: Sequence[Mention], note: Note, rules: Pieces) -> list[Mention]:
    """What was read, in two where a stroke stands between two names of the dictionary."""
    if primary(note.language) not in rules.divided:
        return list(read)
    begins = {one.start for one in named}
    ends = {one.end for one in named}
    parts: list[Mention] = []
    for mention in read:
        before, stroke, behind = mention.text.partition("/")
        end = mention.start + len(before.rstrip())
        start = mention.end - len(behind.lstrip())
        if stroke and mention.kind in rules.kinds and end in ends and start in begins and mention.end in ends:
            parts.append(replace(mention, end=end, text=before.rstrip()))
            parts.append(replace(mention, start=start, text=behind.lstrip()))
        else:
            parts.append(mention)
    return parts


def joined(merged: Sequence[Mention], note: Note, rules: Pieces) -> tuple[list[Mention], list[Mention]]:
    """Whole names, and the pieces that say nothing alone.

    Of two mentions of one kind with a space between them the first describes the second: they are one name,
    or the first is a piece. What the dictionary names is none.
    """
    whole: list[Mention] = []
    loose: list[Mention] = []
    for mention in merged:
        before = whole[-1] if whole else None
        if before is None or not _touch(before, mention, note, rules):
            whole.append(mention)
        elif mention.kind in rules.one.get(primary(note.language_at(mention.start)), ()):
            whole[-1] = _joined(before, mention, note)
        else:
            loose.append(whole.pop())
            whole.append(mention)
    return whole, loose


def _trimmed(mention: Mention, note: Note, rules: Pieces) -> Mention:
    if mention.kind not in rules.kinds:
        return mention
    ends = rules.trailing.get(primary(note.language_at(mention.start)), frozenset())
    text = mention.text
    while len(text.split()) > 1 and text.split()[-1] in ends:
        text = text[: len(text) - len(text.split()[-1])].rstrip()
    return replace(mention, text=text, end=mention.start + len(text))


def _touch(one: Mention, other: Mention, note: Note, rules: Pieces) -> bool:
    """Whether two mentions are pieces: of one kind, only a space between them, the first no name."""
    if one.kind != other.kind or one.kind not in rules.kinds or note.text[one.end : other.start] != " ":
        return False
    return DICTIONARY not in one.sources


def _joined(one: Mention, other: Mention, note: Note) -> Mention:
    return replace(
        one,
        end=other.end,
        text=note.text[one.start : other.end],
        confidence=min(one.confidence, other.confidence),
    )
