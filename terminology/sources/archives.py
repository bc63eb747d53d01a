"""Files as publishers hand them out: plain, packed with gzip, in a folder, or in a zip.

`parts` finds them by name; `lines`, `records` and `table` read one without holding it whole.
"""

import csv
import gzip
import hashlib
import lzma
import os
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import IO, cast

from terminology.errors import TerminologyError
from terminology.sources.reading import Row

BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
)
CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One file, or one member of a zip."""

    path: Path
    member: str = ""  # name within the zip; empty for a file

    def __str__(self) -> str:
        return f"{self.path}: {self.member}" if self.member else str(self.path)

    @property
    def name(self) -> str:
        """The bare name, without folders."""
        return PurePosixPath(self.member).name if self.member else self.path.name

    @property
    def folder(self) -> tuple[str, ...]:
        """The folders it lies in."""
        return PurePosixPath(self.member).parts[:-1] if self.member else self.path.parts[:-1]


def parts(path: Path, pattern: str = "*") -> list[Part]:
    """The files whose bare name fits a pattern (case ignored), those in the fewest folders first.

    A single file that is no zip fits every pattern: who names it means it.
    """
    try:
        if path.is_dir():
            found = [Part(path=file) for file in _files(path)]
        elif _is_zip(path):
            found = [Part(path=path, member=name) for name in _members(path)]
        else:
            return [Part(path=path)]
    except OSError as error:
        raise TerminologyError(f"{path}: {error.strerror or error}") from error
    fitting = [part for part in found if fnmatchcase(part.name.lower(), pattern.lower())]
    return sorted(fitting, key=lambda part: (len(part.folder), part.folder, part.name))


def one(path: Path, *patterns: str) -> Part:
    """The file of the first pattern that any fits, in the fewest folders; two side by side are refused."""
    for pattern in patterns:
        found = parts(path, pattern)
        if len(found) > 1 and found[0].folder == found[1].folder:
            raise TerminologyError(f"{path}: several files named like {pattern}; name one of them")
        if found:
            return found[0]
    raise TerminologyError(f"{path}: no file named like {' or '.join(patterns)} there")


def beside(path: Path, part: Part, pattern: str) -> list[Part]:
    """The other files of a source in the folder where a part of it lies."""
    return [other for other in parts(path, pattern) if other.folder == part.folder and other != part]


def lines(part: Part) -> Iterator[tuple[int, str]]:
    """Every line with its number, without its end and without byte order mark."""
    number = 0
    try:
        with ExitStack() as stack:
            for number, raw in enumerate(_open(part, stack), 1):
                line = raw.removesuffix(b"\n").removesuffix(b"\r")
                yield number, _decoded(part, number, line)
    except BROKEN as error:
        raise TerminologyError(f"{part}: broken after line {number}: {error}") from error
    except OSError as error:
        raise TerminologyError(f"{part}: {error.strerror or error}") from error


def records(part: Part, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Every row of a table with quoted cells, and the line it begins on; empty rows passed over."""
    reader = csv.reader((f"{text}\n" for _, text in lines(part)), delimiter=delimiter, strict=True)
    while True:
        start = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise TerminologyError(f"{part}: line {max(start, reader.line_num)}: {error}") from error
        if any(cell.strip() for cell in cells):
            yield start, [cell.strip() for cell in cells]


def table(part: Part, delimiter: str, required: Iterable[str]) -> Iterator[Row]:
    """The rows of a table with a header, by the lower-case names of its columns."""
    header: list[str] | None = None
    for line, cells in records(part, delimiter):
        if header is None:
            header = [cell.lower() for cell in cells]
            for name in required:
                if header.count(name) != 1:
                    raise TerminologyError(f"{part}: line {line}: the header needs one column {name!r}")
        elif len(cells) != len(header):
            raise TerminologyError(f"{part}: line {line}: {len(cells)} columns, the header has {len(header)}")
        else:
            yield Row(line=line, cells=dict(zip(header, cells, strict=True)))
    if header is None:
        raise TerminologyError(f"{part}: line 1: no header")


def digest(path: Path, used: Iterable[Part]) -> str:
    """The SHA-256 of a file as it lies or, of a folder, that of the names and contents used."""
    if not path.is_dir():
        return _sha256(path)
    whole = hashlib.sha256()
    for part in sorted(used, key=lambda part: part.path):
        whole.update(f"{part.path.relative_to(path).as_posix()}\0{_sha256(part.path)}\n".encode())
    return whole.hexdigest()


def _decoded(part: Part, number: int, line: bytes) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError as error:
        raise TerminologyError(f"{part}: line {number}, byte {error.start + 1}: not UTF-8") from error


def _open(part: Part, stack: ExitStack) -> IO[bytes]:
    if part.member:
        package = stack.enter_context(zipfile.ZipFile(part.path))
        try:
            return stack.enter_context(package.open(part.member))
        except KeyError as error:
            raise TerminologyError(f"{part}: not in the zip") from error
    file: IO[bytes] = stack.enter_context(part.path.open("rb"))
    if not _starts(part.path, b"\x1f\x8b"):
        return file
    return cast(IO[bytes], stack.enter_context(gzip.GzipFile(fileobj=file)))


def _starts(path: Path, magic: bytes) -> bool:
    with path.open("rb") as file:
        return file.read(len(magic)) == magic


def _is_zip(path: Path) -> bool:
    return _starts(path, b"PK\x03\x04") or _starts(path, b"PK\x05\x06")


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as package:
            names = [info.filename for info in package.infolist() if not info.is_dir()]
    except BROKEN as error:
        raise TerminologyError(f"{path}: broken zip: {error}") from error
    return [name for name in names if (bare := PurePosixPath(name).name) and not bare.startswith(".")]


def _files(folder: Path) -> Iterator[Path]:
    for where, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(where) / name for name in names if not name.startswith("."))


def _sha256(path: Path) -> str:
    whole = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                whole.update(chunk)
    except OSError as error:
        raise TerminologyError(f"{path}: {error.strerror or error}") from error
    return whole.hexdigest()
