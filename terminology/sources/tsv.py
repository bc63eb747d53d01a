"""Any list of codes as a table: system, code, display, and optionally kind and language.

One code may come on several lines, each line one of its names. Lines `# name:`, `# version:`, `# licence:`
before the header go to the manifest. SNOMED CT ids that cannot exist (check digit, length) are left out
and counted.
"""

import re
from pathlib import Path

from terminology import systems
from terminology.errors import TerminologyError
from terminology.kinds import KINDS
from terminology.model import Entry, Term
from terminology.sources.reading import Reading, Row, contents, remarks, rows

REQUIRED = frozenset({"system", "code", "display"})
OPTIONAL = frozenset({"kind", "language"})
LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*")


def read(path: Path | None) -> Reading:
    """The entries of one table, packed with gzip or not."""
    if path is None:
        raise TerminologyError("source tsv: needs a path")
    text, digest = contents(path)
    entries, skipped = [], 0
    for row in rows(path, text, REQUIRED, OPTIONAL):
        entry = _entry(path, row)
        if systems.possible(entry.system, entry.code):
            entries.append(entry)
        else:
            skipped += 1
    about = remarks(text)
    return Reading(
        name=about.get("name", path.name),
        version=about.get("version", ""),
        licence=about.get("licence", ""),
        sha256=digest,
        entries=tuple(entries),
        skipped=skipped,
    )


def _entry(path: Path, row: Row) -> Entry:
    for key in sorted(REQUIRED):
        if not row.cells[key]:
            raise TerminologyError(f"{path}: line {row.line}: column {key!r} is empty")
    kind = row.cells.get("kind") or None
    if kind is not None and kind not in KINDS:
        raise TerminologyError(f"{path}: line {row.line}: column 'kind' must be one of {', '.join(KINDS)}")
    language = (row.cells.get("language") or "en").lower()
    if not LANGUAGE.fullmatch(language):
        raise TerminologyError(f"{path}: line {row.line}: column 'language' is no language tag")
    term = Term(text=row.cells["display"], language=language, preferred=False)
    return Entry(system=row.cells["system"], code=row.cells["code"], kind=kind, terms=(term,))
