"""Entries of several sources -> one draft per code, with kind and preferred name decided.

The order of the sources decides between them; the order of the rows in a source does not.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from terminology import systems
from terminology.kinds import Kinds
from terminology.model import Entry, Source, SourceInfo, Term
from terminology.normalise import Normaliser, folded
from terminology.sources import Reading

OWN = "core"  # the kind of source that brings names of ours


@dataclass(slots=True, kw_only=True)
class Draft:
    """A concept in the making."""

    system: str
    code: str
    display: str = ""
    kind: str = ""
    version: str | None = None
    told: list[tuple[int, str]] = field(default_factory=list)  # source number and the kind it gives
    # text and language: number of the first source, whether preferred there
    names: dict[tuple[str, str], tuple[int, bool]] = field(default_factory=dict)

    def listed(self) -> list[tuple[Term, int]]:
        """Every name once, sorted, with its source; of names that differ in case alone, each stays."""
        return [
            (Term(text=text, language=language, preferred=text == self.display), source)
            for (text, language), (source, _) in sorted(self.names.items())
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Everything the sources told."""

    drafts: tuple[Draft, ...]
    mappings: tuple[tuple[str, str, str, str, str], ...]  # system, code, relation, other system, other code
    sources: tuple[SourceInfo, ...]


def gather(readings: Iterable[tuple[Source, Reading]], kinds: Kinds, normaliser: Normaliser) -> Gathered:
    """One draft per code, in the order of systems and codes."""
    drafts: dict[tuple[str, str], Draft] = {}
    mappings: dict[tuple[str, str, str, str], str] = {}
    infos = []
    own: set[int] = set()  # sources whose names are our own words for others' codes
    for number, (source, reading) in enumerate(readings):
        if source.kind == OWN:
            own.add(number)
        for entry in reading.entries:
            _add(drafts, entry, number, normaliser)
            _map(mappings, entry)
        infos.append(_info(source, reading))
    ordered = sorted(
        drafts.values(), key=lambda draft: (systems.rank(draft.system), draft.system, draft.code)
    )
    for draft in ordered:
        draft.display = _display(draft, own)
    _decide(ordered, kinds, normaliser)
    rows = sorted((one, code, how, two, other) for (one, code, two, other), how in mappings.items())
    return Gathered(drafts=tuple(ordered), mappings=tuple(rows), sources=tuple(infos))


def _add(drafts: dict[tuple[str, str], Draft], entry: Entry, number: int, normaliser: Normaliser) -> None:
    key = (entry.system, entry.code)
    draft = drafts.get(key)
    if draft is None:
        draft = drafts[key] = Draft(system=entry.system, code=entry.code)
    draft.version = draft.version or entry.version
    if entry.kind:
        draft.told.append((number, entry.kind))
    for term in entry.terms:
        bare, tag = normaliser.strip_tag(term.text) if entry.system == systems.SNOMED else (term.text, None)
        names = [(bare, True), (term.text, False)] if tag else [(term.text, term.preferred)]
        for text, preferred in names:
            before = draft.names.get((text, term.language))
            if before is None or (before[0] == number and preferred):
                draft.names[text, term.language] = (number, preferred)


def _map(mappings: dict[tuple[str, str, str, str], str], entry: Entry) -> None:
    for mapping in entry.mappings:
        mappings.setdefault((entry.system, entry.code, mapping.system, mapping.code), mapping.relation)
        if mapping.relation == "equivalent":
            mappings.setdefault((mapping.system, mapping.code, entry.system, entry.code), mapping.relation)


def _info(source: Source, reading: Reading) -> SourceInfo:
    return SourceInfo(
        kind=source.kind,
        name=reading.name,
        version=reading.version,
        licence=reading.licence,
        sha256=reading.sha256,
        concepts=len({(entry.system, entry.code) for entry in reading.entries}),
        terms=len(
            {(e.system, e.code, term.text, term.language) for e in reading.entries for term in e.terms}
        ),
        skipped=reading.skipped,
    )


def _display(draft: Draft, own: set[int]) -> str:
    """What the code is called by who publishes it: the preferred name of the first such source.

    Our own names stand in only where no publisher was loaded, and not for a code that several of them share:
    what is displayed beside a code must never say more than the code.
    """
    names = [
        (source in own, source, not preferred, language != "en", len(text), text)
        for (text, language), (source, preferred) in draft.names.items()
    ]
    best = min(names)
    several = sum(ours and preferred is False for ours, _, preferred, *_ in names) > 1
    return "" if best[0] and several else best[-1]


def _decide(drafts: Sequence[Draft], kinds: Kinds, normaliser: Normaliser) -> None:
    """Each draft's kind, by the order in `data/README.md`."""
    known: dict[str, str] = {}
    open_: list[Draft] = []
    for draft in drafts:
        draft.kind = _told(draft, kinds, normaliser) or ""
        if not draft.kind:
            open_.append(draft)
            continue
        for text, _ in sorted(draft.names):
            known.setdefault(folded(text), draft.kind)
    for draft in open_:
        names = sorted(text for text, _ in draft.names)
        same = [known[text] for text in map(folded, names) if text in known]
        draft.kind = same[0] if same else kinds.of_words(names, normaliser) or kinds.untagged


def _told(draft: Draft, kinds: Kinds, normaliser: Normaliser) -> str | None:
    tagged = _tagged(draft, normaliser) if draft.system == systems.SNOMED else None
    if draft.told:
        told = min(draft.told)[1]
        return tagged if (told, tagged) == ("test", "procedure") else told
    if draft.system == systems.SNOMED:
        return tagged
    return kinds.of_system(draft.system, draft.code)


__all__ = ["Draft", "Gathered", "gather"]


def _tagged(draft: Draft, normaliser: Normaliser) -> str | None:
    """The kind of the semantic tag one of the names carries."""
    tags = (normaliser.strip_tag(text)[1] for text, _ in sorted(draft.names))
    return next((normaliser.tags[tag] for tag in tags if tag), None)
