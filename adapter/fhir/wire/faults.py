"""What is wrong with JSON that parses, and at which element: the slow second look, after a fault."""

import json
import re
from collections.abc import Iterator
from typing import Any, Final

from adapter.errors import InputError
from adapter.fhir.wire import numbers, paths
from adapter.fhir.wire.limits import Limits

FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 has no way to write; FHIR forbids the control characters in every string."""


class _Pairs(list[tuple[str, Any]]):
    """An object whose names may repeat."""


class _Wrong(str):
    """What is wrong with the number that stood here."""


def find(text: str, limits: Limits) -> InputError | None:
    """The first fault of this JSON in the order of the text, none if it has none."""

    def number(digits: str) -> object:
        try:
            return numbers.parse(digits, limits.digits)
        except InputError as error:
            return _Wrong(error)

    tree = json.loads(
        text, object_pairs_hook=_Pairs, parse_int=number, parse_float=number, parse_constant=_not_a_number
    )
    waiting = [(tree, _root(tree), 1)]
    while waiting:
        value, path, depth = waiting.pop()
        what = _fault(value, depth, limits)
        if what is not None:
            return InputError(what, path=path or None)
        waiting += reversed([(one, where, depth + 1) for one, where in _children(value, path)])
    return None


def _not_a_number(_: str) -> _Wrong:
    return _Wrong("not a number of JSON")


def _root(tree: Any) -> str:
    names = (value for name, value in tree if name == "resourceType") if isinstance(tree, _Pairs) else ()
    return next((name for name in names if paths.is_type(name)), "")


def _fault(value: Any, depth: int, limits: Limits) -> str | None:
    if isinstance(value, _Wrong):
        return str(value)
    if isinstance(value, str):
        return "a character that FHIR does not allow" if FORBIDDEN.search(value) else None
    if isinstance(value, list) and depth > limits.depth:
        return f"nested more than {limits.depth} deep"
    if isinstance(value, _Pairs):
        return _names(value)
    return None


def _names(pairs: _Pairs) -> str | None:
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            shown = paths.child("", name)
            return f"the name {shown} stands twice"
        if FORBIDDEN.search(name):
            return "a name holds a character that FHIR does not allow"
        seen.add(name)
    return None


def _children(value: Any, path: str) -> Iterator[tuple[Any, str]]:
    if isinstance(value, _Pairs):
        yield from ((one, paths.child(path, name)) for name, one in value)
    elif isinstance(value, list):
        yield from ((one, paths.item(path, number)) for number, one in enumerate(value))
