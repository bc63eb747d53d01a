"""Whether a value of a resource is one that a search asks for (https://hl7.org/fhir/R4/search.html)."""

import re
from collections.abc import Container, Iterator
from typing import Any, Final

_VERSION: Final = re.compile(r"/_history/[A-Za-z0-9.-]{1,64}\Z")


def at(value: Any, path: str) -> Iterator[Any]:
    """The values at a path of element names ("subject", "condition.code"), lists opened."""
    name, _, rest = path.partition(".")
    inner = value.get(name) if isinstance(value, dict) else None
    for one in inner if isinstance(inner, list) else [inner]:
        if one is not None:
            if rest:
                yield from at(one, rest)
            else:
                yield one


def tokened(value: Any, wanted: str) -> bool:
    """Whether a code, Coding, CodeableConcept or Identifier is `system|code`; either may be left out."""
    system, bar, code = wanted.rpartition("|")
    return any(
        own == system if not code else token == code and (not bar or own == (system or None))
        for own, token in _tokens(value)
    )


def refers(value: Any, wanted: Container[str]) -> bool:
    """Whether a Reference, without the version it may name, is among those wanted."""
    reference = value.get("reference") if isinstance(value, dict) else None
    return isinstance(reference, str) and _VERSION.sub("", reference) in wanted


def _tokens(value: Any) -> Iterator[tuple[Any, Any]]:
    """Pairs of a system and a code."""
    if isinstance(value, str):
        yield None, value
    elif isinstance(value, dict):
        coding = value.get("coding")
        for one in [value, *(coding if isinstance(coding, list) else [])]:
            if isinstance(one, dict):
                yield one.get("system"), one.get("code", one.get("value"))
