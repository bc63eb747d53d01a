"""Dose, route, frequency and duration as said -> FHIR Dosage. https://hl7.org/fhir/R4/dosage.html

The text is the note's own characters; an element is structured only when all of its words are understood.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from adapter.emission import elements, quantities
from adapter.emission.rules import ResourceRules
from adapter.emission.tables import Dosage, Time
from adapter.fhir import systems
from adapter.fhir.systems import Version
from adapter.model import Attribute, Finding, Note, Resource

_KINDS = ("dose", "route", "frequency", "duration", "form")
_SCHEME = re.compile(r"[\d½¼¾]{1,2}(?:\s*[-–]\s*[\d½¼¾]{1,2}){2,3}")  # morning, noon, evening, night
_DASH = re.compile(r"\s*[-–]\s*")
_RATES = ("/min", "/h", "/s")  # of an infusion or of oxygen
_STRENGTH = re.compile(r"%|\d\s*:\s*\d")  # of a solution
_BARE = re.compile(r"[\d.,]+")  # the strength of a product: "QVAR 40"
_GAP = 12  # characters that may stand between two details said together


def build(note: Note, finding: Finding, rules: ResourceRules, fhir: Version) -> Resource | None:
    """How this medicine is taken, or nothing when the note does not say."""
    said = elements.attributes(finding, *_KINDS)
    if not said:
        return None
    as_needed, when = _taken(note, finding, said, rules.dosage)
    dose = _dose(said, note.language_at(finding.start), rules)
    return {
        "text": text(note, finding, said),
        "timing": when,
        ("asNeededBoolean" if fhir == "r4" else "asNeeded"): True if as_needed else None,
        "route": route(_one(said, "route"), rules.dosage),
        "doseAndRate": [dose],
    }


def _taken(
    note: Note, finding: Finding, said: Sequence[Attribute], table: Dosage
) -> tuple[bool, Resource | None]:
    """Whether as needed, and the one schedule that the frequencies tell; of a change over time nothing."""
    told = [one for one in said if one.kind == "frequency"]
    if _changes(note, told, table):
        return False, None
    needs = [needed(one.text, table) for one in told]
    schedules = list(dict.fromkeys(left for _, left in needs if left))
    if len(schedules) > 1:
        return any(as_needed for as_needed, _ in needs), None
    bounds = duration(_one(said, "duration") or "", table)
    return any(as_needed for as_needed, _ in needs), timing(next(iter(schedules), None), bounds, table)


def _changes(note: Note, told: Sequence[Attribute], table: Dosage) -> bool:
    """Whether one frequency follows another: "every 4 hours for 2 days and then as needed"."""
    gaps = (note.text[one.end : other.start] for one, other in pairwise(told))
    return any(set(re.findall(r"\w+", gap.lower())) & table.then.words for gap in gaps)


def meaning(detail: Attribute, rules: ResourceRules) -> str:
    """A detail so that two ways of saying the same are equal: "20 mg a day" and "20 mg daily"."""
    table = rules.dosage
    read: Mapping[str, Callable[[str], object]] = {
        "dose": lambda words: quantities.measure(words, rules.units, words=table.numbers),
        "frequency": lambda words: _scheduled(words, table),
        "duration": lambda words: duration(words, table),
        "route": lambda words: (route(words, table) or {}).get("coding"),
    }
    understood = read[detail.kind](detail.text) if detail.kind in read else None
    if isinstance(understood, quantities.Measure):
        understood = replace(understood, unit=None)
    return f"{detail.kind} {understood or spelled(detail.text)}"


def text(note: Note, finding: Finding, said: Sequence[Attribute]) -> str:
    """The details verbatim: stretches of the note where they stand together, joined by commas."""
    pieces: list[tuple[int, int]] = []
    for attribute in said:
        if pieces and _together(note, pieces[-1][1], attribute.start, finding):
            pieces[-1] = (pieces[-1][0], max(pieces[-1][1], attribute.end))
        else:
            pieces.append((attribute.start, attribute.end))
    return ", ".join(" ".join(note.text[start:end].split()) for start, end in pieces)


def needed(frequency: str, table: Dosage) -> tuple[bool, str | None]:
    """Whether the medicine is taken as needed, and what is left of the frequency."""
    left = spelled(frequency)
    for words in sorted(table.as_needed.words, key=len, reverse=True):
        left, found = re.subn(rf"(?<!\w){re.escape(words)}(?!\w)(?: for .*)?", " ", left)
        if found:
            return True, " ".join(left.split()) or None
    return False, left


def timing(frequency: str | None, bounds: Resource | None, table: Dosage) -> Resource | None:
    """The Timing of a frequency such as "b.i.d." or "every 4 to 6 hours", and how long it goes on."""
    repeat, code = _repeat(spelled(frequency or ""), table)
    repeat = {**repeat, "boundsDuration": bounds}
    return {"repeat": repeat, "code": elements.coded(systems.TIMING, code, code)}


def duration(words: str, table: Dosage) -> Resource | None:
    """The length of a course: "for 7 days" is 7 d."""
    match = table.duration.pattern.fullmatch(spelled(words))
    if match is None:
        return None
    value = quantities.number(match["n"], "en", table.numbers)
    unit = table.periods.get(match["unit"])
    return {"value": value, "unit": match["unit"], "system": systems.UCUM, "code": unit} if unit else None


def route(words: str | None, table: Dosage) -> Resource | None:
    """The route: the note's words, with a code when we know one."""
    if words is None:
        return None
    known = next((one for one in table.routes if spelled(words) in one.words), None)
    coded = elements.coded(systems.SNOMED, known.code, known.display) if known else None
    return {**(coded or {}), "text": words}


