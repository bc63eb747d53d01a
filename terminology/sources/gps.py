"""The SNOMED CT Global Patient Set: a flat list of concepts without hierarchy.

Read are the package (a zip with a tab-separated ConceptID, Active, FSN, USPreferredTerm), the table alone, a
table of system, code and display, and the FHIR ValueSet of 2020. The licence changed from CC BY 4.0 to
CC BY-ND 4.0 with the edition of 2026; of 2025 only the package's own Readme is believed.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from terminology import systems
from terminology.errors import TerminologyError
from terminology.model import Entry, Term
from terminology.sources import archives, fhir_json
from terminology.sources.archives import Part
from terminology.sources.reading import Reading

NAME = "SNOMED CT Global Patient Set"
COLUMNS = {
    "code": ("conceptid", "id", "sctid", "code"),
    "active": ("active", "status"),
    "fsn": ("fsn", "fullyspecifiedname", "display"),
    "preferred": ("uspreferredterm", "preferredterm", "preferredtermus", "pt"),
    "system": ("system",),
}
ACTIVE = {"": True, "1": True, "true": True, "active": True, "0": False, "false": False, "inactive": False}
DATE = re.compile(r"(?<!\d)(20\d\d)-?(0[1-9]|1[0-2])(?:-?([0-2]\d|3[01]))?(?!\d)", re.ASCII)
MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
MONTH = re.compile(rf"({'|'.join(MONTHS)})\s+(20\d\d)", re.IGNORECASE | re.ASCII)
YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)", re.ASCII)
OPEN, UNCHANGED = "CC BY 4.0", "CC BY-ND 4.0"


def read(path: Path | None) -> Reading:
    """Every concept of one edition, the inactive ones marked."""
    if path is None:
        raise TerminologyError("source gps: needs a path")
    if ".json" in path.suffixes:
        return _resource(path)
    part = archives.one(path, "*GPS*.txt", "*.tsv", "*.txt")
    version = _version(f"{path.name} {part.name}")
    entries, skipped = list[Entry](), 0
    for entry in _entries(part):
        skipped += entry is None
        entries += [entry] if entry else []
    return Reading(
        name=NAME,
        version=version,
        licence=_licence(version, _readme(path, part)),
        sha256=archives.digest(path, [part]),
        entries=tuple(entries),
        skipped=skipped,
    )


def _resource(path: Path) -> Reading:
    found, digest = fhir_json.resources(path)
    reading = fhir_json.reading(path, found, digest)
    if any(entry.system != systems.SNOMED for entry in reading.entries):
        raise TerminologyError(f"{path}: holds codes that are not of SNOMED CT")
    said = " ".join(node.text(key) for node in found for key in ("title", "description", "copyright"))
    version = _version(path.name) or _version(said) or reading.version
    return replace(
        reading,
        name=NAME,
        version=version,
        licence=_licence(version, said),
        entries=tuple(replace(entry, version=None) for entry in reading.entries),
    )


def _entries(part: Part) -> Iterator[Entry | None]:
    """Each row's concept; None where the code cannot exist or there is no name."""
    header: dict[str, int] | None = None
    width = 0
    for line, text in archives.lines(part):
        cells = [cell.strip() for cell in text.split("\t")]
        if not any(cells) or (header is None and text.startswith("#")):
            continue
        if header is None:
            header, width = _header(part, line, cells), len(cells)
        elif len(cells) != width:
            raise TerminologyError(f"{part}: line {line}: {len(cells)} columns, the header has {width}")
        else:
            yield _entry(part, line, {key: cells[place] for key, place in header.items()})
    if header is None:
        raise TerminologyError(f"{part}: line 1: no header")


def _header(part: Part, line: int, cells: list[str]) -> dict[str, int]:
    names = [re.sub(r"[^a-z]", "", cell.lower()) for cell in cells]
    header = {
        key: names.index(name) for key, known in COLUMNS.items() for name in reversed(known) if name in names
    }
    for key in ("code", "fsn"):
        if key not in header:
            raise TerminologyError(f"{part}: line {line}: the header names no column {COLUMNS[key][0]}")
    return header


def _entry(part: Part, line: int, cells: dict[str, str]) -> Entry | None:
    if cells.get("system", systems.SNOMED) != systems.SNOMED:
        raise TerminologyError(f"{part}: line {line}: a code that is not of SNOMED CT")
    active = ACTIVE.get(cells.get("active", "").lower())
    if active is None:
        raise TerminologyError(f"{part}: line {line}: column Active must be 1 or 0")
    names = list(dict.fromkeys(name for name in (cells.get("preferred", ""), cells["fsn"]) if name))
    if not names or not systems.possible(systems.SNOMED, cells["code"]):
        return None
    terms = tuple(Term(text=name, language="en", preferred=not place) for place, name in enumerate(names))
    return Entry(system=systems.SNOMED, code=cells["code"], kind=None, terms=terms, active=active)


def _version(text: str) -> str:
    """The first edition a text tells: a month by name, a date, or a year."""
    if match := MONTH.search(text):
        return f"{match[2]}-{MONTHS.index(match[1].lower()) + 1:02}"
    if match := DATE.search(text):
        return "-".join(part for part in match.groups() if part)
    match = YEAR.search(text)
    return match[0] if match else ""


def _readme(path: Path, part: Part) -> str:
    """What the package says of itself."""
    if not part.member:
        return ""
    return "\n".join(
        text for other in archives.beside(path, part, "*readme*.txt") for _, text in archives.lines(other)
    )


def _licence(version: str, said: str) -> str:
    year = version[:4]
    if year > "2025":
        licence = UNCHANGED
    elif "2020" <= year < "2025":
        licence = OPEN
    elif re.search(r"no[- ]?derivatives|by-nd", said, re.IGNORECASE):
        licence = UNCHANGED
    else:
        licence = OPEN if re.search(r"creative commons", said, re.IGNORECASE) else "Creative Commons"
    return f"{NAME}, SNOMED International, {licence}"
