"""Words that alone name nothing: "recurrent", "upper", "death" are no condition to put into a record.

The encoder sometimes reads one of them where the rest of the name is missing or stands elsewhere. Which
words and which kinds is data: `mappings/extraction/arbiter.toml`.
"""

import mappings
from adapter.model import Issue, Mention


class Fragments(mappings.Table):
    """`[fragments]` of the arbiter's rules; words are in lower case."""

    kinds: frozenset[str]
    words: frozenset[str]


def is_fragment(mention: Mention, rules: Fragments) -> bool:
    """Whether the whole mention is a word that alone names nothing."""
    return mention.kind in rules.kinds and mention.text.lower() in rules.words


def left_out(mention: Mention) -> Issue:
    """Why a fragment is left out."""
    return Issue(
        code="informational",
        reason="fragment",
        message="The word alone names nothing.",
        severity="information",
        start=mention.start,
        end=mention.end,
        kind=mention.kind,
    )
