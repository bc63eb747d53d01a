"""ICD-10-CM codes and rows of Notewright Core -> the WHO category, where one is sure.

WHO's ICD-10 and the American modification share most of their three-character categories. `data/core/who/`
lists what differs (its README says how); everything else keeps its category.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from terminology.errors import TerminologyError
from terminology.sources import reading

FOLDER = "who"
CATEGORY = re.compile(r"[A-Z]\d\d")
SHORTEST = 3  # characters of a category


@dataclass(frozen=True, slots=True, kw_only=True)
class Categories:
    """What differs from ICD-10-CM; an empty category says that none is sure."""

    codes: Mapping[str, str]  # code, or its beginning -> category
    rows: Mapping[tuple[str, str], str]  # kind and name of a row -> category
    digest: str

    def of_code(self, code: str) -> str:
        """The WHO category of what an ICD-10-CM code means, or nothing."""
        for length in range(len(code), SHORTEST - 1, -1):
            if code[:length] in self.codes:
                return self.codes[code[:length]]
        return code[:SHORTEST]

    def of_row(self, kind: str, name: str, code: str) -> str:
        """The WHO category of a row that is reported with an ICD-10-CM code, or nothing."""
        return self.rows.get((kind, name), self.of_code(code))


def read(folder: Path) -> Categories | None:
    """The tables beside a folder of tables; None where there are none, and nothing is known of WHO's."""
    if not (folder / FOLDER).is_dir():
        return None
    codes, first = _table(folder / FOLDER / "codes.tsv", ("icd10cm",))
    rows, second = _table(folder / FOLDER / "rows.tsv", ("kind", "name"))
    return Categories(
        codes={key[0]: category for key, category in codes.items()},
        rows={(key[0], key[1]): category for key, category in rows.items()},
        digest=f"{first}\0{second}",
    )


def _table(path: Path, keys: tuple[str, ...]) -> tuple[dict[tuple[str, ...], str], str]:
    text, digest = reading.contents(path)
    found: dict[tuple[str, ...], str] = {}
    for row in reading.rows(path, text, frozenset({*keys, "icd10"})):
        key, category = tuple(row.cells[name] for name in keys), row.cells["icd10"]
        if category and not CATEGORY.fullmatch(category):
            raise TerminologyError(f"{path}: line {row.line}: column 'icd10' must be a category like C44")
        if key in found or not all(key):
            raise TerminologyError(f"{path}: line {row.line}: stands there twice, or empty")
        found[key] = category
    return found, digest