def spelled(words: str) -> str:
    """Words as the tables have them: lower case, without dots, single spaces."""
    return " ".join(re.sub(r"(?<!\d)\.|\.(?!\d)", "", words.lower()).strip(" ,;()").split())


def _repeat(words: str, table: Dosage) -> tuple[Mapping[str, object], str | None]:
    if _SCHEME.fullmatch(words):
        return _by_scheme(words, table), None
    for time in table.times:
        if words in time.words:
            return _fixed(time), time.code
    for one in table.patterns:
        match = one.pattern.fullmatch(words)
        if match is not None:
            return _varying(match.groupdict(), one.frequency, one.period, one.period_unit, table)
    return _by_day(words, table), None


def _by_day(words: str, table: Dosage) -> Mapping[str, object]:
    """ "morning and evening", "2x daily (morning and evening)": each time once, as many as are told."""
    for start in (0, *(gap.end() for gap in re.finditer(r"[\s,:(]+", words))):
        when, total = _times_of_day(words[start:], table), words[:start].strip(" ,:(")
        repeat = {"frequency": len(when), "period": 1, "periodUnit": "d", "when": when}
        told, _ = _repeat(total, table) if total else (repeat, None)
        if when and (not total or (_as_often(told, repeat) and not told.get("when"))):
            return repeat
    return {}


def _as_often(one: Mapping[str, object], other: Mapping[str, object]) -> bool:
    keys = ("frequency", "period", "periodUnit", "periodMax")
    return all(one.get(key) == other.get(key) for key in keys)


def _times_of_day(words: str, table: Dosage) -> list[str]:
    """The times of the day that these words are nothing but; none where one comes twice or a word is left."""
    named = {one: time.when for time in table.times if time.when for one in time.words}
    longest = sorted(named, key=len, reverse=True)
    found: list[str] = []
    left, joined = words, True
    while left:
        left = _without(left, table.day.once)
        one = next((one for one in longest if _begins(left, one)), "")
        when = named.get(one)
        if when is None or when in found:
            return []
        if not joined and not (found[-1] in table.day.open and when in table.day.next):
            return []
        found.append(when)
        after = left[len(one) :].strip()
        left = _without(_without(after, table.day.joins), table.day.joins)  # ", and"
        joined = left != after
    return [] if joined else found


