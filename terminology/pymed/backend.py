"""PyMedTermino's answers, as a `HierarchyBackend`.

The library opens its databases when its modules are imported, on connections that only the importing thread
may use. So everything it does happens on one worker thread, and only text leaves it. What it opens is one for
the whole process, and so is the backend.
"""

import atexit
import importlib
import os
import sqlite3
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from threading import Lock
from types import ModuleType, TracebackType
from typing import Any, Self, TypeVar

from terminology.errors import TerminologyError
from terminology.pymed.model import ICD10_FILE, SNOMED_FILE, Note

Answer = TypeVar("Answer")
CLAIM = "_notewright_backend"  # in the library's own namespace: it is the library that can serve only one
MODULES = {SNOMED_FILE: ("snomedct", "SNOMEDCT"), ICD10_FILE: ("icd10", "ICD10")}
SETTINGS: dict[str, Any] = {
    "LANGUAGE": "en",
    "READ_ONLY_DATABASE": True,
    "REMOVE_SUPPRESSED_CONCEPTS": False,  # inactive codes are answered for, as a store does
    "REMOVE_SUPPRESSED_RELATIONS": True,
    "REMOVE_SUPPRESSED_TERMS": True,
    "SHOW_MISSING_CONCEPTS_AT_EXIT": False,
}


class PymedBackend:
    """Asks PyMedTermino, from any thread; one at a time in a process."""

    def __init__(self, folder: Path) -> None:
        """Opens the exported files of a folder.

        Raises TerminologyError when there are none, the library is missing, or it is open already.
        """
        files = {name: _system(folder / name) for name in MODULES if (folder / name).is_file()}
        if not files:
            raise TerminologyError(f"{folder}: neither {SNOMED_FILE} nor {ICD10_FILE} there")
        self._library = _library()
        self._terminologies: dict[str, Any] = {}  # of the worker alone
        self._process, self._closed, self._closing = os.getpid(), False, Lock()
        if vars(self._library).setdefault(CLAIM, self) is not self:
            raise TerminologyError("PyMedTermino is open in this process already; close it first")
        self._worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pymedtermino")
        try:
            self._do(lambda: self._open(folder, files))
        except BaseException:
            self.close()
            raise

    def parents(self, system: str, code: str) -> list[str]:
        """See `HierarchyBackend.parents`."""
        return self._ask(system, code, lambda concept: _sorted(concept.parents), [])

    def children(self, system: str, code: str) -> list[str]:
        """See `HierarchyBackend.children`."""
        return self._ask(system, code, lambda concept: _sorted(concept.children), [])

    def ancestors(self, system: str, code: str) -> list[str]:
        """See `HierarchyBackend.ancestors`."""
        return self._ask(system, code, lambda concept: _sorted(concept.ancestors_no_double()), [])

    def subsumes(self, system: str, ancestor: str, descendant: str) -> bool:
        """See `HierarchyBackend.subsumes`."""

        def held(concept: Any) -> bool:
            above = self._concept(system, ancestor)
            return above is not None and bool(concept.is_a(above))

        return self._ask(system, descendant, held, False)

    def term(self, system: str, code: str) -> str | None:
        """See `HierarchyBackend.term`."""
        return self._ask(system, code, lambda concept: str(concept.term), None)

    def inclusions(self, system: str, code: str) -> list[Note]:
        """See `HierarchyBackend.inclusions`."""
        return self._notes(system, code, "inclusion")

    def exclusions(self, system: str, code: str) -> list[Note]:
        """See `HierarchyBackend.exclusions`."""
        return self._notes(system, code, "exclusion")

    def close(self) -> None:
        """Closes the library's databases, so that another backend can be opened."""
        if os.getpid() != self._process:
            return
        with self._closing:
            if not self._closed:
                self._worker.submit(self._forget).result()
                self._closed = True
                self._worker.shutdown()
                vars(self._library).pop(CLAIM)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _notes(self, system: str, code: str, relation: str) -> list[Note]:
        return self._ask(system, code, lambda concept: _gathered(getattr(concept, relation, [])), [])

    def _ask(self, system: str, code: str, answer: Callable[[Any], Answer], otherwise: Answer) -> Answer:
        def asked() -> Answer:
            concept = self._concept(system, code)
            return otherwise if concept is None else answer(concept)

        return self._do(asked)

    def _do(self, work: Callable[[], Answer]) -> Answer:
        """What the work gives, done on the worker thread."""
        if os.getpid() != self._process:
            raise TerminologyError("PyMedTermino was opened before this process was forked; open it after")
        try:
            return self._worker.submit(work).result()
        except (sqlite3.Error, OSError) as error:
            raise TerminologyError(f"PyMedTermino cannot read its database: {error}") from error
        except RuntimeError as error:
            if self._closed:
                raise TerminologyError("PyMedTermino is closed") from error
            raise

    def _open(self, folder: Path, files: dict[str, str]) -> None:
        vars(self._library).update(SETTINGS, DATA_DIR=str(folder))
        names = {f"{self._library.__name__}.{MODULES[file][0]}": file for file in files}
        if not names.keys().isdisjoint(sys.modules):
            raise TerminologyError("PyMedTermino's terminologies were imported elsewhere, on another thread")
        for name, file in names.items():
            module = importlib.import_module(name)
            atexit.unregister(module.db.close)  # would run on another thread, which may not close it
            self._terminologies[files[file]] = getattr(module, MODULES[file][1])

    def _forget(self) -> None:
        """Closes what `_open` opened, and lets it be imported anew."""
        for terminology in self._terminologies.values():
            module = sys.modules.pop(type(terminology).__module__)
            module.db.close()
            self._library.TERMINOLOGIES.pop(terminology.name, None)
        self._terminologies.clear()

    def _concept(self, system: str, code: str) -> Any:
        """The library's concept of this very code, or None; other spellings it would take are refused."""
        terminology = self._terminologies.get(system)
        if terminology is None or "+" in code:
            return None
        try:
            found = terminology.get(code)
        except (ValueError, OverflowError):
            return None
        return found if found is not None and str(found.code) == code else None


def _library() -> ModuleType:
    try:
        return importlib.import_module("pymedtermino")
    except ImportError as error:
        raise TerminologyError("PyMedTermino is not installed; install notewright[pymedtermino]") from error


def _system(path: Path) -> str:
    """The code system an exported file says it holds."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            row = connection.execute("SELECT value FROM About WHERE key = 'system'").fetchone()
    except sqlite3.Error as error:
        raise TerminologyError(f"{path}: not an exported file: {error}") from error
    if row is None:
        raise TerminologyError(f"{path}: does not say which system it holds")
    return str(row[0])


def _sorted(concepts: Any) -> list[str]:
    return sorted(str(concept.code) for concept in concepts)


def _gathered(texts: Any) -> list[Note]:
    """The library's texts as notes: one with several references is several texts there."""
    found: dict[str, list[str]] = {}
    for text in sorted(texts, key=lambda text: text.id):
        references = found.setdefault(text.text, [])
        if text.reference is not None:
            references.append(text.reference.code)
    return [Note(text=text, references=tuple(references)) for text, references in found.items()]
