"""A store -> the database files PyMedTermino reads.

A file appears whole or not at all. What a store does not keep stays empty: dates, modules, relations other
than IS-A, daggers and asterisks. Its display name is written as the fully specified one, by which the library
calls a concept.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from terminology import systems
from terminology.errors import TerminologyError
from terminology.model import Concept
from terminology.pymed import notes, schema
from terminology.pymed.model import ICD10_FILE, SNOMED_FILE, Note, included
from terminology.store import Store

PAGE = 50_000
FSN, SYNONYM = 900000000000003001, 900000000000013009
IS_A, INFERRED = 116680003, 900000000000011006


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What an export wrote."""

    path: Path
    concepts: int
    texts: int  # names, and for ICD-10 notes
    left_out: int  # codes the library cannot read


def snomedct(store: Store, folder: Path) -> Exported:
    """Writes `snomedct.sqlite3`: concepts, names and IS-A of SNOMED CT, inactive concepts included."""
    codes = _codes(store, systems.SNOMED)
    kept = {code for code in codes if systems.possible(systems.SNOMED, code)}
    path = folder / SNOMED_FILE
    with _written(path, schema.SNOMED, schema.SNOMED_INDICES) as connection:
        for code in sorted(kept):
            _concept(connection, _known(store, systems.SNOMED, code))
            _parents(connection, code, [up for up in store.parents(systems.SNOMED, code) if up in kept])
        _about(connection, store, systems.SNOMED)
        texts = _count(connection, "Description")
    return Exported(path=path, concepts=len(kept), texts=texts, left_out=len(codes) - len(kept))


def icd10(store: Store, folder: Path, *, system: str = systems.ICD10, claml: Path | None = None) -> Exported:
    """Writes `icd10.sqlite3`: an edition's codes, what each includes and, from a ClaML file, excludes.

    Codes with a plus (French extensions) are left out: the library takes them for dagger and asterisk.
    Raises TerminologyError for a code with two parents, and when the ClaML file is of other codes.
    """
    codes = _codes(store, system)
    kept = {code for code in codes if "+" not in code}
    said = _said(claml, kept)
    path = folder / ICD10_FILE
    with _written(path, schema.ICD10, schema.ICD10_INDICES) as connection:
        for code in sorted(kept):
            concept = _known(store, system, code)
            _category(connection, concept, _parent(store, concept, kept))
            _texts(connection, concept, said, kept)
        _about(connection, store, system)
        texts = len(kept) + _count(connection, "Text")
    return Exported(path=path, concepts=len(kept), texts=texts, left_out=len(codes) - len(kept))


def _codes(store: Store, system: str) -> list[str]:
    found: list[str] = []
    while page := store.codes(system, len(found), PAGE):
        found += page
    if not found:
        raise TerminologyError(f"the store holds no codes of {system}")
    return found


def _known(store: Store, system: str, code: str) -> Concept:
    concept = store.lookup(system, code)
    if concept is None:
        raise TerminologyError(f"{system}: {code} is listed and not there")
    return concept


def _concept(connection: sqlite3.Connection, concept: Concept) -> None:
    number, active = int(concept.code), int(concept.active)
    connection.execute(
        "INSERT INTO Concept VALUES (?, NULL, ?, NULL, NULL, 0)",
        (number, active),
    )
    names = list(dict.fromkeys((term.text, term.language) for term in concept.terms))
    first = next((name for name in names if name[0] == concept.display), (concept.display, "en"))
    others = [name for name in names if name != first]
    connection.executemany(
        "INSERT INTO Description SELECT coalesce(max(id), 0) + 1, NULL, 1, NULL, ?, ?, ?, ?, NULL"
        " FROM Description",
        [(number, first[1], FSN, first[0]), *((number, tag, SYNONYM, text) for text, tag in others)],
    )


def _parents(connection: sqlite3.Connection, code: str, parents: list[str]) -> None:
    connection.executemany(
        "INSERT INTO Relationship SELECT coalesce(max(id), 0) + 1, NULL, 1, NULL, ?, ?, 0, ?, ?"
        " FROM Relationship",
        [(int(code), int(parent), IS_A, INFERRED) for parent in parents],
    )


def _parent(store: Store, concept: Concept, kept: set[str]) -> str:
    parents = [up for up in store.parents(concept.system, concept.code) if up in kept]
    if len(parents) > 1:
        raise TerminologyError(f"{concept.code}: has {len(parents)} parents, the library reads only one")
    return parents[0] if parents else ""


def _category(connection: sqlite3.Connection, concept: Concept, parent: str) -> None:
    connection.execute(
        "INSERT INTO Concept VALUES (NULL, ?, ?, ?, '', 0, 0, '', '', '', '', '', 0, 0)",
        (parent, concept.code, concept.display),
    )


def _said(claml: Path | None, kept: set[str]) -> notes.Notes:
    """The notes of the file, if there is one."""
    said = notes.read(claml) if claml else {}
    if claml and not any(code in kept for code, _ in said):
        raise TerminologyError(f"{claml}: none of its codes is in the store")
    return said


def _texts(connection: sqlite3.Connection, concept: Concept, said: notes.Notes, kept: set[str]) -> None:
    """Writes the notes of a code, and as inclusions its other names that no note has."""
    for relation in notes.RELATIONS:
        listed = list(said.get((concept.code, relation), []))
        if relation == "inclusion":
            known = {note.text for note in listed}
            listed += [Note(text=name) for name in included(concept) if name not in known]
        connection.executemany(
            "INSERT INTO Text VALUES (NULL, ?, ?, ?, 0, ?)",
            [
                (concept.code, relation, note.text, reference)
                for note in (_resolved(note, kept) for note in listed)
                for reference in note.references or ("",)
            ],
        )


def _resolved(note: Note, kept: set[str]) -> Note:
    """A note whose references are all there; others (blocks, say) stand in its text."""
    away = [code for code in note.references if code not in kept]
    text = f"{note.text} ({', '.join(away)})" if away else note.text
    return Note(text=text, references=tuple(code for code in note.references if code in kept))


def _about(connection: sqlite3.Connection, store: Store, system: str) -> None:
    rows = [("digest", store.manifest.digest), ("system", system)]
    connection.executemany("INSERT INTO About VALUES (?, ?)", rows)


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


@contextmanager
def _written(path: Path, tables: str, indices: str) -> Iterator[sqlite3.Connection]:
    """A new database, put in its place when all is written."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with closing(sqlite3.connect(part)) as connection:
            connection.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {tables}")
            yield connection
            connection.commit()
            connection.executescript(indices)
            connection.commit()
        part.replace(path)
    except (sqlite3.Error, OSError) as error:
        raise TerminologyError(f"{path}: cannot be written: {error}") from error
    finally:
        part.unlink(missing_ok=True)
