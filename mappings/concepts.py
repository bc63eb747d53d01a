"""The concept tables of `concepts/` -> FHIR ConceptMap resources, R4 or R5.

A table lists its rows, or names the mapping file that holds them: nothing is written down twice.
"""

import tomllib
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from mappings import SHIPPED, Files, MappingError, Table

FhirVersion = Literal["R4", "R5"]
Relation = Literal["equivalent", "broader", "narrower", "related"]
Resource = dict[str, Any]

BASE = "https://notewright.org/fhir"
ORDERED = f"{BASE}/StructureDefinition/conceptmap-ordered"
"""Of an element's targets the first whose dependencies hold is the answer."""

WORDS: Mapping[FhirVersion, Mapping[Relation, str]] = {  # of the target to the source
    "R4": {"equivalent": "equivalent", "broader": "wider", "narrower": "narrower", "related": "relatedto"},
    "R5": {
        "equivalent": "equivalent",
        "broader": "source-is-narrower-than-target",
        "narrower": "source-is-broader-than-target",
        "related": "related-to",
    },
}


class Row(Table):
    """A code and what it is elsewhere."""

    code: str
    target: str
    display: str = ""  # of the target
    relation: Relation | None = None  # where it is not the table's
    depends: tuple[tuple[str, str], ...] = ()  # attribute and the value it must have


class Attribute(Table):
    """Something a row depends on, from a column of the mapping file."""

    column: str
    name: str
    description: str
    type: Literal["code", "string", "boolean"]


class Origin(Table):
    """Where rows stand in a mapping file."""

    file: str
    table: str
    code: str  # column with the code, or a list of codes; none in a row means all there are
    target: str
    display: str | None = None
    depends: tuple[Attribute, ...] = ()


class ConceptTable(Table):
    """One file of `concepts/`."""

    version: int
    name: str
    title: str
    description: str
    source: str
    target: str
    relation: Relation
    ordered: bool = False
    copyright: str = ""
    row: tuple[Row, ...] = ()
    origin: Origin | None = Field(default=None, alias="from")

    @model_validator(mode="after")
    def _one_of(self) -> Self:
        if bool(self.row) == bool(self.origin):
            raise ValueError("either row or from is needed")
        return self

    def rows(self, files: Files = SHIPPED) -> list[Row]:
        """Every row, with those of the mapping file it names."""
        return list(_rows(self.origin, files, self.ordered)) if self.origin else list(self.row)


def load(files: Files = SHIPPED) -> dict[str, ConceptTable]:
    """Every concept table by its id, which is the name of its file.

    Raises MappingError naming file and key.
    """
    return {Path(name).stem: files.read(name, ConceptTable) for name in files.names("concepts")}


def resources(fhir_version: FhirVersion, files: Files = SHIPPED) -> tuple[Resource, ...]:
    """Every concept table as a ConceptMap."""
    return tuple(resource(number, table, fhir_version, files) for number, table in load(files).items())


def resource(map_id: str, table: ConceptTable, fhir_version: FhirVersion, files: Files = SHIPPED) -> Resource:
    """A concept table as a ConceptMap."""
    attributes = table.origin.depends if table.origin else ()
    told: Resource = {
        "resourceType": "ConceptMap",
        "id": map_id,
        "url": f"{BASE}/ConceptMap/{map_id}",
        "version": str(table.version),
        "name": table.name,
        "title": table.title,
        "status": "active",
        "description": table.description,
    }
    if table.ordered:
        told = {**told, "extension": [{"url": ORDERED, "valueBoolean": True}]}
    if table.copyright:
        told["copyright"] = table.copyright
    if attributes and fhir_version == "R5":
        told["additionalAttribute"] = [_declared(one) for one in attributes]
    elements: dict[str, list[Resource]] = {}
    for row in table.rows(files):
        elements.setdefault(row.code, []).append(_target(row, table, fhir_version))
    listed = [{"code": code, "target": targets} for code, targets in elements.items()]
    return told | {"group": [{"source": table.source, "target": table.target, "element": listed}]}


def _target(row: Row, table: ConceptTable, fhir_version: FhirVersion) -> Resource:
    word = "equivalence" if fhir_version == "R4" else "relationship"
    told: Resource = {"code": row.target}
    told |= {"display": row.display} if row.display else {}
    told[word] = WORDS[fhir_version][row.relation or table.relation]
    types = {one.name: one.type for one in table.origin.depends} if table.origin else {}
    depends = [_depends(name, value, types[name], fhir_version) for name, value in row.depends]
    return told | ({"dependsOn": depends} if depends else {})


def _depends(name: str, value: str, kind: str, fhir_version: FhirVersion) -> Resource:
    if fhir_version == "R4":
        return {"property": attribute(name), "value": value}
    key = {"code": "valueCode", "string": "valueString", "boolean": "valueBoolean"}[kind]
    return {"attribute": name, key: value == "true" if kind == "boolean" else value}


def _declared(one: Attribute) -> Resource:
    return {"code": one.name, "uri": attribute(one.name), "description": one.description, "type": one.type}


def attribute(name: str) -> str:
    """The URI of something a row depends on."""
    return f"{BASE}/attribute/{name}"


def _rows(origin: Origin, files: Files, ordered: bool) -> Iterator[Row]:
    """The rows of a mapping file; of an ordered table, a code's none after one without conditions."""
    rows = _table(origin, files)
    every = dict.fromkeys(code for row in rows for code in _texts(row.get(origin.code)))
    done: set[str] = set()
    for row in rows:
        target = row.get(origin.target)
        conditions = list(_conditions(row, origin))
        for code in _texts(row.get(origin.code)) or every:
            if target and code not in done:
                shown = str(row.get(origin.display, "")) if origin.display else ""
                yield from (
                    Row(code=code, target=str(target), display=shown, depends=depends)
                    for depends in conditions
                )
        if ordered and conditions == [()]:
            done |= set(_texts(row.get(origin.code)) or every)


def _conditions(row: Resource, origin: Origin) -> Iterator[tuple[tuple[str, str], ...]]:
    """The ways in which what a row asks can hold; one without conditions where it asks nothing."""
    asked = [
        [(one.name, value) for value in _texts(row[one.column])]
        for one in origin.depends
        if _texts(row.get(one.column))
    ]
    yield from product(*asked)


def _table(origin: Origin, files: Files) -> list[Resource]:
    try:
        found = tomllib.loads(files.text(origin.file)).get(origin.table)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"{origin.file}: not readable: {type(error).__name__}") from error
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise MappingError(f"{origin.file}: {origin.table}: no list of tables there")
    return found


def _texts(value: Any) -> list[str]:
    """One value or a list of them, as texts."""
    if value is None:
        return []
    listed = value if isinstance(value, list) else [value]
    return [("true" if one else "false") if isinstance(one, bool) else str(one) for one in listed]
