"""ICD-10-CM from the `simple-icd-10-cm` package: names and hierarchy of categories and codes.

Importing that package costs seconds and memory, so it happens only here, while a store is built.
"""

import hashlib
import importlib.metadata
import warnings
from collections.abc import Iterable
from pathlib import Path

from terminology import systems
from terminology.errors import TerminologyError
from terminology.model import Entry, Term
from terminology.sources.reading import Reading

PACKAGE = "simple-icd-10-cm"


def read(path: Path | None) -> Reading:
    """Every category and code with its names."""
    if path is not None:
        raise TerminologyError(f"source icd10cm: takes no path; it reads the package {PACKAGE}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # the package reads its data the old way
            import simple_icd_10_cm as package  # noqa: PLC0415  (costs seconds: only when a store is built)
    except ImportError as error:
        raise TerminologyError(f"source icd10cm: the package {PACKAGE} is not installed") from error
    entries, whole = [], hashlib.sha256()
    codes = frozenset(filter(package.is_category_or_subcategory, package.get_all_codes(with_dots=True)))
    for code in sorted(codes):
        names = [package.get_description(code), *package.get_inclusion_term(code)]
        names = list(dict.fromkeys(" ".join(name.split()) for name in names if name.strip()))
        whole.update("\t".join((code, *names)).encode() + b"\n")
        entries.append(
            _entry(code, names, {package.get_parent(code)} & codes)
        )  # a category stands in a block
    return Reading(
        name="ICD-10-CM",
        version=f"{PACKAGE} {importlib.metadata.version(PACKAGE)}",
        licence="CDC/NCHS, public domain",
        sha256=whole.hexdigest(),
        entries=tuple(entries),
    )


def _entry(code: str, names: list[str], parents: Iterable[str]) -> Entry:
    terms = tuple(Term(text=name, language="en", preferred=not place) for place, name in enumerate(names))
    return Entry(system=systems.ICD10CM, code=code, kind=None, terms=terms, parents=tuple(parents))
