"""Notewright Core tested row by row: form, order, duplicates, check digits, codes against their releases.

`python -m terminology.check [--reference FOLDER] [--data FOLDER]` prints one line (file, line, reason) for
each defect and exits 1 if there is any. ICD-10-CM comes from the installed package; SNOMED CT, RxNorm, ATC
and WHO categories are looked up only when a folder of reference files is given, because they are not part of
this project. The RxNorm codes of such a folder are no release: what they do not hold is not judged.
"""

import argparse
import csv
import gzip
import json
import sys
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from terminology import systems
from terminology.sources import who

CORE = Path(__file__).parent / "data" / "core"
COLUMNS = ("kind", "name", "synonyms", "snomed", "icd10cm", "rxnorm", "atc")
CODES = COLUMNS[3:]
WITHDRAWN = "***"
TAGS = {
    "condition": {"disorder", "finding", "situation", "event"},
    "finding": {"finding", "disorder", "situation", "event"},
    "procedure": {"procedure", "regime/therapy"},
    "test": {
        "procedure",
        "regime/therapy",
        "observable entity",
        "assessment scale",
        "staging scale",
        "tumor staging",
    },
    "medication": {
        "substance",
        "product",
        "medicinal product",
        "medicinal product form",
        "clinical drug",
        "physical object",
    },
    "body_site": {"body structure"},
    "social": {
        "finding",
        "observable entity",
        "situation",
        "event",
        "occupation",
        "person",
        "environment",
        "regime/therapy",
        "disorder",
    },
}
"""Kinds of rows, and the SNOMED CT semantic tags that suit each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a table, with where it stands."""

    file: str
    line: int  # 1 is the header
    cells: tuple[str, ...]

    def cell(self, column: str) -> str:
        """What stands in a column."""
        return self.cells[COLUMNS.index(column)]

    def synonyms(self) -> list[str]:
        """The other ways to write the name."""
        return self.cell("synonyms").split("|") if self.cell("synonyms") else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Defect:
    """What is wrong, and where."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        """File, line and reason, as compilers write it."""
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Releases to look ids up in."""

    snomed: dict[str, str] = field(default_factory=dict)  # concept id -> semantic tag
    rxnorm: dict[str, frozenset[str]] = field(default_factory=dict)  # concept id -> names, folded
    atc: frozenset[str] = frozenset()
    icd10: frozenset[str] = frozenset()  # categories of the French edition that are in force


def read_icd10cm() -> frozenset[str]:
    """The ICD-10-CM codes that can be reported, with their point; takes some seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the package reads its data the old way
        import simple_icd_10_cm as package  # noqa: PLC0415  (costs seconds: only when a table is checked)
    codes = package.get_all_codes(with_dots=True)
    return frozenset(code for code in codes if package.is_leaf(code))


def read_reference(folder: Path) -> Reference:
    """The ids of the reference files in `folder`, and the ATC codes that Core lists beside its tables."""
    with gzip.open(folder / "atc-drug-names-fr.json.gz", "rt", encoding="utf-8") as file:
        atc = frozenset(json.load(file)) | listed_atc()
    snomed = {
        code: display.rpartition("(")[2].rstrip(")")
        for system, code, display in _lines(folder / "snomed-gps-2020-09.tsv.gz")
        if system.endswith("/sct")
    }
    rxnorm = _names_of_rxnorm(folder / "synthea-codes.tsv.gz")
    return Reference(snomed=snomed, rxnorm=rxnorm, atc=atc, icd10=_categories(folder / "cim10-fr.csv.gz"))


def listed_atc(folder: Path = CORE) -> frozenset[str]:
    """The ATC codes that were read in WHO's index because the French list of drugs lacks them."""
    lines = (folder / "atc" / "codes.tsv").read_text("utf-8").splitlines()
    return frozenset(line.split("\t")[0] for line in lines[1:])


def _names_of_rxnorm(path: Path) -> dict[str, frozenset[str]]:
    names: dict[str, set[str]] = {}
    for system, code, display in _lines(path):
        if system == systems.RXNORM:
            names.setdefault(code, set()).add(display.casefold())
    return {code: frozenset(found) for code, found in names.items()}


def _categories(path: Path) -> frozenset[str]:
    """The categories of ICD-10 in its French edition; a title begins with *** once they are withdrawn."""
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return frozenset(
        row["code"]
        for row in rows
        if who.CATEGORY.fullmatch(row["code"]) and not row["long"].startswith(WITHDRAWN)
    )


