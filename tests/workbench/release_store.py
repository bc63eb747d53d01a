"""A store of Core and a made-up release: hierarchy, map rules, inactive concepts, very many below one."""

from pathlib import Path

import terminology
from terminology import Source
from tests.terminology import rf2_release
from tests.terminology.rf2_release import Shape, identifier

ROOT = identifier(10_000)  # top of the hierarchy
WIDE = identifier(10_001)  # nearly 300 concepts stand directly below it
RULED = identifier(10_045)  # has map rules: one for men, one for everybody else


def made_up_release(folder: Path) -> Path:
    """The store file, written in a folder."""
    release = rf2_release.write(folder, Shape(concepts=900))
    _widen(release)
    sources = [Source(kind="core"), Source(kind="rf2", path=release)]
    terminology.build(sources, folder / "store.sqlite")
    return folder / "store.sqlite"


def _widen(release: Path) -> None:
    """The concepts from 600 on stand below WIDE too."""
    (table,) = release.rglob("sct2_Relationship_*.txt")
    head = (rf2_release.DATE, 1, rf2_release.MODULE)
    ends = (WIDE, 0, "116680003", "900000000000011006", "900000000000451002")
    rows = [
        (identifier(5_000_000 + number, "02"), *head, identifier(10_000 + number), *ends)
        for number in range(600, 890)
    ]
    with table.open("a", encoding="utf-8", newline="") as file:
        file.writelines("\t".join(map(str, row)) + "\r\n" for row in rows)
