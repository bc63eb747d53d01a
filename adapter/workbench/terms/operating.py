"""A form -> what the FHIR service answers to such a request, as JSON and in words."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from adapter.errors import InputError
from adapter.settings import VERSIONS
from adapter.workbench.bench import Bench
from adapter.workbench.terms import ruling
from adapter.workbench.terms.naming import system, uri
from terminology.fhir import Refusal, Service, operations, outcome, patients
from terminology.systems import SNOMED

Form = Mapping[str, str]
Json = dict[str, Any]
Query = list[tuple[str, str]]

LONGEST = 2_000  # characters of an expression
COUNT = 50  # concepts of an expansion on one page
UCUM: Mapping[str, str] = {unit: code for code, unit in patients.UNITS.items()}
RELATIONS: Mapping[str, str] = {
    "equal": "is the same as",
    "equivalent": "means the same as",
    "wider": "is narrower than",
    "source-is-narrower-than-target": "is narrower than",
    "narrower": "is broader than",
    "source-is-broader-than-target": "is broader than",
    "relatedto": "is coded, by a rule of the map, as",
    "related-to": "is coded, by a rule of the map, as",
    "inexact": "is perhaps",
}
OUTCOMES: Mapping[str, str] = {
    "equivalent": "Both are the same concept.",
    "subsumes": "The second is a kind of the first.",
    "subsumed-by": "The first is a kind of the second.",
    "not-subsumed": "Neither is a kind of the other.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """An operation that can be tried."""

    key: str
    resource: str
    title: str
    about: str
    fields: tuple[str, ...]
    asked: Callable[[Service, Form], tuple[Query, Json | None] | None]  # None: nothing is asked for yet
    words: Callable[[Service, Form, Json], Iterator[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A request and its answer."""

    form: Form
    fhir: str
    request: str = ""  # method, path, and the body where there is one
    answer: str = ""  # JSON
    status: int = 200
    words: tuple[str, ...] = ()
    earlier: str = ""  # address of the page before, of a long answer
    later: str = ""


def service(bench: Bench, fhir: str = "") -> Service:
    """The operations in a FHIR version."""
    found = next((one for version, one in bench.terminology.items() if version == (fhir or bench.fhir)), None)
    return found or next(iter(bench.terminology.values()))


def systems(served: Service, side: str) -> list[str]:
    """The systems that the concept maps of the service are from (source) or to (target)."""
    groups = (group for one in served.concept_maps for group in one.resource["group"])
    return list(dict.fromkeys(str(group[side]) for group in groups))


def operation(key: str) -> Kind:
    """The operation of an address."""
    if key not in OPERATIONS:
        raise InputError("there is no such operation here")
    return OPERATIONS[key]


def told(bench: Bench, kind: Kind, form: Form) -> Told:
    """What is answered to a form; the empty form is not sent."""
    fhir = form.get("fhir", bench.fhir)
    if fhir not in VERSIONS:
        raise InputError("this FHIR version is not among those offered", path="fhir")
    served = service(bench, fhir)
    asked = kind.asked(served, form)
    if asked is None:
        return Told(form=form, fhir=fhir)
    query, body = asked
    does = next(one for one in operations.every() if (one.resource, one.name) == (kind.resource, kind.key))
    try:
        answer, status = does.answer(served, query, body), 200
    except Refusal as refusal:
        answer, status = outcome.of(refusal), refusal.status
    words = kind.words(served, form, answer) if status == 200 else iter(_refused(answer))
    earlier, later = _pages(form, answer) if kind.key == "expand" else ("", "")
    return Told(
        form=form,
        fhir=fhir,
        request=_request(kind, query, body),
        answer=_written(answer),
        status=status,
        words=tuple(words),
        earlier=earlier,
        later=later,
    )


def _request(kind: Kind, query: Query, body: Json | None) -> str:
    path = f"[base]/{kind.resource}/${kind.key}"
    return f"POST {path}\n\n{_written(body)}" if body else f"GET {path}?{urlencode(query, quote_via=quote)}"


