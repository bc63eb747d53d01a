"""Drafts of mapping files, each a folder of the files it changes, by the person whose they are."""

import hashlib
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Final

from adapter import rulefiles, whole
from adapter.errors import InputError
from adapter.rulefiles import Fault
from mappings import Files

NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
MOST: Final = 20  # drafts of a person
LARGEST: Final = 1024 * 1024  # bytes of a file


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """Texts in place of mapping files."""

    name: str
    texts: Mapping[str, str] = field(default_factory=dict)  # by the name of the file

    def over(self, files: Files) -> Files:
        """The mapping files with this draft in place of some."""
        for name, text in self.texts.items():
            files = files.draft(name, text)
        return files

    def faults(self, files: Files) -> dict[str, list[Fault]]:
        """What is wrong with each of its files, and with concept tables that take rows from them."""
        drafted = self.over(files)
        found = {name: rulefiles.faults(name, drafted) for name in self.texts}
        if any(found.values()):
            return found
        tables = (name for name in drafted.names("concepts") if name not in found)
        return found | {name: wrong for name in tables if (wrong := rulefiles.faults(name, drafted))}


class Drawer:
    """The drafts in a directory. Safe to use from several threads of one process."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = Lock()

    def drafts(self, owner: str) -> list[Draft]:
        """Those of a person, by name."""
        folder = self._folder(owner)
        names = sorted(one.name for one in folder.iterdir()) if folder.is_dir() else []
        return [draft for name in names if (draft := self.draft(owner, name)) is not None]

    def draft(self, owner: str, name: str) -> Draft | None:
        """One of them; None where there is none of that name."""
        folder = self._folder(owner) / name
        if not NAME.fullmatch(name) or not folder.is_dir():
            return None
        with self._lock:
            return Draft(name=name, texts=dict(_texts(folder)))

    def begin(self, owner: str, name: str) -> Draft:
        """A new draft that changes nothing. InputError for a name that is taken or none, and one too many."""
        if not NAME.fullmatch(name):
            raise InputError("a name has at most 40 small letters, digits and hyphens", path="name")
        folder = self._folder(owner)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._lock:
            if sum(1 for _ in folder.iterdir()) >= MOST:
                raise InputError(f"there are {MOST} drafts already: discard one", path="name")
            try:
                (folder / name).mkdir(mode=0o700)
            except FileExistsError:
                raise InputError("there is a draft of this name already", path="name") from None
        return Draft(name=name)

    def put(self, owner: str, draft: Draft, file: str, text: str) -> None:
        """Writes a file of a draft, whatever may be wrong with what it says.

        Raises InputError for a name that nothing reads, and for what is no text or too long.
        """
        if rulefiles.kind(file) is None:
            raise InputError("nothing reads a file of this name", path=file)
        path = self._folder(owner) / draft.name / file
        try:
            data = text.encode("utf-8")
        except UnicodeEncodeError:
            raise InputError("not UTF-8", path=file) from None
        if len(data) > LARGEST:
            raise InputError(f"larger than {LARGEST} bytes", path=file)
        with self._lock:
            path.parent.mkdir(parents=True, exist_ok=True)
            whole.write(path, data)

    def revert(self, owner: str, draft: Draft, file: str) -> None:
        """Takes a file out of a draft: it is as it was before."""
        if rulefiles.kind(file) is not None:
            with self._lock:
                (self._folder(owner) / draft.name / file).unlink(missing_ok=True)

    def discard(self, owner: str, draft: Draft) -> None:
        """Takes a draft away, with all its files."""
        folder = self._folder(owner) / draft.name
        with self._lock:
            gone = folder.with_name(f".{secrets.token_hex(8)}")
            folder.rename(gone)
            shutil.rmtree(gone)

    def _folder(self, owner: str) -> Path:
        """Where somebody's drafts are; the name of the folder does not tell who it is."""
        return self._root / hashlib.sha256(owner.encode()).hexdigest()[:32]


def _texts(folder: Path) -> Iterator[tuple[str, str]]:
    for name in rulefiles.names(folder):
        path = folder / name
        if rulefiles.kind(name) is not None and not path.is_symlink():
            yield name, path.read_bytes().decode("utf-8", "replace")
