"""The object -> FHIR JSON, every decimal with the digits it came with."""

import json
import math
import re
import secrets
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from adapter.fhir.wire.numbers import Exact
from adapter.model import Resource


def write_json(resource: Resource, *, pretty: bool = False) -> bytes:
    """The JSON of a resource in UTF-8, on one line unless pretty.

    The encoder of the standard library has no way to write a number by its text: each stands as a string
    no value can hold (it is drawn anew), and is replaced in what was written.
    """
    if not any(_exact(resource)):
        return _bytes(resource, pretty=pretty)
    mark = secrets.token_hex(16)
    whole = _bytes(_marked(resource, mark), pretty=pretty)
    return re.sub(rb'"%s:([-+.0-9eE]+)"' % mark.encode(), rb"\1", whole)


def _bytes(value: Any, *, pretty: bool) -> bytes:
    indent, separators = (2, (",", ": ")) if pretty else (None, (",", ":"))
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent, separators=separators)
    try:
        return text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can say
        return json.dumps(value, allow_nan=False, indent=indent, separators=separators).encode()


def _exact(value: Any) -> Iterator[bool]:
    """True for every number that must be written by its text."""
    level = [value]
    while level:
        children = [
            child
            for one in level
            for child in (one.values() if isinstance(one, dict) else one)
            if not isinstance(child, str)
        ]
        yield from (True for child in children if isinstance(child, Exact | Decimal))
        level = [child for child in children if isinstance(child, dict | list | tuple)]


def _marked(value: Any, mark: str) -> Any:
    if isinstance(value, Exact | Decimal):
        if not math.isfinite(value):
            raise ValueError("not a number of JSON")
        return f"{mark}:{value}"
    if isinstance(value, dict):
        return {name: _marked(one, mark) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_marked(one, mark) for one in value]
    return value
