"""The tables of a release package, in a folder or a zip, read line by line.

What a table is comes from its file name. Tab-separated, no quoting, one header row, UTF-8.
"""

import hashlib
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

from terminology.errors import TerminologyError

CHUNK = 1 << 20
BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError)


@dataclass(slots=True)
class Table:
    """One file of a release."""

    path: Path  # of the folder or zip
    member: str  # within it
    form: str  # "Snapshot" or "Full"
    line: int = field(default=0)  # last line read

    @property
    def name(self) -> str:
        """The file's own name."""
        return PurePosixPath(self.member).name

    def rows(self, columns: int) -> Iterator[list[str]]:
        """The cells of every row under the header.

        Raises TerminologyError, naming file and line, at a row with another number of cells, at one whose
        third cell (active) is neither 0 nor 1, and where the file is broken.
        """
        header = True
        for text in self._lines():
            cells = text.split("\t")
            if len(cells) == columns and not header:
                if cells[2] != "1" and cells[2] != "0":
                    raise TerminologyError(f"{self.name}: line {self.line}: column 'active' must be 0 or 1")
                yield cells
            elif text.strip() and not text.startswith("#"):
                self._check_header(cells, columns, header)
                header = False

    def sha256(self) -> str:
        """The SHA-256 of the file as it lies in the package, unpacked."""
        digest = hashlib.sha256()
        with ExitStack() as stack:
            file = self._open(stack)
            try:
                while part := file.read(CHUNK):
                    digest.update(part)
            except BROKEN as error:
                raise TerminologyError(f"{self.name}: broken file: {error}") from error
        return digest.hexdigest()

    def _check_header(self, cells: list[str], columns: int, header: bool) -> None:
        if len(cells) != columns:
            raise TerminologyError(
                f"{self.name}: line {self.line}: {len(cells)} columns where {columns} are due"
            )
        if header and (cells[0] != "id" or cells[2] != "active"):
            raise TerminologyError(f"{self.name}: line {self.line}: no RF2 header")

    def _lines(self) -> Iterator[str]:
        self.line = 0
        with ExitStack() as stack:
            file = self._open(stack)
            try:
                for self.line, raw in enumerate(file, 1):
                    yield raw.decode("utf-8").rstrip("\r\n").removeprefix("\ufeff")
            except UnicodeDecodeError as error:
                at = f"line {self.line}, byte {error.start + 1}"
                raise TerminologyError(f"{self.name}: {at}: not UTF-8") from error
            except BROKEN as error:
                raise TerminologyError(f"{self.name}: line {self.line + 1}: broken file: {error}") from error

    def _open(self, stack: ExitStack) -> IO[bytes]:
        try:
            if self.path.is_dir():
                return stack.enter_context((self.path / self.member).open("rb"))
            package = stack.enter_context(zipfile.ZipFile(self.path))
            return stack.enter_context(package.open(self.member))
        except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError) as error:
            raise TerminologyError(f"{self.path}: {self.name} cannot be opened: {error}") from error


class Release:
    """A package; `patterns` says by file name which table is what. Snapshot goes before Full."""

    def __init__(self, path: Path, patterns: Mapping[str, str]) -> None:
        self._path = path
        names = sorted(_names(path))
        self._tables: dict[str, list[Table]] = {}
        taken: set[str] = set()
        for what, pattern in patterns.items():
            found = [
                Table(path, name, match["form"])
                for name in names
                if name not in taken and (match := re.fullmatch(pattern, PurePosixPath(name).name))
            ]
            forms = {table.form for table in found}
            wanted = "Snapshot" if "Snapshot" in forms else "Full"
            self._tables[what] = [table for table in found if table.form == wanted]
            taken.update(table.member for table in found)

    def tables(self, what: str) -> list[Table]:
        """The files of one kind, sorted by name."""
        return self._tables[what]


def _names(path: Path) -> list[str]:
    if path.is_dir():
        return [file.relative_to(path).as_posix() for file in path.rglob("*.txt")]
    try:
        with zipfile.ZipFile(path) as package:
            return package.namelist()
    except zipfile.BadZipFile as error:
        raise TerminologyError(f"{path}: not a folder and not a zip file") from error
    except OSError as error:
        raise TerminologyError(f"{path}: {error.strerror or error}") from error
