"""Operations told of again: "a liver transplant in 2010 ... she did well after the transplant".

What a note has called over once stays over, unless it is done, planned or examined elsewhere in the note.
So is an operation among what a patient has or had: "COPD, gout, appendectomy" (`bygone` in mappings/context).
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

import mappings
from adapter.model import FLAGS, Assertion, Cue, Mention, Note, Section

KIND = "procedure"
TODAY = frozenset({"procedure", "physical_exam"})  # what stands here is done or looked at today
SAID = attrgetter(*FLAGS)
AHEAD = frozenset({"plan", "instructions", "hospital_course"})  # what stands here is not over for that
RULE = "bygone"


class BygoneTable(mappings.Table):
    """Operations that are over where a list of what a patient has or had names them."""

    names: tuple[str, ...]  # of operations
    sections: tuple[str, ...]  # where such lists stand
    before: float  # the share of the note in which they do


@dataclass(frozen=True, slots=True)
class BygoneRules:
    """The table of a language, with the names of what lasts."""

    names: re.Pattern[str]
    lasting: re.Pattern[str]
    sections: frozenset[str]
    before: float


def bygone(
    table: BygoneTable | None,
    found: Callable[[Sequence[str]], re.Pattern[str] | None],
    lasting: Sequence[str],
) -> BygoneRules | None:
    """The table of a language, by what makes a pattern of names; none where it has none."""
    if table is None:
        return None
    names, lasts = found(table.names), found(lasting)
    if names is None or lasts is None:
        return None
    return BygoneRules(names, lasts, frozenset(table.sections), table.before)


def cues(
    note: Note,
    ordered: Sequence[Mention],
    sections: Sequence[Section],
    found: Sequence[Assertion],
    rules: BygoneRules | None,
) -> Mapping[int, Cue]:
    """Why operations of which nothing is said are over, by position."""
    listed = _listed(note, ordered, sections, found, rules) if rules is not None else {}
    return {**listed, **_again(ordered, sections, found)}


def _listed(
    note: Note,
    ordered: Sequence[Mention],
    sections: Sequence[Section],
    found: Sequence[Assertion],
    rules: BygoneRules,
) -> Mapping[int, Cue]:
    """Operations in a sentence with what lasts or is over."""
    told: dict[int, Cue] = {}
    starts = [mention.start for mention in ordered]
    title = note.text.find("\n")
    for index, mention in enumerate(ordered):
        if mention.kind != KIND or sections[index].key not in rules.sections or not plain(found[index]):
            continue
        if not title < mention.start < rules.before * len(note.text) or not rules.names.search(mention.text):
            continue
        sentence = note.sentence_at(mention.start)
        beside = range(bisect_left(starts, sentence.start), bisect_left(starts, sentence.end))
        if any(_of_then(ordered[one], found[one], rules) for one in beside if one != index):
            told[index] = Cue(
                axis="historical", rule=RULE, start=mention.start, end=mention.end, text=mention.text
            )
    return told


def _of_then(mention: Mention, said: Assertion, rules: BygoneRules) -> bool:
    """Whether a mention belongs to the history of the patient."""
    if said.historical and mention.kind in {KIND, "condition"}:
        return said.experiencer == "patient"
    lasts = mention.kind == "condition" and rules.lasting.search(mention.text) is not None
    return lasts and plain(said)


def _again(
    ordered: Sequence[Mention], sections: Sequence[Section], found: Sequence[Assertion]
) -> Mapping[int, Cue]:
    """Operations told of again."""
    over: dict[tuple[str, ...], Cue] = {}
    open_: set[str] = set()
    for mention, section, said in zip(ordered, sections, found, strict=True):
        if mention.kind != KIND:
            continue
        words = _words(mention)
        if section.key in TODAY or said.planned or said.hypothetical:
            open_.add(words[-1])
        elif said.historical:
            cue = next(one for one in said.cues if one.axis == "historical")
            over |= {words[place:]: cue for place in range(len(words))}
    if not over:
        return {}
    return {
        index: over[_words(mention)]
        for index, (mention, section, said) in enumerate(zip(ordered, sections, found, strict=True))
        if mention.kind == KIND and section.key not in AHEAD and plain(said)
        if _words(mention) in over and _words(mention)[-1] not in open_
    }


def _words(mention: Mention) -> tuple[str, ...]:
    return tuple(mention.text.casefold().split())


def plain(said: Assertion) -> bool:
    """Whether nothing is said of it but that it is there, in the patient."""
    return said.experiencer == "patient" and not any(SAID(said))