def _written(resource: Json | None) -> str:
    return json.dumps(resource, ensure_ascii=False, indent=2)


def _refused(answer: Json) -> list[str]:
    return [f"Refused: {issue['details']['text']}." for issue in answer["issue"]]


def _text(form: Form, name: str) -> str:
    value = form.get(name, "").strip()
    if len(value) > LONGEST:
        raise InputError(f"only up to {LONGEST} characters are read", path=name)
    return value


def _given(form: Form, *names: str) -> list[str] | None:
    """The values of fields that must all be filled in; None when one is empty."""
    values = [_text(form, name) for name in names]
    return values if all(values) else None


def _translate(served: Service, form: Form) -> tuple[Query, Json | None] | None:
    given = _given(form, "system", "code")
    if given is None:
        return None
    target, r5 = uri(_text(form, "target")), served.r5
    listed: list[Json] = [
        {"name": "system", "valueUri": uri(given[0])},
        {"name": "sourceCode" if r5 else "code", "valueCode": given[1]},
    ]
    if target:
        listed.append({"name": "targetSystem" if r5 else "targetsystem", "valueUri": target})
    listed += [_dependency(name, value, r5=r5) for name, value in _known(form)]
    return [], {"resourceType": "Parameters", "parameter": listed}


def _known(form: Form) -> Iterator[tuple[str, Any]]:
    """What the form tells of the patient: attribute and value."""
    known = ruling.read(form)
    if known.age:
        code = UCUM[known.unit]
        yield patients.AGE, {"value": int(known.age), "system": "http://unitsofmeasure.org", "code": code}
    if known.sex:
        yield patients.SEX, known.sex
    for code in known.having.split():
        yield patients.CONDITION, code


def _dependency(name: str, value: Any, *, r5: bool) -> Json:
    at, of = ("attribute", "value") if r5 else ("element", "concept")
    if r5:
        told = {"valueQuantity": value} if isinstance(value, dict) else {"valueCode": value}
    else:
        text = f"{value['value']} {value['code']}" if isinstance(value, dict) else value
        told = {"valueCodeableConcept": {"text": text}}
    return {"name": "dependency", "part": [{"name": at, "valueUri": name}, {"name": of, **told}]}


def _lookup(served: Service, form: Form) -> tuple[Query, Json | None] | None:
    given = _given(form, "system", "code")
    if given is None:
        return None
    query = [("system", uri(given[0])), ("code", given[1])]
    query += [("property", name) for name in ("designation", "inactive", "parent", "child")]
    language = _text(form, "language")
    return query + ([("displayLanguage", language)] if language else []), None


def _subsumes(served: Service, form: Form) -> tuple[Query, Json | None] | None:
    given = _given(form, "system", "codeA", "codeB")
    return (
        None
        if given is None
        else (
            [("system", uri(given[0])), ("codeA", given[1]), ("codeB", given[2])],
            None,
        )
    )


def _expand(served: Service, form: Form) -> tuple[Query, Json | None] | None:
    given = _given(form, "ecl")
    if given is None:
        return None
    url = f"{SNOMED}?fhir_vs=ecl/{quote(given[0], safe='')}"
    return [("url", url), ("count", str(COUNT)), ("offset", str(_offset(form)))], None


def _offset(form: Form) -> int:
    text = form.get("offset", "0")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else 0


def _pages(form: Form, answer: Json) -> tuple[str, str]:
    """The addresses of the pages around this one."""
    offset, total = _offset(form), answer.get("expansion", {}).get("total")
    shown = len(answer.get("expansion", {}).get("contains", ()))
    more = shown == COUNT and (total is None or offset + COUNT < total)

    def at(place: int) -> str:
        return "?" + urlencode({"ecl": form["ecl"], "fhir": form.get("fhir", "r4"), "offset": place})

    return at(max(0, offset - COUNT)) if offset else "", at(offset + COUNT) if more else ""


def _values(answer: Json, name: str) -> list[Any]:
    """The values of the parameters of a name."""
    found = [one for one in answer.get("parameter", ()) if one["name"] == name]
    return [next((value for key, value in one.items() if key not in ("name",)), None) for one in found]


