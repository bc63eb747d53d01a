"""Operations told of again: "a liver transplant in 2010 ... she did well after the transplant".

What a note has called over once stays over, unless it is done, planned or examined elsewhere in the note.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter

from adapter.model import FLAGS, Assertion, Cue, Mention, Section

KIND = "procedure"
TODAY = frozenset({"procedure", "physical_exam"})  # what stands here is done or looked at today
SAID = attrgetter(*FLAGS)
AHEAD = frozenset({"plan", "instructions", "hospital_course"})  # what stands here is not over for that


def cues(
    ordered: Sequence[Mention], sections: Sequence[Section], found: Sequence[Assertion]
) -> Mapping[int, Cue]:
    """Why operations of which nothing is said are over, by position."""
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