def read_rows(path: Path) -> tuple[list[Row], list[Defect]]:
    """The well formed rows of one table, and a defect for every other line."""
    text = path.read_bytes().decode("utf-8")
    rows, defects = [], []
    if "\r" in text or not text.endswith("\n"):
        defects.append(Defect(file=path.name, line=1, reason="lines must end with a single line feed"))
    for number, line in enumerate(text.splitlines(), start=1):
        cells = tuple(line.split("\t"))
        if number == 1 and cells != COLUMNS:
            defects.append(Defect(file=path.name, line=1, reason="header is not " + " ".join(COLUMNS)))
        elif number > 1 and len(cells) != len(COLUMNS):
            reason = f"{len(cells)} cells, not {len(COLUMNS)}"
            defects.append(Defect(file=path.name, line=number, reason=reason))
        elif number > 1:
            rows.append(Row(file=path.name, line=number, cells=cells))
    return rows, defects


def check(
    icd10cm: frozenset[str], folder: Path = CORE, reference: Reference | None = None
) -> tuple[list[Row], list[Defect]]:
    """Every row of the tables in `folder`, and everything that is wrong with them."""
    rows: list[Row] = []
    defects: list[Defect] = []
    for path in sorted(folder.glob("*.tsv")):
        found, broken = read_rows(path)
        rows += found
        defects += broken + list(_order(found))
    for row in rows:
        defects += [
            Defect(file=row.file, line=row.line, reason=why) for why in _reasons(row, icd10cm, reference)
        ]
    defects += [*_duplicates(rows), *_shared(rows)]
    categories = who.read(folder)
    defects += _who(rows, categories, reference) if categories else ()
    return rows, sorted(defects, key=lambda defect: (defect.file, defect.line, defect.reason))


def _lines(path: Path) -> Iterator[list[str]]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        yield from list(csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE))[1:]


def _order(rows: list[Row]) -> Iterator[Defect]:
    for before, row in pairwise(rows):
        if row.cell("name") < before.cell("name"):
            yield Defect(file=row.file, line=row.line, reason="not sorted by name")


def _reasons(row: Row, icd10cm: frozenset[str], reference: Reference | None) -> Iterator[str]:
    if row.cell("kind") not in TAGS:
        yield f"unknown kind {row.cell('kind')!r}"
        return
    yield from _form(row)
    yield from _codes(row, icd10cm)
    if reference is not None:
        yield from _lookups(row, reference)


def _form(row: Row) -> Iterator[str]:
    if not row.cell("name"):
        yield "no name"
    if "|" in row.cell("name"):
        yield "a bar in the name"
    if '"' in "".join(row.cells):
        yield "a quotation mark"
    for term in (*row.cells, *row.synonyms()):
        if term != " ".join(term.split()):
            yield f"white space in {term!r}"
    if not all(row.synonyms()):
        yield "an empty synonym"


def _codes(row: Row, icd10cm: frozenset[str]) -> Iterator[str]:
    snomed, code, rxnorm = row.cell("snomed"), row.cell("icd10cm"), row.cell("rxnorm")
    if snomed and not systems.possible(systems.SNOMED, snomed):
        yield f"{snomed} is not a valid SNOMED CT id"
    if code and code not in icd10cm:
        yield f"{code} is not a reportable ICD-10-CM code"
    if rxnorm and (not systems.possible(systems.RXNORM, rxnorm) or rxnorm.startswith("0")):
        yield f"{rxnorm} is not a valid RxNorm id"
    if rxnorm and row.cell("kind") != "medication":
        yield f"a {row.cell('kind')} has no RxNorm id"


def _lookups(row: Row, reference: Reference) -> Iterator[str]:
    snomed, atc = row.cell("snomed"), row.cell("atc")
    if snomed and snomed not in reference.snomed:
        yield f"SNOMED CT {snomed} is not in the Global Patient Set"
    elif snomed and reference.snomed[snomed] not in TAGS[row.cell("kind")]:
        yield f"SNOMED CT {snomed} is a {reference.snomed[snomed]}, which does not suit a {row.cell('kind')}"
    if row.cell("rxnorm"):
        yield from _called(row, reference.rxnorm)
    if atc and atc not in reference.atc:
        yield f"ATC {atc} is not in the reference"


def _called(row: Row, known: dict[str, frozenset[str]]) -> Iterator[str]:
    """Why the RxNorm id of a row is that of something else: its name there, or the row's name elsewhere."""
    code, terms = row.cell("rxnorm"), [f" {term.casefold()} " for term in (row.cell("name"), *row.synonyms())]
    names = known.get(code, frozenset())
    if names and not any(f" {name} " in term for name in names for term in terms):
        yield f"RxNorm {code} is {min(names)!r} in the reference"
    for other in sorted(known):
        if other != code and row.cell("name").casefold() in known[other]:
            yield f"{row.cell('name')!r} is RxNorm {other} in the reference"


