"""Whether an answer is one that a schema allows, with the place of everything that is not."""

import math
import re
from collections.abc import Iterator
from datetime import date
from typing import Any

from adapter.tasks.node import Node, Problem, step

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


def problems(node: Node, answer: Any) -> tuple[Problem, ...]:
    """Everything in an answer that its schema does not allow; empty when it is valid."""
    return tuple(_problems(node, answer, ""))


def _problems(node: Node, value: Any, at: str) -> Iterator[Problem]:
    if value is None:
        if not node.nullable:
            yield Problem(pointer=at, message="null is not allowed")
    elif not is_of(node, value):
        yield Problem(pointer=at, message=f"not of type {node.type}")
    elif node.type == "object":
        yield from _object(node, value, at)
    elif node.type == "array":
        yield from _array(node, value, at)
    else:
        yield from (Problem(pointer=at, message=message) for message in _leaf(node, value))


def is_of(node: Node, value: Any) -> bool:
    """Whether a value is of a node's type, whatever else it is."""
    if node.type == "boolean" or isinstance(value, bool):
        return node.type == "boolean" and isinstance(value, bool)
    if node.type in ("number", "integer"):
        if not isinstance(value, int | float) or not math.isfinite(value):
            return False
        return node.type == "number" or value == int(value)
    return isinstance(value, {"object": dict, "array": list}.get(node.type, str))


def _object(node: Node, value: dict[str, Any], at: str) -> Iterator[Problem]:
    for name in node.properties:
        if name in value:
            yield from _problems(node.properties[name], value[name], step(at, name))
        elif name in node.required:
            yield Problem(pointer=step(at, name), message="required")
    if unknown := len(value.keys() - node.properties.keys()):
        yield Problem(pointer=at, message=f"{unknown} properties that the schema does not name")


def _array(node: Node, value: list[Any], at: str) -> Iterator[Problem]:
    if len(value) < node.least:
        yield Problem(pointer=at, message=f"fewer than {node.least} items")
    if node.most is not None and len(value) > node.most:
        yield Problem(pointer=at, message=f"more than {node.most} items")
    for index, item in enumerate(value):
        yield from _problems(node.item, item, step(at, index))


def _leaf(node: Node, value: Any) -> Iterator[str]:
    if node.choices is not None and value not in node.choices:
        yield "not one of the choices"
    if node.length is not None and len(value) > node.length:
        yield f"longer than {node.length}"
    if node.minimum is not None and value < node.minimum:
        yield f"less than {node.minimum}"
    if node.maximum is not None and value > node.maximum:
        yield f"more than {node.maximum}"
    if node.date and not _is_date(value):
        yield "not a date such as 2026-03-07"


def _is_date(text: str) -> bool:
    try:
        return bool(_DATE.fullmatch(text) and date.fromisoformat(text))
    except ValueError:
        return False
