"""Labels that deny: "COMPLICATIONS: None." says that there are no complications."""

import re
from collections.abc import Sequence

from adapter.model import Cue, Mention, Section

RULE, NAMED = "denied-label", "denied-name"


def pattern(words: Sequence[str]) -> re.Pattern[str] | None:
    """Finds one of the words that say "nothing" right after a label, alone in its sentence."""
    if not words:
        return None
    listed = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in words)
    return re.compile(rf"[\s:;–-]*\b({listed})\s*(?:[.,;!\n]|$)", re.IGNORECASE)


def named(mention: Mention, denied: re.Pattern[str] | None) -> Cue | None:
    """A mention whose own words say that there is nothing of the kind ("NKDA")."""
    if denied is None or denied.fullmatch(mention.text) is None:
        return None
    return Cue(axis="negated", rule=NAMED, start=mention.start, end=mention.end, text=mention.text)


def cue(text: str, mention: Mention, section: Section, nothing: re.Pattern[str] | None) -> Cue | None:
    """Where a section says that there is nothing of what its own heading names."""
    heading = section.heading
    if nothing is None or not heading.start <= mention.start < mention.end <= heading.end:
        return None
    found = nothing.match(text, heading.end)
    if found is None:
        return None
    start, end = found.span(1)
    return Cue(axis="negated", rule=RULE, start=start, end=end, text=text[start:end])


def none(text: str, section: Section, nothing: re.Pattern[str] | None) -> bool:
    """Whether a section ends with a word for nothing behind its heading: "Allergies: none." and more."""
    found = nothing.match(text, section.heading.end) if nothing is not None else None
    return found is not None and text[found.end() - 1] in ".!\n"
