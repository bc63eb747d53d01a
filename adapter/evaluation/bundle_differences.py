"""Expected and emitted Bundles -> what differs, resource by resource and element by element, for people.

What a resource says is told as facts: a path and a value, whatever order lists are in.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from adapter.evaluation import bundles
from adapter.evaluation.bundles import BundleCase, Clinical
from terminology.systems import SHORT

What = Literal["differs", "missing", "invented"]
WORDS = "(words)"
"""Stands for what may be words of the note, where these are not to be told."""
DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?")
CODED = frozenset({"status", "intent", "use", "comparator", "type", "periodUnit", "durationUnit"})
"""Elements whose values are codes that FHIR gives."""
Told = Counter[tuple[str, str]]  # (path, value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """An element of which two resources say different things."""

    path: str
    expected: tuple[str, ...]
    emitted: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A resource that is not as it should be."""

    type: str
    what: What
    about: str  # its words, else its codes
    facts: tuple[Fact, ...]


def differences(case: BundleCase, *, text: bool) -> list[Difference]:
    """What differs between two Bundles; without words of the note unless `text`.

    Raises InputError for what is not built as FHIR has it.
    """
    match = bundles.matched(case)
    found = [
        *(_difference(one, other, "differs", text) for one, other in match.pairs),
        *(_difference(one, None, "missing", text) for one in match.missed),
        *(_difference(None, one, "invented", text) for one in match.invented),
    ]
    return [one for one in found if one is not None]


def _difference(
    expected: Clinical | None, emitted: Clinical | None, what: What, text: bool
) -> Difference | None:
    wanted, given = (_told(one, text) for one in (expected, emitted))
    alone = (wanted - given, given - wanted)
    paths = dict.fromkeys(path for side in alone for path, _ in side)
    if what != "differs":
        paths = {path: None for path in paths if not path.endswith(".reference")}
    facts = tuple(
        Fact(path=path, expected=_values(alone[0], path), emitted=_values(alone[1], path)) for path in paths
    )
    known = expected or emitted
    if known is None or not (facts or what != "differs" or _hidden(expected, emitted)):
        return None
    return Difference(type=known.type, what=what, about=_about(known, text), facts=facts)


def _hidden(expected: Clinical | None, emitted: Clinical | None) -> bool:
    """Whether two resources differ in words alone, which are not told."""
    return _told(expected, True) != _told(emitted, True)


def _about(one: Clinical, text: bool) -> str:
    codes = ", ".join(f"{_short(system)} {code}" for system, code in sorted(one.code))
    return (one.words if text else "") or codes


def _values(told: Told, path: str) -> tuple[str, ...]:
    return tuple(value for at, value in told.elements() if at == path)


def _told(one: Clinical | None, text: bool) -> Told:
    return Counter(_facts(bundles.cleaned(one.resource), "", text)) if one is not None else Counter()


def _facts(value: Any, path: str, text: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for one in value:
            yield from _facts(one, path, text)
    elif isinstance(value, dict):
        yield from _of_object(value, path, text)
    else:
        yield path, _leaf(path, value, text)


def _of_object(value: Mapping[str, Any], path: str, text: bool) -> Iterator[tuple[str, str]]:
    if "value" in value and {"code", "unit"} & value.keys():
        unit = (value.get("unit") or value.get("code")) if text else (value.get("code") or WORDS)
        yield path, f"{value.get('comparator', '')}{value['value']} {unit}"
    elif "code" in value and isinstance(value["code"], str):
        display = f" {value['display']}" if text and value.get("display") else ""
        yield path, f"{_short(str(value.get('system', '')))} {value['code']}{display}".strip()
    else:
        about = str(value.get("url", "")).rpartition("/")[2]
        for key, inner in value.items():
            if key not in ("url", "resourceType"):
                yield from _facts(inner, _path(path, about, key), text)


def _path(path: str, about: str, key: str) -> str:
    """The path of an element; of an extension it has the last part of its URL."""
    return ".".join(part for part in (f"{path}({about})" if about else path, key) if part)


def _leaf(path: str, value: Any, text: bool) -> str:
    known = isinstance(value, bool | int | float) or path.rpartition(".")[2] in CODED
    if text or known or DATE.fullmatch(str(value)):
        return str(value)
    return WORDS


def _short(system: str) -> str:
    return next((name for name, uri in SHORT.items() if uri == system), system.rpartition("/")[2])


def cases(found: Sequence[BundleCase], *, text: bool) -> list[tuple[BundleCase, list[Difference]]]:
    """Each case in which something differs, with what does."""
    listed = [(case, differences(case, text=text)) for case in found]
    return [(case, some) for case, some in listed if some]
