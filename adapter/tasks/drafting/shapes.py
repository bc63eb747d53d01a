"""The fields of a draft -> the JSON Schema of the answer; what was typed and is none is said by its field."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from adapter.tasks.drafting.draft import Draft, Field, Path
from adapter.tasks.schema import DEEPEST, DIALECT

_WHOLE = re.compile(r"[+-]?\d{1,15}")
_NUMBER = re.compile(r"[+-]?(\d{1,15}(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """What is wrong with a draft."""

    field: str  # path of the field, "0.2"; "shown.0": an example; "": the task itself
    key: str  # of the field, as it is named in the draft or in the files
    message: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.field, self.key, self.message) if part)


def answer(draft: Draft, wrong: list[Wrong]) -> dict[str, Any]:
    """The schema of the whole answer."""
    return {"$schema": DIALECT, **_group(draft.fields, (), wrong)}


def whole(text: str, field: str, key: str, wrong: list[Wrong]) -> int | None:
    """The whole number that was typed; None for nothing, or for what is none."""
    if not text.strip():
        return None
    if _WHOLE.fullmatch(text.strip()):
        return int(text)
    wrong.append(Wrong(field=field, key=key, message="not a whole number"))
    return None


def number(text: str, field: str, key: str, wrong: list[Wrong]) -> float | None:
    """The number that was typed."""
    if not text.strip() or _WHOLE.fullmatch(text.strip()):
        return whole(text, field, key, wrong)
    if _NUMBER.fullmatch(text.strip()) and math.isfinite(value := float(text)):
        return value
    wrong.append(Wrong(field=field, key=key, message="not a number, such as 2.5"))
    return None


def _group(fields: tuple[Field, ...], path: Path, wrong: list[Wrong]) -> dict[str, Any]:
    properties: dict[str, Any] = {}
    for position, one in enumerate(fields):
        here = (*path, position)
        if not one.name:
            wrong.append(_at(here, "name", "is empty"))
        elif one.name in properties:
            wrong.append(_at(here, "name", "another field has it already"))
        properties.setdefault(one.name or f"field_{position + 1}", _field(one, here, wrong))
    needed = [one.name for one in fields if one.presence in ("needed", "null") and one.name]
    return {
        "type": "object",
        "required": list(dict.fromkeys(needed)),
        "properties": properties,
        "additionalProperties": False,
    }


def _field(one: Field, path: Path, wrong: list[Wrong]) -> dict[str, Any]:
    if len(path) > DEEPEST:
        wrong.append(_at(path, "kind", "nested too deep"))
        return {"type": "string"}
    makers: Mapping[str, Callable[[Field, Path, list[Wrong]], dict[str, Any]]] = {
        "text": _text,
        "number": _number,
        "boolean": lambda *_: {"type": "boolean"},
        "date": lambda *_: {"type": "string", "format": "date"},
        "choice": _choice,
        "list": _list,
        "group": lambda one, path, wrong: _group(one.fields, path, wrong),
    }
    told = makers[one.kind](one, path, wrong)
    words = {"title": one.title.strip(), "description": one.description.strip()}
    told |= {key: text for key, text in words.items() if text}
    return {"anyOf": [told, {"type": "null"}]} if one.presence in ("null", "either") else told


def _text(one: Field, path: Path, wrong: list[Wrong]) -> dict[str, Any]:
    length = whole(one.length, _dotted(path), "length", wrong)
    return {
        "type": "string",
        **({} if length is None else {"maxLength": length}),
        **({"x-evidence": "value"} if one.free else {}),
    }


def _number(one: Field, path: Path, wrong: list[Wrong]) -> dict[str, Any]:
    told: dict[str, Any] = {"type": "integer" if one.whole else "number"}
    for key, keyword in (("minimum", "minimum"), ("maximum", "maximum")):
        if (bound := number(getattr(one, key), _dotted(path), key, wrong)) is not None:
            told[keyword] = bound
    return told | ({"x-unit": one.unit.strip()} if one.unit.strip() else {})


def _choice(one: Field, path: Path, wrong: list[Wrong]) -> dict[str, Any]:
    lines = [line for line in one.choices.splitlines() if line.strip()]
    values = [_value(line, one.of, path, wrong) for line in lines]
    if not values:
        wrong.append(_at(path, "choices", "is empty; write one on each line"))
        return {"type": "string"}
    if len(set(lines)) < len(lines):
        wrong.append(_at(path, "choices", "one of them stands there twice"))
    chosen = {"const": values[0]} if one.constant and len(values) == 1 else {"enum": values}
    return {"type": one.of, **chosen}


def _value(line: str, of: str, path: Path, wrong: list[Wrong]) -> Any:
    place = _dotted(path)
    if of == "integer":
        return whole(line, place, "choices", wrong)
    if of == "number":
        return number(line, place, "choices", wrong)
    if of == "boolean":
        if line.strip() not in ("true", "false"):
            wrong.append(_at(path, "choices", "neither true nor false"))
        return line.strip() == "true"
    return line.strip()


def _list(one: Field, path: Path, wrong: list[Wrong]) -> dict[str, Any]:
    item = one.fields[0] if one.fields else Field()
    told: dict[str, Any] = {"type": "array", "items": _field(item, (*path, 0), wrong)}
    for key, keyword in (("least", "minItems"), ("most", "maxItems")):
        if (bound := whole(getattr(one, key), _dotted(path), key, wrong)) is not None:
            told[keyword] = bound
    return told


def _at(path: Path, key: str, message: str) -> Wrong:
    return Wrong(field=_dotted(path), key=key, message=message)


def _dotted(path: Path) -> str:
    return ".".join(map(str, path))
