"""FHIR JSON -> the object. What is wrong is found by `faults`; here only that something is.

About three times the cost of `json.loads`, which checks none of this.
"""

import json
import re
from functools import partial
from typing import Any, NoReturn

from adapter.errors import InputError
from adapter.fhir.wire import faults, numbers, paths
from adapter.fhir.wire.limits import DEFAULT, Limits
from adapter.model import Resource

_SUSPECT = re.compile(r"\\(?:[bf]|u(?:00[01]|[dD][89a-fA-F]|[fF]{3}[eEfF]))")


def read_json(data: bytes, limits: Limits = DEFAULT) -> Resource:
    """The resource of a JSON body, numbers as they were written.

    Raises InputError, which names the element and never its value: not UTF-8, not JSON, a name twice, too
    deep, too large, a number too long, a character that FHIR XML could not hold, no resource.
    """
    text = _text(data, limits)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=partial(numbers.integer, digits=limits.digits),
            parse_float=partial(numbers.decimal, digits=limits.digits),
            parse_constant=_refuse,
        )
    except json.JSONDecodeError as error:
        what = error.msg.removesuffix(" at")
        raise InputError(f"not JSON: {what} at line {error.lineno}, column {error.colno}") from None
    except RecursionError:
        raise InputError(f"nested more than {limits.depth} deep") from None
    except InputError:
        raise faults.find(text, limits) or InputError() from None
    if _deeper(value, limits.depth) or _suspect(text):
        _refuse_faulty(text, limits)
    return _resource(value)


def _text(data: bytes, limits: Limits) -> str:
    if len(data) > limits.size:
        raise InputError(f"larger than {limits.size} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 at byte {error.start}") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise InputError
    return value


def _refuse(_: str) -> NoReturn:
    raise InputError


def _deeper(value: Any, bound: int) -> bool:
    level, depth = [value], 0
    while level and depth <= bound:
        depth += 1
        level = [
            child
            for one in level
            for child in (one.values() if type(one) is dict else one if type(one) is list else ())
            if type(child) is dict or type(child) is list
        ]
    return depth > bound


def _suspect(text: str) -> bool:
    return "\ufffe" in text or "\uffff" in text or _SUSPECT.search(text) is not None


def _refuse_faulty(text: str, limits: Limits) -> None:
    fault = faults.find(text, limits)
    if fault is not None:
        raise fault


def _resource(value: Any) -> Resource:
    if not isinstance(value, dict):
        raise InputError("the body is not an object")
    if not paths.is_type(value.get("resourceType")):
        raise InputError("resourceType is missing or is no name of a type", path="resourceType")
    return value
