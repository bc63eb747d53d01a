"""ConceptMap: $translate, read and search."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from terminology.fhir import codings, maps, parameters, patients, valuesets
from terminology.fhir.codings import Coded
from terminology.fhir.maps import ConceptMap
from terminology.fhir.outcome import Refusal, Resource, shown, unknown
from terminology.fhir.parameters import Given, parameter, parts
from terminology.fhir.service import Service
from terminology.maprules import Patient, evaluate
from terminology.systems import ICD10, ICD10CM, ICD10UK, SNOMED

TRANSLATE_R4 = {
    "url": "uri",
    "code": "code",
    "system": "uri",
    "version": "string",
    "coding": "Coding",
    "codeableConcept": "CodeableConcept",
    "target": "uri",
    "targetsystem": "uri",
    "source": "",
    "conceptMap": "",
    "conceptMapVersion": "",
    "dependency": "parts*",
    "reverse": "",
}
TRANSLATE_R5 = {
    "url": "uri",
    "sourceCode": "code",
    "system": "uri",
    "version": "string",
    "sourceCoding": "Coding",
    "sourceCodeableConcept": "CodeableConcept",
    "targetScope": "uri",
    "targetSystem": "uri",
    "sourceScope": "",
    "targetCode": "",
    "targetCoding": "",
    "targetCodeableConcept": "",
    "conceptMap": "",
    "conceptMapVersion": "",
    "dependency": "parts*",
}
SEARCH = {"_id": "string", "url": "uri", "name": "string"}

RELATIONS = {  # of the target to the source -> R4 equivalence, R5 relationship
    "equivalent": ("equivalent", "equivalent"),
    "broader": ("wider", "source-is-narrower-than-target"),
    "narrower": ("narrower", "source-is-broader-than-target"),
    "mapped": ("relatedto", "related-to"),
    "same-as": ("equal", "equivalent"),
    "replaced-by": ("equivalent", "equivalent"),
    "was-a": ("wider", "source-is-narrower-than-target"),
}
OTHERWISE = ("inexact", "related-to")  # the other kinds of association name candidates

IMPLICIT = re.compile(re.escape(SNOMED) + r"\?fhir_cm=(\d{6,18})")
ASSOCIATIONS = {
    "900000000000523009": "possibly-equivalent-to",
    "900000000000526001": "replaced-by",
    "900000000000527005": "same-as",
    "900000000000528000": "was-a",
    "900000000000529008": "similar-to",
    "900000000000530003": "alternative",
    "1186921001": "possibly-replaced-by",
    "1186924009": "partially-equivalent-to",
}
RULE_MAPS = {"447562003": ICD10, "6011000124106": ICD10CM, "999002271000000101": ICD10UK}


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A code in another system, and how it stands to the one asked about."""

    system: str
    code: str
    display: str
    relation: str  # a key of RELATIONS, or what FHIR says where a concept map says it
    origin: str = ""  # URL of the concept map that says so


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which matches are wanted."""

    concept_maps: tuple[ConceptMap, ...] = ()  # that are asked
    known: maps.Known = field(default_factory=dict)  # what mappings depend on, as far as it is told
    patient: Patient = field(default_factory=Patient)  # the same, for rules
    store: bool = True  # whether the store is asked
    association: str | None = None  # only those of this kind
    rules_to: str | None = None  # only those of rules to this system
    system: str | None = None
    target: valuesets.ValueSet | None = None

    def takes(self, match: Match) -> bool:
        """Whether a match goes where it shall."""
        in_set = self.target is None or self.target.has(match.system, match.code)
        return in_set and self.system in {None, match.system}


def translate(service: Service, given: Given) -> Resource:
    """What a code is in other systems."""
    source = ("sourceCode", "sourceCoding", "sourceCodeableConcept")
    asked = codings.asked(given, names=source if service.r5 else ("code", "coding", "codeableConcept"))
    wanted = _wanted(service, given)
    found: dict[Match, None] = {}
    said: dict[str, None] = {}
    for coded in asked:
        reason = _gather(service, coded, wanted, found)
        said |= {reason: None} if reason else {}
    if not found and not said:
        said["No mapping is held for this code"] = None
    listed = [parameter("result", "Boolean", bool(found))]
    listed += [parameter("message", "String", "; ".join(said))] if said else []
    url = given.text("url")
    return parameters.resource([*listed, *(parts("match", _match(service, each, url)) for each in found)])


def _wanted(service: Service, given: Given) -> Wanted:
    scope, system = ("targetScope", "targetSystem") if service.r5 else ("target", "targetsystem")
    if given.one(scope) is not None and given.one(system) is not None:
        raise Refusal(f"only one of {scope}, {system} may be given", at=given.place(system))
    url, target = given.text("url"), given.text(scope)
    named = tuple(one for one in service.concept_maps if url in {None, one.url})
    ours = url is not None and bool(named)
    association, rules_to = _map(url, given.place("url")) if url and not ours else (None, None)
    at = given.place("dependency")
    known = maps.told(given.all("dependency"), at)
    return Wanted(
        concept_maps=named,
        known=known,
        patient=patients.patient(known, at),
        store=not ours,
        association=association,
        rules_to=rules_to,
        system=given.text(system),
        target=valuesets.named(service, target, at=given.place(scope)) if target else None,
    )


def _map(url: str, at: str) -> tuple[str | None, str | None]:
    match = IMPLICIT.fullmatch(url)
    number = match[1] if match else ""
    if number not in ASSOCIATIONS and number not in RULE_MAPS:
        raise unknown("this concept map is not held", at=at)
    return ASSOCIATIONS.get(number), RULE_MAPS.get(number)


def _gather(service: Service, coded: Coded, wanted: Wanted, found: dict[Match, None]) -> str:
    """Adds the matches of a code to those found; gives back what else is to be said of it."""
    matches, said = _of_maps(coded, wanted)
    if wanted.store:
        stored, reason = _of_store(service, coded, wanted)
        said += [reason] if reason and not (matches and not stored) else []
        matches += stored
    places = {(match.system, match.code) for match in found}
    for match in matches:
        if wanted.takes(match) and (match.system, match.code) not in places:
            places.add((match.system, match.code))
            found[match] = None
    return "; ".join(said)


def _of_maps(coded: Coded, wanted: Wanted) -> tuple[list[Match], list[str]]:
    """What the concept maps say of a code, and what would have to be told."""
    found: list[Match] = []
    said: list[str] = []
    for each in wanted.concept_maps:
        targets, asked = each.matches(coded.system, coded.code, wanted.known)
        found += [
            Match(
                system=one.system, code=one.code, display=one.display, relation=one.relation, origin=each.url
            )
            for one in targets
        ]
        if asked:
            said.append(f"Which match holds depends on what 'dependency' does not tell: {', '.join(asked)}")
    return found, said


def _of_store(service: Service, coded: Coded, wanted: Wanted) -> tuple[list[Match], str]:
    """What the store says of a code, and what else is to be said."""
    concept = service.store.lookup(coded.system, coded.code)
    if concept is None:
        return [], f"Code {shown(coded.code)} is not held in its code system"
    if coded.version and coded.version != concept.version:
        return [], "This version of the code system is not held"
    matches, open_groups = _matches(service, coded, wanted)
    if open_groups:
        return matches, f"What {shown(coded.code)} maps to depends on the patient, which is not told here"
    return matches, ""


def _matches(service: Service, coded: Coded, wanted: Wanted) -> tuple[list[Match], bool]:
    matches: list[Match] = []
    undecided = False
    if wanted.association is None and wanted.rules_to is None:
        matches += _mapped(service, coded)
    if wanted.association is None:
        ruled, undecided = _ruled(service, coded, wanted)
        matches += ruled
    if wanted.rules_to is None:
        matches += _associated(service, coded, wanted.association)
    return matches, undecided


def _mapped(service: Service, coded: Coded) -> Iterator[Match]:
    for mapping in service.store.mappings(coded.system, coded.code):
        yield Match(
            system=mapping.system, code=mapping.code, display=mapping.display, relation=mapping.relation
        )


def _associated(service: Service, coded: Coded, kind: str | None) -> Iterator[Match]:
    for row in service.store.replacements(coded.system, coded.code):
        if kind in {None, row.kind} and row.kind != "moved-to":  # which names a namespace
            yield _target(service, row.system, row.target, row.kind)


def _ruled(service: Service, coded: Coded, wanted: Wanted) -> tuple[list[Match], bool]:
    """The targets of rules that hold for the patient, and whether more would have to be told of them."""

    def is_a(code: str, other: str) -> bool:
        return service.store.subsumes(coded.system, other, code)

    rules = service.store.rules(coded.system, coded.code)
    asked = [row for row in rules if wanted.rules_to in {None, row.to_system}]
    advised = evaluate(asked, wanted.patient, is_a)
    found = [_target(service, one.to_system, one.target, "mapped") for one in advised if one.target]
    open_ = [one for one in advised if one.state == "undecided"]
    return found, any(wanted.system in {None, one.to_system} for one in open_)


def _target(service: Service, system: str, code: str, relation: str) -> Match:
    concept = service.store.lookup(system, code)
    display = concept.display if concept else ""
    return Match(system=system, code=code, display=display, relation=relation)


def _match(service: Service, match: Match, url: str | None) -> Iterator[Resource]:
    told_so = (match.relation, match.relation)
    equivalence, relationship = told_so if match.origin else RELATIONS.get(match.relation, OTHERWISE)
    named = ("relationship", relationship) if service.r5 else ("equivalence", equivalence)
    yield parameter(named[0], "Code", named[1])
    told = Coded(system=match.system, code=match.code)
    yield parameter("concept", "Coding", codings.shown_coding(told, match.display))
    if match.origin or url:
        yield parameter("originMap" if service.r5 else "source", "Uri", match.origin or url)


def read(service: Service, name: str) -> Resource:
    """The concept map of an id."""
    for one in service.concept_maps:
        if one.id == name:
            return one.resource
    raise unknown(f"concept map {shown(name)} is not held")


def search(service: Service, given: Given, base: str) -> Resource:
    """A Bundle of the concept maps that were asked for; `base` is where they are served."""
    number, url, name = (given.text(key) for key in SEARCH)
    found = [
        one
        for one in service.concept_maps
        if number in {None, one.id}
        and url in {None, one.url}
        and str(one.resource.get("name", "")).casefold().startswith((name or "").casefold())
    ]
    entries = [
        {"fullUrl": f"{base}/{one.id}", "resource": one.resource, "search": {"mode": "match"}}
        for one in found
    ]
    bundle: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
    return bundle | ({"entry": entries} if entries else {})
