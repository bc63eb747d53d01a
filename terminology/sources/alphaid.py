"""Alpha-ID and Alpha-ID-SE: the phrases of the German alphabetical index, each a name of an ICD-10-GM code.

Columns, parted by `|`: valid (0 or 1), Alpha-ID, first primary code, asterisk code, additional code (!),
second primary code, ORPHAcode (Alpha-ID-SE alone), phrase. A phrase goes to its first primary code, or to the
additional code where it has no other; codes beside it are left out, as none of them alone means the phrase.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from terminology.errors import TerminologyError
from terminology.model import Entry, Term
from terminology.sources.claml import LICENCE_BFARM, canonical
from terminology.sources.reading import Reading
from terminology.sources.xml_reading import chunks, digest, opened
from terminology.systems import ICD10GM

COLUMNS = {7: "Alpha-ID", 8: "Alpha-ID-SE"}
VALID = {"0": False, "1": True}
YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")


def read(path: Path | None) -> Reading:
    """The phrase of every valid row as a further German name of its code."""
    if path is None:
        raise TerminologyError("source alphaid: needs a path")
    year = YEAR.search(path.name)
    version = year.group() if year else ""
    entries, skipped, columns = [], 0, 0
    for line, cells in _rows(path):
        if columns and len(cells) != columns:
            raise TerminologyError(f"{path}: line {line}: {len(cells)} columns, the first row has {columns}")
        columns = len(cells)
        entry = _entry(path, line, cells, version or None)
        skipped += entry is None
        entries += [entry] if entry else []
    if not columns:
        raise TerminologyError(f"{path}: line 1: no rows")
    return Reading(
        name=COLUMNS[columns],
        version=version,
        licence=LICENCE_BFARM,
        sha256=digest(path),
        entries=tuple(entries),
        skipped=skipped,
    )


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    with opened(path, ".txt", "alphaid") as stream:
        raw = b"".join(chunks(path, stream))
    for line, row in enumerate(raw.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        try:
            text = row.decode("utf-8").strip()
        except UnicodeDecodeError as error:
            raise TerminologyError(f"{path}: line {line}, byte {error.start + 1}: not UTF-8") from error
        if not text:
            continue
        cells = [cell.strip() for cell in text.split("|")]
        if len(cells) not in COLUMNS:
            raise TerminologyError(
                f"{path}: line {line}: {len(cells)} columns; Alpha-ID has 7, Alpha-ID-SE 8"
            )
        yield line, cells


def _entry(path: Path, line: int, cells: list[str], version: str | None) -> Entry | None:
    valid, _, first, _, additional, *_, phrase = cells
    if valid not in VALID:
        raise TerminologyError(f"{path}: line {line}: column 1 must be 0 or 1")
    code = canonical(first or additional)
    text = " ".join(phrase.split())
    if not (VALID[valid] and code and text):
        return None
    terms = (Term(text=text, language="de", preferred=False),)
    return Entry(system=ICD10GM, code=code, kind=None, terms=terms, version=version)
