"""What a terminology store is made of and what it answers: values only."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Something a store is built from."""

    kind: str  # one of `sources.READERS`
    path: Path | None = None  # None for what comes with the software


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """What a store remembers of a source."""

    kind: str
    name: str
    version: str
    licence: str
    sha256: str
    concepts: int  # distinct codes it brought
    terms: int  # distinct names it brought
    skipped: int  # rows left out, because their code cannot exist or there is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is in a store."""

    format_version: int
    sources: tuple[SourceInfo, ...]
    concepts: int
    terms: int
    digest: str  # SHA-256 over all content: equal digests, equal answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One name of a concept."""

    text: str
    language: str  # BCP 47
    preferred: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """What a concept is called in another system."""

    system: str
    code: str
    display: str  # empty when the store does not hold the other concept
    relation: str  # of the other to this: "equivalent", "broader", "narrower", or "mapped" by a coding rule


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A concept as one row of a source tells it."""

    system: str
    code: str
    kind: str | None  # None where the source does not say
    terms: tuple[Term, ...]
    mappings: tuple[Mapping, ...] = ()
    version: str | None = None
    parents: tuple[str, ...] = ()  # codes of the same system that this one is a kind of
    active: bool = True  # an inactive concept is never found, only looked up and replaced


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """What a code is in another system, from a source that does not describe the code itself."""

    system: str
    code: str
    mapping: Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRule:
    """One row of a rule-based map (SNOMED CT ExtendedMap): what a code is elsewhere, and when."""

    system: str
    code: str
    to_system: str
    group: int  # every group gives at most one code; all groups together are the answer
    priority: int  # within a group, rules are tried in this order
    rule: str  # "TRUE", "OTHERWISE TRUE", "IFA ..."
    target: str  # empty where there is none
    advice: str = ""
    category: str = ""  # SNOMED CT concept id of the kind of mapping


ASSOCIATIONS = (
    "same-as",
    "replaced-by",
    "possibly-equivalent-to",
    "possibly-replaced-by",
    "partially-equivalent-to",
    "alternative",
    "similar-to",
    "was-a",
    "moved-to",
)
"""Kinds of association; only the first two name one concept that stands in for the inactive one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """What became of an inactive concept."""

    system: str
    code: str
    kind: str  # one of ASSOCIATIONS
    target: str  # code in the same system


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A concept in a reference set."""

    system: str
    set: str  # id of the reference set
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemInfo:
    """A code system in a store."""

    system: str
    versions: tuple[str, ...]  # that its concepts have, sorted; empty where no source says
    concepts: int | None  # None where a server does not say
    active: int | None  # of these
    hierarchy: bool  # whether any of them is a kind of another


@dataclass(frozen=True, slots=True, kw_only=True)
class Concept:
    """A concept with all its names."""

    system: str
    code: str
    display: str
    kind: str
    version: str | None  # of the code system, when the source says
    terms: tuple[Term, ...]
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A concept found for a text."""

    system: str
    code: str
    display: str
    kind: str
    term: str  # the name that matched
    language: str  # of that name
    score: float  # 0..1; from 0.9 up the same thing but for spelling
    match: str  # "exact" same but for case, "normalised" same folded words, "fuzzy", "broader", "dense"
    preferred: bool  # the name that matched is the preferred one
    source: int  # where that name comes from: index into `Manifest.sources`


@dataclass(frozen=True, slots=True, kw_only=True)
class TermMatch:
    """A name of the store standing in a note."""

    start: int  # code points of the note's text
    end: int
    kind: str  # of the first code
    system: str
    code: str
    term: str  # the store's name that matched
    codes: tuple[Hit, ...]  # every concept of that name, best first
