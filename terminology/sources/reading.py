"""What a reader gives back, and how tables are read: bytes -> rows with line numbers."""

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from terminology.errors import TerminologyError
from terminology.model import Association, Entry, Mapped, MapRule, Member


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A source as read: who it is, and what it says, in this order and once.

    One code may have several entries; what they say is put together.
    """

    name: str
    version: str
    licence: str
    sha256: str
    entries: Iterable[Entry]
    skipped: int = 0
    rules: Iterable[MapRule] = ()
    associations: Iterable[Association] = ()
    members: Iterable[Member] = ()
    mapped: Iterable[Mapped] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table, by column."""

    line: int
    cells: dict[str, str]


def contents(path: Path) -> tuple[str, str]:
    """A file's text, unpacked and without byte order mark, and the SHA-256 of the file as it lies."""
    try:
        raw = path.read_bytes()
        plain = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TerminologyError(f"{path}: broken gzip: {error}") from error
    except OSError as error:
        raise TerminologyError(f"{path}: {error.strerror or error}") from error
    try:
        return plain.decode("utf-8-sig"), hashlib.sha256(raw).hexdigest()
    except UnicodeDecodeError as error:
        line = plain.count(b"\n", 0, error.start) + 1
        column = error.start - plain.rfind(b"\n", 0, error.start)
        raise TerminologyError(f"{path}: line {line}, byte {column}: not UTF-8") from error


def rows(
    path: Path, text: str, required: frozenset[str], optional: frozenset[str] = frozenset()
) -> Iterator[Row]:
    """The lines of a tab-separated table with a header, quotes taken literally; empty lines passed over."""
    lines = text.split("\n")
    header: list[str] | None = None
    for number, raw in enumerate(lines, 1):
        line = raw.removesuffix("\r")
        if not line.strip() or (header is None and line.startswith("#")):
            continue
        cells = line.split("\t")
        if header is None:
            header = _header(path, number, cells, required, optional)
        elif len(cells) != len(header):
            raise TerminologyError(
                f"{path}: line {number}: {len(cells)} columns, the header has {len(header)}"
            )
        else:
            yield Row(line=number, cells={key: cell.strip() for key, cell in zip(header, cells, strict=True)})
    if header is None:
        raise TerminologyError(f"{path}: line 1: no header")


def remarks(text: str) -> dict[str, str]:
    """What `# key: value` lines before the header say of the table."""
    found = {}
    for line in text.splitlines():
        if not line.startswith("#"):
            break
        key, colon, value = line[1:].partition(":")
        if colon:
            found[key.strip().lower()] = value.strip()
    return found


def _header(
    path: Path, line: int, cells: list[str], required: frozenset[str], optional: frozenset[str]
) -> list[str]:
    names = [cell.strip().lower() for cell in cells]
    missing, unknown = required - set(names), set(names) - required - optional
    if missing:
        raise TerminologyError(
            f"{path}: line {line}: column {sorted(missing)[0]!r} is missing from the header"
        )
    if unknown:
        raise TerminologyError(f"{path}: line {line}: unknown column {sorted(unknown)[0]!r:.40}")
    if len(set(names)) != len(names):
        raise TerminologyError(f"{path}: line {line}: a column stands twice in the header")
    return names
