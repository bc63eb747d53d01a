"""ValueSet operations: $expand, $validate-code."""

import json
import uuid
from collections.abc import Iterable, Iterator
from itertools import islice

from terminology.fhir import codings, names, valuesets
from terminology.fhir.codings import Coded
from terminology.fhir.outcome import Refusal, Resource, shown
from terminology.fhir.parameters import Given, parameter
from terminology.fhir.service import Service, active
from terminology.fhir.sets import LIMIT, too_costly
from terminology.fhir.valuesets import ValueSet
from terminology.model import Concept

EXPAND = {
    "url": "uri",
    "valueSet": "ValueSet",
    "filter": "string",
    "offset": "integer",
    "count": "integer",
    "includeDesignations": "boolean",
    "activeOnly": "boolean",
    "excludeNested": "boolean",  # an expansion is a flat list
    "excludeNotForUI": "boolean",  # no code is for machines alone
    "excludePostCoordinated": "boolean",  # there are no such codes
    "displayLanguage": "code",
    "valueSetVersion": "",
    "context": "",
    "contextDirection": "",
    "date": "",
    "designation": "",
    "includeDefinition": "",
    "exclude-system": "",
    "system-version": "",
    "check-system-version": "",
    "force-system-version": "",
}
VALIDATE = {
    "url": "uri",
    "valueSet": "ValueSet",
    "code": "code",
    "system": "uri",
    "systemVersion": "string",
    "display": "string",
    "coding": "Coding",
    "codeableConcept": "CodeableConcept",
    "displayLanguage": "code",
    "context": "",
    "valueSetVersion": "",
    "date": "",
    "abstract": "",
}
ECHOED = {
    "offset": "Integer",
    "count": "Integer",
    "includeDesignations": "Boolean",
    "activeOnly": "Boolean",
    "excludeNested": "Boolean",
    "excludeNotForUI": "Boolean",
    "excludePostCoordinated": "Boolean",
    "displayLanguage": "Code",
}  # a filter is free text, and not repeated

COUNTED = 10_000  # members counted for the total


def expand(service: Service, given: Given) -> Resource:
    """The codes in a value set, or a page of them."""
    value_set, language = valuesets.requested(service, given), names.language(given)
    offset, count = given.number("offset") or 0, given.number("count")
    found, complete = _found(service, value_set, given)
    concepts, total = _page(found, offset, count)
    told: Resource = {"resourceType": "ValueSet", "status": "active"}
    told |= {"url": value_set.url} if value_set.url else {}
    expansion: Resource = {"identifier": _identifier(service, given), "timestamp": service.timestamp()}
    expansion |= {"total": total} if total is not None and complete else {}
    expansion |= {"offset": offset} if offset or count is not None else {}
    echo = _echo(service, given, concepts)
    expansion |= {"parameter": echo} if echo else {}
    full = given.flag("includeDesignations")
    contains = [_contained(value_set, concept, language, full) for concept in concepts]
    return told | {"expansion": expansion | ({"contains": contains} if contains else {})}


def validate_code(service: Service, given: Given) -> Resource:
    """Whether a code is in a value set and is called what the request calls it."""
    value_set, language = valuesets.requested(service, given), names.language(given)
    asked = codings.asked(given, version="systemVersion")

    def within(coded: Coded) -> str:
        if value_set.has(coded.system, coded.code) and not _passive(service, value_set, coded):
            return ""
        return f"Code {shown(coded.code)} is not in the value set"

    verdicts = [codings.judge(service, coded, language, within) for coded in asked]
    return codings.answer(service, given, verdicts, language)


def _passive(service: Service, value_set: ValueSet, coded: Coded) -> bool:
    concept = service.store.lookup(coded.system, coded.code)
    return value_set.active_only and concept is not None and not active(concept)


def _found(service: Service, value_set: ValueSet, given: Given) -> tuple[Iterator[Concept], bool]:
    """The members that pass the filters, and whether none can be missing."""
    text = given.text("filter")
    members, complete = value_set.members(), True
    if text is not None:
        some, complete = _filtered(service, value_set, text)
        members = iter(some)
    only = value_set.active_only or given.flag("activeOnly")
    return (
        concept
        for system, code in members
        if (concept := service.store.lookup(system, code)) is not None and (active(concept) or not only)
    ), complete


def _filtered(service: Service, value_set: ValueSet, text: str) -> tuple[Iterable[tuple[str, str]], bool]:
    """The members a text may mean, best first, and whether none can be missing."""
    systems = list(dict.fromkeys(part.system for part in value_set.include))
    hits = service.store.search(text, systems=systems, limit=LIMIT)
    found = {(hit.system, hit.code): None for hit in hits if value_set.has(hit.system, hit.code)}
    few = _few(value_set)
    if few is None:
        return found, len(hits) < LIMIT
    wanted = names.folded(text).split()
    return found | {member: None for member in few if _begins(service, member, wanted)}, True


def _few(value_set: ValueSet) -> list[tuple[str, str]] | None:
    """The members where they are no more than one answer holds."""
    try:
        members = list(islice(value_set.members(), LIMIT + 1))
    except Refusal as refusal:
        if refusal.code != "too-costly":
            raise
        return None
    return members if len(members) <= LIMIT else None


def _begins(service: Service, member: tuple[str, str], wanted: list[str]) -> bool:
    """Whether each word begins a word of one name."""
    concept = service.store.lookup(*member)
    return concept is not None and any(
        all(any(word.startswith(start) for word in names.folded(name).split()) for start in wanted)
        for name in {concept.display, *(term.text for term in concept.terms)}
    )


def _page(found: Iterator[Concept], offset: int, count: int | None) -> tuple[list[Concept], int | None]:
    """The concepts from an offset on, and how many there are in all where they can be counted."""
    if offset > COUNTED:
        raise too_costly()
    page, number = list[Concept](), 0
    end = offset + min(LIMIT + 1 if count is None else count, LIMIT + 1)
    for number, concept in enumerate(found, 1):
        if offset < number <= end:
            page.append(concept)
        if len(page) > LIMIT:
            raise too_costly()
        if number > COUNTED and number >= end:
            return page, None
    return page, number


def _contained(value_set: ValueSet, concept: Concept, language: str | None, full: bool) -> Resource:
    given = value_set.display(concept.system, concept.code) if language is None else None
    told: Resource = {"system": concept.system}
    told |= {} if active(concept) else {"inactive": True}
    told |= {"version": concept.version} if concept.version else {}
    told |= {"code": concept.code, "display": given or names.display(concept, language)}
    return told | ({"designation": names.designations(concept)} if full and concept.terms else {})


def _echo(service: Service, given: Given, concepts: list[Concept]) -> list[Resource]:
    said = [
        parameter(name, kind, given.one(name)) for name, kind in ECHOED.items() if given.one(name) is not None
    ]
    used = dict.fromkeys(f"{each.system}|{each.version}" for each in concepts if each.version)
    name = "used-codesystem" if service.r5 else "version"
    return said + [parameter(name, "Uri", url) for url in used]


def _identifier(service: Service, given: Given) -> str:
    """Equal for equal requests of equal stores."""
    asked = json.dumps([service.store.manifest.digest, *sorted(given.values.items())], sort_keys=True)
    return uuid.uuid5(uuid.NAMESPACE_URL, asked).urn
