"""Names of people, which are no findings: "Dr. Stein" has no stone, "mevrouw Koorts" no fever.

Titles are data: `[persons]` of `mappings/extraction/arbiter.toml`.
"""

import re
from functools import cached_property

import mappings
from adapter.model import Issue, Mention, Note

_REACH = 60  # code points before a mention in which its title may stand


class Persons(mappings.Table):
    """`[persons]` of the arbiter's rules: titles and the small words of names, as written, without dots."""

    titles: tuple[str, ...]
    particles: tuple[str, ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """A title and particles, up to the end of a text; no initials, for they may end a sentence."""
        titles = "|".join(map(re.escape, sorted(self.titles, key=len, reverse=True)))
        particles = "|".join(map(re.escape, self.particles))
        return re.compile(rf"(?<!\w)(?:{titles})\.?[ \t]+(?:(?:{particles})[ \t]+)*$")


def is_person(mention: Mention, note: Note, rules: Persons) -> bool:
    """Whether the words are a name right after a title."""
    if not mention.text[:1].isupper():
        return False
    before = note.text[max(0, mention.start - _REACH) : mention.start]
    return rules.pattern.search(before) is not None


def left_out(mention: Mention) -> Issue:
    """Why a name is left out."""
    return Issue(
        code="informational",
        reason="name-of-a-person",
        message="The words after a title are somebody's name.",
        severity="information",
        start=mention.start,
        end=mention.end,
        kind=mention.kind,
    )