def _without(words: str, openings: Sequence[str]) -> str:
    """Words without the longest of these openings."""
    known = (one for one in sorted(openings, key=len, reverse=True) if _begins(words, one))
    return words[len(next(known, "")) :].strip()


def _begins(words: str, opening: str) -> bool:
    """Whether words begin with an opening that ends there: a sign, or what no letter follows."""
    if not words.startswith(opening):
        return False
    return not (opening[-1].isalnum() and words[len(opening) : len(opening) + 1].isalnum())


def _by_scheme(words: str, table: Dosage) -> Mapping[str, object]:
    """ "1-0-1": once in the morning and once in the evening; other counts than one stay text."""
    counts = _DASH.split(words)
    when = [event for count, event in zip(counts, table.scheme.when, strict=False) if count == "1"]
    if not when or set(counts) - {"0", "1"}:
        return {}
    return {"frequency": len(when), "period": 1, "periodUnit": "d", "when": when}


def _fixed(time: Time) -> Mapping[str, object]:
    return {
        "frequency": time.frequency,
        "period": time.period,
        "periodUnit": time.unit,
        "when": [time.when] if time.when else None,
    }


def _varying(
    said: Mapping[str, str | None],
    frequency: int | None,
    period: int | None,
    unit: str | None,
    table: Dosage,
) -> tuple[Mapping[str, object], str | None]:
    low = quantities.number(said.get("n") or "", "en", table.numbers) or period
    high = quantities.number(said.get("m") or "", "en", {})
    count = quantities.number(said.get("count") or "", "en", table.numbers) or frequency
    unit = table.periods.get(said.get("unit") or "") or unit
    if not low or not count or (high is not None and high <= low):
        return {}, None
    repeat = {"frequency": count, "period": low, "periodMax": high, "periodUnit": unit}
    return repeat, table.hours.get(str(low)) if unit == "h" and high is None else None


def _dose(said: Sequence[Attribute], language: str, rules: ResourceRules) -> Resource | None:
    """The amount of one dose or its rate, where one is told: no strength ("2%"), not the 20 mg of "2-0-2"."""
    if any(one.kind == "frequency" and _uneven(one.text) for one in said):
        return None
    doses = [one.text for one in said if one.kind == "dose" and not _STRENGTH.search(one.text)]
    measures = [
        quantities.measure(words, rules.units, language=language, words=rules.dosage.numbers)
        for words in doses
        if not (len(doses) > 1 and _BARE.fullmatch(words))
    ]
    measure = measures[0] if len(measures) == 1 else None
    if measure is None or measure.comparator or measure.ucum is None:
        return None
    what = "rate" if measure.ucum.endswith(_RATES) else "dose"
    if measure.high is None:
        return {f"{what}Quantity": measure.quantity()}
    return {f"{what}Range": measure.range()}


def _uneven(frequency: str) -> bool:
    words = spelled(frequency)
    return _SCHEME.fullmatch(words) is not None and bool(set(_DASH.split(words)) - {"0", "1"})


def _scheduled(words: str, table: Dosage) -> object:
    as_needed, left = needed(words, table)
    repeat, _ = _repeat(left or "", table)
    return (as_needed, sorted(repeat.items())) if repeat or (as_needed and not left) else None


def _one(said: Sequence[Attribute], kind: str) -> str | None:
    """The detail of a kind when there is exactly one; two doses are not one dose."""
    found = [attribute.text for attribute in said if attribute.kind == kind]
    return found[0] if len(found) == 1 else None


def _together(note: Note, end: int, start: int, finding: Finding) -> bool:
    if end <= finding.start and finding.end <= start:  # the medicine's own name stands between
        return _near(note.text[end : finding.start]) and _near(note.text[finding.end : start])
    return start <= end or _near(note.text[end:start])


def _near(gap: str) -> bool:
    return (
        len(gap) <= _GAP
        and re.fullmatch(r"[ \t(),/x@-]*(?:(?:of|for|by|a|the|at|and|per)[ \t]+)*", gap) is not None
    )
