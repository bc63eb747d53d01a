"""What a result means: as the note says in words, or by the reference range it tells of a number.

Nothing is known here of what is normal: a number without a range in the note says nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from adapter.emission import elements, quantities
from adapter.emission.quantities import Measure
from adapter.emission.rules import ResourceRules
from adapter.fhir import systems
from adapter.model import Attribute, Finding, Note, Resource

_WORD = re.compile(r"\w+")


def normal(note: Note, finding: Finding, result: Attribute, rules: ResourceRules) -> Resource | None:
    """The one reference range the note tells of a number, in its own unit or else that of the number."""
    told = _told(note, finding, result, rules)
    if told is None:
        return None
    text, measure, value = told
    if measure is None:
        return {"text": text}
    if measure.unit is None:
        measure = replace(measure, unit=value.unit, ucum=value.ucum)
    if measure.high is not None:
        return {**measure.range(), "text": text}
    limit = replace(measure, comparator=None).quantity()
    side = {"<": "high", ">": "low"}.get((measure.comparator or "")[:1])
    return {**({side: limit} if side else {}), "text": text}


def interpreted(
    note: Note, finding: Finding, result: Attribute, rules: ResourceRules
) -> list[Resource] | None:
    """Whether a result is high, low or normal: "slightly elevated", or 5.9 where the note tells 3.5-5.1."""
    codes = rules.test.interpretations.codes
    said = (*_in_words(note, finding, result, rules), *_compared(note, finding, result, rules))
    found = next((one for name in said for one in codes if one.code == name), None)
    coded = elements.coded(systems.INTERPRETATION, found.code, found.display) if found else None
    return [coded] if coded else None


def _in_words(note: Note, finding: Finding, result: Attribute, rules: ResourceRules) -> Iterator[str]:
    """The code of what the result says, if it is words."""
    table = rules.test.interpretations
    between = note.text[finding.end : result.start].casefold()
    if table.denies & set(_WORD.findall(between)):
        return
    words = result.text.casefold().split()
    while len(words) > 1 and words[0] in table.degrees:
        words = words[1:]
    said = " ".join(words)
    yield from (one.code for one in table.codes if said in one.words)


def _compared(note: Note, finding: Finding, result: Attribute, rules: ResourceRules) -> Iterator[str]:
    """H, L or N, if the note tells a range in the unit of the number that decides it."""
    told = _told(note, finding, result, rules)
    if told is None:
        return
    _, limits, value = told
    if limits is None or not _same_unit(limits, value):
        return
    low, high = _limits(limits)
    least, most = _limits(value)
    if low is not None and most is not None and _below(most, low):
        yield "L"
    elif high is not None and least is not None and _below(high, least):
        yield "H"
    elif _holds(least, low, 1) and _holds(most, high, -1):
        yield "N"


def _told(
    note: Note, finding: Finding, result: Attribute, rules: ResourceRules
) -> tuple[str, Measure | None, Measure] | None:
    """The words of the one range, what they measure, and the number it is of."""
    ranges, language = elements.attributes(finding, "reference_range"), note.language_at(result.start)
    value = quantities.measure(result.text, rules.units, language=language)
    if len(ranges) != 1 or value is None:
        return None
    text = " ".join(ranges[0].text.split())
    return text, quantities.measure(text, rules.units, language=language), value


def _same_unit(limits: Measure, value: Measure) -> bool:
    return limits.unit is None or limits.unit == value.unit or (limits.ucum or "") == value.ucum


Limit = tuple[float, bool]
"""A number, and whether it is itself among what it limits."""


def _limits(measure: Measure) -> tuple[Limit | None, Limit | None]:
    """The lowest and the highest it can be; None: there is no such end."""
    end = (measure.low, not measure.comparator or measure.comparator.endswith("="))
    if measure.high is not None:
        return end, (measure.high, True)
    side = (measure.comparator or "")[:1]
    return (None if side == "<" else end), (None if side == ">" else end)


def _below(one: Limit, other: Limit) -> bool:
    """Whether everything up to one end is under everything from another."""
    return one[0] < other[0] or (one[0] == other[0] and not (one[1] and other[1]))


def _holds(end: Limit | None, limit: Limit | None, sign: int) -> bool:
    """Whether an end stands within a limit: above it with sign 1, below it with sign -1."""
    if limit is None or end is None:
        return limit is None
    beyond = sign * (end[0] - limit[0])
    return beyond > 0 or (beyond == 0 and (limit[1] or not end[1]))