def _parts(listed: Sequence[Json]) -> dict[str, Any]:
    return {one["name"]: next(value for key, value in one.items() if key != "name") for one in listed}


def _translated(served: Service, form: Form, answer: Json) -> Iterator[str]:
    of, code = uri(_text(form, "system")), _text(form, "code")
    concept = served.store.lookup(of, code)
    name = f"{system(of)} {code}" + (f" “{concept.display}”" if concept else "")
    for match in map(_parts, _values(answer, "match")):
        coding = match["concept"]
        relation = str(match.get("equivalence", match.get("relationship")))
        shown = f" “{coding['display']}”" if coding.get("display") else ""
        origin = match.get("source", match.get("originMap"))
        said = f", says the map {origin}" if origin else ""
        is_ = RELATIONS.get(relation, f"stands as “{relation}” to")
        yield f"{name} {is_} {system(coding['system'])} {coding['code']}{shown}{said}."
    for message in _values(answer, "message"):
        yield f"{message}."
    target = uri(_text(form, "target"))
    rules = [one for one in served.store.rules(of, code) if target in ("", one.to_system)]
    for group in ruling.groups(served.store, rules, ruling.read(form)) if rules else ():
        told = group.advised
        fired = f", rule {told.rule.priority}" if told.rule else ""
        advice = f" Advice of the map: {told.advice}" if told.advice else ""
        yield f"{system(told.to_system)}, group {told.group}{fired}: {ruling.STATES[told.state]}.{advice}"


def _looked_up(served: Service, form: Form, answer: Json) -> Iterator[str]:
    yield f"{_values(answer, 'name')[0]} {_text(form, 'code')} is “{_values(answer, 'display')[0]}”."
    names = len(_values(answer, "designation"))
    yield f"It has {names} name{'' if names == 1 else 's'}."
    found = [_parts(one) for one in _values(answer, "property")]
    for name in ("parent", "child"):
        count = sum(one["code"] == name for one in found)
        yield f"{name.capitalize()} concepts: {count or 'none that the store knows'}."
    if any(one["code"] == "inactive" and one["value"] for one in found):
        yield "It is inactive: it is never given to a finding."


def _subsumed(served: Service, form: Form, answer: Json) -> Iterator[str]:
    yield OUTCOMES[str(_values(answer, "outcome")[0])]


def _expanded(served: Service, form: Form, answer: Json) -> Iterator[str]:
    expansion = answer["expansion"]
    first, shown = _offset(form), expansion.get("contains", ())
    total = expansion.get("total")
    yield (
        f"{total if total is not None else 'More concepts than are counted'}"
        + (" concepts" if total is not None else "")
        + (f"; {first + 1} to {first + len(shown)} are here." if shown else "; none is here.")
    )
    for one in shown:
        yield f"{one['code']} {one.get('display', '')}" + (" (inactive)" if one.get("inactive") else "")


OPERATIONS: Mapping[str, Kind] = {
    one.key: one
    for one in (
        Kind(
            key="translate",
            resource="ConceptMap",
            title="$translate",
            about="What a code is in another system, for a patient of an age and a sex.",
            fields=("system", "code", "target", "patient"),
            asked=_translate,
            words=_translated,
        ),
        Kind(
            key="lookup",
            resource="CodeSystem",
            title="$lookup",
            about="What the service tells of a code.",
            fields=("system", "code", "language"),
            asked=_lookup,
            words=_looked_up,
        ),
        Kind(
            key="subsumes",
            resource="CodeSystem",
            title="$subsumes",
            about="Whether one code is a kind of another.",
            fields=("system", "codes"),
            asked=_subsumes,
            words=_subsumed,
        ),
        Kind(
            key="expand",
            resource="ValueSet",
            title="$expand",
            about="The SNOMED CT concepts that an expression (ECL) means.",
            fields=("ecl",),
            asked=_expand,
            words=_expanded,
        ),
    )
}
