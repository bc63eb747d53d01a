"""What is wrong with JSON that parses, and at which element: the slow second look, after a fault."""

import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from adapter.errors import InputError
from adapter.fhir.wire import numbers, paths
from adapter.fhir.wire.limits import Limits

FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 has no way to write; FHIR forbids the control characters in every string."""


class _Pairs(list[tuple[str, Any]]):
    """An object whose names may repeat."""

    __slots__ = ()


class _Wrong(str):
    """What is wrong with the number that stood here."""


_Trail = tuple[Any, str | int]
"""The way to an element: the trail of what holds it, and its name or number there."""


def find(text: str, limits: Limits) -> InputError | None:
    """A fault of this JSON with the element it is in, none if it has none."""

    def number(digits: str) -> object:
        try:
            return numbers.parse(digits, limits.digits)
        except InputError as error:
            return _Wrong(error)

    tree = json.loads(
        text, object_pairs_hook=_Pairs, parse_int=number, parse_float=number, parse_constant=_not_a_number
    )
    waiting: list[tuple[Any, _Trail | None, int]] = [(tree, None, 1)]
    while waiting:
        value, trail, depth = waiting.pop()
        what = f"nested more than {limits.depth} deep" if depth > limits.depth else _names(value)
        if what is not None:
            return InputError(what, path=_path(_root(tree), trail))
        for key, child in _children(value):
            if isinstance(child, list):
                waiting.append((child, (trail, key), depth + 1))
            elif isinstance(child, str) and (what := _text(child)) is not None:
                return InputError(what, path=_path(_root(tree), (trail, key)))
    return None


def _not_a_number(_: str) -> _Wrong:
    return _Wrong("not a number of JSON")


def _root(tree: Any) -> str:
    names = (value for name, value in tree if name == "resourceType") if isinstance(tree, _Pairs) else ()
    return next((name for name in names if paths.is_type(name)), "")


def _text(value: str) -> str | None:
    if isinstance(value, _Wrong):
        return str(value)
    return "a character that FHIR does not allow" if FORBIDDEN.search(value) else None


def _names(value: Any) -> str | None:
    """What is wrong with the names of an object."""
    if not isinstance(value, _Pairs):
        return None
    names = [name for name, _ in value]
    if FORBIDDEN.search("".join(names)):
        return "a name holds a character that FHIR does not allow"
    if len(set(names)) == len(names):
        return None
    twice = next(name for name, times in Counter(names).items() if times > 1)
    return f"the name {paths.child('', twice)} stands twice"


def _children(value: Any) -> Iterable[tuple[str | int, Any]]:
    """Names or numbers, and what stands there; nothing of a value without parts."""
    if isinstance(value, _Pairs):
        return value
    return enumerate(value) if isinstance(value, list) else ()


def _path(root: str, trail: _Trail | None) -> str | None:
    keys: list[str | int] = []
    while trail is not None:
        trail, key = trail
        keys.append(key)
    path = root
    for key in reversed(keys):
        path = paths.item(path, key) if isinstance(key, int) else paths.child(path, key)
    return path or None
