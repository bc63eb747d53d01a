"""SNOMED CT from an RF2 release: International or national package, Snapshot or Full, folder or zip.

Format: https://docs.snomed.org/snomed-ct-specifications/snomed-ct-release-file-specification. Rows are passed
on as they are read, so a release never stands in memory whole. Text definitions, stated relationships and OWL
axioms are not read.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from terminology import systems
from terminology.errors import TerminologyError
from terminology.model import Association, Entry, Mapping, MapRule, Member, Term
from terminology.sources.reading import Reading
from terminology.sources.release import Release

CORE_MODULE = "900000000000207008"
FSN, SYNONYM = "900000000000003001", "900000000000013009"
IS_A, INFERRED = "116680003", "900000000000011006"
PREFERRED = "900000000000548007"
US_ENGLISH, GB_ENGLISH = "900000000000509007", "900000000000508004"

FILES = {
    "concept": r"Concept",
    "description": r"Description",
    "relationship": r"Relationship",
    "language": r"cRefset_Language",
    "association": r"cRefset_Association(?:Reference)?",
    "extended map": r"iisssccRefset_ExtendedMap",
    "complex map": r"iissscRefset_ComplexMap",
    "simple map": r"sRefset_SimpleMap",
    "simple": r"Refset_(?:Simple|[A-Z]\w*?)",
    "module": r"ssRefset_ModuleDependency",
}
NAME = r"x?(?:sct2|der2)_(?:{what})_?(?P<form>Snapshot|Full)(?:-(?P<language>[A-Za-z-]+))?_.+\.txt"

MAPS = {
    "447562003": systems.ICD10,
    "6011000124106": systems.ICD10CM,
    "999002271000000101": systems.ICD10UK,
    "446608001": systems.ICDO3,
}
ASSOCIATION_SETS = {
    "900000000000527005": "same-as",
    "900000000000526001": "replaced-by",
    "900000000000523009": "possibly-equivalent-to",
    "1186921001": "possibly-replaced-by",
    "1186924009": "partially-equivalent-to",
    "900000000000530003": "alternative",
    "900000000000529008": "similar-to",
    "900000000000528000": "was-a",
    "900000000000524003": "moved-to",
}


@dataclass(slots=True)
class _Known:
    """What later files need of earlier ones."""

    active: dict[str, bool] = field(default_factory=dict)
    modules: Counter[str] = field(default_factory=Counter)
    latest: str = ""
    edition: str = ""
    skipped: int = 0


def read(path: Path | None) -> Reading:
    """The concepts, names, hierarchy, maps, associations and reference sets of one package."""
    if path is None:
        raise TerminologyError("source rf2: needs a path")
    release = Release(path, {what: NAME.format(what=pattern) for what, pattern in FILES.items()})
    for what in ("concept", "description"):
        if not release.tables(what):
            raise TerminologyError(f"{path}: no RF2 {what} file there (sct2_{what.title()}_Snapshot_...)")
    known = _Known()
    concepts = list(_concepts(release, known))
    known.edition = _edition(release, known)
    return Reading(
        name=f"SNOMED CT {path.name}",
        version=known.edition,
        licence="SNOMED International Affiliate Licence",
        sha256=_digest(release),
        entries=_entries(release, known, concepts),
        skipped=known.skipped,
        rules=_rules(release, known),
        associations=_associations(release, known),
        members=_members(release, known),
    )


def _concepts(release: Release, known: _Known) -> Iterator[str]:
    for row in _rows(release, "concept", 5):
        code, time, active, module = row[0], row[1], row[2] == "1", row[3]
        if not systems.possible(systems.SNOMED, code):
            known.skipped += 1
            continue
        known.active[code] = active
        known.modules[module] += 1
        known.latest = max(known.latest, time)
        yield code


def _edition(release: Release, known: _Known) -> str:
    """The edition's URI: the module that depends on others and on which none depends, and its date."""
    sources, targets = dict[str, str](), set[str]()
    for row in _rows(release, "module", 8):
        if row[2] == "1":
            sources[row[3]] = max(sources.get(row[3], ""), row[6])
            targets.add(row[5])
    tops = sorted(module for module in sources if module not in targets and known.modules[module])
    module = tops[0] if len(tops) == 1 else CORE_MODULE
    return f"{systems.SNOMED}/{module}/version/{sources.get(module) or known.latest}"


