"""Sources -> one read-only store file.

The same sources give the same bytes. A store appears whole or not at all: it is written beside its place
and renamed.
"""

import hashlib
import json
import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

from terminology import fold, hierarchy, kinds, normalise, sources
from terminology.errors import TerminologyError
from terminology.merge import Draft, Gathering
from terminology.model import Manifest, Source, SourceInfo

FORMAT = 3
BATCH = 20_000
Progress = Callable[[str], None]
DIGESTED = ("concept", "term", "mapping", "parent", "rule", "association", "member")


def build(sources_: Sequence[Source], output: Path, progress: Progress | None = None) -> Manifest:
    """Writes a store of everything the sources hold, and says what is in it.

    Raises TerminologyError, naming file and line, when a source cannot be read; `output` stays as it was.
    """
    say = progress or (lambda _: None)
    if not sources_:
        raise TerminologyError("a store needs at least one source")
    output.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{output.name}.", suffix=".part", dir=output.parent)
    os.close(handle)
    try:
        with closing(sqlite3.connect(name)) as connection:
            manifest = _Build(connection, say).run(sources_)
        os.chmod(name, 0o644)
        os.replace(name, output)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    say(f"{manifest.concepts} concepts, {manifest.terms} terms in {output.name}")
    return manifest


class _Build:
    """One store in the making."""

    def __init__(self, connection: sqlite3.Connection, say: Progress) -> None:
        self._connection, self._say = connection, say
        self._normaliser = normalise.shipped()
        connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=8192;")
        connection.executescript((normalise.DATA / "schema.sql").read_text("utf-8"))
        self._gathering = Gathering(connection, kinds.shipped(self._normaliser), self._normaliser)

    def run(self, sources_: Sequence[Source]) -> Manifest:
        """Reads everything, then writes table by table."""
        for source in sources_:
            self._read(source)
        self._say("sorting")
        beginnings, whole = self._concepts_and_terms()
        self._say("indexing")
        self._mappings()
        self._hierarchy()
        self._word_index()
        self._gazetteer(beginnings, whole)
        self._indices()
        manifest = self._manifest()
        self._about(manifest)
        self._connection.commit()
        self._connection.execute("ANALYZE")
        self._connection.commit()
        self._connection.execute("VACUUM")
        return manifest

    def _read(self, source: Source) -> None:
        self._say(f"reading {source.kind}{f' {source.path.name}' if source.path else ''}")
        reading = sources.read(source)
        self._gathering.add(source, reading)
        info = self._gathering.infos[-1]
        self._say(f"{info.name}: {info.concepts} concepts, {info.terms} terms; {info.skipped} rows left out")

    def _concepts_and_terms(self) -> tuple[fold.Keys, fold.Keys]:
        """Writes `concept` and `term`; gives the keys of the names' beginnings and of whole names."""
        self._connection.execute(
            "CREATE TEMP TABLE ready (concept INTEGER, text TEXT, language TEXT, preferred INTEGER,"
            " source INTEGER, words TEXT, squeezed INTEGER, place INTEGER)"
        )
        decided: dict[int, str] = {}
        open_: list[Draft] = []
        keys = fold.Gathered()
        for rows, found in fold.folded(self._names(decided, open_), self._normaliser):
            self._connection.executemany("INSERT INTO ready VALUES (?, ?, ?, ?, ?, ?, ?, ?)", rows)
            keys.add(found)
        self._connection.executemany(
            "UPDATE concept SET kind = ? WHERE id = ?",
            [(kind, number) for number, kind in self._gathering.kinds(open_, decided).items()],
        )
        self._connection.execute(
            "INSERT INTO term (concept, text, language, preferred, source, words, squeezed, place)"
            " SELECT * FROM ready ORDER BY length(words) - length(replace(words, ' ', '')), length(words),"
            " words, concept, text, language"
        )
        self._connection.execute("DROP TABLE temp.ready")
        return keys.arrays()

    def _names(self, decided: dict[int, str], open_: list[Draft]) -> Iterator[fold.Named]:
        """Every name to fold; writes the concepts on the way."""
        rows: list[tuple[Any, ...]] = []
        for draft in self._gathering.drafts():
            rows.append(_concept(draft))
            if len(rows) == BATCH:
                self._connection.executemany("INSERT INTO concept VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
                rows.clear()
            if draft.kind:
                decided[draft.number] = draft.kind
            else:
                open_.append(draft)
            for name in draft.names:
                preferred = int(name.text == draft.display)
                yield draft.number, name.text, name.language, preferred, name.source, draft.active
        self._connection.executemany("INSERT INTO concept VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def _mappings(self) -> None:
        """Writes what one code is in other systems, and what became of inactive codes."""
        keys = self._gathering.key
        mapped = self._connection.execute("SELECT * FROM temp.mapped ORDER BY came").fetchall()
        self._connection.executemany(
            "INSERT OR IGNORE INTO mapping VALUES (?, ?, ?, ?, ?)",
            ((*keys(concept), relation, system, code) for concept, relation, system, code, _ in mapped),
        )
        join = "JOIN temp.numbered USING (concept)"
        self._connection.executescript(
            "INSERT OR IGNORE INTO rule"
            " SELECT number, to_system, grp, priority, rule, target, advice, category"
            f" FROM temp.ruled {join} ORDER BY 1, 2, 3, 4, temp.ruled.rowid;"
            "INSERT OR IGNORE INTO association SELECT number, kind, target"
            f" FROM temp.associated {join} ORDER BY 1, 2, 3;"
            "INSERT OR IGNORE INTO member SELECT system, refset, number"
            f" FROM temp.belonging {join} ORDER BY 1, 2, 3;"
        )

    def _hierarchy(self) -> None:
        """Writes `parent` and `ancestry`."""
        children, parents = self._gathering.edges
        numbers = {concept: number for number, concept in enumerate(self._gathering.order(), 1)}
        above: list[list[int]] = [[] for _ in range(len(numbers) + 1)]
        for child, parent in zip(children, parents, strict=True):
            if parent in numbers and child != parent:
                above[numbers[child]].append(numbers[parent])
        above = [sorted(set(found)) if found else found for found in above]
        self._connection.executemany(
            "INSERT INTO parent VALUES (?, ?)",
            ((child, parent) for child, found in enumerate(above) for parent in found),
        )
        closed = hierarchy.closure(above, self._code)
        self._connection.executemany(
            "INSERT INTO ancestry VALUES (?, ?)",
            ((number, found.astype("<u4").tobytes()) for number, found in closed),
        )

    def _code(self, number: int) -> str:
        question = "SELECT code FROM concept WHERE id = ?"
        return str(self._connection.execute(question, (number,)).fetchone()[0])

    def _word_index(self) -> None:
        count: Counter[str] = Counter()
        rows = self._connection.execute(
            "SELECT min(id), words FROM term WHERE words != '' GROUP BY concept, language, words ORDER BY 1"
        )
        while batch := rows.fetchmany(BATCH):
            for _, words in batch:
                count.update(set(words.split(" ")))
            self._connection.executemany("INSERT INTO term_words (rowid, words) VALUES (?, ?)", batch)
        self._connection.execute("INSERT INTO term_words (term_words) VALUES ('optimize')")
        self._connection.executemany("INSERT INTO word VALUES (?, ?)", sorted(count.items()))

    def _gazetteer(self, beginnings: fold.Keys, whole: fold.Keys) -> None:
        for name, keys in (("beginnings", beginnings), ("whole", whole)):
            packed = keys.astype("<u8").tobytes()
            self._connection.execute("INSERT INTO gazetteer VALUES (?, ?)", (name, packed))

    def _indices(self) -> None:
        self._connection.executescript(
            "CREATE UNIQUE INDEX concept_code ON concept (system, code);"
            "CREATE INDEX term_concept ON term (concept);"
            "CREATE INDEX term_squeezed ON term (squeezed) WHERE squeezed IS NOT NULL;"
            "CREATE INDEX term_place ON term (place) WHERE place IS NOT NULL;"
            "CREATE INDEX parent_children ON parent (parent);"
        )

    def _manifest(self) -> Manifest:
        digest = hashlib.sha256(self._normaliser.rules.encode())
        counts = {}
        for table in DIGESTED:
            counts[table] = 0
            for row in self._connection.execute(f"SELECT * FROM {table}"):
                digest.update(repr(row).encode("utf-8", "surrogatepass"))
                counts[table] += 1
        return Manifest(
            format_version=FORMAT,
            sources=tuple(self._gathering.infos),
            concepts=counts["concept"],
            terms=counts["term"],
            digest=digest.hexdigest(),
        )

    def _about(self, manifest: Manifest) -> None:
        listed = {
            "format_version": str(FORMAT),
            "manifest": json.dumps(asdict(manifest), ensure_ascii=False, sort_keys=True),
            "words": self._normaliser.rules,
        }
        self._connection.executemany("INSERT INTO about VALUES (?, ?)", sorted(listed.items()))


def _concept(draft: Draft) -> tuple[Any, ...]:
    return (
        draft.number,
        draft.system,
        draft.code,
        draft.display,
        draft.kind,
        draft.version,
        int(draft.active),
    )


__all__ = ["FORMAT", "SourceInfo", "build"]
