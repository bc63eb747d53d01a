"""The names of a store -> one file of small vectors, and the names nearest to a vector.

A vector is kept as int8 numbers. Cosines do not depend on a vector's length, so no scale is kept; they are
computed in whole numbers, so that equal vectors have equal cosines on every machine. In a large index the
signs of the vectors choose which are compared.
"""

import hashlib
import json
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from itertools import groupby, islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from terminology.embedder import Embedder
from terminology.errors import TerminologyError
from terminology.normalise import Normaliser
from terminology.reader import Reader
from terminology.store import open_store

FORMAT = 1
QUANTISATION = "int8"
BLOCK = 1024  # vectors embedded and written at once
PAGE = 5_000  # names read from the store at once
SMALL = 8_192  # vectors up to which all are compared
COMPARED = 1_000  # vectors whose signs fit best, compared in a larger index
SCHEMA = """
PRAGMA journal_mode=OFF;
PRAGMA synchronous=OFF;
PRAGMA page_size=8192;
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
-- vectors as int8 rows; terms as pairs (vector, term of the store), little-endian 32-bit, both ascending
CREATE TABLE block (number INTEGER PRIMARY KEY, vectors BLOB NOT NULL, terms BLOB NOT NULL);
"""
NAMES = (
    "SELECT term.id, term.text, term.words FROM term JOIN concept ON concept.id = term.concept"
    " WHERE term.id > ? AND concept.active AND term.words != ''"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DenseManifest:
    """What is in an index of vectors."""

    format_version: int
    store: str  # digest of the store
    model: str  # of the embedder
    quantisation: str
    dimension: int
    vectors: int
    terms: int
    kinds: tuple[str, ...]  # of the names that have a vector; empty for all
    languages: tuple[str, ...]
    systems: tuple[str, ...]
    digest: str = ""  # SHA-256 over all content


class Near(NamedTuple):
    """A name near to what was asked."""

    term: int  # number in the store
    cosine: float


class Index:
    """Vectors of one store by one model. May be asked from several threads."""

    def __init__(
        self,
        *,
        manifest: DenseManifest,
        embedder: Embedder,
        vectors: NDArray[np.int8],
        terms: NDArray[np.uint32],
    ) -> None:
        self.manifest = manifest
        self._embedder = embedder
        self._vectors = vectors
        self._terms = terms[:, 1]
        self._starts = np.searchsorted(terms[:, 0], np.arange(len(vectors) + 1))
        self._lengths = np.concatenate([_lengths(part) for part in _slices(vectors)] or [np.empty(0)])
        self._signs = np.concatenate(
            [_signs(part > 0) for part in _slices(vectors)] or [np.empty((0, 1), np.uint64)]
        )

    def search(self, asked: str | NDArray[np.float32], limit: int = 10) -> list[Near]:
        """The names nearest to a text or vector, nearest first; equally near ones in store order."""
        vector = self._embedder([asked])[0] if isinstance(asked, str) else asked
        if vector.shape != (self.manifest.dimension,) or not np.isfinite(vector).all():
            raise TerminologyError(f"the index needs vectors of {self.manifest.dimension} finite numbers")
        most = float(np.abs(vector).max(initial=0.0))
        if not most or limit < 1:
            return []
        whole = np.rint(vector.astype(np.float64) / most * 32767)
        chosen = self._chosen(whole)
        # Products of whole numbers, far below 2**53: exact in float64, in whatever order they are added.
        products = self._vectors[chosen].astype(np.float64) @ whole
        cosines = np.clip(products / (self._lengths[chosen] * np.sqrt(whole @ whole)), -1.0, 1.0)
        order = np.lexsort((chosen, -cosines))[:limit]
        return list(islice(self._named(chosen[order], cosines[order]), limit))

    def _chosen(self, whole: NDArray[np.float64]) -> NDArray[np.int64]:
        """The numbers of the vectors to compare."""
        if len(self._vectors) <= SMALL:
            return np.arange(len(self._vectors))
        apart = _ones(self._signs ^ _signs((whole > 0)[None])).astype(np.uint16)
        return np.argsort(apart, kind="stable")[:COMPARED]

    def _named(self, chosen: NDArray[np.int64], cosines: NDArray[np.float64]) -> Iterator[Near]:
        for number, cosine in zip(chosen.tolist(), cosines.tolist(), strict=True):
            for term in self._terms[self._starts[number] : self._starts[number + 1]].tolist():
                yield Near(term, cosine)


def build_index(
    store: Path,
    embedder: Embedder,
    output: Path,
    *,
    kinds: Sequence[str] = (),
    languages: Sequence[str] = (),
    systems: Sequence[str] = (),
    progress: Callable[[str], None] | None = None,
) -> DenseManifest:
    """Writes an index of a store's active names, and says what is in it; an empty filter takes all.

    Names that fold to the same words share a vector. The same store, model and filters give the same bytes.
    """
    with open_store(store) as opened:
        digest = opened.manifest.digest
    begun = DenseManifest(
        format_version=FORMAT,
        store=digest,
        model=embedder.model,
        quantisation=QUANTISATION,
        dimension=0,
        vectors=0,
        terms=0,
        kinds=tuple(sorted(set(kinds))),
        languages=tuple(sorted(set(languages))),
        systems=tuple(sorted(set(systems))),
    )
    handle, name = tempfile.mkstemp(prefix=f".{output.name}.", suffix=".part", dir=output.parent)
    os.close(handle)
    try:
        with closing(sqlite3.connect(name)) as connection:
            manifest = _write(connection, begun, _names(store, begun), embedder, progress or (lambda _: None))
        os.chmod(name, 0o644)
        os.replace(name, output)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return manifest


def open_index(path: Path, store: Path, embedder: Embedder) -> Index:
    """An index file, read into memory.

    Raises TerminologyError when there is none, when it is damaged, or of another store, model or version.
    """
    if not path.is_file():
        raise TerminologyError(f"{path}: no such index")
    with open_store(store) as opened:
        digest = opened.manifest.digest
    reader = Reader(path)
    try:
        pages, size = reader.ask("SELECT page_count, page_size FROM pragma_page_count, pragma_page_size")[0]
        manifest = _manifest(dict(reader.ask("SELECT key, value FROM about")))
        rows = reader.ask("SELECT vectors, terms FROM block ORDER BY number")
        whole = _digest(manifest, rows) == manifest.digest and path.stat().st_size == pages * size
    except (sqlite3.Error, ValueError, TypeError, KeyError, AttributeError) as error:
        raise TerminologyError(f"{path}: not an index of vectors, or damaged") from error
    finally:
        reader.close()
    if not whole:
        raise TerminologyError(f"{path}: damaged; build it again")
    if manifest.format_version != FORMAT or manifest.quantisation != QUANTISATION:
        raise TerminologyError(f"{path}: index format {manifest.format_version}; this version reads {FORMAT}")
    if manifest.store != digest:
        raise TerminologyError(f"{path}: the index of another store; build it again")
    if manifest.model != embedder.model:
        raise TerminologyError(f"{path}: the index of another embedding model; build it again")
    vectors = np.frombuffer(b"".join(row[0] for row in rows), np.int8).reshape(-1, manifest.dimension or 1)
    terms = np.frombuffer(b"".join(row[1] for row in rows), "<u4").reshape(-1, 2)
    return Index(manifest=manifest, embedder=embedder, vectors=vectors, terms=terms)


def _names(store: Path, wanted: DenseManifest) -> Iterator[tuple[str, list[int]]]:
    """The text of each name, tag left out, and the numbers of the terms that fold to the same words."""
    reader = Reader(store)
    normaliser = Normaliser(dict(reader.ask("SELECT key, value FROM about"))["words"])
    for _, group in groupby(_rows(reader, wanted), key=lambda row: row[2]):  # terms are numbered by words
        same = list(group)
        yield normaliser.strip_tag(same[0][1])[0], [number for number, _, _ in same]
    reader.close()


def _rows(reader: Reader, wanted: DenseManifest) -> Iterator[tuple[int, str, str]]:
    question, values, last = NAMES, list[Any](), 0
    for column, allowed in (
        ("concept.kind", wanted.kinds),
        ("term.language", wanted.languages),
        ("concept.system", wanted.systems),
    ):
        if allowed:
            question += f" AND {column} IN ({','.join('?' * len(allowed))})"
            values += allowed
    question += " ORDER BY term.id LIMIT ?"
    while rows := reader.ask(question, (last, *values, PAGE)):
        yield from rows
        last = rows[-1][0]


def _write(
    connection: sqlite3.Connection,
    manifest: DenseManifest,
    names: Iterator[tuple[str, list[int]]],
    embedder: Embedder,
    say: Callable[[str], None],
) -> DenseManifest:
    connection.executescript(SCHEMA)
    while part := list(islice(names, BLOCK)):
        vectors = quantised(embedder([text for text, _ in part]), len(part), manifest.dimension)
        terms = np.array(
            [(number, term) for number, (_, found) in enumerate(part, manifest.vectors) for term in found],
            "<u4",
        )
        connection.execute(
            "INSERT INTO block (vectors, terms) VALUES (?, ?)", (vectors.tobytes(), terms.tobytes())
        )
        manifest = replace(
            manifest,
            dimension=vectors.shape[1],
            vectors=manifest.vectors + len(vectors),
            terms=manifest.terms + len(terms),
        )
        say(f"{manifest.vectors} vectors for {manifest.terms} names")
    rows = connection.execute("SELECT vectors, terms FROM block ORDER BY number")
    manifest = replace(manifest, digest=_digest(manifest, rows))
    connection.execute(
        "INSERT INTO about VALUES ('manifest', ?)", (json.dumps(asdict(manifest), sort_keys=True),)
    )
    connection.commit()
    connection.execute("VACUUM")
    return manifest


def quantised(vectors: NDArray[np.float32], count: int, dimension: int = 0) -> NDArray[np.int8]:
    """The directions of `count` vectors in int8: the largest number of each becomes 127 or -127."""
    fits = vectors.ndim == 2 and len(vectors) == count and vectors.shape[1] == (dimension or vectors.shape[1])
    if not fits or not np.isfinite(vectors).all():
        raise TerminologyError("the embedder must give one vector of finite numbers for each text")
    most = np.abs(vectors).max(axis=1, keepdims=True)
    scaled = vectors.astype(np.float64) / np.where(most > 0, most, 1) * 127
    return np.rint(scaled).astype(np.int8)


def _manifest(about: dict[str, str]) -> DenseManifest:
    data = json.loads(about["manifest"])
    listed: dict[str, Any] = {key: tuple(data.pop(key)) for key in ("kinds", "languages", "systems")}
    return DenseManifest(**data, **listed)


def _digest(manifest: DenseManifest, rows: Any) -> str:
    """SHA-256 over the manifest but for its digest, and over all blocks."""
    found = hashlib.sha256(json.dumps(asdict(replace(manifest, digest="")), sort_keys=True).encode())
    for vectors, terms in rows:
        found.update(f"{len(vectors)} {len(terms)} ".encode() + vectors + terms)
    return found.hexdigest()


def _slices(vectors: NDArray[np.int8]) -> Iterator[NDArray[np.int8]]:
    yield from (vectors[start : start + BLOCK] for start in range(0, len(vectors), BLOCK))


def _lengths(vectors: NDArray[np.int8]) -> NDArray[np.float64]:
    squares = (vectors.astype(np.int64) ** 2).sum(axis=1)
    return np.asarray(np.sqrt(np.maximum(squares, 1)))


def _signs(above: NDArray[np.bool_]) -> NDArray[np.uint64]:
    """Rows of yes and no as rows of 64-bit words."""
    packed = np.packbits(above, axis=1)
    return np.pad(packed, ((0, 0), (0, -packed.shape[1] % 8))).view(np.uint64)


def _ones(words: NDArray[np.uint64]) -> NDArray[np.integer[Any]]:
    """How many bits are set in each row."""
    if hasattr(np, "bitwise_count"):
        return np.asarray(np.bitwise_count(words).sum(axis=1, dtype=np.int64))
    table = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1, dtype=np.uint8)
    return np.asarray(table[words.view(np.uint8)].sum(axis=1, dtype=np.int64))
