"""Where a note speaks of nobody: a leaflet on a disease or an operation, which describes what people have.

A note, or a paragraph of one, has words that teach ("is usually caused by", "most people") and next to none
of one patient.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapter.context.tables import GeneralTable
from adapter.model import Cue, Note

RULE = "general"
PARAGRAPH = re.compile(r"\S[^\n]*(?:\n(?!\s*\n)[^\n]*)*")
SIGNS = ".,;:!?()[]{}\"'“”‘’*-–/"
Phrases = Mapping[str, Sequence[Sequence[str]]]  # by their first word


@dataclass(frozen=True, slots=True)
class GeneralRules:
    """The words that teach, those that often stand beside them, and those that tell of one patient."""

    teaching: Phrases
    hints: Phrases
    patient: Phrases
    least: int  # words that teach and hints, in a leaflet
    paragraph: int  # words that teach, in a paragraph that names no patient
    times: int  # as many as words of one patient, in a leaflet


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a note that speaks of nobody, and the words that say so."""

    start: int
    end: int
    cue: Cue


def rules(table: GeneralTable | None) -> GeneralRules | None:
    """The words of a language, ready to find; none where it has none."""
    if table is None:
        return None
    teaching, hints, patient = map(_phrases, (table.teaching, table.hints, table.patient))
    return GeneralRules(teaching, hints, patient, table.least, table.paragraph, table.times)


def passages(note: Note, rules: GeneralRules | None) -> Sequence[Passage]:
    """The whole note, or its paragraphs, that speak of nobody."""
    if rules is None:
        return ()
    found = list(PARAGRAPH.finditer(note.text))
    written = [_words(part.group()) for part in found]
    if not any(_count(words, rules.teaching) for words in written):
        return ()
    counts = [_counted(words, rules) for words in written]
    teaching, hints, patient = (sum(count[one] for count in counts) for one in (0, 1, 2))
    parts = [(part, *count) for part, count in zip(found, counts, strict=True)]
    if teaching and teaching + hints >= max(rules.least, rules.times * patient):
        said = _cue(note, 0, len(note.text), rules)
        told = [(part, said) for part, taught, hint, named in parts if named <= taught + hint]
    else:
        few = (one for one, taught, _, named in parts if taught >= rules.paragraph and not named)
        told = [(part, _cue(note, *part.span(), rules)) for part in few]
    return tuple(Passage(*part.span(), said) for part, said in told if said is not None)


def cue(passages: Sequence[Passage], position: int) -> Cue | None:
    """What is said at a position by passages in order, none of which overlaps another."""
    at = bisect_right(passages, position, key=lambda one: one.start) - 1
    return passages[at].cue if at >= 0 and position < passages[at].end else None


def _cue(note: Note, start: int, end: int, rules: GeneralRules) -> Cue | None:
    """The first words of a stretch that teach."""
    for word in re.finditer(r"\w+", note.text[start:end]):
        for rest in rules.teaching.get(word.group().lower(), ()):
            written = r"\W+".join(map(re.escape, (word.group(), *rest)))
            found = re.compile(written, re.IGNORECASE).match(note.text, start + word.start(), end)
            if found is not None:
                low, high = found.span()
                return Cue(axis="other_person", rule=RULE, start=low, end=high, text=found.group())
    return None


def _words(text: str) -> list[str]:
    return [word.strip(SIGNS) for word in text.lower().replace("’", "'").split()]


def _counted(words: Sequence[str], rules: GeneralRules) -> tuple[int, int, int]:
    """How many words teach, how many are hints, and how many tell of one patient."""
    return _count(words, rules.teaching), _count(words, rules.hints), _count(words, rules.patient)


def _count(words: Sequence[str], known: Phrases) -> int:
    places = (place for place, word in enumerate(words, 1) if word in known)
    return sum(
        any(list(rest) == words[place : place + len(rest)] for rest in known[words[place - 1]])
        for place in places
    )


def _phrases(phrases: Sequence[str]) -> Phrases:
    made: dict[str, list[Sequence[str]]] = defaultdict(list)
    for phrase in phrases:
        first, *rest = phrase.lower().split()
        made[first].append(rest)
    return dict(made)
