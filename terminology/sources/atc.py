"""ATC as a table: the WHO index (code, name, DDD, unit, route, note) or a national edition, also BfArM's.

Comma, semicolon or tab; lines before the header are passed over. A level of the classification is told by
the length of the code (1, 3, 4, 5, 7), and so is its parent. The system is the WHO's unless a column `system`
or a file name with "bfarm" or "amtlich" says that it is the official German edition, a system of its own.
The language of a name is that of its column's heading, or a column `language`.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from terminology import systems
from terminology.errors import TerminologyError
from terminology.model import Entry, Term
from terminology.sources import archives
from terminology.sources.archives import Part
from terminology.sources.reading import Reading

CODE = re.compile(r"[A-Z](\d\d([A-Z]([A-Z](\d\d)?)?)?)?", re.ASCII)
PARENT = {3: 1, 4: 3, 5: 4, 7: 5}
CODES = frozenset({"code", "atc", "atccode", "codeatc", "atckode", "atcklasse"})
NAMES = {
    "name": "en",
    "atcname": "en",
    "levelname": "en",
    "atclevelname": "en",
    "substance": "en",
    "label": "en",
    "display": "en",
    "bedeutung": "de",
    "atcbedeutung": "de",
    "bezeichnung": "de",
    "atcbezeichnung": "de",
    "wirkstoff": "de",
    "libelle": "fr",
    "libellé": "fr",
    "libelléatc": "fr",
    "nom": "fr",
    "naam": "nl",
    "omschrijving": "nl",
    "nombre": "es",
    "descripción": "es",
    "denominazione": "it",
    "nome": "pt",
    "navn": "no",
    "namn": "sv",
}
NAMED = re.compile(r"(?:name|label|display)([a-z]{2})", re.ASCII)  # name_de, label.fr
LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{1,8})*", re.ASCII)
PREAMBLE = 20  # lines in which the header must come
WHO_LICENCE = "WHO Collaborating Centre for Drug Statistics Methodology: no commercial copying, no changes"
BFARM_LICENCE = "BfArM: official work (§ 5 (2) UrhG), to be passed on unchanged and with its source"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Layout:
    """Where the columns stand."""

    line: int
    delimiter: str
    width: int
    code: int
    names: dict[int, str]  # column: language
    system: int | None
    language: int | None


def read(path: Path | None) -> Reading:
    """Every group and substance with its names."""
    if path is None:
        raise TerminologyError("source atc: needs a path")
    part = archives.one(path, "*atc*.csv", "*atc*.tsv", "*atc*.txt", "*.csv", "*.tsv", "*.txt")
    layout = _layout(part)
    own = bool(re.search(r"bfarm|amtlich", f"{path.name} {part.name}", re.IGNORECASE))
    terms, skipped = _gather(_rows(part, layout, systems.ATC_BFARM if own else systems.ATC))
    year = re.search(r"(?<!\d)(?:19|20)\d\d(?!\d)", f"{part.name} {path.name}")
    return Reading(
        name="ATC, German edition" if own else "ATC",
        version=year[0] if year else "",
        licence=BFARM_LICENCE if own else WHO_LICENCE,
        sha256=archives.digest(path, [part]),
        entries=tuple(_entry(system, code, names) for (system, code), names in terms.items()),
        skipped=skipped,
    )


def _gather(
    rows: Iterator[tuple[str, str, list[tuple[str, str]]]],
) -> tuple[dict[tuple[str, str], dict[tuple[str, str], None]], int]:
    """The names of each code in the order they came, and how many rows had no possible code."""
    found: dict[tuple[str, str], dict[tuple[str, str], None]] = {}
    skipped = 0
    for code, system, names in rows:
        if CODE.fullmatch(code):
            found.setdefault((system, code), {}).update(dict.fromkeys(names))
        else:
            skipped += 1
    return found, skipped


def _entry(system: str, code: str, names: dict[tuple[str, str], None]) -> Entry:
    """A code; of its names in one language the first is preferred."""
    above = PARENT.get(len(code))
    first = {language: text for text, language in reversed(names)}
    return Entry(
        system=system,
        code=code,
        kind=None,
        terms=tuple(
            Term(text=text, language=language, preferred=text == first[language]) for text, language in names
        ),
        parents=(code[:above],) if above else (),
    )


def _layout(part: Part) -> _Layout:
    """The header: the first line with a column of codes and one of names."""
    for line, text in islice(archives.lines(part), PREAMBLE):
        for delimiter in "\t;,":
            try:
                cells = next(csv.reader([text], delimiter=delimiter, strict=True), [])
            except csv.Error:
                continue
            names = [re.sub(r"[\W_]", "", cell.lower()) for cell in cells]
            codes = [place for place, name in enumerate(names) if name in CODES]
            called = {place: language for place, name in enumerate(names) if (language := _language(name))}
            if codes and called:
                return _Layout(
                    line=line,
                    delimiter=delimiter,
                    width=len(cells),
                    code=codes[0],
                    names=called,
                    system=names.index("system") if "system" in names else None,
                    language=names.index("language") if "language" in names else None,
                )
    raise TerminologyError(f"{part}: line 1: no header with a column of ATC codes and one of names")


def _language(heading: str) -> str:
    match = NAMED.fullmatch(heading)
    return NAMES.get(heading) or (match[1] if match else "")


def _rows(part: Part, layout: _Layout, system: str) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """Code, system and names of every row that has a name; rows that only go on with doses do not."""
    for line, cells in archives.records(part, layout.delimiter):
        if line <= layout.line:
            continue
        if len(cells) < layout.width or any(cells[layout.width :]):
            raise TerminologyError(
                f"{part}: line {line}: {len(cells)} columns, the header has {layout.width}"
            )
        told = cells[layout.language].lower() if layout.language is not None else ""
        if told and not LANGUAGE.fullmatch(told):
            raise TerminologyError(f"{part}: line {line}: column 'language' is no language tag")
        names = [
            (" ".join(cells[place].split()), told or language)
            for place, language in layout.names.items()
            if cells[place]
        ]
        if names:
            yield (
                cells[layout.code].replace(" ", "").upper(),
                _system(part, line, cells, layout, system),
                names,
            )


def _system(part: Part, line: int, cells: list[str], layout: _Layout, default: str) -> str:
    system = cells[layout.system] if layout.system is not None else ""
    if system not in {"", systems.ATC, systems.ATC_BFARM}:
        raise TerminologyError(
            f"{part}: line {line}: column 'system' must be {systems.ATC} or {systems.ATC_BFARM}"
        )
    return system or default
