"""What a chunk of a note says -> the answer a model should write, as nouns, as JSON and as ids."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from adapter.model import Finding

SYSTEM = "List the problems, medications and procedures of the note as JSON, in the note's own words."
SECTIONS = {
    "condition": "problems",
    "finding": "problems",
    "medication": "medications",
    "procedure": "procedures",
}
ARRAYS = ("problems", "medications", "procedures")
DETAILS = {
    "problems": ("date",),
    "medications": ("dose", "route", "frequency", "duration", "form", "reason"),
    "procedures": ("date", "reason"),
}


@dataclass(frozen=True, kw_only=True)
class Item:
    """One thing a chunk states."""

    array: str  # one of ARRAYS
    start: int
    end: int
    status: str
    details: Mapping[str, tuple[int, int]] = field(default_factory=dict)  # key -> place of its words


def item(finding: Finding) -> Item | None:
    """The item a finding is, or None for kinds the task does not ask for."""
    array = SECTIONS.get(finding.kind)
    if array is None:
        return None
    details: dict[str, tuple[int, int]] = {}
    for one in finding.attributes:
        if one.kind in DETAILS[array]:
            details.setdefault(one.kind, (one.start, one.end))
    return Item(array=array, start=finding.start, end=finding.end, status=status(finding), details=details)


def status(finding: Finding) -> str:
    """The status word for how a note speaks of a finding."""
    said, array = finding.assertion, SECTIONS[finding.kind]
    if array == "problems":
        order = (
            (said.experiencer != "patient", "family"),
            (said.negated or said.ruled_out, "absent"),
            (said.hypothetical, "risk"),
            (said.uncertain, "possible"),
            (said.historical, "past"),
        )
        return next((word for holds, word in order if holds), "present")
    if array == "medications":
        order = (
            (said.allergen, "allergy"),
            (said.stopped, "stopped"),
            (said.negated, "absent"),
            (said.planned or said.hypothetical, "planned"),
        )
        return next((word for holds, word in order if holds), "taking")
    return "absent" if said.negated else "planned" if said.planned or said.hypothetical else "done"


def answer(text: str, items: Sequence[Item]) -> dict[str, list[dict[str, str]]]:
    """The answer about a text: items in text order, the same words with the same status once."""
    found: dict[str, list[dict[str, str]]] = {array: [] for array in ARRAYS}
    seen: set[tuple[str, str, str]] = set()
    for one in sorted(items, key=lambda one: one.start):
        quote = text[one.start : one.end]
        mark = (one.array, quote.lower(), one.status)
        if mark not in seen:
            seen.add(mark)
            details = {
                key: text[slice(*one.details[key])] for key in DETAILS[one.array] if key in one.details
            }
            found[one.array].append({"quote": quote, "status": one.status} | details)
    return found


def written(found: Mapping[str, Sequence[Mapping[str, str]]]) -> str:
    """The answer as a model writes it."""
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))


def pieces(found: Mapping[str, Sequence[Mapping[str, str]]]) -> Iterator[tuple[bool, str]]:
    """The answer cut into (is structure, characters); together they are `written`."""
    yield True, '{"problems":['
    for at, array in enumerate(ARRAYS):
        rest = f'],"{ARRAYS[at + 1]}":[' if at + 1 < len(ARRAYS) else "]}"
        for index, one in enumerate(found[array]):
            yield True, '{"quote":"' if index == 0 else '"},{"quote":"'
            for key, value in one.items():
                if key != "quote":
                    yield True, f'","{key}":"'
                yield False, json.dumps(value, ensure_ascii=False)[1:-1]
        yield True, ('"}' if found[array] else "") + rest
