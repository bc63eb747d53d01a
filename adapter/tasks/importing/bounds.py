"""What `Field(...)` says beside a type, put on the node of that type."""

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from adapter.tasks.importing import source
from adapter.tasks.node import Node
from adapter.tasks.schema import MOST_ITEMS, MOST_LENGTH

LARGEST = 1e15
REQUIRED = object()  # there is no default
SPOKEN = {"description", "default", "default_factory"}
BOUNDS = {"ge", "le", "gt", "lt", "max_length", "min_length", "max_items", "min_items"}
UNUSED = {
    "title",
    "examples",
    "example",
    "alias",
    "validation_alias",
    "serialization_alias",
    "pattern",
    "regex",
}
UNUSED |= {
    "multiple_of",
    "strict",
    "deprecated",
    "frozen",
    "repr",
    "exclude",
    "allow_inf_nan",
    "kw_only",
    "init",
}
UNUSED |= {
    "json_schema_extra",
    "max_digits",
    "decimal_places",
    "const",
    "unique_items",
    "coerce_numbers_to_str",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a field says beside its type."""

    line: int
    default: Any = REQUIRED  # None and anything else: it may be left out
    description: str = ""
    bounds: Mapping[str, float] = field(default_factory=dict)
    unused: tuple[str, ...] = ()


def options(call: ast.Call) -> Options:
    """The options in a call of `Field`, which is read and not made."""
    told: dict[str, Any] = {"line": call.lineno, "bounds": {}, "unused": ()}
    if len(call.args) > 1:
        raise source.refusal(call, "Field takes one value, the default")
    for argument in call.args:
        told["default"] = default(argument)
    for one in call.keywords:
        _keyword(one, told)
    return Options(**told)


def default(node: ast.expr) -> Any:
    """The default that is written out: REQUIRED for `...`, () for a list, a name for a member of an enum."""
    if isinstance(node, ast.Constant):
        return REQUIRED if node.value is ... else node.value
    if isinstance(node, ast.List | ast.Dict | ast.Tuple) and not _calls(node):
        return ()
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return ast.unparse(node)
    return number(node)


def number(node: ast.expr) -> float:
    """The number an expression writes out, a minus before it or not."""
    sign = -1 if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else 1
    inner = node.operand if sign < 0 and isinstance(node, ast.UnaryOp) else node
    if not isinstance(inner, ast.Constant) or type(inner.value) not in (int, float):
        raise source.refusal(node)
    assert isinstance(inner.value, int | float)
    if abs(inner.value) > LARGEST:
        raise source.refusal(node, "a number too large for a task")
    return sign * inner.value


def bounded(node: Node, told: Options, say: Callable[[str], None]) -> Node:
    """The node with the bounds and the description of its field."""
    for name, value in told.bounds.items():
        node = _bound(node, name, value, say)
    for name in told.unused:
        say(f"{name} is left out")
    return replace(node, description=told.description or node.description)


def _keyword(one: ast.keyword, told: dict[str, Any]) -> None:
    if one.arg in BOUNDS:
        told["bounds"][one.arg] = number(one.value)
    elif one.arg == "description":
        if not isinstance(one.value, ast.Constant) or not isinstance(one.value.value, str):
            raise source.refusal(one.value, "a description is a plain text")
        told["description"] = one.value.value.strip()
    elif one.arg == "default":
        told["default"] = default(one.value)
    elif one.arg == "default_factory" and isinstance(one.value, ast.Name):
        told["default"] = ()
    elif one.arg in UNUSED and not _calls(one.value):
        told["unused"] += (one.arg,)
    else:
        raise source.refusal(one.value, f"'{one.arg or '**'}' of Field is not read with this value")


def _calls(node: ast.expr) -> bool:
    return any(isinstance(part, ast.Call) for part in ast.walk(node))


def _bound(node: Node, name: str, value: float, say: Callable[[str], None]) -> Node:
    if node.type in ("number", "integer") and node.choices is None and name in ("ge", "le", "gt", "lt"):
        return _number(node, name, value, say)
    whole = max(0, int(value))
    if node.type == "array" and name in ("min_length", "min_items"):
        return replace(node, least=min(whole, MOST_ITEMS))
    if node.type == "array" and name in ("max_length", "max_items"):
        return replace(node, most=_least_of(whole, MOST_ITEMS, name, say))
    if node.type == "string" and name == "max_length" and node.choices is None and not node.date:
        return replace(node, length=_least_of(whole, MOST_LENGTH, name, say))
    say(f"{name} is left out")
    return node


def _number(node: Node, name: str, value: float, say: Callable[[str], None]) -> Node:
    if name in ("gt", "lt"):
        if node.type == "integer" and value == int(value):
            value += 1 if name == "gt" else -1
        else:
            say(f"{name} became a bound that may be met")
    return replace(node, minimum=value) if name in ("ge", "gt") else replace(node, maximum=value)


def _least_of(value: int, most: int, name: str, say: Callable[[str], None]) -> int:
    if value > most:
        say(f"{name} became {most}, the most a task may have")
    return min(value, most)
