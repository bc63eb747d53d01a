"""What may differ between two Bundles that say the same (`may_differ.toml`), and nothing else."""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any, Final

from adapter.evaluation.resources import Counting
from adapter.model import Resource

Path = tuple[str, ...]
ANYWHERE: Final = "**"
ANY_TYPE: Final = "*"
POSTED: Final = "posted"
"""What stands around a resource in its entry, as an element of it: no type of FHIR has one of this name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class May:
    """Something that may differ."""

    element: str
    why: str
    system: str = ""  # only what is of a system that begins so
    value: str = ""  # only a value that begins so
    within: float | None = None  # numbers that are no further apart than this

    def covers(self, path: Path) -> bool:
        """Whether it speaks of the element at a path, which begins with the type."""
        first, *rest = self.element.split(".")
        if first == ANYWHERE:
            return path[-len(rest) :] == tuple(rest) and len(path) > len(rest)
        return first in (ANY_TYPE, path[0]) and path[1:] == tuple(rest)

    def allows(self, value: Any) -> bool:
        """Whether it is about this value of the element."""
        if self.system:
            return isinstance(value, dict) and str(value.get("system", "")).startswith(self.system)
        return not self.value or (isinstance(value, str) and value.startswith(self.value))


@cache
def may_differ() -> Sequence[May]:
    """What may differ."""
    rows = tomllib.loads(files(__package__).joinpath("may_differ.toml").read_text("utf-8"))
    return tuple(May(**row) for row in rows["may_differ"])


def exactly() -> Counting:
    """Everything counts but what may differ."""
    return Counting(parts=_parts, cleaned=cleaned, alike=alike)


def cleaned(resource: Resource) -> Any:
    """A resource without what may differ."""
    return _kept(resource, (str(resource.get("resourceType")),))


def alike(path: str, one: str, other: str) -> bool:
    """Whether two values at a path may both stand there."""
    ranges = [may.within for may in may_differ() if may.within is not None and _ends(path, may.element)]
    try:
        return any(abs(float(one) - float(other)) <= within for within in ranges)
    except ValueError:
        return False


def _ends(path: str, element: str) -> bool:
    return path.rpartition(".")[2] == element.rpartition(".")[2]


def _parts(bundle: Resource) -> Iterator[Resource]:
    """The resources of a Bundle, each with what stands around it, and what the Bundle itself says."""
    if bundle:
        yield {key: value for key, value in bundle.items() if key != "entry"}
    for entry in bundle.get("entry", ()):
        around = {key: value for key, value in entry.items() if key != "resource"}
        resource = dict(entry["resource"])
        yield resource | ({POSTED: around} if around else {})


def _kept(value: Any, path: Path) -> Any:
    if isinstance(value, dict):
        kept = {key: _kept(_left(inner, (*path, key)), (*path, key)) for key, inner in value.items()}
        return {key: inner for key, inner in kept.items() if not _empty(inner)}
    if isinstance(value, list):
        return [one for one in map(partial(_kept, path=path), value) if not _empty(one)]
    return value


def _left(value: Any, path: Path) -> Any:
    """An element without those of its values that may differ."""
    rules = _rules(path)
    if not rules:
        return value
    if isinstance(value, list):
        return [one for one in value if not any(may.allows(one) for may in rules)]
    return None if any(may.allows(value) for may in rules) else value


def _rules(path: Path) -> Sequence[May]:
    return [may for may in _by_name().get(path[-1], ()) if may.covers(path)]


@cache
def _by_name() -> dict[str, list[May]]:
    found: dict[str, list[May]] = {}
    for may in may_differ():
        if may.within is None:
            found.setdefault(may.element.rpartition(".")[2], []).append(may)
    return found


def _empty(value: Any) -> bool:
    return value is None or value in ({}, [])
