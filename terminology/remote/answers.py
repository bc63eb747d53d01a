"""FHIR answers -> plain values that JSON can hold: only what is asked for, and nothing of the question.

Names are lists [text, language, preferred]. Servers differ in which of the optional parts they fill in, so
what is missing or odd is passed over, but an answer of another type is refused.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from terminology.errors import TerminologyError
from terminology.fhir.conceptmap import RELATIONS

Resource = dict[str, Any]
Name = list[Any]  # text, language, preferred

PREFERRED = "preferredForLanguage"
FULL = "900000000000003001"  # SNOMED CT: fully specified name
UNSAID = ""  # language of a name that has none
EQUIVALENCES = {
    "equal": "equivalent",
    "subsumes": "broader",
    "specializes": "narrower",
    "inexact": "mapped",
} | {
    word: relation
    for relation in ("equivalent", "broader", "narrower", "mapped")
    for word in RELATIONS[relation]
}
"""R4 equivalence and R5 relationship -> relation; what says that there is no match is not in it."""


def concept(told: Resource) -> Resource:
    """The concept of a $lookup: display, version, active, names, parents, children."""
    given = list(_parameters(told))
    names = [_designation(_parts(each)) for each in given if each.get("name") == "designation"]
    properties = [_property(each) for each in given if each.get("name") == "property"]
    display = _first(given, "display")
    return {
        "display": display,
        "version": _first(given, "version") or None,
        "active": ("inactive", "true") not in properties,
        "names": _with_display(names, display),
        "parents": sorted({value for name, value in properties if name == "parent" and value}),
        "children": sorted({value for name, value in properties if name == "child" and value}),
    }


def expansion(told: Resource) -> Resource | list[Any]:
    """A page of an expansion: total and concepts; [] where it is empty."""
    if told.get("resourceType") != "ValueSet":
        raise TerminologyError("the answer to ValueSet/$expand is no ValueSet")
    held = told.get("expansion")
    inside = held if isinstance(held, dict) else {}
    total = inside.get("total")
    listed = [_contained(each) for each in _contents(inside)]
    return {"total": total if isinstance(total, int) else None, "contains": listed} if listed else []


def matches(told: Resource) -> list[Resource]:
    """The matches of a $translate: system, code, display, relation, where they say that there is one."""
    found = []
    for each in _parameters(told):
        if each.get("name") != "match":
            continue
        parts = _parts(each)
        word = _first(parts, "equivalence") or _first(parts, "relationship") or "related-to"
        coding = next((p.get("valueCoding") for p in parts if p.get("name") == "concept"), None)
        if word in EQUIVALENCES and isinstance(coding, dict) and isinstance(coding.get("code"), str):
            keys = ("system", "code", "display")
            found.append({key: str(coding.get(key) or "") for key in keys} | {"relation": EQUIVALENCES[word]})
    return found


def outcome(told: Resource) -> str:
    """How two codes stand to each other, as $subsumes says."""
    return _first(list(_parameters(told)), "outcome")


def _parameters(told: Resource) -> Iterator[Resource]:
    if told.get("resourceType") != "Parameters":
        raise TerminologyError("the answer to an operation is no Parameters resource")
    yield from _objects(told.get("parameter"))


def _objects(listed: Any) -> list[Resource]:
    return [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []


def _parts(parameter: Resource) -> list[Resource]:
    return _objects(parameter.get("part"))


def _value(parameter: Resource) -> str:
    """The value of a parameter as text, whatever its type; empty where it has none."""
    for key, value in parameter.items():
        if key.startswith("value") and isinstance(value, bool):
            return str(value).lower()
        if key.startswith("value") and isinstance(value, str | int):
            return str(value)
    coding = parameter.get("valueCoding")
    return str(coding.get("code") or "") if isinstance(coding, dict) else ""


def _first(given: Iterable[Resource], name: str) -> str:
    return next((_value(each) for each in given if each.get("name") == name), "")


def _property(parameter: Resource) -> tuple[str, str]:
    parts = _parts(parameter)
    values = [each for each in parts if str(each.get("name", "")).startswith("value")]
    return _first(parts, "code"), _value(values[0]) if values else ""


def _designation(parts: list[Resource]) -> Name:
    use = next((each.get("valueCoding") for each in parts if each.get("name") == "use"), None)
    return _name(_first(parts, "value"), _first(parts, "language"), use)


def _name(text: Any, language: Any, use: Any) -> Name:
    code = use.get("code") if isinstance(use, dict) else None
    tag = language.split("-x-")[0] if isinstance(language, str) else UNSAID
    return [text if isinstance(text, str) else "", tag, code in (PREFERRED, FULL)]


def _contents(holder: Resource) -> Iterator[Resource]:
    """Every concept of an expansion, those below others too."""
    waiting = _objects(holder.get("contains"))[::-1]
    while waiting:
        each = waiting.pop()
        waiting += _objects(each.get("contains"))[::-1]
        if isinstance(each.get("code"), str) and each.get("abstract") is not True:
            yield each


def _contained(each: Resource) -> Resource:
    names = [
        _name(item.get("value"), item.get("language"), item.get("use"))
        for item in _objects(each.get("designation"))
    ]
    display = each.get("display") if isinstance(each.get("display"), str) else ""
    return {
        "system": str(each.get("system") or ""),
        "code": each["code"],
        "display": display,
        "active": each.get("inactive") is not True,
        "names": _with_display(names, display),
    }


def _with_display(names: list[Name], display: Any) -> list[Name]:
    """Each name once, the display among them, preferred ones first; where none is marked, the display is."""
    found: dict[tuple[str, str], Name] = {}
    for text, language, preferred in names:
        if text:
            known = found.setdefault((text, language), [text, language, preferred])
            known[2] = known[2] or preferred
    if display and not any(text == display for text, _ in found):
        found[display, UNSAID] = [display, UNSAID, True]
    listed = list(found.values())
    if not any(preferred for _, _, preferred in listed):
        listed = [[text, language, text == display] for text, language, _ in listed]
    return sorted(listed, key=lambda name: not name[2])
