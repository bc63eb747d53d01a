"""The older parser format of llm_extractinator, a dictionary of fields -> the node of an answer."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from adapter.errors import InputError
from adapter.tasks.importing.fields import choices, fitting
from adapter.tasks.importing.imported import MOST_DEPTH, MOST_NODES
from adapter.tasks.node import Node

KNOWN = {"type", "description", "literals", "optional", "items", "properties", "name"}
SCALARS: Mapping[str, Node] = {
    "str": Node(type="string"),
    "int": Node(type="integer"),
    "float": Node(type="number"),
    "bool": Node(type="boolean"),
}


def read(parser_format: Mapping[str, Any]) -> tuple[Node, tuple[str, ...]]:
    """The node of the answer, and what was changed."""
    reader = _Reader()
    return reader.record(parser_format, "", 0), tuple(reader.notes)


class _Reader:
    """Reads fields into nodes, and keeps what it changed."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self._count = 0

    def record(self, fields: object, where: str, depth: int) -> Node:
        """The object of some fields."""
        if not isinstance(fields, Mapping) or not fields:
            raise _refusal(where or "Parser_Format", "not a dictionary of fields")
        inner = {str(name): f"{where}.{name}".lstrip(".") for name in fields}
        properties = {name: self._field(fields[name], at, depth + 1) for name, at in inner.items()}
        required = {name for name, node in properties.items() if not node.nullable}
        fit = fitting(properties, required, self._sayer(where or "Parser_Format"))
        return Node(type="object", properties=fit, required=frozenset(required))

    def _field(self, field: object, where: str, depth: int) -> Node:
        self._count += 1
        if depth > MOST_DEPTH or self._count > MOST_NODES:
            raise _refusal(where, "too many fields, or nested too deeply")
        if not isinstance(field, Mapping):
            raise _refusal(where, "not a dictionary with a type")
        for key in field.keys() - KNOWN:
            self.notes.append(f"{where}: {key} is left out")
        told = field.get("description")
        node = self._literals(field, where) or self._typed(field, where, depth)
        if isinstance(told, str) and told.strip():
            node = replace(node, description=told.strip())
        return replace(node, nullable=field.get("optional") is True)

    def _typed(self, field: Mapping[str, Any], where: str, depth: int) -> Node:
        kind = field.get("type")
        if kind in ("dict", "nested"):
            return self.record(field.get("properties"), where, depth)
        if kind == "list":
            return Node(type="array", items=self._field(field.get("items"), f"{where}[]", depth + 1))
        if isinstance(kind, str) and kind in SCALARS:
            return SCALARS[kind]
        raise _refusal(where, "its type is none of str, int, float, bool, list, dict")

    def _literals(self, field: Mapping[str, Any], where: str) -> Node | None:
        literals = field.get("literals")
        if not literals:
            return None
        found = choices(literals) if isinstance(literals, list) else None
        if found is None:
            raise _refusal(where, "its literals are not texts alone, or whole numbers alone")
        return found

    def _sayer(self, where: str) -> Callable[[str], None]:
        return lambda said: self.notes.append(f"{where}: {said}")


def _refusal(where: str, why: str) -> InputError:
    return InputError(f"{where}: {why}", path=where)
