"""Words of names that Core has without a code: known to be right, though a store cannot answer with them.

A word that is known is not taken for a misspelt other word, nor the name of a test for that of an operation.
"""

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from terminology.normalise import DATA, Normaliser

CODES = ("snomed", "icd10cm", "rxnorm", "atc")
SHORTEST = 4  # letters; shorter words are never corrected


@lru_cache(maxsize=1)
def shipped(normaliser: Normaliser) -> frozenset[str]:
    """The words of every name without a code in the tables that come with the software."""
    return frozenset(
        word
        for name in _names(DATA / "core")
        for word in normaliser.words(name)
        if len(word) >= SHORTEST and word.isalpha()
    )


@lru_cache(maxsize=1)
def named() -> frozenset[tuple[str, str, str]]:
    """Kind, language and, without case, each name that the tables have without a code."""
    return frozenset(
        (kind, language, name.casefold())
        for table in sorted((DATA / "core").glob("*.tsv"))
        for kind, language, name in _listed(table)
    )


@lru_cache(maxsize=1)
def kinds() -> frozenset[str]:
    """The kinds that have names without a code."""
    return frozenset(kind for kind, _, _ in named())


def _names(folder: Path) -> Iterator[str]:
    for table in sorted(folder.glob("*.tsv")):
        yield from (name for _, _, name in _listed(table))


def _listed(table: Path) -> Iterator[tuple[str, str, str]]:
    """Kind, language and name of what has no code in a table."""
    uncoded = {
        (row["kind"], row["name"]): row["synonyms"]
        for row in _rows(table)
        if not any(row[code] for code in CODES)
    }
    for (kind, name), synonyms in uncoded.items():
        yield from ((kind, "en", one) for one in (name, *filter(None, synonyms.split("|"))))
    for path in sorted(table.parent.glob(f"names/*/{table.name}")):
        for row in _rows(path):
            if (row["kind"], row["name"]) in uncoded:
                yield from ((row["kind"], path.parent.name, name) for name in row["names"].split("|"))


def _rows(path: Path) -> Iterator[dict[str, str]]:
    lines = path.read_text("utf-8").splitlines()
    header = lines[0].split("\t")
    yield from (dict(zip(header, line.split("\t"), strict=True)) for line in lines[1:])
