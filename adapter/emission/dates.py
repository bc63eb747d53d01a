"""When something began or was done, as said -> FHIR dateTime, Age or Period, or the note's own words.

The context stage reads most times (`Attribute.when`); what a language model found and nobody read is read
here, where it can be read in one way. The words of the note and their place stand beside every date, as
extensions.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from adapter.emission import elements
from adapter.emission.placing import Group
from adapter.emission.tables import Dates
from adapter.fhir import systems
from adapter.model import Attribute, Note, Resource, When

_MOMENTS = ("at", "start")
_PERIOD = ("start", "end")


def build(note: Note, group: Group, element: str, table: Dates) -> Resource:
    """`onset`, `performed` or `occurrence` as exactly as it was said: a dateTime, an Age, else the words.

    What went on since then is a Period where the element is one of doing. A group whose mentions say
    different times says none.
    """
    one = _agreed(group, table, *_MOMENTS)
    if one is None or one.when is None:
        return {}
    if one.when.age is not None:
        return {f"{element}Age": _age(note, one, one.when.age)}
    if one.when.date is None:
        return _primitive(note, f"{element}String", _words(one), one, told=False)
    if one.when.role == "start" and element != "onset":
        return {f"{element}Period": _primitive(note, "start", one.when.date, one)}
    return _primitive(note, f"{element}DateTime", one.when.date, one)


def onset(note: Note, group: Group, table: Dates) -> Resource:
    """When a condition began; when it was first diagnosed is an extension, for it may have begun before."""
    one = _agreed(group, table, "diagnosed")
    found: Resource = build(note, group, "onset", table)
    if one is None or one.when is None or one.when.date is None:
        return found
    return {**found, "extension": [{"url": systems.ASSERTED, "valueDateTime": one.when.date}]}


def effective(note: Note, group: Group, table: Dates) -> Resource:
    """When something was observed, or since when it is so; nothing where no date can be made of the words."""
    one = _agreed(group, table, *_MOMENTS)
    if one is None or one.when is None or one.when.date is None:
        return {}
    if one.when.role == "start":
        return {"effectivePeriod": _primitive(note, "start", one.when.date, one)}
    return _primitive(note, "effectiveDateTime", one.when.date, one)


def taken(note: Note, group: Group, table: Dates) -> Resource:
    """From when to when a medicine was taken, as far as dates are told."""
    period: Resource = {}
    for role in _PERIOD:
        one = _agreed(group, table, role)
        if one is not None and one.when is not None and one.when.date is not None:
            period |= _primitive(note, role, one.when.date, one)
    low, high = str(period.get("start", "")), str(period.get("end", ""))
    size = min(len(low), len(high))
    return {"effectivePeriod": period} if low[:size] <= high[:size] else {}


def relative(note: Note, findings: Sequence[Attribute]) -> Resource:
    """At what age a relative had it."""
    ages = {one.when.age: one for one in findings if one.when is not None and one.when.age is not None}
    if len(ages) != 1:
        return {}
    ((age, one),) = ages.items()
    return {"onsetAge": _age(note, one, age or 0)}


def read(words: str, table: Dates) -> str | None:
    """The dateTime that words say, as exact as they are; None where they say none or could say two."""
    plain = " ".join(words.casefold().split()).strip(" ,;()")
    for pattern in table.patterns:
        match = pattern.fullmatch(plain)
        if match is not None:
            return _written(match.groupdict(), table)
    match = table.either.fullmatch(plain)
    return _ordered(int(match["first"]), int(match["second"]), match["y"]) if match else None


def _agreed(group: Group, table: Dates, *roles: str) -> Attribute | None:
    """The time that all mentions of a group agree on, told most exactly."""
    told = [
        one
        for finding in group.findings
        for one in (_understood(each, table) for each in elements.attributes(finding, "date"))
        if one.when is not None and one.when.role in roles
    ]
    if not told:
        return None
    best = max(told, key=lambda one: (one.when is not None, len(_value(one)), -one.start))
    same = all(_value(best).startswith(_value(one)) for one in told)
    return best if same else None


def _understood(one: Attribute, table: Dates) -> Attribute:
    if one.when is not None:
        return one
    when = When(date=read(one.text, table))
    return Attribute(kind=one.kind, start=one.start, end=one.end, text=one.text, when=when)


def _value(one: Attribute) -> str:
    """What a time says, so that one that says less of the same begins the other."""
    when = one.when or When()
    if when.age is not None:
        return f"{when.age} years"
    return when.date or f"words {_words(one)}"


def _words(one: Attribute) -> str:
    return " ".join(one.text.split())


def _primitive(note: Note, name: str, value: str, one: Attribute, told: bool = True) -> Resource:
    """An element with its value, the place it stands on and, where the value is not them, the words."""
    return {name: value, f"_{name}": {"extension": _source(note, one, told)}}


def _age(note: Note, one: Attribute, years: int) -> Resource:
    said = {"value": years, "unit": "a", "system": systems.UCUM, "code": "a"}
    return {"extension": _source(note, one, True), **said}


def _source(note: Note, one: Attribute, told: bool) -> list[Resource]:
    words = [{"url": systems.ORIGINAL_TEXT, "valueString": _words(one)}] if told else []
    return [*words, elements.derivation(note, one)]


def _written(parts: Mapping[str, str | None], table: Dates) -> str | None:
    month = parts.get("m")
    if parts.get("month"):
        month = next(
            (str(number) for number, names in enumerate(table.months, 1) if parts["month"] in names), None
        )
        if month is None:
            return None
    return _moment(parts["y"] or "", month, parts.get("d"))


def _ordered(first: int, second: int, year: str) -> str | None:
    if (first > 12) == (second > 12) and first != second:
        return None
    day, month = (first, second) if first > 12 else (second, first)
    return _moment(year, str(month), str(day))


def _moment(year: str, month: str | None, day: str | None) -> str | None:
    try:
        whole = date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return None
    if month is None:
        return year
    return whole.isoformat() if day else whole.isoformat()[:7]
