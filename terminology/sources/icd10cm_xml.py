"""ICD-10-CM from the tabular list of the CDC (`icd10cm_tabular_YYYY.xml`), as it is or in its zip.

A code without children takes the seventh characters of the nearest definition at or above it; codes too short
for a seventh place are filled with X. What a definition does not hold for is said in the notes beside it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import Element

from terminology import systems
from terminology.errors import TerminologyError
from terminology.model import Entry, Term
from terminology.sources.reading import Reading
from terminology.sources.xml_reading import digest, elements, flat, opened

ROOT = "ICD10CM.tabular"
WANTED = frozenset({"version", "diag"})
CODE = re.compile(r"[A-Z][0-9A-Z]{2}(\.[0-9A-Z]{1,4})?")
SEVENTH = re.compile(r"[0-9A-Z]")
PLACES = 6  # characters before the seventh, the dot not counted

# S06: "7th characters D and S do not apply to codes in category S06 with 6th character 7 - ..., or 8 - ..."
BARRED = re.compile(
    r"7th characters? ((?:[0-9A-Z](?:, |,? and |,? or )?)+) do not apply\b(.*)6th character\b(.*)"
)
SIXTH = re.compile(r"(?<![\w-])([0-9A-Z]) -(?= )")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seventh:
    """A definition of seventh characters."""

    meanings: Mapping[str, str] = field(default_factory=dict)
    barred: frozenset[tuple[str, str]] = frozenset()  # sixth and seventh character that do not go together


def read(path: Path | None) -> Reading:
    """Every category and code with its names, seventh characters written out."""
    if path is None:
        raise TerminologyError("source icd10cm_xml: needs a path")
    version, entries, skipped = "", dict[str, Entry](), 0
    with opened(path, ".xml", "tabular") as stream:
        for tag, element in elements(path, stream, ROOT, WANTED):
            if tag == "version":
                version = version or flat(element)
            elif tag == "diag":
                for code, entry in _diagnoses(element, (), _Seventh(), version):
                    skipped += entry is None or code in entries
                    if entry:
                        entries.setdefault(code, entry)
    return Reading(
        name="ICD-10-CM",
        version=version,
        licence="CDC/NCHS, public domain",
        sha256=digest(path),
        entries=tuple(entries.values()),
        skipped=skipped,
    )


def _diagnoses(
    diag: Element, parents: tuple[str, ...], seventh: _Seventh, version: str
) -> Iterator[tuple[str, Entry | None]]:
    """A diagnosis and everything below it; None for one that has no usable code or no name."""
    code, names, below = flat(_first(diag, "name")), _names(diag), diag.findall("diag")
    seventh = _seventh(diag, seventh)
    usable = bool(CODE.fullmatch(code) and names)
    yield code, _entry(code, names, parents, version) if usable else None
    for child in below:
        yield from _diagnoses(child, (code,) if usable else parents, seventh, version)
    if usable and not below:
        yield from _extended(code, names[0], seventh, version)


def _extended(code: str, name: str, seventh: _Seventh, version: str) -> Iterator[tuple[str, Entry]]:
    filled = code.replace(".", "").ljust(PLACES, "X")
    if len(filled) > PLACES:
        return
    for last, meaning in seventh.meanings.items():
        if (filled[-1], last) not in seventh.barred:
            whole = f"{filled[:3]}.{filled[3:]}{last}"
            yield whole, _entry(whole, [f"{name}, {meaning}"], (code,), version)


def _seventh(diag: Element, above: _Seventh) -> _Seventh:
    """The definition that holds at a diagnosis: its own, or the nearest above with what its notes bar."""
    own = {
        key: flat(extension)
        for extension in _first(diag, "sevenChrDef").iter("extension")
        if SEVENTH.fullmatch(key := extension.get("char", "")) and flat(extension)
    }
    barred = frozenset(
        (sixth, last)
        for tag in ("notes", "sevenChrNote")
        for note in _first(diag, tag).iter("note")
        for said in BARRED.finditer(flat(note))
        for last in re.findall(r"\b[0-9A-Z]\b", said.group(1))
        for sixth in SIXTH.findall(said.group(3))
    )
    if own:
        return _Seventh(meanings=own, barred=barred)
    return _Seventh(meanings=above.meanings, barred=above.barred | barred)


def _names(diag: Element) -> list[str]:
    """The title, then the inclusion terms; none without a title."""
    title = flat(_first(diag, "desc"))
    terms = [flat(note) for included in diag.findall("inclusionTerm") for note in included.iter("note")]
    return [name for name in dict.fromkeys([title, *terms]) if name] if title else []


def _first(diag: Element, tag: str) -> Element:
    found = diag.find(tag)
    return Element(tag) if found is None else found


def _entry(code: str, names: list[str], parents: tuple[str, ...], version: str) -> Entry:
    terms = tuple(Term(text=name, language="en", preferred=not place) for place, name in enumerate(names))
    return Entry(
        system=systems.ICD10CM, code=code, kind=None, terms=terms, version=version or None, parents=parents
    )
