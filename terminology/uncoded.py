"""Words of names that Core has without a code: known to be right, though a store cannot answer with them.

A word that is known is not taken for a misspelt other word, nor the name of a test for that of an operation;
and a note may be searched for these names, which say what kind of thing they are.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from terminology import places
from terminology.gazetteer import Name, Names
from terminology.model import Hit
from terminology.normalise import DATA, Normaliser
from terminology.reader import as_hit

CODES = ("snomed", "icd10cm", "rxnorm", "atc")
NOWHERE = -1  # the source of what is from none of a store
SHORTEST = 4  # letters; shorter words are never corrected


@lru_cache(maxsize=1)
def shipped(normaliser: Normaliser) -> frozenset[str]:
    """The words of every name without a code in the tables that come with the software."""
    return frozenset(
        word
        for _, _, name in _all()
        for word in normaliser.words(name)
        if len(word) >= SHORTEST and word.isalpha()
    )


@lru_cache(maxsize=1)
def named() -> frozenset[tuple[str, str, str]]:
    """Kind, language and, without case, each name that the tables have without a code."""
    return frozenset((kind, language, name.casefold()) for kind, language, name in _all())


@lru_cache(maxsize=1)
def kinds() -> frozenset[str]:
    """The kinds that have names without a code."""
    return frozenset(kind for kind, _, _ in named())


def names(normaliser: Normaliser) -> Names:
    """Every name without a code in the tables that come with the software, to find in notes."""
    beginnings, found = set[int](), dict[int, list[Name]]()
    for kind, language, text in _all():
        tokens = normaliser.tokens(text)
        if keys := places.place(normaliser, text, tokens):
            beginnings.update(keys)
            name = Name(hit=_hit(kind, language, text), sequence=places.sequence(tokens))
            found.setdefault(keys[-1], []).append(name)
    return Names(beginnings=_sorted(beginnings), whole=_sorted(found), of=lambda key: tuple(found[key]))


def _hit(kind: str, language: str, text: str) -> Hit:
    return as_hit(("", "", text, kind, text, language, False, NOWHERE), score=1.0, match="exact")


def _sorted(keys: Iterable[int]) -> NDArray[np.uint64]:
    return np.array(sorted(keys), dtype=np.uint64)


@lru_cache(maxsize=1)
def _all() -> tuple[tuple[str, str, str], ...]:
    """Kind, language and name of what has no code in the tables that come with the software."""
    return tuple(one for table in sorted((DATA / "core").glob("*.tsv")) for one in _listed(table))


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
