"""A tree of cases, and changes to it: each is done whole or not at all."""

import os
import secrets
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from adapter import whole
from adapter.cases import folder
from adapter.cases.folder import CASE, DOCUMENT, EXPECTED, FILES, NOTE, Case, Fault, Head
from adapter.errors import InputError
from adapter.fhir import check
from adapter.model import Resource

MOST: Final = 20_000  # cases in a tree
DEEPEST: Final = 8  # folders within each other


class Shelf:
    """The cases below a folder. Safe to use from several threads of one process."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._lock = threading.Lock()

    def cases(self) -> list[Case]:
        """All cases by name, those that cannot be used too. InputError when there is no such folder."""
        if not self.root.is_dir():
            raise InputError("there is no such folder of cases", path=self.root.name)
        found: list[Case] = []
        for one in _folders(self.root):
            if len(found) == MOST:
                raise InputError(f"more than {MOST} cases", path=self.root.name)
            found.append(self._read(one))
        return sorted(found, key=lambda case: case.name)

    def case(self, name: str) -> Case | None:
        """The case of a name, None when there is none."""
        parts = name.split("/")
        if len(parts) > DEEPEST or any(folder.name_fault(part) for part in parts):
            return None
        path = self.root.joinpath(*parts)
        places = [self.root.joinpath(*parts[: at + 1]) for at in range(len(parts))]
        if any(place.is_symlink() for place in places) or not path.is_dir() or not _is_case(path):
            return None
        return self._read(path)

    def add(self, name: str, head: Head, document: str | Resource, expected: Resource) -> Case:
        """A new case of a note or a document. InputError when the name is taken or is none."""
        if fault := folder.name_fault(name):
            raise InputError(fault, path="name")
        held = {CASE: folder.written(head), EXPECTED: folder.expectation(expected)}
        if isinstance(document, str):
            held[NOTE] = document.encode()
        else:
            held[DOCUMENT] = folder.expectation(document)
        with self._lock:
            self._place(name, held)
        return self._read(self.root / name)

    def change(self, case: Case, head: Head) -> None:
        """Says something else of a case."""
        whole.write(case.folder / CASE, folder.written(head))

    def expect(self, case: Case, expected: Resource) -> None:
        """Expects something else of a case."""
        whole.write(case.folder / EXPECTED, folder.expectation(expected))

    def remove(self, case: Case) -> None:
        """Takes a case away. InputError when its folder holds what is not a case's."""
        with self._lock:
            others = [one for one in os.scandir(case.folder) if one.name not in FILES or _folder(one)]
            if others or case.folder == self.root:
                raise InputError("the folder holds more than this case: take it away by hand", path=case.name)
            gone = case.folder.with_name(f".{secrets.token_hex(8)}")
            case.folder.rename(gone)
            for one in list(os.scandir(gone)):
                os.unlink(one.path)
            gone.rmdir()

    def _read(self, path: Path) -> Case:
        """A case as it stands."""
        name = path.relative_to(self.root).as_posix()
        return folder.read(path, path.resolve().name if name == "." else name)

    def _place(self, name: str, held: dict[str, bytes]) -> None:
        final, made = self.root / name, self.root / f".{secrets.token_hex(8)}"
        if os.path.lexists(final):
            raise InputError("there is a case of this name already", path="name")
        made.mkdir()
        try:
            for file, data in held.items():
                (made / file).write_bytes(data)
            made.rename(final)
        except OSError:
            for file in held:
                (made / file).unlink(missing_ok=True)
            made.rmdir()
            raise


def faults(expected: Resource, head: Head) -> list[Fault]:
    """All that keeps a Bundle from being what a case expects, by element."""
    try:
        folder.bundled(expected)
    except InputError as error:
        file, _, said = str(error).partition(": ")
        return [Fault(file=file, key="", message=said)]
    issues = check.bundle(expected, head.fhir)
    return [Fault(file=EXPECTED, key=one.path or "", message=one.message) for one in issues]


def _folders(root: Path) -> Iterator[Path]:
    """The folders below one that are cases; links are not followed, nor what begins with a dot."""
    waiting: list[tuple[Path, int]] = [(root, 0)]
    while waiting:
        path, depth = waiting.pop()
        entries = sorted(os.scandir(path), key=lambda one: one.name)
        if any(one.name in FILES for one in entries):
            yield path
        elif depth < DEEPEST:
            inside = (one for one in entries if _folder(one))
            waiting += [(Path(one.path), depth + 1) for one in inside if not one.name.startswith(".")]


def _folder(one: os.DirEntry[str]) -> bool:
    return one.is_dir(follow_symlinks=False)


def _is_case(path: Path) -> bool:
    return any(os.path.lexists(path / name) for name in FILES)


def chosen(cases: Sequence[Case], tags: Sequence[str]) -> list[Case]:
    """The cases with one of these tags; all of them where there are none. What is broken has no tags."""
    return [case for case in cases if not tags or (case.head and set(tags) & set(case.head.tags))]
