"""Codes of what is over: an infarction, a stroke or an embolism of the past has codes of its own.

The code of the event is that of an acute one. For a finding that is historical the table [[past]] of
`mappings/coding/coding.toml` tells which code takes its place, where the store has it; without one the code
is left out. An event that the note dates within its last days is no history yet.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date

from adapter.coding.agreeing import Around
from adapter.coding.rules import CodingRules, Past
from adapter.model import Coding, Finding, Note
from terminology import Concept, Mapping

Lookup = Callable[[str, str], Concept | None]
Maps = Callable[[str, str], Sequence[Mapping]]


def told(finding: Finding, around: Around, rules: CodingRules, store: tuple[Lookup, Maps]) -> Finding:
    """The finding with the codes of what is over in place of those of an acute event."""
    said = finding.assertion
    if not said.historical or said.experiencer != "patient" or said.negated:
        return finding
    if not any(_rule(one, rules) for one in finding.codings) or _recent(finding, around.note, rules):
        return finding
    return replace(finding, codings=tuple(_over(finding, rules, store)))


def _over(finding: Finding, rules: CodingRules, store: tuple[Lookup, Maps]) -> Iterator[Coding]:
    for coding in finding.codings:
        rule = _rule(coding, rules)
        if rule is None:
            yield coding
            continue
        concept = _concept(rule.system, rule.code, rules, store) if rule.code else None
        if concept is None and rule.keep:
            yield coding
        elif concept is not None:
            yield replace(
                coding,
                code=concept.code,
                display=concept.display,
                match="mapped",
                version=concept.version,
                kind=concept.kind,
            )


def _concept(system: str, code: str, rules: CodingRules, store: tuple[Lookup, Maps]) -> Concept | None:
    """A concept of the store, or what another code of the table is in this system by the store's maps."""
    lookup, maps = store
    found = lookup(system, code)
    others = (one for one in rules.past if one.code and one.system != system)
    mapped = (each for one in others for each in maps(one.system, one.code or ""))
    display = next((each.display for each in mapped if (each.system, each.code) == (system, code)), None)
    if found is not None or display is None:
        return found
    return Concept(system=system, code=code, display=display, kind="", version=None, terms=())


def _rule(coding: Coding, rules: CodingRules) -> Past | None:
    fits = (one for one in rules.past if one.system == coding.system and one.codes.match(coding.code))
    return next(fits, None)


def _recent(finding: Finding, note: Note | None, rules: CodingRules) -> bool:
    """Whether the note dates a finding, by the day, within the last days before it was written."""
    written = _day(note.date) if note is not None else None
    if written is None:
        return False
    dates = [one.when.date for one in finding.attributes if one.kind == "date" and one.when is not None]
    days = [day for day in map(_day, dates) if day is not None]
    return any(0 <= (written - day).days < rules.recent for day in days)


def _day(text: str | None) -> date | None:
    try:
        return date.fromisoformat(text[:10]) if text else None
    except ValueError:  # a year or a month
        return None
