"""LOINC: Loinc.csv or LoincTableCore.csv, alone or in the release's zip or folder.

Names are the long common name, the display name, the consumer name and the short name. Of the related names
(RELATEDNAMES2) only those are taken that are short and stand with one analyte alone, and only for the tests
LOINC ranks as common: the rest are words for the axes ("Blood", "Quantitative") that very many codes share.
MapTo.csv tells what replaced a deprecated code; linguistic variants beside the table bring translations.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from terminology import systems
from terminology.errors import TerminologyError
from terminology.model import Association, Entry, Term
from terminology.sources import archives
from terminology.sources.archives import Part
from terminology.sources.reading import Reading, Row

STATUSES = {"ACTIVE": True, "TRIAL": True, "DISCOURAGED": True, "DEPRECATED": False, "": True}
NAMES = ("long_common_name", "displayname", "consumer_name", "shortname")
RELATED_LENGTH = 40
VARIANT = re.compile(r"([a-z]{2})([A-Z]{2})\d*LinguisticVariant\.csv", re.ASCII)
RELEASE = re.compile(r"loinc[a-z]*[_ -]?v?(\d\.\d\d?)(?!\d)", re.IGNORECASE | re.ASCII)
LICENCE = "LOINC, © Regenstrief Institute, Inc.; free of charge under the licence at loinc.org/license"


@dataclass(slots=True)
class _Test:
    """A LOINC code in the making."""

    names: dict[str, None]  # English, the preferred one first
    active: bool
    related: tuple[str, ...] = ()
    translations: dict[tuple[str, str], bool] = field(default_factory=dict)  # text, language: preferred


@dataclass(slots=True)
class _Told:
    """What the main table says."""

    tests: dict[str, _Test] = field(default_factory=dict)
    analytes: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))  # of related names
    latest: tuple[int, ...] = ()
    skipped: int = 0


def read(path: Path | None) -> Reading:
    """Every LOINC code with its names, and what replaced the deprecated ones."""
    if path is None:
        raise TerminologyError("source loinc: needs a path")
    main = archives.one(path, "Loinc.csv", "LoincTable.csv", "LoincTableCore.csv")
    whole = _whole(path, main)
    told = _Told()
    for row in archives.table(main, ",", ("loinc_num", "long_common_name", "status")):
        _put(main, row, told)
    variants = [part for part in archives.parts(path, "*LinguisticVariant.csv") if whole]
    for part in variants:
        _translate(part, told.tests)
    replaced = archives.beside(path, main, "MapTo.csv") if whole else []
    associations = tuple(found for part in replaced for found in _replacements(part, told.tests))
    version = _version(path, main, told)
    return Reading(
        name="LOINC",
        version=version,
        licence=LICENCE,
        sha256=archives.digest(path, [main, *variants, *replaced]),
        entries=tuple(_entry(code, test, version or None, told) for code, test in told.tests.items()),
        skipped=told.skipped,
        associations=associations,
    )


def _whole(path: Path, main: Part) -> bool:
    """Whether a release was named and not the table alone."""
    return bool(main.member) or path != main.path


def _put(part: Part, row: Row, told: _Told) -> None:
    code = row.cells["loinc_num"]
    names = [" ".join(row.cells.get(column, "").split()) for column in NAMES]
    if not any(names) or not systems.possible(systems.LOINC, code):
        told.skipped += 1
        return
    status = row.cells["status"].upper()
    if status not in STATUSES:
        raise TerminologyError(f"{part}: line {row.line}: column 'STATUS' is none of LOINC's")
    told.tests[code] = _Test(
        names=dict.fromkeys(text for text in names if text),
        active=STATUSES[status],
        related=_related(row, told.analytes),
    )
    changed = row.cells.get("versionlastchanged", "")
    if re.fullmatch(r"\d{1,3}(\.\d{1,3}){1,2}", changed, re.ASCII):
        told.latest = max(told.latest, tuple(map(int, changed.split("."))))


def _related(row: Row, analytes: defaultdict[str, set[str]]) -> tuple[str, ...]:
    """The short related names of a common test; notes for every test with which analyte a name stands."""
    listed = [" ".join(text.split()) for text in row.cells.get("relatednames2", "").split(";")]
    short = tuple(dict.fromkeys(text for text in listed if 1 < len(text) <= RELATED_LENGTH))
    analyte = re.split(r"[.^/ ]", row.cells.get("component", "").lower(), maxsplit=1)[0]
    for text in short:
        analytes[text.lower()].add(analyte)
    return short if row.cells.get("common_test_rank", "1") not in {"", "0"} else ()


def _translate(part: Part, tests: dict[str, _Test]) -> None:
    match = VARIANT.fullmatch(part.name)
    if match is None:
        return
    for row in archives.table(part, ",", ("loinc_num",)):
        test = tests.get(row.cells["loinc_num"])
        for place, text in enumerate(_translated(row) if test else ()):
            if test and text not in test.names:
                test.translations.setdefault((text, match[1]), not place)


def _translated(row: Row) -> Iterator[str]:
    """The names in a variant; the analyte and where it was measured, where there is no whole name."""
    cells = row.cells
    names = [cells.get("linguisticvariantdisplayname", ""), cells.get("long_common_name", "")]
    if not any(names) and cells.get("component"):
        system = cells.get("system", "")
        names = [f"{cells['component']} ({system})" if system else cells["component"]]
    yield from dict.fromkeys(text for text in (*names, cells.get("shortname", "")) if text)


def _replacements(part: Part, tests: dict[str, _Test]) -> Iterator[Association]:
    targets: dict[str, dict[str, None]] = {}
    for row in archives.table(part, ",", ("loinc", "map_to")):
        test = tests.get(row.cells["loinc"])
        if test and not test.active and systems.possible(systems.LOINC, row.cells["map_to"]):
            targets.setdefault(row.cells["loinc"], {})[row.cells["map_to"]] = None
    for code, listed in targets.items():
        kind = "replaced-by" if len(listed) == 1 else "possibly-replaced-by"
        for target in listed:
            yield Association(system=systems.LOINC, code=code, kind=kind, target=target)


def _entry(code: str, test: _Test, version: str | None, told: _Told) -> Entry:
    names = dict(test.names)
    names.update(dict.fromkeys(text for text in test.related if len(told.analytes[text.lower()]) == 1))
    terms = [Term(text=text, language="en", preferred=not place) for place, text in enumerate(names)]
    terms += [
        Term(text=text, language=language, preferred=preferred)
        for (text, language), preferred in test.translations.items()
    ]
    return Entry(
        system=systems.LOINC, code=code, kind=None, terms=tuple(terms), version=version, active=test.active
    )


def _version(path: Path, main: Part, told: _Told) -> str:
    """The release a file or folder is named for, or else the latest that changed a code."""
    for name in (path.name, *reversed(main.folder)):
        if match := RELEASE.search(name):
            return match[1]
    return ".".join(map(str, told.latest))
