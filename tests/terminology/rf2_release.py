"""Writes RF2 release packages of made-up concepts: small ones for tests, large ones for measurements.

Identifiers are real in form (partition, check digit) and mean nothing; only metadata ids are SNOMED CT's own.
"""

import random
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from terminology.systems import VERHOEFF_D, VERHOEFF_P

MODULE, MODEL = "900000000000207008", "900000000000012004"
FSN, SYNONYM = "900000000000003001", "900000000000013009"
US, PREFERRED, ACCEPTABLE = "900000000000509007", "900000000000548007", "900000000000549004"
INVERSE = (0, 4, 3, 2, 1, 5, 6, 7, 8, 9)
DATE = "20260101"
CONCEPT = ("id", "effectiveTime", "active", "moduleId", "definitionStatusId")
DESCRIPTION = (*CONCEPT[:4], "conceptId", "languageCode", "typeId", "term", "caseSignificanceId")
ENDS = ("sourceId", "destinationId", "relationshipGroup", "typeId", "characteristicTypeId", "modifierId")
RELATIONSHIP = (*CONCEPT[:4], *ENDS)
REFSET = (*CONCEPT[:4], "refsetId", "referencedComponentId")
MAP = (
    *REFSET,
    "mapGroup",
    "mapPriority",
    "mapRule",
    "mapAdvice",
    "mapTarget",
    "correlationId",
    "mapCategoryId",
)

QUALITIES = [
    "acute",
    "chronic",
    "severe",
    "mild",
    "recurrent",
    "bilateral",
    "congenital",
    "primary",
    "diffuse",
    "focal",
    "partial",
    "late",
]
THINGS = [
    "brallitis",
    "tormosis",
    "quendopathy",
    "velaria",
    "ostrinoma",
    "marbosis",
    "lintemia",
    "corvalgia",
    "dremitis",
    "pelloma",
]
PLACES = [
    "gorn",
    "tulip",
    "mandor",
    "selk",
    "arvid",
    "bunt",
    "kessel",
    "lorn",
    "pask",
    "quill",
    "ramp",
    "stave",
]


