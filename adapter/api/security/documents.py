"""JSON that decides who is let in, read so that no two readers can differ about it."""

import json
import math
from typing import Any, NoReturn


def read_object(content: bytes | str) -> dict[str, Any]:
    """The JSON object written there; ValueError for anything else, a key that stands twice included."""
    try:
        value = json.loads(content, object_pairs_hook=_once, parse_constant=_refused)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def seconds(value: Any) -> float | None:
    """A NumericDate as seconds since 1970, None when it is not one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if 0 <= value < 2**53 and math.isfinite(value) else None


def strings(value: Any) -> tuple[str, ...] | None:
    """A string, or an array of strings, as strings; None when it is neither."""
    values = value if isinstance(value, list) else [value]
    return tuple(values) if all(isinstance(one, str) for one in values) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice")
    return found


def _refused(_: str) -> NoReturn:
    raise ValueError("not a JSON number")
