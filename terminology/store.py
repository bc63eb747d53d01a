"""A built store, opened for reading: lookup, search, mappings, and the names that stand in a note."""

import json
import sqlite3
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from terminology import gazetteer, uncoded
from terminology.build import FORMAT
from terminology.comparison import Comparison
from terminology.errors import TerminologyError
from terminology.gazetteer import Gazetteer, longest
from terminology.meaning import Meaning, SystemHierarchy
from terminology.model import (
    Association,
    Concept,
    Hit,
    Manifest,
    Mapping,
    MapRule,
    SourceInfo,
    SystemInfo,
    Term,
    TermMatch,
)
from terminology.normalise import Normaliser
from terminology.reader import Reader
from terminology.search import Search, each


class Store:
    """A terminology store. May be asked from several threads; never written."""

    def __init__(self, *, manifest: Manifest, reader: Reader, normaliser: Normaliser) -> None:
        self.manifest = manifest
        self._reader = reader
        self._search = Search(reader=reader, normaliser=normaliser)
        self._gazetteer = Gazetteer(gazetteer.stored(reader, normaliser), normaliser)
        self._uncoded: Callable[[], Gazetteer] = lru_cache(maxsize=1)(
            lambda: Gazetteer(uncoded.names(normaliser), normaliser)
        )
        self._meaning = Meaning(reader)

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
        return each(
            texts, partial(self.search, kinds=kinds, languages=languages, systems=systems, limit=limit)
        )

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

    def compared(self, text: str, hit: Hit, languages: Sequence[str] = ()) -> Comparison:
        """How a text was read as the name of a hit that `search` gave for it."""
        return self._search.compared(text, hit, languages)

    def lookup(self, system: str, code: str) -> Concept | None:
        """The concept of a code with all its names, or None."""
        question = "SELECT id, display, kind, version, active FROM concept WHERE system = ? AND code = ?"
        for number, display, kind, version, active in self._reader.ask(question, (system, code)):
            question = (
                "SELECT text, language, preferred FROM term WHERE concept = ? ORDER BY preferred DESC, id"
            )
            terms = [
                Term(text=text, language=language, preferred=bool(preferred))
                for text, language, preferred in self._reader.ask(question, (number,))
            ]
            return Concept(
                system=system,
                code=code,
                display=display,
                kind=kind,
                version=version,
                terms=tuple(terms),
                active=bool(active),
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

    def parents(self, system: str, code: str) -> list[str]:
        """The codes this one is directly a kind of, sorted; empty for a code that is not there."""
        return self._meaning.parents(system, code)

    def children(self, system: str, code: str) -> list[str]:
        """The codes that are directly a kind of this one, sorted."""
        return self._meaning.children(system, code)

    def ancestors(self, system: str, code: str) -> list[str]:
        """Everything this code is a kind of, sorted."""
        return self._meaning.ancestors(system, code)

    def descendants(self, system: str, code: str) -> list[str]:
        """Everything that is a kind of this code, sorted."""
        return self._meaning.descendants(system, code)

    def subsumes(self, system: str, ancestor: str, descendant: str) -> bool:
        """Whether `descendant` is `ancestor` or a kind of it; codes that are not there subsume nothing."""
        return self._meaning.subsumes(system, ancestor, descendant)

    def members(self, system: str, set_id: str) -> list[str]:
        """The codes in a reference set, sorted."""
        return self._meaning.members(system, set_id)

    def codes(self, system: str, start: int = 0, count: int = 1000) -> list[str]:
        """Codes of a system in order, `count` of them from the one at `start`."""
        return self._meaning.codes(system, start, count)

    def systems(self) -> list[SystemInfo]:
        """The code systems the store holds concepts of, SNOMED CT first."""
        return self._meaning.systems()

    def replacements(self, system: str, code: str) -> list[Association]:
        """What became of an inactive code: all its associations, sorted by kind and target."""
        return self._meaning.replacements(system, code)

    def replacement(self, system: str, code: str) -> str | None:
        """The one active code that stands in for an inactive one (same as, replaced by), if there is one."""
        return self._meaning.replacement(system, code)

    def rules(self, system: str, code: str) -> list[MapRule]:
        """The rows of rule-based maps for a code, by target system, group and priority."""
        return self._meaning.rules(system, code)

    def hierarchy(self, system: str) -> SystemHierarchy:
        """The hierarchy of one system, as `ecl` asks it."""
        return SystemHierarchy(self._meaning, system)

    def matches(
        self,
        text: str,
        *,
        kinds: Sequence[str] = (),
        languages: Sequence[str] = (),
        uncoded: bool = False,
    ) -> list[TermMatch]:
        """The store's names that stand in a note, the longest of overlapping ones, in text order.

        With `uncoded` those among them too that Core has without a code, whose system and code are empty.
        """
        found = self._gazetteer.matches(text, kinds=kinds, languages=languages)
        if not uncoded:
            return found
        return longest([*found, *self._uncoded().matches(text, kinds=kinds, languages=languages)])

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
