"""Body sites with their side, and those that the encoder read as part of a finding.

"Tremor der Hände" is a tremor, of the hands: the guideline marks the site on its own, and it goes into the
record as one. What the terminology names as a whole ("pijn op de borst") stays whole. "Li. Ferse" is one
site, also where only "Ferse" was found. Kinds and words: `[sites]` of `mappings/extraction/arbiter.toml`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import mappings
from adapter.model import DICTIONARY, Mention, Note, primary

SITE = "body_site"
_FAR = 20  # characters before a site in which its side may stand


class Sites(mappings.Table, arbitrary_types_allowed=True):
    """`[sites]` of the arbiter's rules."""

    kinds: frozenset[str]  # that a site is taken from
    between: dict[str, mappings.Pattern]  # by language: up to the site's name; group `site`: its first words
    side: dict[str, mappings.Pattern]  # by language: a side right before a site


def taken_out(read: Sequence[Mention], named: Sequence[Mention], note: Note, rules: Sites) -> list[Mention]:
    """What was read, in text order, with the sites that end a mention on their own.

    `named` are the dictionary's mentions: a site among them that ends a mention is taken out of it, unless
    the whole mention is a name, too.
    """
    names = {(one.start, one.end) for one in named}
    sites = {one.end: one for one in named if one.kind == SITE}
    parts: list[Mention] = []
    for mention in read:
        site = sites.get(mention.end)
        divisible = site and mention.kind in rules.kinds and (mention.start, mention.end) not in names
        between = _between(mention, site, note, rules) if site and divisible else None
        parts.extend(_divided(mention, between, note) if between else [mention])
    return parts


def sided(found: Sequence[Mention], note: Note, rules: Sites) -> list[Mention]:
    """The same mentions in text order, sites with the side that stands right before them."""
    ends = (0, *(mention.end for mention in found))
    return [
        _sided(mention, note, rules, least) if mention.kind == SITE else mention
        for least, mention in zip(ends, found, strict=False)
    ]


def _sided(mention: Mention, note: Note, rules: Sites, least: int) -> Mention:
    """A site with its side, unless that stands before `least`."""
    pattern = rules.side.get(primary(note.language_at(mention.start)))
    found = pattern.search(note.text, max(least, mention.start - _FAR), mention.start) if pattern else None
    start = found.start() if found else mention.start
    return replace(mention, start=start, text=note.text[start : mention.end])


def _between(mention: Mention, site: Mention, note: Note, rules: Sites) -> re.Match[str] | None:
    """The words that join a finding and the site it ends with."""
    pattern = rules.between.get(primary(note.language_at(mention.start)))
    return pattern.search(note.text, mention.start, site.start) if pattern else None


def _divided(mention: Mention, between: re.Match[str], note: Note) -> Iterator[Mention]:
    """What is before the site, and the site."""
    end, start = between.start(), between.start("site")
    yield replace(mention, end=end, text=note.text[mention.start : end])
    sources = (*mention.sources, DICTIONARY)
    yield replace(mention, start=start, text=note.text[start : mention.end], kind=SITE, sources=sources)
