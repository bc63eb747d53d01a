"""JSON Schema to a llama.cpp grammar (GBNF): what an answer may look like, character for character.

Of our own, because llama-cpp-python's converter lets white space in between, orders properties its own way
and takes a schema without bounds. What is read is what `grounded.schema` writes: object, array, string,
number, integer, boolean, null, enum, const, anyOf. Properties come in the order of `properties`, those not
required may be left out, nothing else may be added. There is no white space outside strings. Inside strings a
character stands for itself; only `"`, `\\` and control characters are escaped, and there is no `\\u`: a quote
is what the note says, never a spelling of it. Grammar of GBNF: llama.cpp, grammars/README.md
"""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from adapter.errors import EngineError

_CHARACTER = r'[^"\\\x00-\x1F\x7F] | "\\" ["\\/bfnrt]'
_DATE = r'"\"" [0-9]{4} "-" ("0" [1-9] | "1" [0-2]) "-" ("0" [1-9] | [12] [0-9] | "3" [01]) "\""'
_LITERALS = {"boolean": '("true" | "false")', "null": '"null"'}
_DIGITS = 15
_COUNTED = 1000  # a rule is repeated as often at once; integers of a range of this width are listed
_DEPTH = 32


def from_schema(schema: dict[str, Any]) -> str:
    """The grammar of the answers that follow a schema, with the rule `root`.

    Raises EngineError, naming the place, where the schema is not bounded or says what is not read.
    """
    rules = _Rules()
    root = rules.expression(schema, "answer", _DEPTH)
    return "\n".join([f"root ::= {root}", *(f"{name} ::= {body}" for name, body in rules.named())]) + "\n"


def refused(place: str, why: str) -> EngineError:
    """The error for a schema no grammar is made of; trying again will not help."""
    error = EngineError(f"schema of the answer: {place} {why}")
    error.issue_code, error.retryable = "processing", False
    return error


def literal(text: str) -> str:
    """A GBNF literal that stands for exactly this text."""
    escaped = "".join(_escaped(character) for character in text)
    return f'"{escaped}"'


def _escaped(character: str) -> str:
    if character in {'"', "\\"}:
        return "\\" + character
    if character.isascii() and character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02X}" if code < 256 else f"\\u{code:04X}" if code < 65536 else f"\\U{code:08X}"


