"""When something began or was done, as said -> FHIR dateTime, or the note's own words.

Only an engine that says so ties a date to a finding; what can be read in two ways is not read.
"""

from collections.abc import Mapping
from datetime import date

from adapter.emission import elements
from adapter.emission.placing import Group
from adapter.emission.rules import Dates
from adapter.model import Resource


def build(group: Group, element: str, table: Dates) -> Resource:
    """`onset` or `performed` as a dateTime where the words are one, else as the words; empty when not said.

    A group whose mentions say different dates says none.
    """
    words = _said(group, "date")
    if words is None:
        return {}
    moment = read(words, table)
    return {f"{element}DateTime": moment} if moment else {f"{element}String": words}


def reasons(group: Group) -> list[Resource]:
    """Why it was given or done, in the words of the note, each once."""
    told = {
        " ".join(one.text.split()): None
        for finding in group.findings
        for one in elements.attributes(finding, "reason")
    }
    return [{"text": words} for words in told]


def read(words: str, table: Dates) -> str | None:
    """The dateTime that words say, as exact as they are; None where they say none or could say two."""
    plain = " ".join(words.casefold().split()).strip(" ,;()")
    for pattern in table.patterns:
        match = pattern.fullmatch(plain)
        if match is not None:
            return _written(match.groupdict(), table)
    match = table.either.fullmatch(plain)
    return _ordered(int(match["first"]), int(match["second"]), match["y"]) if match else None


def _said(group: Group, kind: str) -> str | None:
    told = {
        " ".join(one.text.split()) for finding in group.findings for one in elements.attributes(finding, kind)
    }
    return told.pop() if len(told) == 1 else None


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
