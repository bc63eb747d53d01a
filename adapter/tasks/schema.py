"""The subset of JSON Schema 2020-12 that tasks may use: read into nodes, and written back.

The subset is what a grammar can bind and a person can review: objects, arrays, strings, numbers, booleans,
choices, null, and references within the file that do not come back to themselves. `docs/tasks.md` lists the
keywords.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from adapter.tasks.node import TYPES, Node, Problem, Type, step
from mappings import MappingError

MOST_ITEMS = 500
MOST_LENGTH = 2000
MOST_NODES = 2000
DEEPEST = 16
DIALECT = "https://json-schema.org/draft/2020-12/schema"

_CHOICES = frozenset({"enum", "const", "x-evidence"})
_KEYWORDS: Mapping[str, frozenset[str]] = {
    "object": frozenset({"properties", "required", "additionalProperties"}),
    "array": frozenset({"items", "minItems", "maxItems"}),
    "string": _CHOICES | {"maxLength", "format"},
    "number": _CHOICES | {"minimum", "maximum", "x-unit"},
    "integer": _CHOICES | {"minimum", "maximum", "x-unit"},
    "boolean": _CHOICES,
}
_KNOWN = frozenset({"type", "$ref", "$defs", "$schema", "anyOf"}).union(*_KEYWORDS.values())
_WHY = {
    "pattern": "a pattern cannot be bound in every engine; use enum, or say it in the description",
    "default": "a default would be a guess; leave the property out of required instead",
    "oneOf": "only anyOf of one schema and null is allowed",
    "allOf": "write the properties out",
    "patternProperties": "name every property",
    "minLength": "an empty quote is never taken, so no least length is needed",
}


def parse(document: object) -> Node:
    """The root of a schema.

    Raises MappingError naming the pointer and the keyword of the first thing that is not allowed.
    """
    node, problems = read(document)
    if node is None or problems:
        raise MappingError(str(problems[0]))
    return node


def read(document: object) -> tuple[Node | None, tuple[Problem, ...]]:
    """The root of a schema, as far as it can be read, and everything in it that is not allowed."""
    reader = _Reader(document)
    root = reader.node(document, "", ())
    if root is not None and (root.type != "object" or root.nullable):
        reader.refuse("", "type", "the answer is an object")
    elif root is not None and root.quoted:
        reader.refuse(
            "/properties/quote", "quote", "quotes stand in the answer's parts; give it another name"
        )
    return root, tuple(dict.fromkeys(reader.problems))


class _Reader:
    """Reads one document, and keeps what it may not hold."""

    def __init__(self, document: object) -> None:
        self._defs = document.get("$defs", {}) if isinstance(document, dict) else {}
        self._count = self._depth = 0
        self.problems: list[Problem] = []
        if not isinstance(self._defs, dict):
            self._defs = {}
            self.refuse("", "$defs", "not an object")

    def refuse(self, pointer: str, keyword: str, why: str) -> None:
        """One more problem."""
        self.problems.append(Problem(pointer=pointer, message=f"{keyword}: {why}"))

    def node(self, raw: object, pointer: str, names: tuple[str, ...]) -> Node | None:
        """The node of a schema; `names` are the definitions it stands in."""
        self._count += 1
        if not isinstance(raw, dict):
            self.refuse(pointer, "schema", "not an object")
        elif self._depth >= DEEPEST:
            self.refuse(pointer, "schema", f"nested more than {DEEPEST} deep")
        elif self._count > MOST_NODES:
            self.refuse("", "schema", f"more than {MOST_NODES} places")
        else:
            self._depth += 1
            found = self._node(raw, pointer, names)
            self._depth -= 1
            return found
        return None

    def _node(self, raw: dict[str, Any], pointer: str, names: tuple[str, ...]) -> Node | None:
        for keyword in raw:
            if keyword not in _KNOWN and keyword not in ("title", "description"):
                self.refuse(pointer, str(keyword), _WHY.get(keyword, "not allowed"))
        for keyword in ("$schema", "$defs"):
            if keyword in raw and pointer:
                self.refuse(pointer, keyword, "only at the root")
        if raw.get("$schema", DIALECT) != DIALECT:
            self.refuse(pointer, "$schema", f"not {DIALECT}")
        if "$ref" in raw:
            return self._referred(raw, pointer, names)
        if "anyOf" in raw:
            return self._either(raw, pointer, names)
        return self._typed(raw, pointer, names)

    def _referred(self, raw: dict[str, Any], pointer: str, names: tuple[str, ...]) -> Node | None:
        self._only(raw, {"$ref", "$schema", "$defs"}, pointer)
        ref = raw["$ref"]
        name = ref.removeprefix("#/$defs/") if isinstance(ref, str) else ""
        name = name.replace("~1", "/").replace("~0", "~")
        if not isinstance(ref, str) or not ref.startswith("#/$defs/") or name not in self._defs:
            self.refuse(pointer, "$ref", "not a definition in $defs of this file")
            return None
        if name in names:
            self.refuse(pointer, "$ref", "comes back to itself; write out as many levels as are needed")
            return None
        found = self.node(self._defs[name], step("", "$defs", name), (*names, name))
        return self._told(found, raw, pointer)

    def _either(self, raw: dict[str, Any], pointer: str, names: tuple[str, ...]) -> Node | None:
        self._only(raw, {"anyOf", "$schema", "$defs"}, pointer)
        branches = raw["anyOf"] if isinstance(raw["anyOf"], list) else []
        real = [at for at, one in enumerate(branches) if not (isinstance(one, dict) and _is_null(one))]
        if len(branches) != 2 or len(real) != 1:
            self.refuse(pointer, "anyOf", "only of one schema and null")
            return None
        found = self.node(branches[real[0]], step(pointer, "anyOf", real[0]), names)
        return self._told(found, raw, pointer, nullable=True)

    def _told(
        self, node: Node | None, raw: dict[str, Any], pointer: str, *, nullable: bool = False
    ) -> Node | None:
        """The node with the words that stand nearer to its place."""
        if node is None:
            return None
        title = self._words(raw, "title", pointer) or node.title
        description = self._words(raw, "description", pointer) or node.description
        return replace(node, title=title, description=description, nullable=nullable or node.nullable)

    def _typed(self, raw: dict[str, Any], pointer: str, names: tuple[str, ...]) -> Node | None:
        kind, nullable = self._type(raw, pointer)
        if kind is None:
            return None
        self._only(raw, _KEYWORDS[kind] | {"type", "$schema", "$defs"}, pointer)
        facts: dict[str, Any] = {
            "type": kind,
            "nullable": nullable,
            "title": self._words(raw, "title", pointer),
            "description": self._words(raw, "description", pointer),
        }
        reader: Callable[..., dict[str, Any] | None] = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
        }.get(kind, self._number)
        found = reader(raw, pointer, names)
        if found is None:
            return None
        facts |= found
        if raw.keys() & {"enum", "const"}:
            facts |= self._choices(raw, kind, pointer)
        return Node(**facts)

    def _type(self, raw: dict[str, Any], pointer: str) -> tuple[Type | None, bool]:
        told = raw.get("type", _told_by_choices(raw))
        kinds = told if isinstance(told, list) else [told]
        if "type" not in raw and None in _choices_of(raw):
            kinds = [*kinds, "null"]
        real = [kind for kind in kinds if kind != "null"]
        known = next((kind for kind in TYPES if real == [kind]), None)
        if known is None or len(kinds) > 2:
            what = "missing" if told is None else f"one of {', '.join(TYPES)}, or one of them and null"
            self.refuse(pointer, "type", what)
        return known, len(kinds) > len(real)

    def _object(self, raw: dict[str, Any], pointer: str, names: tuple[str, ...]) -> dict[str, Any] | None:
        properties, required = raw.get("properties"), raw.get("required", [])
        if not isinstance(properties, dict) or not properties:
            self.refuse(pointer, "properties", "missing; an object names its properties")
            return None
        if not all(isinstance(name, str) and name for name in properties):
            self.refuse(pointer, "properties", "a name that is empty, or no text")
            return None
        if raw.get("additionalProperties", False) is not False:
            self.refuse(pointer, "additionalProperties", "only false; name every property")
        if not isinstance(required, list) or not all(isinstance(name, str) for name in required):
            self.refuse(pointer, "required", "not a list of names")
            required = []
        for name in required:
            if name not in properties:
                self.refuse(pointer, "required", f"there is no property {name}")
        parts = {
            name: self.node(inner, step(pointer, "properties", name), names)
            for name, inner in properties.items()
        }
        read = {name: part for name, part in parts.items() if part is not None}
        own = read.get("quote")
        if own is not None and own.quotes and (own.nullable or "quote" not in required):
            self.refuse(
                step(pointer, "properties", "quote"), "required", "a quote is required and never null"
            )
        return {"properties": read, "required": frozenset(required) & read.keys()}

    def _array(self, raw: dict[str, Any], pointer: str, names: tuple[str, ...]) -> dict[str, Any] | None:
        if "items" not in raw:
            self.refuse(pointer, "items", "missing")
            return None
        least = self._whole(raw, "minItems", pointer, MOST_ITEMS) or 0
        most = self._whole(raw, "maxItems", pointer, MOST_ITEMS)
        if most is not None and least > most:
            self.refuse(pointer, "minItems", "more than maxItems")
        items = self.node(raw["items"], step(pointer, "items"), names)
        return None if items is None else {"items": items, "least": least, "most": most}

    def _string(self, raw: dict[str, Any], pointer: str, _names: tuple[str, ...]) -> dict[str, Any]:
        if raw.get("format", "date") != "date":
            self.refuse(pointer, "format", "only date")
        evidence = raw.get("x-evidence")
        if evidence not in (None, "quote", "value"):
            self.refuse(pointer, "x-evidence", "quote or value")
        if evidence == "quote" and raw.keys() & {"enum", "const", "format"}:
            self.refuse(pointer, "x-evidence", "a choice or a date is a value, never a quote")
        length = self._whole(raw, "maxLength", pointer, MOST_LENGTH)
        return {"length": length, "date": "format" in raw, "value": evidence == "value"}

    def _number(self, raw: dict[str, Any], pointer: str, _names: tuple[str, ...]) -> dict[str, Any]:
        if raw.get("x-evidence", "value") != "value":
            self.refuse(pointer, "x-evidence", "only strings are quotes")
        bounds: dict[str, Any] = {}
        for keyword in ("minimum", "maximum"):
            bound = raw.get(keyword)
            if isinstance(bound, bool) or not isinstance(bound, int | float | None):
                self.refuse(pointer, keyword, "not a number")
            else:
                bounds[keyword] = bound
        low, high = bounds.get("minimum"), bounds.get("maximum")
        if low is not None and high is not None and low > high:
            self.refuse(pointer, "minimum", "more than maximum")
        return bounds | ({"unit": self._words(raw, "x-unit", pointer)} if "x-unit" in raw else {})

    def _choices(self, raw: dict[str, Any], kind: str, pointer: str) -> dict[str, Any]:
        if "enum" in raw and "const" in raw:
            self.refuse(pointer, "const", "not beside enum")
        for beside in raw.keys() & {"maxLength", "minimum", "maximum", "format"}:
            self.refuse(pointer, beside, "not beside enum or const")
        keyword = "enum" if "enum" in raw else "const"
        given = _choices_of(raw)
        choices = tuple(one for one in given if one is not None)
        if not choices:
            self.refuse(pointer, keyword, "no choice in it")
            return {}
        if "type" in raw and (None in given) != ("null" in raw["type"]):
            self.refuse(pointer, keyword, "null stands in the type or among the choices, not in both")
        if not all(_is(one, kind) for one in choices):
            self.refuse(pointer, keyword, f"not every choice is of type {kind}")
        if len({(type(one), one) for one in choices if not isinstance(one, list | dict)}) < len(choices):
            self.refuse(pointer, keyword, "a choice stands in it twice")
        return {"choices": choices, "constant": keyword == "const"}

    def _whole(self, raw: dict[str, Any], keyword: str, pointer: str, most: int) -> int | None:
        number = raw.get(keyword)
        if keyword in raw and (type(number) is not int or not 0 <= number <= most):
            self.refuse(pointer, keyword, f"a whole number from 0 to {most}")
            return None
        return number

    def _words(self, raw: dict[str, Any], keyword: str, pointer: str) -> str:
        words = raw.get(keyword, "")
        if not isinstance(words, str):
            self.refuse(pointer, keyword, "not a text")
            return ""
        return words

    def _only(self, raw: dict[str, Any], allowed: frozenset[str] | set[str], pointer: str) -> None:
        for keyword in raw:
            if keyword in _KNOWN and keyword not in allowed:
                self.refuse(pointer, keyword, "not allowed here")


def _is_null(raw: dict[str, Any]) -> bool:
    return raw.get("type") == "null" and raw.keys() <= {"type", "title", "description"}


def _told_by_choices(raw: dict[str, Any]) -> Any:
    """The type that the choices are all of, where none is written."""
    choices = [one for one in _choices_of(raw) if one is not None]
    for kind in ("boolean", "string", "integer", "number"):
        if choices and all(_is(one, kind) for one in choices):
            return kind
    return None


def _choices_of(raw: dict[str, Any]) -> list[Any]:
    given = raw.get("enum", [raw["const"]] if "const" in raw else [])
    return given if isinstance(given, list) else []


def _is(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, str):
        return kind == "string"
    if isinstance(value, int):
        return kind in ("integer", "number")
    return isinstance(value, float) and kind == "number"


def write(node: Node) -> dict[str, Any]:
    """The node as JSON Schema, without references; objects are closed."""
    told: dict[str, Any] = {"type": node.type}
    told |= {"title": node.title} if node.title else {}
    told |= {"description": node.description} if node.description else {}
    told |= {"object": _object, "array": _array}.get(node.type, _leaf)(node)
    return {"anyOf": [told, {"type": "null"}]} if node.nullable else told


def _object(node: Node) -> dict[str, Any]:
    return {
        "properties": {name: write(part) for name, part in node.properties.items()},
        "required": [name for name in node.properties if name in node.required],
        "additionalProperties": False,
    }


def _array(node: Node) -> dict[str, Any]:
    return {"items": write(node.item)} | _given({"minItems": node.least or None, "maxItems": node.most})


def _leaf(node: Node) -> dict[str, Any]:
    if node.choices is not None:
        told: dict[str, Any] = {"const": node.choices[0]} if node.constant else {"enum": list(node.choices)}
    else:
        told = _given({"maxLength": node.length, "minimum": node.minimum, "maximum": node.maximum})
    told |= {"format": "date"} if node.date else {}
    told |= {"x-evidence": "value"} if node.value and not node.date and node.choices is None else {}
    return told | ({"x-unit": node.unit} if node.unit else {})


def _given(keywords: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in keywords.items() if value is not None}