def _shared(rows: list[Row]) -> Iterator[Defect]:
    """Rows with the RxNorm id of another row, unless both are one concept of SNOMED CT."""
    first: dict[str, Row] = {}
    for row in rows:
        other = first.setdefault(row.cell("rxnorm"), row)
        same = row.cell("snomed") and row.cell("snomed") == other.cell("snomed")
        if row.cell("rxnorm") and other is not row and not same:
            reason = f"RxNorm {row.cell('rxnorm')} stands already at {other.file}:{other.line}"
            yield Defect(file=row.file, line=row.line, reason=reason)


def _duplicates(rows: list[Row]) -> Iterator[Defect]:
    first: dict[tuple[str, str], Row] = {}
    for row in rows:
        for term in (row.cell("name"), *row.synonyms()):
            key = (row.cell("kind"), term.casefold())
            if key in first:
                where = f"{first[key].file}:{first[key].line}"
                yield Defect(file=row.file, line=row.line, reason=f"{term!r} stands already at {where}")
            first.setdefault(key, row)


def _who(rows: list[Row], categories: who.Categories, reference: Reference | None) -> Iterator[Defect]:
    """What is wrong with the WHO categories: those of the tables, and those that codes keep."""
    coded = [row for row in rows if row.cell("icd10cm")]
    known = {(row.cell("kind"), row.cell("name")): row for row in coded if row.cell("snomed")}
    codes = {row.cell("icd10cm") for row in coded}
    tables: dict[str, list[str | tuple[str, str]]] = {
        "codes.tsv": [*categories.codes],
        "rows.tsv": [*categories.rows],
    }
    for table, listed in tables.items():
        for number, key in enumerate(listed, start=2):
            reason = _listed(key, categories, codes, known)
            if reason or key != sorted(listed, key=_name)[number - 2]:
                yield Defect(file=f"{who.FOLDER}/{table}", line=number, reason=reason or "not sorted")
    for row in coded:
        of_code = categories.of_code(row.cell("icd10cm"))
        of_row = categories.of_row(row.cell("kind"), row.cell("name"), row.cell("icd10cm"))
        for category in filter(None, dict.fromkeys((of_code, of_row))):
            if not who.CATEGORY.fullmatch(category) or (reference and category not in reference.icd10):
                reason = f"{category} is not a category of WHO's ICD-10; see {who.FOLDER}/codes.tsv"
                yield Defect(file=row.file, line=row.line, reason=reason)


def _listed(
    key: str | tuple[str, str],
    categories: who.Categories,
    codes: set[str],
    known: dict[tuple[str, str], Row],
) -> str:
    """Why a line of the WHO tables should not be there, or nothing."""
    if isinstance(key, str):
        if not any(code.startswith(key) for code in codes):
            return f"{key} is the beginning of no code in the tables"
        return f"{key} keeps its category" if categories.codes[key] == key[: who.SHORTEST] else ""
    if key not in known:
        return f"{key[1]!r} is no {key[0]} with both a SNOMED CT id and an ICD-10-CM code"
    same = categories.of_code(known[key].cell("icd10cm")) == categories.rows[key]
    return f"{key[1]!r} has the category of its code" if same else ""


def _name(key: str | tuple[str, str]) -> str:
    return key if isinstance(key, str) else key[1]


def _summary(rows: list[Row]) -> str:
    kinds = Counter(row.cell("kind") for row in rows)
    coded = Counter((row.cell("kind"), code) for row in rows for code in CODES if row.cell(code))
    terms = Counter[str]()
    for row in rows:
        terms[row.cell("kind")] += 1 + len(row.synonyms())
    lines = ["kind        rows  terms " + "".join(f"{code:>8}" for code in CODES)]
    for kind in sorted(kinds):
        counts = "".join(f"{coded[kind, code]:8}" for code in CODES)
        lines.append(f"{kind:10}{kinds[kind]:6}{terms[kind]:7} {counts}")
    return "\n".join(lines)


def main(arguments: list[str] | None = None) -> int:
    """Print every defect and the counts; 1 if there is a defect, otherwise 0."""
    parser = argparse.ArgumentParser(prog="python -m terminology.check", description="Check Notewright Core.")
    parser.add_argument("--reference", type=Path, help="folder with the reference releases")
    parser.add_argument("--data", type=Path, default=CORE, help="folder with the tables")
    given = parser.parse_args(arguments)
    reference = read_reference(given.reference) if given.reference else None
    rows, defects = check(read_icd10cm(), given.data, reference)
    for defect in defects:
        sys.stderr.write(f"{defect}\n")
    sys.stdout.write(f"{_summary(rows)}\n{len(defects)} defects\n")
    return 1 if defects or not rows else 0


if __name__ == "__main__":
    raise SystemExit(main())
