"""A built store, opened for reading: lookup, search, mappings, and the names that stand in a note."""

import json
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from terminology.build import FORMAT
from terminology.errors import TerminologyError
from terminology.gazetteer import Gazetteer
from terminology.model import Concept, Hit, Manifest, Mapping, SourceInfo, Term, TermMatch
from terminology.normalise import Normaliser
from terminology.reader import Reader
from terminology.search import Search


class Store:
    """A terminology store. May be asked from several threads; never written."""

    def __init__(self, *, manifest: Manifest, reader: Reader, normaliser: Normaliser) -> None:
        self.manifest = manifest
        self._reader = reader
        self._search = Search(reader=reader, normaliser=normaliser)
        self._gazetteer = Gazetteer(reader=reader, normaliser=normaliser)

    def search(
        self,
        text: str,
        *,
        kinds: Sequence[str] = (),
        languages: Sequence[str] = (),
        systems: Sequence[str] = (),
        limit: int = 10,
    ) -> list[Hit]:
        """The concepts a text may mean, best first, each once; an empty filter lets everything pass."""
        return self._search.hits(text, kinds=kinds, languages=languages, systems=systems, limit=limit)

    def search_many(
        self,
        texts: Sequence[str],
        *,
        kinds: Sequence[str] = (),
        languages: Sequence[str] = (),
        systems: Sequence[str] = (),
        limit: int = 10,
    ) -> list[list[Hit]]:
        """What `search` gives for each text, equal texts searched once."""
        found = {
            text: self.search(text, kinds=kinds, languages=languages, systems=systems, limit=limit)
            for text in dict.fromkeys(texts)
        }
        return [list(found[text]) for text in texts]

    def exact(
        self,
        text: str,
        *,
        kinds: Sequence[str] = (),
        languages: Sequence[str] = (),
        systems: Sequence[str] = (),
    ) -> list[Hit]:
        """Only the concepts with this very name, or the same but for case, plural, hyphens and accents."""
        return self._search.exact(text, kinds=kinds, languages=languages, systems=systems)

    def lookup(self, system: str, code: str) -> Concept | None:
        """The concept of a code with all its names, or None."""
        question = "SELECT id, display, kind, version FROM concept WHERE system = ? AND code = ?"
        for number, display, kind, version in self._reader.ask(question, (system, code)):
            question = (
                "SELECT text, language, preferred FROM term WHERE concept = ? ORDER BY preferred DESC, id"
            )
            terms = [
                Term(text=text, language=language, preferred=bool(preferred))
                for text, language, preferred in self._reader.ask(question, (number,))
            ]
            return Concept(
                system=system, code=code, display=display, kind=kind, version=version, terms=tuple(terms)
            )
        return None

    def mappings(self, system: str, code: str) -> list[Mapping]:
        """What a code is in other systems, sorted by system and code."""
        question = (
            "SELECT to_system, to_code, relation, coalesce(concept.display, '') FROM mapping"
            " LEFT JOIN concept ON concept.system = to_system AND concept.code = to_code"
            " WHERE mapping.system = ? AND mapping.code = ? ORDER BY to_system, to_code"
        )
        return [
            Mapping(system=to_system, code=to_code, display=display, relation=relation)
            for to_system, to_code, relation, display in self._reader.ask(question, (system, code))
        ]

    def matches(
        self, text: str, *, kinds: Sequence[str] = (), languages: Sequence[str] = ()
    ) -> list[TermMatch]:
        """The store's names that stand in a note, the longest of overlapping ones, in text order."""
        return self._gazetteer.matches(text, kinds=kinds, languages=languages)

    def close(self) -> None:
        """Gives the file back."""
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def open_store(path: Path) -> Store:
    """A store file, opened for reading.

    Raises TerminologyError when there is none, when it is no store, or when another version wrote it.
    """
    if not path.is_file():
        raise TerminologyError(f"{path}: no such store; make one with `notewright terminology build`")
    reader = Reader(path)
    try:
        about = dict(reader.ask("SELECT key, value FROM about"))
    except sqlite3.Error as error:
        raise TerminologyError(f"{path}: not a terminology store: {error}") from error
    found = about.get("format_version", "none")
    if found != str(FORMAT):
        raise TerminologyError(f"{path}: store format {found}, this version reads {FORMAT}; build it again")
    return Store(
        manifest=_manifest(json.loads(about["manifest"])),
        reader=reader,
        normaliser=Normaliser(about["words"]),
    )


def _manifest(data: dict[str, Any]) -> Manifest:
    infos = tuple(SourceInfo(**source) for source in data.pop("sources"))
    return Manifest(sources=infos, **data)
