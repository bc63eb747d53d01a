"""RxNorm in Rich Release Format: the full set or the Current Prescribable Content.

A folder, a zip or RXNCONSO.RRF alone. Names are those of RxNorm itself and, as synonyms, those of drug labels
(SAB=MTHSPL). A concept none of whose names is current (SUPPRESS=N) is inactive. From RXNREL, where it lies
beside, come the broader concepts: a drug's ingredients (also those of its components), the base of a salt,
the generic drug of a brand. Its rows read from RXCUI2 to RXCUI1: "RXCUI2 has_ingredient RXCUI1". ATC codes of
the fifth level come from rows with SAB=ATC, for single ingredients only.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from terminology import systems
from terminology.errors import TerminologyError
from terminology.model import Entry, Mapping, Term
from terminology.sources import archives
from terminology.sources.archives import Part
from terminology.sources.reading import Reading

NAMES = ("IN", "PIN", "MIN", "BN", "SCD", "SBD", "SCDC", "SBDC", "SCDF", "SBDF", "GPCK", "BPCK")
SYNONYMS = ("PSN", "SY", "TMSY")
SINGLE = frozenset({"IN", "PIN"})
BROADER = frozenset(
    {"has_ingredient", "has_ingredients", "has_precise_ingredient", "tradename_of", "form_of"}
)
OF_COMPONENT = frozenset({"has_ingredient", "has_precise_ingredient"})
LANGUAGES = {"ENG": "en", "SPA": "es", "FRE": "fr", "GER": "de", "DUT": "nl", "POR": "pt", "ITA": "it"}
SUBSTANCE = re.compile(r"[A-Z]\d\d[A-Z]{2}\d\d")  # ATC code of the fifth level
DATE = re.compile(r"(?<!\d)(\d\d)(\d\d)(20\d\d)(?!\d)")


@dataclass(slots=True)
class _Drug:
    """An RXCUI in the making."""

    active: bool = False
    single: bool = False  # one ingredient
    terms: dict[tuple[str, str], int] = field(default_factory=dict)  # text, language: rank
    old: dict[tuple[str, str], int] = field(default_factory=dict)  # the same of names no longer current
    labels: dict[tuple[str, str], None] = field(default_factory=dict)
    parents: dict[str, None] = field(default_factory=dict)
    broader: dict[str, None] = field(default_factory=dict)
    atc: dict[str, None] = field(default_factory=dict)


def read(path: Path | None) -> Reading:
    """Every RxNorm concept with names, ingredients and ATC codes."""
    if path is None:
        raise TerminologyError("source rxnorm: needs a path")
    conso = archives.one(path, "RXNCONSO.RRF")
    relations = archives.beside(path, conso, "RXNREL.RRF")
    attributes = archives.beside(path, conso, "RXNSAT.RRF")
    drugs: dict[str, _Drug] = {}
    skipped, sources = _names(conso, drugs)
    drugs = {code: drug for code, drug in drugs.items() if drug.terms or drug.old}
    for part in relations:
        _relate(part, drugs)
    for part in attributes:
        _classify(part, drugs)
    return Reading(
        name="RxNorm",
        version=_version(path, conso),
        licence=_licence(sources, any(drug.atc for drug in drugs.values())),
        sha256=archives.digest(path, [conso, *relations, *attributes]),
        entries=tuple(_entry(code, drug) for code, drug in drugs.items()),
        skipped=skipped,
    )


def _names(part: Part, drugs: dict[str, _Drug]) -> tuple[int, set[str]]:
    """Puts every name down; gives how many rows were left out and which sources there are."""
    skipped, sources = 0, set[str]()
    for _, cells in _rows(part, 18):
        code, kind, text = cells[0], cells[12], " ".join(cells[14].split())
        sources.add(cells[11])
        if cells[11] not in {"RXNORM", "MTHSPL", "ATC"}:
            continue
        if not (code.isascii() and systems.possible(systems.RXNORM, code) and text):
            skipped += 1
            continue
        drug = drugs.get(code) or drugs.setdefault(code, _Drug())
        name = (text, LANGUAGES.get(cells[1], cells[1].lower()[:3] or "en"))
        _put(drug, source=cells[11], kind=kind, atc=cells[13], name=name, current=cells[16] == "N")
    return skipped, sources


def _put(drug: _Drug, *, source: str, kind: str, atc: str, name: tuple[str, str], current: bool) -> None:
    if source == "ATC":
        if current and SUBSTANCE.fullmatch(atc):
            drug.atc[atc] = None
    elif source == "MTHSPL":
        if current:
            drug.labels[name] = None
    elif kind in NAMES or kind in SYNONYMS:
        rank = NAMES.index(kind) if kind in NAMES else len(NAMES)
        names = drug.terms if current else drug.old
        names[name] = min(rank, names.get(name, rank))
        drug.active |= current
        drug.single |= current and kind in SINGLE


def _relate(part: Part, drugs: dict[str, _Drug]) -> None:
    """Puts down what RXNREL says is broader than a drug."""
    components: list[tuple[str, str]] = []
    ingredients: dict[str, set[str]] = {}
    for _, cells in _rows(part, 16):
        broad, narrow, relation = cells[0], cells[4], cells[7]
        if cells[10] != "RXNORM" or cells[14] not in {"", "N"} or broad == narrow:
            continue
        if broad not in drugs or narrow not in drugs:
            continue
        if relation == "isa":
            drugs[narrow].parents[broad] = None
        elif relation == "consists_of":
            components.append((narrow, broad))
        elif relation in BROADER:
            drugs[narrow].broader[broad] = None
        if relation in OF_COMPONENT:
            ingredients.setdefault(narrow, set()).add(broad)
    for drug, component in components:
        drugs[drug].broader.update(dict.fromkeys(ingredients.get(component, set()) - {drug}))


def _classify(part: Part, drugs: dict[str, _Drug]) -> None:
    """Puts down the ATC codes RXNSAT gives (ATN=ATC_LEVEL, ATV=5)."""
    for _, cells in _rows(part, 13):
        fifth = cells[9] == "ATC" and cells[8] == "ATC_LEVEL" and cells[10] == "5"
        if fifth and cells[11] in {"", "N"} and cells[0] in drugs and SUBSTANCE.fullmatch(cells[5]):
            drugs[cells[0]].atc[cells[5]] = None


def _rows(part: Part, columns: int) -> Iterator[tuple[int, list[str]]]:
    """The cells of every line, which ends in a pipe."""
    for number, line in archives.lines(part):
        if not line.strip():
            continue
        cells = line.split("|")
        if len(cells) != columns + 1 or cells[-1].strip():
            raise TerminologyError(
                f"{part}: line {number}: {len(cells) - 1} columns ended by a pipe where {columns} are due"
            )
        yield number, cells


def _entry(code: str, drug: _Drug) -> Entry:
    names = drug.terms or drug.old
    first = min((rank, text) for (text, _), rank in names.items())
    terms = [
        Term(text=text, language=language, preferred=(rank, text) == first and rank < len(NAMES))
        for (text, language), rank in sorted(names.items(), key=lambda item: (item[1], item[0]))
    ]
    terms += [
        Term(text=text, language=language, preferred=False)
        for text, language in sorted(drug.labels.keys() - names.keys())
    ]
    mappings = [(systems.RXNORM, other, "broader") for other in sorted(drug.broader)]
    if drug.single:
        mappings += [(systems.ATC, other, "equivalent") for other in sorted(drug.atc)]
    return Entry(
        system=systems.RXNORM,
        code=code,
        kind=None,
        terms=tuple(terms),
        mappings=tuple(
            Mapping(system=system, code=other, display="", relation=relation)
            for system, other, relation in mappings
        ),
        parents=tuple(sorted(drug.parents)),
        active=drug.active,
    )


def _version(path: Path, conso: Part) -> str:
    """The release date, as the file name or a folder on the way to it tells."""
    for name in (path.name, *reversed(conso.folder)):
        if match := DATE.search(name):
            return f"{match[3]}-{match[1]}-{match[2]}"
    return ""


def _licence(sources: set[str], atc: bool) -> str:
    said = "RxNorm, U.S. National Library of Medicine: its own names are free to use"
    if sources - {"RXNORM", "MTHSPL"}:
        said += "; the full release is under the UMLS Metathesaurus License"
    return f"{said}; ATC codes: WHO Collaborating Centre for Drug Statistics Methodology" if atc else said
