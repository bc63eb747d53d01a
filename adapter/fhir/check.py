"""Bundle -> everything that is wrong with it, before it leaves.

The models of fhir.resources (R4B for R4, R5) check structure, cardinality and formats; they take any code
for a status and any resource for a reference, so those are checked here, and `invariants`.
Messages name elements and never values.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from fhir.resources import bundle as r5
from fhir.resources import get_fhir_model_class as r5_class
from fhir.resources.R4B import bundle as r4b
from fhir.resources.R4B import get_fhir_model_class as r4b_class
from pydantic import BaseModel, ValidationError

from adapter.fhir import bindings, invariants, references, systems, times
from adapter.fhir.systems import Version
from adapter.model import Issue, Note, Resource

_FULL_URL = re.compile(r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|https?://\S+")
_NAME = re.compile(r"_?[A-Za-z][A-Za-z0-9]{0,40}")
_SAID = {  # by what the type of a validation error contains
    "missing": ("required", "is required"),
    "extra_forbidden": ("structure", "is not an element here"),
    "_type": ("structure", "is of the wrong type"),
    "pattern": ("value", "does not have the form it must have"),
    "one_of_many": ("invariant", "stands beside another element that excludes it"),
    "too_short": ("required", "is too short or empty"),
    "too_long": ("too-long", "is too long"),
    "datetime": ("value", "is not a date or time of FHIR"),
    "date": ("value", "is not a date of FHIR"),
    "decimal": ("value", "is not a number of FHIR"),
    "int": ("value", "is not a whole number"),
}
_R4_ONLY = ("con-5",)  # R5 requires a clinicalStatus of what was entered in error too
_OURS = ("subject", "patient")
_TIMES = (
    "recordedDate",
    "effectiveDateTime",
    "dateAsserted",
    "recorded",
    "timestamp",
    "performedDateTime",
    "onsetDateTime",
    "occurrenceDateTime",
)


def bundle(
    whole: Resource, version: Version, *, notes: Sequence[Note] = (), profiles: Collection[str] = ()
) -> list[Issue]:
    """What is wrong with a Bundle, nothing when it may leave.

    With `notes`, every derivation must also lie within its note's text.
    """
    model, structural = _parsed(whole, version)
    if model is None:
        return structural
    found = [
        *_bound(model, "Bundle"),
        *_entries(whole),
        *_elements(whole, "Bundle", notes),
        *_resources(whole, version, profiles),
    ]
    return list(found)


def resource(one: Resource, version: Version) -> list[Issue]:
    """What is wrong with a resource somebody sent: structure, formats, required codes, reference targets."""
    kind = str(one.get("resourceType"))
    try:
        model_class = (r4b_class if version == "r4" else r5_class)(kind)
    except (KeyError, ValueError):
        return [_issue("not-supported", "unknown-type", "resourceType")]
    model, structural = _modelled(one, model_class, kind)
    return [*_bound(model, kind)] if model is not None else structural


def _parsed(whole: Resource, version: Version) -> tuple[BaseModel | None, list[Issue]]:
    return _modelled(whole, r4b.Bundle if version == "r4" else r5.Bundle, "Bundle")


def _modelled(one: Resource, model: type[BaseModel], kind: str) -> tuple[BaseModel | None, list[Issue]]:
    try:
        return model.model_validate(one), []
    except ValidationError as error:
        problems = error.errors(include_url=False, include_input=False, include_context=False)
        return None, [_structural(str(it["type"]), _dotted(kind, it["loc"])) for it in problems]


def _structural(type: str, path: str) -> Issue:
    """What a model found wrong, in plain words."""
    code, said = next(
        (told for word, told in _SAID.items() if word in type), ("structure", "is not well formed")
    )
    return Issue(code=code, reason=type, message=f"{path} {said}", severity="error", path=path)


def _bound(model: BaseModel, path: str) -> Iterator[Issue]:
    """Codes outside a required binding and references to the wrong kind of resource, wherever they stand."""
    kind = type(model).__name__
    for name, field in type(model).model_fields.items():
        value = getattr(model, name, None)
        if value is None:
            continue
        extra: Any = field.json_schema_extra
        facts = extra if isinstance(extra, dict) else {}
        for place, one in _each(value, f"{path}.{name}"):
            if isinstance(one, str):
                yield from _code(kind, name, one, facts.get("enum_values"), place)
            elif isinstance(one, BaseModel):
                yield from _target(one, facts.get("enum_reference_types"), place)
                yield from _bound(one, place)


def _code(kind: str, name: str, value: str, listed: Any, place: str) -> Iterator[Issue]:
    allowed = bindings.CODES.get((kind, name)) or (None if not listed or "+" in listed else listed)
    if allowed is not None and value not in allowed:
        yield _issue("code-invalid", "required-binding", place)


def _target(model: BaseModel, listed: Any, place: str) -> Iterator[Issue]:
    if not listed or "Resource" in listed:
        return
    kind = references.target_type({"reference": getattr(model, "reference", None) or ""}) or getattr(
        model, "type", None
    )
    if kind is not None and kind not in listed:
        yield _issue("value", "reference-target", place)


def _entries(whole: Resource) -> Iterator[Issue]:
    """Unique and well-formed addresses, requests that fit their resource, references that resolve."""
    seen: set[str] = set()
    for number, entry in enumerate(whole.get("entry", [])):
        path = f"Bundle.entry[{number}]"
        url = str(entry.get("fullUrl", ""))
        if not _FULL_URL.fullmatch(url):
            yield _issue("value", "full-url", f"{path}.fullUrl")
        if url in seen:
            yield _issue("duplicate", "bdl-7", f"{path}.fullUrl")
        seen.add(url)
        if whole.get("type") == "transaction":
            yield from _request(entry, path)
    for path, reference in _references(whole, "Bundle"):
        if reference.startswith("urn:") and reference not in seen:
            yield _issue("not-found", "reference-unresolved", path)


def _request(entry: Resource, path: str) -> Iterator[Issue]:
    request, resource = entry.get("request", {}), entry.get("resource", {})
    if request.get("method") != "POST":
        return
    if request.get("url") != resource.get("resourceType"):
        yield _issue("value", "request-url", f"{path}.request.url")
    if not request.get("ifNoneExist"):
        yield _issue("required", "if-none-exist", f"{path}.request.ifNoneExist")


def _resources(whole: Resource, version: Version, profiles: Collection[str]) -> Iterator[Issue]:
    for number, entry in enumerate(whole.get("entry", [])):
        resource = entry.get("resource", {})
        path = f"Bundle.entry[{number}].resource"
        broken = [
            one for one in invariants.of_resource(resource) if version == "r4" or one[0] not in _R4_ONLY
        ]
        broken += [one for profile in profiles for one in invariants.of_profile(resource, profile)]
        yield from (_issue("invariant", key, f"{path}.{name}") for key, name in broken)
        yield from _concepts(resource, path, version)
        for name in _OURS:
            kind = references.target_type(resource.get(name, {}))
            if kind not in (None, "Patient"):
                yield _issue("value", "not-a-patient", f"{path}.{name}")


def _concepts(resource: Resource, path: str, version: Version) -> Iterator[Issue]:
    for (kind, name), (system, allowed) in bindings.CONCEPTS[version].items():
        if resource.get("resourceType") != kind or name not in resource:
            continue
        codings = resource[name].get("coding", [])
        if not any(one.get("system") == system and one.get("code") in allowed for one in codings):
            yield _issue("code-invalid", "required-binding", f"{path}.{name}")


def _elements(value: Any, path: str, notes: Sequence[Note]) -> Iterator[Issue]:
    """What any element may break: its own constraints, the form of times, the reach of a derivation."""
    if isinstance(value, dict):
        for key, name in invariants.of_element(value):
            yield _issue("invariant", key, f"{path}.{name}")
        for name in _TIMES:
            if name in value and not times.is_date_time(value[name]):
                yield _issue("value", "date-time", f"{path}.{name}")
        if notes and value.get("url") == systems.DERIVATION and not _within(value, notes):
            yield _issue("value", "offset-outside-text", path)
    children = value.items() if isinstance(value, dict) else ()
    for name, child in children:
        for place, one in _each(child, f"{path}.{name}"):
            yield from _elements(one, place, notes)


def _within(derivation: Resource, notes: Sequence[Note]) -> bool:
    """Whether offset and length lie in the text of the note that path names, or of any when none is named."""
    parts = {part["url"]: part for part in derivation.get("extension", [])}
    path = parts.get("path", {}).get("valueString")
    offset = parts.get("offset", {}).get("valueInteger", 0)
    length = parts.get("length", {}).get("valueInteger", 0)
    texts = [note.text for note in notes if path in (None, note.path)]
    return offset >= 0 and length >= 0 and any(offset + length <= len(text) for text in texts)


def _references(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if not isinstance(value, dict):
        return
    if isinstance(value.get("reference"), str):
        yield f"{path}.reference", value["reference"]
    for name, child in value.items():
        for place, one in _each(child, f"{path}.{name}"):
            yield from _references(one, place)


def _each(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list | tuple):
        yield from ((f"{path}[{number}]", one) for number, one in enumerate(value))
    else:
        yield path, value


def _dotted(kind: str, loc: Sequence[int | str]) -> str:
    return kind + "".join(f"[{part}]" if isinstance(part, int) else f".{_named(part)}" for part in loc)


def _named(part: str) -> str:
    """An element's name; whatever else somebody put in its place is not repeated."""
    return part if _NAME.fullmatch(part) else "?"


def _issue(code: str, rule: str, path: str) -> Issue:
    return Issue(code=code, reason=rule, message=f"{path} breaks {rule}", severity="error", path=path)
