"""Notewright Core, or another folder of tables in its format (`data/core/README.md`).

Names in other languages stand in `names/<language>/`, in tables of the same file names.

The first of snomed, rxnorm, atc, icd10cm that a row fills is its concept; the others are mappings from it.
Where the folder has `who/`, rows and ICD-10-CM codes are mapped to WHO's broader category as well.
A row without any code is left out and counted: a store answers with codes.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from terminology import systems
from terminology.errors import TerminologyError
from terminology.kinds import KINDS
from terminology.model import Entry, Mapped, Mapping, Term
from terminology.normalise import DATA
from terminology.sources import who
from terminology.sources.reading import Reading, Row, contents, rows

COLUMNS = frozenset({"kind", "name", "synonyms", "snomed", "icd10cm", "rxnorm", "atc"})
NAMES = frozenset({"kind", "name", "names"})
Names = dict[tuple[str, str], list[Term]]
SYSTEMS = (
    ("snomed", systems.SNOMED, "equivalent"),
    ("rxnorm", systems.RXNORM, "equivalent"),
    ("atc", systems.ATC, "equivalent"),
    ("icd10cm", systems.ICD10CM, "mapped"),
)


def read(path: Path | None) -> Reading:
    """The entries of every table in a folder, by default the one that comes with the software."""
    folder = path or DATA / "core"
    files = [folder] if folder.is_file() else sorted(folder.glob("*.tsv"))
    if not files:
        raise TerminologyError(f"{folder}: no .tsv file there")
    whole, entries, skipped = hashlib.sha256(), list[Entry](), 0
    names = _names(folder, whole) if folder.is_dir() else {}
    categories = who.read(folder)
    whole.update(categories.digest.encode() if categories else b"")
    mapped: dict[str, Mapped] = {}
    for file in files:
        text, digest = contents(file)
        whole.update(f"{file.name}\0{digest}\n".encode())
        for row in rows(file, text, COLUMNS):
            entry = _entry(file, row, names)
            if entry and categories:
                mapped |= {one.code: one for one in _of_codes(entry, categories)}
                entry = _placed(entry, row, categories)
            skipped += entry is None
            entries += [entry] if entry else []
    return Reading(
        name="Notewright Core" if path is None else folder.name,
        version=whole.hexdigest()[:12],
        licence="Apache-2.0; SNOMED CT ids from the Global Patient Set of September 2020, CC BY 4.0",
        sha256=whole.hexdigest(),
        entries=tuple(entries),
        skipped=skipped,
        mapped=tuple(mapped.values()),
    )


def _of_codes(entry: Entry, categories: who.Categories) -> Iterator[Mapped]:
    """The WHO category of each ICD-10-CM code of a row."""
    for code in _icd10cm(entry):
        if category := categories.of_code(code):
            yield Mapped(system=systems.ICD10CM, code=code, mapping=_broader(category))


def _placed(entry: Entry, row: Row, categories: who.Categories) -> Entry:
    """A row with its WHO categories; one that is an ICD-10-CM code has those of the code."""
    if entry.system == systems.ICD10CM:
        return entry
    kind, name = row.cells["kind"], row.cells["name"]
    found = dict.fromkeys(categories.of_row(kind, name, code) for code in _icd10cm(entry))
    added = tuple(_broader(category) for category in found if category)
    return replace(entry, mappings=entry.mappings + added)


def _icd10cm(entry: Entry) -> list[str]:
    codes = [entry.code] if entry.system == systems.ICD10CM else []
    return codes + [one.code for one in entry.mappings if one.system == systems.ICD10CM]


def _broader(category: str) -> Mapping:
    return Mapping(system=systems.ICD10, code=category, display="", relation="broader")


def _names(folder: Path, whole: "hashlib._Hash") -> Names:
    """Names in other languages, by kind and name of the row they belong to."""
    found: Names = {}
    for file in sorted(folder.glob("names/*/*.tsv")):
        text, digest = contents(file)
        whole.update(f"{file.parent.name}/{file.name}\0{digest}\n".encode())
        for row in rows(file, text, NAMES):
            key = (row.cells["kind"], row.cells["name"])
            listed = (name.strip() for name in row.cells["names"].split("|"))
            terms = [Term(text=name, language=file.parent.name, preferred=False) for name in listed if name]
            found.setdefault(key, []).extend(terms)
    return found


def _entry(path: Path, row: Row, names: Names) -> Entry | None:
    kind, name = row.cells["kind"], row.cells["name"]
    if kind not in KINDS:
        raise TerminologyError(f"{path}: line {row.line}: column 'kind' must be one of {', '.join(KINDS)}")
    if not name:
        raise TerminologyError(f"{path}: line {row.line}: column 'name' is empty")
    codes = [
        Mapping(system=system, code=code.strip(), display="", relation=relation)
        for column, system, relation in SYSTEMS
        for code in row.cells[column].split("|")
        if code.strip()
    ]
    for code in codes:
        if not systems.possible(code.system, code.code):
            raise TerminologyError(f"{path}: line {row.line}: column 'snomed' holds an id that cannot exist")
    if not codes:
        return None
    synonyms = dict.fromkeys(text.strip() for text in row.cells["synonyms"].split("|") if text.strip())
    terms = [Term(text=name, language="en", preferred=True)]
    terms += [Term(text=text, language="en", preferred=False) for text in synonyms if text != name]
    terms += names.get((kind, name), [])
    return Entry(
        system=codes[0].system, code=codes[0].code, kind=kind, terms=tuple(terms), mappings=tuple(codes[1:])
    )