def _entries(release: Release, known: _Known, concepts: list[str]) -> Iterator[Entry]:
    for code in concepts:
        yield Entry(
            system=systems.SNOMED,
            code=code,
            kind=None,
            terms=(),
            version=known.edition,
            active=known.active[code],
        )
    concepts.clear()
    preferred = _preferred(release)
    for row in _rows(release, "description", 9):
        if row[2] != "1" or row[4] not in known.active or row[6] not in (FSN, SYNONYM) or not row[7].strip():
            continue
        chosen = row[6] == SYNONYM and _number(row[0], "description") in preferred
        term = Term(text=row[7].strip(), language=row[5].lower(), preferred=chosen)
        yield Entry(system=systems.SNOMED, code=row[4], kind=None, terms=(term,), active=known.active[row[4]])
    for row in _rows(release, "relationship", 10):
        if row[2] == "1" and row[7] == IS_A and row[8] == INFERRED and row[4] in known.active:
            active = known.active[row[4]]
            parents = (row[5],) if active else ()
            yield Entry(
                system=systems.SNOMED, code=row[4], kind=None, terms=(), parents=parents, active=active
            )
    yield from _simple_maps(release, known)


def _preferred(release: Release) -> set[int]:
    """Descriptions some language reference set prefers; of English ones, American English if it is there."""
    sets: dict[str, set[int]] = {}
    for row in _rows(release, "language", 7):
        if row[2] == "1" and row[6] == PREFERRED:
            sets.setdefault(row[4], set()).add(_number(row[5], "language"))
    if US_ENGLISH in sets:
        sets.pop(GB_ENGLISH, None)
    return set().union(*sets.values())


def _simple_maps(release: Release, known: _Known) -> Iterator[Entry]:
    for row in _rows(release, "simple map", 7):
        target = MAPS.get(row[4])
        if row[2] == "1" and target and row[5] in known.active and row[6]:
            mapping = Mapping(system=target, code=row[6], display="", relation="mapped")
            yield Entry(
                system=systems.SNOMED,
                code=row[5],
                kind=None,
                terms=(),
                mappings=(mapping,),
                active=known.active[row[5]],
            )


def _rules(release: Release, known: _Known) -> Iterator[MapRule]:
    for what, columns in (("extended map", 13), ("complex map", 12)):
        for row in _rows(release, what, columns):
            target = MAPS.get(row[4])
            if row[2] == "1" and target and row[5] in known.active:
                yield MapRule(
                    system=systems.SNOMED,
                    code=row[5],
                    to_system=target,
                    group=_number(row[6], what),
                    priority=_number(row[7], what),
                    rule=row[8],
                    advice=row[9],
                    target=row[10],
                    category=row[12] if columns == 13 else "",
                )


def _associations(release: Release, known: _Known) -> Iterator[Association]:
    for row in _rows(release, "association", 7):
        kind = ASSOCIATION_SETS.get(row[4])
        if row[2] == "1" and kind and row[5] in known.active:
            yield Association(system=systems.SNOMED, code=row[5], kind=kind, target=row[6])


def _members(release: Release, known: _Known) -> Iterator[Member]:
    for row in _rows(release, "simple", 6):
        if row[2] == "1" and row[5] in known.active:
            yield Member(system=systems.SNOMED, set=row[4], code=row[5])


def _rows(release: Release, what: str, columns: int) -> Iterator[list[str]]:
    """The rows of every file of one kind; of a Full file, the latest of each id."""
    for table in release.tables(what):
        rows = table.rows(columns)
        yield from _latest(rows) if table.form == "Full" else rows


def _number(cell: str, what: str) -> int:
    """The number in a cell of a file of this kind."""
    if not (cell.isascii() and cell.isdecimal()):
        raise TerminologyError(f"an RF2 {what} file has a cell that must be a number and is none")
    return int(cell)


def _latest(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    newest: dict[str, list[str]] = {}
    for row in rows:
        before = newest.get(row[0])
        if before is None or row[1] >= before[1]:
            newest[row[0]] = row
    yield from newest.values()


def _digest(release: Release) -> str:
    whole = hashlib.sha256()
    for what in FILES:
        for table in release.tables(what):
            whole.update(f"{table.name}\0{table.sha256()}\n".encode())
    return whole.hexdigest()
