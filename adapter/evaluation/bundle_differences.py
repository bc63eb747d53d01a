"""Expected and emitted Bundles -> what differs, resource by resource and element by element, for people.

What a resource says is told as facts: a path and a value, whatever order lists are in. Of lists whose
members have a code, as components and relatives' conditions, the code is part of the path.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from adapter.evaluation import bundles
from adapter.evaluation.bundles import BundleCase
from adapter.evaluation.resources import CLINICALLY, Clinical, Counting, Facts, concept
from adapter.fhir import systems
from terminology.systems import SHORT

What = Literal["differs", "missing", "invented"]
WORDS = "(words)"
"""Stands for what may be words of the note, where these are not to be told."""
DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?")
CODED = frozenset({"status", "intent", "use", "comparator", "type", "periodUnit", "durationUnit"})
"""Elements whose values are codes that FHIR gives."""
WHATS: Mapping[str, str] = {"differs": "differs", "missing": "missing", "invented": "unexpected"}
PLACE = "place"
CONFIDENCE = "confidence"
REGROUPED = "(grouping)"
LONGEST = 160  # characters of a value in a sentence
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
    places: Facts = frozenset()  # where it stands in the note: attachment and offset, and length


def differences(case: BundleCase, *, text: bool, counting: Counting = CLINICALLY) -> list[Difference]:
    """What differs between two Bundles; without words of the note unless `text`.

    Raises InputError for what is not built as FHIR has it.
    """
    match = bundles.matched(case, counting, rest=True)
    found = [
        *(_changed(one, other, counting, text) for one, other in match.pairs),
        *(_alone(one, "missing", text) for one in match.missed),
        *(_alone(one, "invented", text) for one in match.invented),
    ]
    return [one for one in found if one is not None]


def sentences(one: Difference) -> list[str]:
    """A difference in words, element by element: `Condition Asthma: clinicalStatus active -> inactive`."""
    name = " ".join(filter(None, (one.type, one.about)))
    if one.what != "differs":
        return [f"{name}: {WHATS[one.what]}"]
    return [f"{name}: {_sentence(fact)}" for fact in one.facts] or [f"{name}: its words differ"]


def shown(text: str, most: int = LONGEST) -> str:
    """A text in one line of what can be seen: no control characters, nothing that turns the line round."""
    seen = "".join(char if char.isprintable() else " " for char in text[: most + 1])
    return f"{seen[:most].rstrip()}…" if len(seen) > most else seen


def _sentence(fact: Fact) -> str:
    if fact.path == REGROUPED:
        return "the same values belong together otherwise"
    sides = [list(map(shown, side)) for side in (fact.expected, fact.emitted)]
    heads = {value.partition(" ")[0] for side in sides for value in side if " " in value}
    if len(heads) == 1 and not heads & SHORT.keys() and fact.path.endswith("coding"):
        sides = [[value.partition(" ")[2] or value for value in side] for side in sides]
    expected, emitted = (", ".join(side) or "nothing" for side in sides)
    path = re.sub(r"\.coding\b", "", fact.path)
    return f"{path} {expected} -> {emitted}"


def _changed(one: Clinical, other: Clinical, counting: Counting, text: bool) -> Difference | None:
    if one.cleaned == other.cleaned:
        return None
    facts = tuple(fact for fact in _facts_of(one, other, text) if not _as_good(fact, counting))
    whole = _told(one, True) == _told(other, True)
    if not facts and whole and _unordered(one.cleaned) != _unordered(other.cleaned):
        facts = (Fact(path=REGROUPED, expected=(), emitted=()),)
    if not facts and (whole or text or not _hidden(one, other, counting)):
        return None
    return Difference(type=one.type, what="differs", about=_about(one, text), facts=facts, places=one.places)


def _alone(one: Clinical, what: What, text: bool) -> Difference:
    found = _facts_of(one, None, text) if what == "missing" else _facts_of(None, one, text)
    facts = tuple(fact for fact in found if not fact.path.endswith(".reference"))
    return Difference(type=one.type, what=what, about=_about(one, text), facts=facts, places=one.places)


def _facts_of(expected: Clinical | None, emitted: Clinical | None, text: bool) -> Iterator[Fact]:
    wanted, given = (_told(one, text) for one in (expected, emitted))
    alone = (wanted - given, given - wanted)
    for path in dict.fromkeys(path for side in alone for path, _ in side):
        yield Fact(path=path, expected=_values(alone[0], path), emitted=_values(alone[1], path))


def _as_good(fact: Fact, counting: Counting) -> bool:
    """Whether two values differ by no more than counts."""
    if not len(fact.expected) == len(fact.emitted) == 1:
        return False
    return counting.alike(fact.path, fact.expected[0], fact.emitted[0])


def _hidden(one: Clinical, other: Clinical, counting: Counting) -> bool:
    """Whether two resources differ in words, which are not told."""
    return any(not _as_good(fact, counting) for fact in _facts_of(one, other, True))


def _unordered(value: Any) -> str:
    """A value as text, the same whatever order its lists are in."""
    if isinstance(value, dict):
        return json.dumps({key: _unordered(inner) for key, inner in value.items()}, sort_keys=True)
    if isinstance(value, list):
        return json.dumps(sorted(map(_unordered, value)))
    return json.dumps(value)


def _about(one: Clinical, text: bool) -> str:
    said = concept(one.resource)
    names = [said.get("text"), *(each.get("display") for each in said.get("coding", ()))]
    words = next((" ".join(str(name).split()) for name in names if name), "") if text else ""
    return shown(words) or ", ".join(f"{_short(system)} {code}" for system, code in sorted(one.code))


def _values(told: Told, path: str) -> tuple[str, ...]:
    return tuple(value for at, value in told.elements() if at == path)


def _told(one: Clinical | None, text: bool) -> Told:
    return Counter(_facts(one.cleaned, "", text)) if one is not None else Counter()


def _facts(value: Any, path: str, text: bool) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for one in value:
            yield from _facts(one, path + _named(one) if len(value) > 1 else path, text)
    elif isinstance(value, dict):
        yield from _of_object(value, path, text)
    else:
        yield path, _leaf(path, value, text)


def _named(member: Any) -> str:
    """What tells a member of a list from the others: its code."""
    said = member.get("code") if isinstance(member, dict) else None
    codings = said.get("coding") if isinstance(said, dict) else None
    first = codings[0] if isinstance(codings, list) and codings else None
    return f"({first['code']})" if isinstance(first, dict) and isinstance(first.get("code"), str) else ""


def _of_object(value: Mapping[str, Any], path: str, text: bool) -> Iterator[tuple[str, str]]:
    if value.get("url") == systems.DERIVATION:
        yield from _of_place(value, path.removesuffix("extension") + PLACE, text)
    elif value.get("url") == systems.CONFIDENCE:
        yield from _facts(value.get("valueDecimal"), path.removesuffix("extension") + CONFIDENCE, text)
    elif "value" in value and {"code", "unit"} & value.keys():
        unit = (value.get("unit") or value.get("code")) if text else (value.get("code") or WORDS)
        yield path, f"{value.get('comparator', '')}{value['value']} {unit}"
    elif "code" in value and isinstance(value["code"], str):
        display = f" {value['display']}" if text and value.get("display") else ""
        yield path, f"{_short(str(value.get('system', '')))} {value['code']}{display}".strip()
    else:
        extension = "url" in value and any(key.startswith(("value", "extension")) for key in value)
        about = str(value["url"]).rpartition("/")[2] if extension else ""
        for key, inner in value.items():
            if not (extension and key == "url") and (path or key != "resourceType"):
                yield from _facts(inner, _path(path, about, key), text)


def _of_place(value: Mapping[str, Any], path: str, text: bool) -> Iterator[tuple[str, str]]:
    """The characters a derivation names, as one fact; what else it names beside it."""
    inner = value.get("extension")
    members = inner if isinstance(inner, list) else []
    parts = {str(one.get("url")): one for one in members if isinstance(one, dict)}
    offset, length = (parts.pop(name, {}).get("valueInteger") for name in ("offset", "length"))
    if isinstance(offset, int) and isinstance(length, int):
        yield path, f"{offset}-{offset + length}"
    else:
        yield path, f"{offset} {length}"
    for part in parts.values():
        yield from _facts({key: one for key, one in part.items() if key != "url"}, path, text)


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
