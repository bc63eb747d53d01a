"""Our JSON lines -> documents: what `extract` writes, and gold in the same form with a `text` beside it.

Corpora of identifiers name the same things otherwise: `note_id`, `note_text`, `entities` and `label`.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from adapter.errors import InputError
from adapter.evaluation.record import Annotation, Coded, Document, Places, sorted_
from adapter.model import FLAGS, Attribute

Row = Mapping[str, Any]
FINDINGS = ("findings", "mentions", "entities", "identifiers")
IDENTIFIERS = ("identifiers", "entities", "findings", "mentions")
"""Where a row has what is marked in it: the first that it has."""
WHOSE = ("patient", "family", "other")
"""Whom a mention may be of."""
REACTION = "reaction"
OTHERWISE = {"note_id": "id", "note_text": "text"}


def read(path: Path, texts: Mapping[str, str], names: Sequence[str] = FINDINGS) -> list[Document]:
    """The documents of a file; `texts` are those known from elsewhere, by id.

    Raises InputError naming line and document where something does not stand at its offsets.
    """
    return [_document(row, f"{path.name}: line {number}", texts, names) for number, row in _rows(path)]


def identifiers(path: Path, texts: Mapping[str, str]) -> list[Document]:
    """The documents of a file with their identifiers, where a row has findings too."""
    return read(path, texts, IDENTIFIERS)


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, _row(line, f"{path.name}: line {number}")


def _row(line: bytes, where: str) -> Row:
    try:
        row = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{where}: not UTF-8 at byte {error.start} of it") from None
    except (ValueError, RecursionError):
        raise InputError(f"{where}: not JSON") from None
    if not isinstance(row, dict):
        raise InputError(f"{where}: not an object with an id")
    row = {OTHERWISE.get(name, name): value for name, value in row.items()}
    if not isinstance(row.get("id"), str | int):
        raise InputError(f"{where}: not an object with an id")
    return row


def _document(row: Row, where: str, texts: Mapping[str, str], names: Sequence[str]) -> Document:
    id = str(row["id"])
    where = f"{where}, document {id}"
    text = row.get("text", texts.get(id))
    if text is not None and not isinstance(text, str):
        raise InputError(f"{where}: text is not a string")
    if "text" in row and texts.get(id, text) != text:
        raise InputError(f"{where}: another text than in gold")
    if "outcome" in row:
        return Document(id=id, text=text, annotations=(), failed=True)
    items = next((row[name] for name in names if name in row), None)
    if not isinstance(items, list):
        raise InputError(f"{where}: findings is missing or not a list")
    found = [
        one
        for number, item in enumerate(items, start=1)
        for one in _annotations(item, text, f"{where}: finding {number}")
    ]
    return Document(id=id, text=text, annotations=sorted_(found))


def _annotations(item: Any, text: str | None, where: str) -> Iterator[Annotation]:
    """A finding, and each of its attributes as an annotation of its own."""
    kind = item.get("kind", item.get("label")) if isinstance(item, dict) else None
    if not isinstance(kind, str):
        raise InputError(f"{where}: not an object with a kind")
    details = tuple(_details(item, "attributes", text, where))
    related = tuple(_details(item, "relations", text, where))
    said = _assertion(item.get("assertion"), where)
    yield Annotation(
        kind=kind,
        places=_places(item, text, where),
        confidence=_number(item.get("confidence"), where, "confidence"),
        assertion=said,
        codes=tuple(_codes(item, where)),
        details=tuple(_reaction(one, said) for one in (*details, *related)),
    )
    for one in details:
        yield Annotation(kind=one.kind, places=((one.start, one.end),))


def _places(item: Row, text: str | None, where: str) -> Places:
    """Where it stands: `start` and `end`, or `spans` where its words do not stand together."""
    spans = item.get("spans") or [{"start": item.get("start"), "end": item.get("end")}]
    if not isinstance(spans, list) or not all(isinstance(one, dict) for one in spans):
        raise InputError(f"{where}: spans is not a list of objects")
    places = tuple(sorted(_place(one, text, where) for one in spans))
    words = item.get("text")
    if words is not None and text is not None and len(places) == 1:
        start, end = places[0]
        if text[start:end] != words:
            raise InputError(f"{where}: its words do not stand at its offsets")
    return places


def _place(span: Row, text: str | None, where: str) -> tuple[int, int]:
    start, end = span.get("start"), span.get("end")
    if type(start) is not int or type(end) is not int:
        raise InputError(f"{where}: start or end is missing or not a whole number")
    if not 0 <= start < end or (text is not None and end > len(text)):
        raise InputError(f"{where}: its offsets are outside the text")
    return start, end


def _reaction(one: Attribute, said: Mapping[str, bool] | None) -> Attribute:
    """What is found with an allergen is the reaction to it."""
    is_reaction = said is not None and said["allergen"] and one.kind in ("condition", "finding")
    return replace(one, kind=REACTION) if is_reaction else one


def _details(row: Row, name: str, text: str | None, where: str) -> Iterator[Attribute]:
    """What hangs on a finding: `attributes`, or `relations`, which are mentions of their own elsewhere."""
    attributes = row.get(name, {})
    if not isinstance(attributes, dict):
        raise InputError(f"{where}: {name} is not an object")
    for kind, items in attributes.items():
        for item in items if isinstance(items, list) else [items]:
            if not isinstance(item, dict):
                raise InputError(f"{where}: an attribute is not an object")
            ((start, end),) = _places(
                {name: item.get(name) for name in ("start", "end", "text")}, text, where
            )
            yield Attribute(kind=kind, start=start, end=end, text=str(item.get("text", "")))


def _assertion(said: Any, where: str) -> Mapping[str, bool] | None:
    if said is None:
        return None
    if not isinstance(said, dict):
        raise InputError(f"{where}: assertion is not an object")
    flags = {axis: said.get(axis, False) for axis in FLAGS}
    if not all(isinstance(flag, bool) for flag in flags.values()):
        raise InputError(f"{where}: assertion: a flag is neither true nor false")
    if any(isinstance(flag, bool) for axis, flag in said.items() if axis not in FLAGS):
        raise InputError(f"{where}: assertion: a flag other than {', '.join(FLAGS)}")
    experiencer = said.get("experiencer", "patient")
    if experiencer not in WHOSE:
        raise InputError(f"{where}: assertion: experiencer is not one of {', '.join(WHOSE)}")
    return {**flags, **{whose: experiencer == whose for whose in WHOSE[1:]}}


def _codes(item: Row, where: str) -> Iterator[Coded]:
    for name in ("codings", "alternatives"):
        codings = item.get(name) or []
        if not isinstance(codings, list) or not all(isinstance(one, dict) for one in codings):
            raise InputError(f"{where}: {name} is not a list of objects")
        for one in codings:
            if not isinstance(one.get("system"), str) or not isinstance(one.get("code"), str):
                raise InputError(f"{where}: {name}: no system or no code")
            score = _number(one.get("score"), where, "score")
            yield Coded(system=one["system"], code=one["code"], score=score, chosen=name == "codings")


def _number(value: Any, where: str, name: str) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InputError(f"{where}: {name} is not a number from 0 to 1")
    return float(value)
