"""Where concepts come from: one reader per kind of source, each giving the same `Entry` values.

A reader does not judge: which concepts are one, what kind they are and which name is preferred is
decided in `terminology.build`. A new format is a new module and a line in `READERS`.
"""

from collections.abc import Callable
from pathlib import Path

from terminology.errors import TerminologyError
from terminology.model import Source
from terminology.sources import (
    alphaid,
    atc,
    claml,
    core,
    fhir_json,
    gps,
    icd10cm,
    icd10cm_xml,
    loinc,
    rf2,
    rxnorm,
    tsv,
)
from terminology.sources.reading import Reading

READERS: dict[str, Callable[[Path | None], Reading]] = {
    "alphaid": alphaid.read,
    "atc": atc.read,
    "claml": claml.read,
    "core": core.read,
    "fhir": fhir_json.read,
    "gps": gps.read,
    "icd10cm": icd10cm.read,
    "icd10cm-xml": icd10cm_xml.read,
    "loinc": loinc.read,
    "rf2": rf2.read,
    "rxnorm": rxnorm.read,
    "tsv": tsv.read,
}
NEEDS_PATH = frozenset(READERS) - {"core", "icd10cm"}
TAKES_PATH = frozenset(READERS) - {"icd10cm"}


def parse_source(text: str) -> Source:
    """A source written as KIND or KIND=PATH."""
    kind, equals, path = text.partition("=")
    if kind not in READERS:
        raise TerminologyError(f"source {kind!r}: unknown kind; known are {', '.join(sorted(READERS))}")
    if kind in NEEDS_PATH and not path:
        raise TerminologyError(f"source {kind}: needs a path, as in {kind}=FILE")
    if equals and kind not in TAKES_PATH:
        raise TerminologyError(f"source {kind}: takes no path")
    return Source(kind=kind, path=Path(path) if path else None)


def read(source: Source) -> Reading:
    """Everything a source says."""
    if source.kind not in READERS:
        raise TerminologyError(
            f"source {source.kind!r}: unknown kind; known are {', '.join(sorted(READERS))}"
        )
    if source.path is None and source.kind in NEEDS_PATH:
        raise TerminologyError(f"source {source.kind}: needs a path")
    return READERS[source.kind](source.path)


__all__ = ["READERS", "Reading", "parse_source", "read"]
