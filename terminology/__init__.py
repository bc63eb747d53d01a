"""Terminology: builds one read-only store from the code lists a site may use, and answers from it.

`build(sources, output)` writes a store; `open_store(path)` opens one for `search`, `lookup`, `mappings`
and `matches`. A library of its own: it knows no note and nothing else of Notewright, and only
`terminology.fhir` knows FHIR.
"""

from terminology.build import build
from terminology.errors import TerminologyError
from terminology.model import (
    Association,
    Concept,
    Hit,
    Manifest,
    Mapping,
    MapRule,
    Member,
    Source,
    SourceInfo,
    SystemInfo,
    Term,
    TermMatch,
)
from terminology.sources import parse_source
from terminology.store import Store, open_store
from terminology.translate import Target, Translation, translate

__all__ = [
    "Association",
    "Concept",
    "Hit",
    "Manifest",
    "MapRule",
    "Mapping",
    "Member",
    "Source",
    "SourceInfo",
    "Store",
    "SystemInfo",
    "Target",
    "Term",
    "TermMatch",
    "TerminologyError",
    "Translation",
    "build",
    "open_store",
    "parse_source",
    "translate",
]
