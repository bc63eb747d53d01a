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
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from terminology import kinds, merge, normalise, places, sources
from terminology.errors import TerminologyError
from terminology.merge import Draft
from terminology.model import Manifest, Source, SourceInfo, Term
from terminology.normalise import Normaliser

FORMAT = 2
Progress = Callable[[str], None]


def build(sources_: Sequence[Source], output: Path, progress: Progress | None = None) -> Manifest:
    """Writes a store of everything the sources hold, and says what is in it.

    Raises TerminologyError, naming file and line, when a source cannot be read; `output` stays as it was.
    """
    say = progress or (lambda _: None)
    if not sources_:
        raise TerminologyError("a store needs at least one source")
    normaliser = normalise.shipped()
    gathered = merge.gather(_read(sources_, say), kinds.shipped(normaliser), normaliser)
    say(f"{len(gathered.drafts)} concepts; writing {output.name}")
    output.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{output.name}.", suffix=".part", dir=output.parent)
    os.close(handle)
    try:
        manifest = _write(Path(name), gathered, normaliser)
        os.chmod(name, 0o644)
        os.replace(name, output)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    say(f"{manifest.concepts} concepts, {manifest.terms} terms in {output.name}")
    return manifest


def _read(sources_: Sequence[Source], say: Progress) -> Iterable[tuple[Source, sources.Reading]]:
    for source in sources_:
        say(f"reading {source.kind}{f' {source.path.name}' if source.path else ''}")
        reading = sources.read(source)
        say(f"{reading.name}: {len(reading.entries)} rows taken, {reading.skipped} left out")
        yield source, reading


def _write(path: Path, gathered: merge.Gathered, normaliser: Normaliser) -> Manifest:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA page_size=8192;")
        connection.executescript((normalise.DATA / "schema.sql").read_text("utf-8"))
        concepts = [
            (number, draft.system, draft.code, draft.display, draft.kind, draft.version)
            for number, draft in enumerate(gathered.drafts, 1)
        ]
        terms = _terms(gathered.drafts, normaliser)
        digest = hashlib.sha256(normaliser.rules.encode())
        _insert(connection, "concept", concepts, digest)
        _insert(connection, "term", [row[:-1] for row in terms], digest)
        _insert(connection, "mapping", gathered.mappings, digest)
        manifest = Manifest(
            format_version=FORMAT,
            sources=gathered.sources,
            concepts=len(concepts),
            terms=len(terms),
            digest=digest.hexdigest(),
        )
        _index(connection, terms)
        _about(connection, manifest, normaliser)
        connection.commit()
        connection.execute("ANALYZE")
        connection.commit()
        connection.execute("VACUUM")
    return manifest


def _terms(drafts: Sequence[Draft], normaliser: Normaliser) -> list[tuple[Any, ...]]:
    rows = [
        _term(number, term, source, normaliser)
        for number, draft in enumerate(drafts, 1)
        for term, source in draft.listed()
    ]
    rows.sort(key=lambda row: (row[5].count(" "), len(row[5]), row[5], row[0], row[1], row[2]))
    return [(number, *row) for number, row in enumerate(rows, 1)]


def _term(concept: int, term: Term, source: int, normaliser: Normaliser) -> tuple[Any, ...]:
    tokens = normaliser.tokens(term.text)
    words = normaliser.telling(term.text, tokens)
    keys = places.place(normaliser, term.text, tokens)
    return (
        concept,
        term.text,
        term.language,
        int(term.preferred),
        source,
        " ".join(words),
        normalise.hashed(normalise.squeeze(words)),
        places.signed(keys[-1]) if keys else None,
        keys,
    )


def _insert(
    connection: sqlite3.Connection, table: str, rows: Iterable[tuple[Any, ...]], digest: "hashlib._Hash"
) -> None:
    listed = list(rows)
    for row in listed:
        digest.update(repr(row).encode("utf-8", "surrogatepass"))
    if listed:
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(listed[0]))})", listed)


def _index(connection: sqlite3.Connection, terms: Sequence[tuple[Any, ...]]) -> None:
    seen: set[tuple[int, str]] = set()
    count: Counter[str] = Counter()
    indexed = []
    for number, concept, *_, words, _squeezed, _place, _keys in terms:
        if words and (concept, words) not in seen:
            seen.add((concept, words))
            count.update(set(words.split(" ")))
            indexed.append((number, words))
    connection.executemany("INSERT INTO term_words (rowid, words) VALUES (?, ?)", indexed)
    connection.execute("INSERT INTO term_words (term_words) VALUES ('optimize')")
    connection.executemany("INSERT INTO word VALUES (?, ?)", sorted(count.items()))
    beginnings = {key for row in terms for key in row[-1]}
    whole = {row[-1][-1] for row in terms if row[-1]}
    for name, keys in (("beginnings", beginnings), ("whole", whole)):
        packed = np.sort(np.fromiter(keys, dtype="<u8", count=len(keys))).tobytes()
        connection.execute("INSERT INTO gazetteer VALUES (?, ?)", (name, packed))
    connection.executescript(
        "CREATE UNIQUE INDEX concept_code ON concept (system, code);"
        "CREATE INDEX term_concept ON term (concept);"
        "CREATE INDEX term_squeezed ON term (squeezed);"
        "CREATE INDEX term_place ON term (place) WHERE place IS NOT NULL;"
    )


def _about(connection: sqlite3.Connection, manifest: Manifest, normaliser: Normaliser) -> None:
    listed = {
        "format_version": str(FORMAT),
        "manifest": json.dumps(asdict(manifest), ensure_ascii=False, sort_keys=True),
        "words": normaliser.rules,
    }
    connection.executemany("INSERT INTO about VALUES (?, ?)", sorted(listed.items()))


__all__ = ["FORMAT", "SourceInfo", "build"]