class _Rules:
    """Rules by name; the same body has one name, so that a schema of many strings stays small."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def named(self) -> Iterable[tuple[str, str]]:
        return ((name, body) for body, name in self._names.items())

    def name(self, body: str, kind: str) -> str:
        return self._names.setdefault(body, f"{kind}-{len(self._names)}")

    def expression(self, schema: Any, place: str, depth: int) -> str:
        if not isinstance(schema, dict):
            raise refused(place, "is not an object")
        if depth == 0:
            raise refused(place, "is nested too deep")
        if "const" in schema:
            return self._one_of([schema["const"]], place)
        if "enum" in schema:
            return self._one_of(schema["enum"], place)
        if "anyOf" in schema:
            return self._union(schema["anyOf"], place, depth)
        kind = schema.get("type")
        if isinstance(kind, list):
            return self._union([{**schema, "type": one} for one in kind], place, depth)
        return self._typed(kind, schema, place, depth)

    def _typed(self, kind: Any, schema: dict[str, Any], place: str, depth: int) -> str:
        match kind:
            case "object":
                return self._object(schema, place, depth)
            case "array":
                return self._array(schema, place, depth)
            case "string":
                return self._string(schema, place)
            case "integer" | "number":
                return self._number(schema, whole=kind == "integer")
        if kind in _LITERALS:
            return _LITERALS[kind]
        raise refused(place, "has no type that is read")

    def _string(self, schema: dict[str, Any], place: str) -> str:
        if schema.get("format") == "date":
            return self.name(_DATE, "date")
        least, most = _bounds(schema, "minLength", "maxLength", place)
        character = self.name(_CHARACTER, "character")
        return self.name(rf'"\"" {self._times(character, least, most)} "\""', "string")

    def _number(self, schema: dict[str, Any], *, whole: bool) -> str:
        """A number. Bounds are kept exactly for integers of a narrow range, else only its sign and digits."""
        least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
        if whole and most - least < _COUNTED:
            values = range(math.ceil(least), math.floor(most) + 1)
            return self.name(_choice([str(value) for value in values]), "choice")
        sign = "" if least >= 0 else '"-"? '
        largest = max(abs(least), abs(most))
        digits = len(str(int(largest))) if largest < 10**_DIGITS else _DIGITS
        after = "" if whole else f' ("." [0-9]{{1,{_DIGITS}}})?'
        return self.name(f'{sign}("0" | [1-9] [0-9]{{0,{digits - 1}}}){after}', "number")

    def _one_of(self, values: Any, place: str) -> str:
        if not isinstance(values, list) or not values:
            raise refused(place, "has an empty enum")
        texts = [json.dumps(value, ensure_ascii=False, separators=(",", ":")) for value in values]
        return self.name(_choice(list(dict.fromkeys(texts))), "choice")

    def _times(self, rule: str, least: int, most: int) -> str:
        """A rule again and again; llama.cpp refuses large counts, so those are made of parts."""
        if most <= _COUNTED:
            return f"{rule}{{{least},{most}}}" if most else '""'
        rest = self._times(rule, max(0, least - _COUNTED), most - _COUNTED)
        full = self.name(f"{rule}{{{_COUNTED}}} {rest}", "many")
        if least >= _COUNTED:
            return full
        return self.name(f"{rule}{{{least},{_COUNTED - 1}}} | {full}", "some")

    def _union(self, schemas: Any, place: str, depth: int) -> str:
        if not isinstance(schemas, list) or not schemas:
            raise refused(place, "has an empty anyOf")
        ways = [self.expression(one, f"{place}/{n}", depth - 1) for n, one in enumerate(schemas)]
        return self.name(" | ".join(dict.fromkeys(ways)), "union")

    def _array(self, schema: dict[str, Any], place: str, depth: int) -> str:
        least, most = _bounds(schema, "minItems", "maxItems", place)
        if most == 0:
            return '"[]"'
        item = self.name(self.expression(schema.get("items"), f"{place}/items", depth - 1), "item")
        more = self.name(f'"," {item}', "more")
        items = f"{item} {self._times(more, max(0, least - 1), most - 1)}" if most > 1 else item
        return self.name(f'"[" {items} "]"' if least else f'"[" ({items})? "]"', "array")

    def _object(self, schema: dict[str, Any], place: str, depth: int) -> str:
        properties = schema.get("properties", {})
        if not isinstance(properties, dict):
            raise refused(place, "has properties that are no object")
        required = set(schema.get("required", ()))
        members = []
        for key, value in properties.items():
            body = self.expression(value, f"{place}/{key}", depth - 1)
            name = json.dumps(key, ensure_ascii=False)
            members.append((self.name(f"{literal(name + ':')} {body}", "member"), key in required))
        return self.name(f'"{{" {self._members(members)} "}}"' if members else '"{}"', "object")

    def _members(self, members: Sequence[tuple[str, bool]]) -> str:
        """Members in their order with commas between, whichever of the optional ones are there."""
        rest: list[str] = []  # after at least one member was written
        first = ""  # where none was written yet
        for name, needed in reversed(members):
            begun = " ".join([name, *rest])
            if needed or not first:
                first = begun if needed else f"({begun})?"
            else:
                first = self.name(f"{begun} | {first}", "members")
            rest = [f'"," {name}' if needed else f'("," {name})?', *rest]
        return first


def _bounds(schema: dict[str, Any], low: str, high: str, place: str) -> tuple[int, int]:
    least, most = schema.get(low, 0), schema.get(high)
    if not isinstance(most, int) or not isinstance(least, int) or not 0 <= least <= most:
        raise refused(place, f"has no usable {high}")
    return least, most


def _choice(texts: list[str]) -> str:
    """One of several texts, as a tree of what they have in common: few ways are open at a time."""
    if len(texts) <= 4:
        return " | ".join(literal(text) for text in texts)
    groups: dict[str, list[str]] = {}
    for text in texts:
        groups.setdefault(text[:1], []).append(text)
    ways = []
    for head, group in groups.items():
        if len(group) == 1:
            ways.append(literal(group[0]))
        else:
            shared = _shared(group) if head else ""
            ways.append(f"{literal(shared)} ({_choice([text[len(shared) :] for text in group])})")
    return " | ".join(ways)


def _shared(texts: list[str]) -> str:
    """The longest beginning that all have."""
    low, high = min(texts), max(texts)
    at = next(
        (n for n, (a, b) in enumerate(zip(low, high, strict=False)) if a != b), min(len(low), len(high))
    )
    return low[:at]
