"""The words of a text that the values of an example rest on, where the text has those very words."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from adapter.tasks.node import Node, step


def found(node: Node, answer: Mapping[str, Any], text: str) -> dict[str, str]:
    """Pointer of each value without a quote beside it -> its words, as far as the text has them."""
    words = ((at, _words(value, text)) for at, value in _values(node, answer, "", beside=False))
    return {at: one for at, one in words if one}


def _values(node: Node, value: Any, at: str, *, beside: bool) -> Iterator[tuple[str, Any]]:
    if value is None:
        return
    if node.type == "object":
        for name in (name for name in node.properties if name in value and not node.settled(name)):
            yield from _values(node.properties[name], value[name], step(at, name), beside=node.quoted)
    elif node.type == "array":
        for index, item in enumerate(value):
            yield from _values(node.item, item, step(at, index), beside=beside)
    elif not node.quotes and not beside:
        yield at, value


def _words(value: Any, text: str) -> str:
    if isinstance(value, bool):
        return ""
    told = value if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    if not told.strip():
        return ""
    hit = re.search(rf"(?<![\w.,]){re.escape(told)}(?!\w|[.,]\d)", text, re.IGNORECASE)
    return hit.group() if hit else ""