def identifier(item: int, partition: str = "00") -> str:
    """The identifier with this item number: item, partition, Verhoeff check digit."""
    body = f"{item}{partition}"
    check = 0
    for place, digit in enumerate(reversed(body), 1):
        check = VERHOEFF_D[check][VERHOEFF_P[place % 8][int(digit)]]
    return body + str(INVERSE[check])


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How large a release is."""

    concepts: int = 100
    synonyms: int = 3  # per concept, beside the fully specified name
    inactive: int = 5
    seed: int = 1


def write(folder: Path, shape: Shape, *, form: str = "Snapshot", zipped: bool = False) -> Path:
    """A package of that shape; gives its folder or zip."""
    ids = [identifier(10_000 + number) for number in range(shape.concepts)]
    root = folder / f"SnomedCT_InternationalRF2_PRODUCTION_{DATE}T120000Z"
    files = {
        f"Terminology/sct2_Concept_{form}_INT_{DATE}.txt": (CONCEPT, _concepts(ids, shape)),
        f"Terminology/sct2_Description_{form}-en_INT_{DATE}.txt": (DESCRIPTION, _descriptions(ids, shape)),
        f"Terminology/sct2_Relationship_{form}_INT_{DATE}.txt": (RELATIONSHIP, _relationships(ids, shape)),
        f"Refset/Language/der2_cRefset_Language{form}-en_INT_{DATE}.txt": (
            (*REFSET, "acceptabilityId"),
            _languages(ids, shape),
        ),
        f"Refset/Map/der2_iisssccRefset_ExtendedMap{form}_INT_{DATE}.txt": (MAP, _maps(ids, shape)),
        f"Refset/Content/der2_cRefset_Association{form}_INT_{DATE}.txt": (
            (*REFSET, "targetComponentId"),
            _associations(ids, shape),
        ),
        f"Refset/Content/der2_Refset_Simple{form}_INT_{DATE}.txt": (REFSET, _members(ids)),
    }
    for name, (header, rows) in files.items():
        put(root / form / name, header, rows)
    return _zipped(root) if zipped else root


def put(path: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Writes one RF2 table: tabs, CRLF, header."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("\t".join(header) + "\r\n")
        for row in rows:
            file.write("\t".join(map(str, row)) + "\r\n")


def _zipped(root: Path) -> Path:
    package = root.with_suffix(".zip")
    with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED) as target:
        for file in sorted(root.rglob("*.txt")):
            target.write(file, f"{root.name}/{file.relative_to(root).as_posix()}")
    return package


def _active(number: int, shape: Shape) -> int:
    return int(number < shape.concepts - shape.inactive)


def _concepts(ids: list[str], shape: Shape) -> Iterator[tuple[object, ...]]:
    for number, code in enumerate(ids):
        yield code, DATE, _active(number, shape), MODULE, "900000000000074008"


def names(number: int, shape: Shape) -> list[str]:
    """The fully specified name and the synonyms of a concept; the first synonym is preferred."""
    random_ = random.Random(shape.seed * 1_000_003 + number)
    thing, place = random_.choice(THINGS), random_.choice(PLACES)
    quality = random_.choice(QUALITIES)
    base = f"{quality.capitalize()} {thing} of {place} {number}"
    listed = [
        f"{base} (disorder)",
        base,
        f"{place} {thing}, {quality}, type {number}",
        f"{thing} {place} no {number}",
    ]
    listed += [f"{thing} {number} variant {more} of {place}" for more in range(shape.synonyms - 3)]
    return listed[: shape.synonyms + 1]


def _descriptions(ids: list[str], shape: Shape) -> Iterator[tuple[object, ...]]:
    for number, code in enumerate(ids):
        for place, name in enumerate(names(number, shape)):
            kind = SYNONYM if place else FSN
            description = identifier(number * 10 + place + 1_000_000, "01")
            yield description, DATE, 1, MODULE, code, "en", kind, name, "900000000000448009"


def parents(number: int) -> list[int]:
    """The concepts directly above a concept: one, for every third two; the first concept is the root."""
    if number == 0:
        return []
    return sorted({(number - 1) // 5, number // 7} if number % 3 == 0 else {(number - 1) // 5})


def _relationships(ids: list[str], shape: Shape) -> Iterator[tuple[object, ...]]:
    item = 1_000_000
    for number, code in enumerate(ids):
        for parent in parents(number) if _active(number, shape) else ():
            item += 1
            ends = (code, ids[parent], 0, "116680003", "900000000000011006", "900000000000451002")
            yield identifier(item, "02"), DATE, 1, MODULE, *ends


def _languages(ids: list[str], shape: Shape) -> Iterator[tuple[object, ...]]:
    for number in range(len(ids)):
        for place in range(shape.synonyms + 1):
            description = identifier(number * 10 + place + 1_000_000, "01")
            how = PREFERRED if place < 2 else ACCEPTABLE
            yield f"l{number}-{place}", DATE, 1, MODULE, US, description, how


def _maps(ids: list[str], shape: Shape) -> Iterator[tuple[object, ...]]:
    for number in range(0, shape.concepts - shape.inactive, 3):
        target = f"A{number % 90 + 10}.{number % 10}"
        rules = [("TRUE", target)]
        if number % 9 == 0:
            rules = [("IFA 248153007 |Male (finding)|", f"N{number % 40 + 10}"), ("OTHERWISE TRUE", target)]
        for priority, (rule, code) in enumerate(rules, 1):
            row = (1, priority, rule, f"ALWAYS {code}", code, "447561005", "447637006")
            yield f"m{number}-{priority}", DATE, 1, MODULE, "447562003", ids[number], *row


def _associations(ids: list[str], shape: Shape) -> Iterator[tuple[object, ...]]:
    for number in range(shape.concepts - shape.inactive, shape.concepts):
        kind = "900000000000527005" if number % 2 else "900000000000523009"
        yield f"a{number}", DATE, 1, MODULE, kind, ids[number], ids[number % 10]


def _members(ids: list[str]) -> Iterator[tuple[object, ...]]:
    for number in range(0, min(len(ids), 40), 4):
        yield f"s{number}", DATE, 1, MODULE, identifier(77_000), ids[number]
