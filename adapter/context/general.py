"""Whether a note speaks of nobody: a leaflet on a disease or an operation, which describes what people have.

It has words that teach ("is usually caused by", "most people") and next to none of one patient.
"""

import re
from dataclasses import dataclass

from adapter.context.tables import GeneralTable
from adapter.model import Cue, Note

RULE = "general"


@dataclass(frozen=True, slots=True)
class GeneralRules:
    """The words that teach, and those that tell of one patient."""

    teaching: re.Pattern[str]
    patient: re.Pattern[str]
    least: int  # words that teach, in a leaflet
    times: int  # as many as words of one patient


def rules(table: GeneralTable | None) -> GeneralRules | None:
    """The words of a language as patterns; none where it has none."""
    if table is None:
        return None
    return GeneralRules(_words(table.teaching), _words(table.patient), table.least, table.times)


def cue(note: Note, rules: GeneralRules | None) -> Cue | None:
    """The first words that teach, in a note that speaks of nobody."""
    if rules is None or (first := rules.teaching.search(note.text)) is None:
        return None
    teaching = sum(1 for _ in rules.teaching.finditer(note.text))
    most = teaching // rules.times
    if teaching < rules.least or _more(rules.patient, note.text, most):
        return None
    start, end = first.span()
    return Cue(axis="other_person", rule=RULE, start=start, end=end, text=first.group())


def _more(pattern: re.Pattern[str], text: str, most: int) -> bool:
    """Whether there are more than so many; the rest is not looked at."""
    return any(count > most for count, _ in enumerate(pattern.finditer(text), 1))


def _words(words: tuple[str, ...]) -> re.Pattern[str]:
    listed = "|".join(re.escape(word).replace(r"\ ", r"\s+") for word in words)
    return re.compile(rf"(?<!\w)(?:{listed})(?!\w)", re.IGNORECASE)
