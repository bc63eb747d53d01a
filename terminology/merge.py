"""Entries of several sources -> one draft per code, with kind and preferred name decided.

The order of the sources decides between them; the order of the rows in a source does not. Entries are put
down in temporary tables as they come, so that no source stands in memory whole.
"""

import sqlite3
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from terminology import systems
from terminology.kinds import Kinds
from terminology.model import Entry, Source, SourceInfo
from terminology.model import Mapping as Map
from terminology.normalise import Normaliser, folded
from terminology.sources import Reading

OWN = "core"  # the kind of source that brings names of ours
BATCH = 20_000
PREFERRED, BARE, OTHER = 2, 1, 0  # ranks of a name within its source; bare: a specified name without its tag

TABLES = """
CREATE TEMP TABLE said (concept INTEGER, text TEXT, language TEXT, source INTEGER, rank INTEGER);
CREATE TEMP TABLE mapped (
  concept INTEGER, relation TEXT, to_system TEXT, to_code TEXT, came INTEGER PRIMARY KEY
);
CREATE TEMP TABLE ruled (
  concept INTEGER, to_system TEXT, grp INTEGER, priority INTEGER, rule TEXT, target TEXT, advice TEXT,
  category TEXT
);
CREATE TEMP TABLE associated (concept INTEGER, kind TEXT, target TEXT);
CREATE TEMP TABLE belonging (system TEXT, refset TEXT, concept INTEGER);
"""


class Name(NamedTuple):
    """One name of a draft, with the first source that has it."""

    text: str
    language: str
    source: int
    rank: int


@dataclass(slots=True, kw_only=True)
class Draft:
    """A concept in the making."""

    number: int
    system: str
    code: str
    version: str | None
    active: bool
    names: tuple[Name, ...]  # each once, in order of text and language
    display: str
    kind: str  # empty while it is open


