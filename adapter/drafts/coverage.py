"""Which rules of a mapping file fired on documents, and which never did, as far as findings tell."""

import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from adapter.categories import Categories
from adapter.model import Finding, Note, primary
from adapter.pipeline import Understood
from mappings import Files, MappingError, lines

Key = tuple[str, str, str]  # folder, language or "", name of the rule
Counts = Mapping[Key, int]
Table = Mapping[str, Any]
Told = tuple[str, str, tuple[str | int, ...], int | None]  # name, what it decides, place, how often it fired

SILENT: Final = frozenset({"terminate", "pseudo"})
"""Axes whose rules end a scope, or take a trigger away: no finding says that they did."""

UNTOLD: Final[Mapping[str, str]] = {
    "sections": "Counted: headed sections, by key. Not told: which spelling; parts; ends of sentences.",
    "context": "Counted: cues of findings. Not told: what ends a scope or takes a trigger away; relations.",
    "categories": "Counted: the category of each finding, which is the first row that fits it.",
    "coding": "Counted: findings that were given a code, by kind. Not told: scores and patterns.",
    "dates": "Not told: a time says what it means, not by which form it was found.",
    "resources": "Not told: a resource says what a finding became, not by which row.",
    "extraction": "Not told: a mention says who found it, not by which threshold or word.",
    "profiles": "Not told: profile packs are used when a Bundle is delivered, not when it is made.",
    "concepts": "Not told: concept tables are published; no Bundle is made with them.",
    "review": "Not told: doubts order what reviewers see; no Bundle is made with them.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule of a file."""

    name: str
    says: str  # what it decides, shortly
    line: int | None
    fired: int | None  # None: that cannot be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """The rules of a file; none where nothing can be told of any."""

    rules: tuple[Rule, ...] = ()
    how: str = ""  # what is counted, and what cannot be told

    @property
    def seen(self) -> tuple[Rule, ...]:
        """Those that fired, the most often first."""
        return tuple(sorted((one for one in self.rules if one.fired), key=lambda one: -(one.fired or 0)))

    @property
    def never(self) -> tuple[Rule, ...]:
        """Those that are known not to have fired."""
        return tuple(one for one in self.rules if one.fired == 0)


def fired(understood: Understood, table: Categories) -> Counts:
    """How often each rule fired on a document; no words of the note are kept."""
    found: Counter[Key] = Counter()
    for note, findings in understood.notes:
        found.update(_headed(note))
        for one in findings:
            found.update(_deciding(note, one))
            found["categories", "", table.of(one)] += 1
            if one.codings:
                found["coding", "", one.kind] += 1
    return MappingProxyType(found)


def coverage(name: str, files: Files, counts: Counts) -> Coverage:
    """The rules of a file with how often each fired."""
    folder, _, file = name.rpartition("/")
    stem = file.removesuffix(".toml")
    topic = folder or stem
    told = READERS.get(topic)
    if told is None:
        return Coverage(how=UNTOLD.get(topic, ""))
    try:
        text = files.text(name)
        rules = list(told(tomllib.loads(text), partial(_count, counts, topic, stem)))
    except (MappingError, tomllib.TOMLDecodeError, TypeError, KeyError, AttributeError):
        return Coverage(how="The file cannot be read as it stands.")
    places = lines.places(text)
    return Coverage(
        rules=tuple(
            Rule(name=one, says=says, line=lines.line(places, at), fired=often)
            for one, says, at, often in rules
        ),
        how=UNTOLD[topic],
    )


def _headed(note: Note) -> Iterator[Key]:
    for section in note.sections:
        if section.heading.end > section.heading.start:
            yield "sections", primary(note.language_at(section.heading.start)), section.key


def _deciding(note: Note, one: Finding) -> Iterator[Key]:
    """The rules of a finding's cues, each once, whatever flags it decides."""
    language = primary(note.language_at(one.start))
    yield from {("context", language, cue.rule) for cue in one.assertion.cues}


def _count(counts: Counts, topic: str, stem: str, rule: str) -> int:
    language = stem if topic in ("sections", "context") else ""
    return counts.get((topic, language, rule), 0)


Often = Callable[[str], int]


def _sections(data: Table, often: Often) -> Iterator[Told]:
    for number, row in enumerate(data["section"]):
        within = f"within {', '.join(row['within'])}" if row.get("within") else "anywhere"
        says = f"{len(row['headings'])} spellings, {within}"
        yield row["key"], says, ("section", number), often(row["key"])


def _context(data: Table, often: Often) -> Iterator[Told]:
    for kind in ("rule", "head"):
        for number, row in enumerate(data.get(kind, ())):
            silent = row["axis"] in SILENT or row["axis"] == "relative"
            yield row["id"], row["axis"], (kind, number), None if silent else often(row["id"])
    for number, row in enumerate(data["section"]):
        for key in row["keys"]:
            yield f"section:{key}", row["axis"], ("section", number), often(f"section:{key}")
    if data.get("nothing"):
        yield "denied-label", "negated", ("nothing",), often("denied-label")


def _coding(data: Table, often: Often) -> Iterator[Told]:
    for kind, found in data["kinds"].items():
        yield f"kinds.{kind}", ", ".join(found), ("kinds", kind), often(kind)


def _categories(data: Table, often: Often) -> Iterator[Told]:
    names = [row["category"] for row in data["row"]]
    for number, name in enumerate(names):
        asked = ", ".join(key for key in data["row"][number] if key != "category") or "everything else"
        several = names.count(name) > 1 and often(name) > 0
        yield name, asked, ("row", number), None if several else often(name)


READERS: Final[Mapping[str, Callable[[Table, Often], Iterator[Told]]]] = {
    "sections": _sections,
    "context": _context,
    "coding": _coding,
    "categories": _categories,
}