class Gathering:
    """Takes what sources say and gives it back by concept."""

    def __init__(self, connection: sqlite3.Connection, kinds: Kinds, normaliser: Normaliser) -> None:
        self._connection = connection
        self._kinds, self._normaliser = kinds, normaliser
        self._codes: dict[str, dict[str, int]] = {}
        self._keys: list[tuple[str, str]] = []
        self._declared, self._inactive = bytearray(), bytearray()
        self._seen, self._terms = bytearray(), 0  # of the source being read: its concepts, its names
        self._versions: dict[int, str] = {}
        self._told: dict[int, tuple[int, str]] = {}
        self._own: set[int] = set()
        self.edges = (array("l"), array("l"))  # child, parent: numbers in order of coming
        self.infos: list[SourceInfo] = []
        connection.execute("PRAGMA temp_store=FILE")
        connection.executescript(TABLES)

    def add(self, source: Source, reading: Reading) -> None:
        """Takes everything a source says."""
        number = len(self.infos)
        self._seen, self._terms = bytearray(len(self._keys)), 0
        if source.kind == OWN:
            self._own.add(number)
        self._put("said", 5, self._names(number, reading.entries))
        nth = self._number
        rules = (
            (nth(r.system, r.code), r.to_system, r.group, r.priority, r.rule, r.target, r.advice, r.category)
            for r in reading.rules
        )
        associations = ((nth(a.system, a.code), a.kind, a.target) for a in reading.associations)
        members = ((m.system, m.set, nth(m.system, m.code)) for m in reading.members)
        for row in reading.mapped:
            self._map(self._number(row.system, row.code), row.mapping)
        self._put("ruled", 8, rules)
        self._put("associated", 3, associations)
        self._put("belonging", 3, members)
        self.infos.append(self._info(source, reading, number))

    def _names(self, number: int, entries: Iterable[Entry]) -> Iterator[tuple[int, str, str, int, int]]:
        for entry in entries:
            concept = self._declare(entry, number)
            for term in entry.terms:
                bare, tag = term.text, None
                if entry.system == systems.SNOMED:
                    bare, tag = self._normaliser.strip_tag(term.text)
                rank = PREFERRED if term.preferred else OTHER
                if tag:
                    yield concept, bare, term.language, number, max(rank, BARE)
                    yield concept, term.text, term.language, number, OTHER
                else:
                    yield concept, term.text, term.language, number, rank

    def _declare(self, entry: Entry, source: int) -> int:
        concept = self._number(entry.system, entry.code)
        self._declared[concept] = self._seen[concept] = 1
        self._terms += len(entry.terms)
        if not entry.active:
            self._inactive[concept] = 1
        if entry.version:
            self._versions.setdefault(concept, entry.version)
        if entry.kind:
            self._told[concept] = min(self._told.get(concept, (source, entry.kind)), (source, entry.kind))
        for parent in entry.parents:
            self.edges[0].append(concept)
            self.edges[1].append(self._number(entry.system, parent))
        for mapping in entry.mappings:
            self._map(concept, mapping)
        return concept

    def _map(self, concept: int, mapping: Map) -> None:
        put = "INSERT INTO mapped (concept, relation, to_system, to_code) VALUES (?, ?, ?, ?)"
        self._connection.execute(put, (concept, mapping.relation, mapping.system, mapping.code))
        if mapping.relation == "equivalent":
            other = self._number(mapping.system, mapping.code)
            self._connection.execute(put, (other, mapping.relation, *self._keys[concept]))

    def _number(self, system: str, code: str) -> int:
        codes = self._codes.setdefault(system, {})
        number = codes.get(code)
        if number is None:
            number = codes[code] = len(self._keys)
            self._keys.append((system, code))
            self._declared.append(0)
            self._seen.append(0)
            self._inactive.append(0)
        return number

    def _put(self, table: str, columns: int, rows: Iterable[Sequence[object]]) -> None:
        question = f"INSERT INTO {table} VALUES ({', '.join('?' * columns)})"
        listed: list[Sequence[object]] = []
        for row in rows:
            listed.append(row)
            if len(listed) == BATCH:
                self._connection.executemany(question, listed)
                listed.clear()
        self._connection.executemany(question, listed)

    def _info(self, source: Source, reading: Reading, number: int) -> SourceInfo:
        return SourceInfo(
            kind=source.kind,
            name=reading.name,
            version=reading.version,
            licence=reading.licence,
            sha256=reading.sha256,
            concepts=self._seen.count(1),
            terms=self._terms,
            skipped=reading.skipped,
        )

    def order(self) -> list[int]:
        """Every declared concept's number in order of coming, in the order of systems and codes."""
        ranks = {system: (systems.rank(system), system) for system in self._codes}
        listed = [number for number in range(len(self._keys)) if self._declared[number]]
        listed.sort(key=lambda number: (ranks[self._keys[number][0]], self._keys[number][1]))
        return listed

    def key(self, concept: int) -> tuple[str, str]:
        """System and code of a number in order of coming."""
        return self._keys[concept]

    def drafts(self) -> Iterator[Draft]:
        """Every declared concept in order; its kind is empty where only other concepts can tell (`kinds`)."""
        order = self.order()
        self._sort(order)
        said = self._connection.execute("SELECT * FROM temp.named ORDER BY rowid")
        groups = groupby(said, key=lambda row: row[0])
        number, rows = next(groups, (0, iter(())))
        for place, concept in enumerate(order, 1):
            names: tuple[Name, ...] = ()
            if number == place:
                names = _once(Name(*row[1:]) for row in rows)
                number, rows = next(groups, (0, iter(())))
            yield self._draft(place, concept, names)

    def _sort(self, order: Sequence[int]) -> None:
        self._connection.execute("CREATE TEMP TABLE numbered (concept INTEGER PRIMARY KEY, number INTEGER)")
        self._put("numbered", 2, ((concept, number) for number, concept in enumerate(order, 1)))
        self._connection.execute(
            "CREATE TEMP TABLE named AS SELECT number, text, language, source, rank"
            " FROM said JOIN numbered USING (concept) ORDER BY number, text, language, source, rank DESC"
        )
        self._connection.execute("DROP TABLE temp.said")

    def kinds(self, drafts: Sequence[Draft], decided: Mapping[int, str]) -> dict[int, str]:
        """The kind of each open draft: that of a decided concept of the same name, or what its words tell."""
        wanted = {folded(name.text) for draft in drafts for name in draft.names}
        known: dict[str, str] = {}
        if wanted:
            for number, text in self._connection.execute(
                "SELECT number, text FROM temp.named ORDER BY rowid"
            ):
                if decided.get(number) and folded(text) in wanted:
                    known.setdefault(folded(text), decided[number])
        return {draft.number: self._guess(draft, known) for draft in drafts}

    def _guess(self, draft: Draft, known: Mapping[str, str]) -> str:
        names = [name.text for name in draft.names]
        same = [known[text] for text in map(folded, names) if text in known]
        return same[0] if same else self._kinds.of_words(names, self._normaliser) or self._kinds.untagged

    def _draft(self, number: int, concept: int, names: tuple[Name, ...]) -> Draft:
        system, code = self._keys[concept]
        return Draft(
            number=number,
            system=system,
            code=code,
            version=self._versions.get(concept),
            active=not self._inactive[concept],
            names=names,
            display=self._display(names),
            kind=self._kind(concept, names) or "",
        )

    def _display(self, names: Sequence[Name]) -> str:
        """What the code is called by who publishes it: the preferred name of the first such source.

        Our own names stand in only where no publisher was loaded, and not for a code that several of them
        share: what is displayed beside a code must never say more than the code.
        """
        if not names:
            return ""
        listed = [
            (n.source in self._own, n.source, -n.rank, n.language != "en", len(n.text), n.text) for n in names
        ]
        best = min(listed)
        several = sum(ours and rank != OTHER for ours, _, rank, *_ in listed) > 1
        return "" if best[0] and several else best[-1]

    def _kind(self, concept: int, names: Sequence[Name]) -> str | None:
        system, code = self._keys[concept]
        tagged = self._tagged(names) if system == systems.SNOMED else None
        if concept in self._told:
            told = self._told[concept][1]
            return tagged if (told, tagged) == ("test", "procedure") else told
        return tagged if system == systems.SNOMED else self._kinds.of_system(system, code)

    def _tagged(self, names: Sequence[Name]) -> str | None:
        """The kind of the semantic tag one of the names carries."""
        tags = (self._normaliser.strip_tag(name.text)[1] for name in names)
        return next((self._normaliser.tags[tag] for tag in tags if tag), None)


def _once(names: Iterable[Name]) -> tuple[Name, ...]:
    """The first of names with the same text and language."""
    found: dict[tuple[str, str], Name] = {}
    for name in names:
        found.setdefault((name.text, name.language), name)
    return tuple(found.values())


__all__ = ["Draft", "Gathering", "Name"]
