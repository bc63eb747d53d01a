"""CodeSystem operations: $lookup, $validate-code, $subsumes."""

from collections.abc import Iterator

from terminology.fhir import codings, names, parameters
from terminology.fhir.codings import Coded
from terminology.fhir.outcome import Refusal, Resource, unsupported
from terminology.fhir.parameters import Given, parameter, parts
from terminology.fhir.service import Service, active, name_of
from terminology.model import Concept

LOOKUP = {
    "code": "code",
    "system": "uri",
    "version": "string",
    "coding": "Coding",
    "displayLanguage": "code",
    "property": "code*",
    "date": "",
}
VALIDATE = {
    "url": "uri",
    "code": "code",
    "version": "string",
    "display": "string",
    "coding": "Coding",
    "codeableConcept": "CodeableConcept",
    "displayLanguage": "code",
    "codeSystem": "",
    "date": "",
    "abstract": "",
}
SUBSUMES = {
    "codeA": "code",
    "codeB": "code",
    "system": "uri",
    "version": "string",
    "codingA": "Coding",
    "codingB": "Coding",
}


def lookup(service: Service, given: Given) -> Resource:
    """What the store says of a code: its names, and the properties the request wants."""
    (coded,) = codings.asked(given, names=("code", "coding"))
    name = "coding" if given.one("coding") is not None else "code"
    concept = codings.held(service, coded, given.place(name))
    wanted = frozenset(given.all("property"))
    listed = [parameter("name", "String", name_of(concept.system))]
    if concept.version:
        listed.append(parameter("version", "String", concept.version))
    listed.append(parameter("display", "String", names.display(concept, names.language(given))))
    listed += _designations(concept, wanted)
    return parameters.resource([*listed, *_properties(service, concept, wanted)])


def validate_code(service: Service, given: Given) -> Resource:
    """Whether a code exists in a code system and is called what the request calls it."""
    asked = codings.asked(given, system="url")
    language, url = names.language(given), given.text("url")
    within = codings.in_system(url) if url else None
    verdicts = [codings.judge(service, coded, language, within) for coded in asked]
    return codings.answer(service, given, verdicts, language)


def subsumes(service: Service, given: Given) -> Resource:
    """How two codes of a system stand to each other."""
    names_given = (given.only_one_of("codeA", "codingA"), given.only_one_of("codeB", "codingB"))
    left, right = (_side(given, name) for name in names_given)
    if left.system != right.system:
        raise Refusal("both codes must be of the same code system", at=given.place(names_given[1]))
    for name, coded in zip(names_given, (left, right), strict=True):
        concept = codings.held(service, coded, given.place(name))
        if not service.hierarchical(concept) and left.code != right.code:
            raise unsupported("the store holds no hierarchy for this code", at=given.place(name))
    return parameters.resource([parameter("outcome", "Code", _relation(service, left, right))])


def _side(given: Given, name: str) -> Coded:
    if name.startswith("coding"):
        return codings.coding(given.one(name), given.place(name))
    code = given.required(name)
    return Coded(system=given.required("system"), code=code, version=given.text("version"))


def _relation(service: Service, left: Coded, right: Coded) -> str:
    if left.code == right.code:
        return "equivalent"
    if service.store.subsumes(left.system, left.code, right.code):
        return "subsumes"
    return "subsumed-by" if service.store.subsumes(left.system, right.code, left.code) else "not-subsumed"


def _designations(concept: Concept, wanted: frozenset[str]) -> list[Resource]:
    tags = [name.removeprefix("lang.") for name in wanted if name.startswith("lang.")]
    every = not wanted or bool(wanted & {"designation", "*"})
    return [
        parts("designation", _designation(item))
        for item in names.designations(concept)
        if every or any(names.speaks(item["language"], tag) for tag in tags)
    ]


def _designation(item: Resource) -> Iterator[Resource]:
    yield parameter("language", "Code", item["language"])
    if "use" in item:
        yield parameter("use", "Coding", item["use"])
    yield parameter("value", "String", item["value"])


def _properties(service: Service, concept: Concept, wanted: frozenset[str]) -> Iterator[Resource]:
    if not wanted or wanted & {"inactive", "*"}:
        flag = parameter("value", "Boolean", not active(concept))
        yield parts("property", [parameter("code", "Code", "inactive"), flag])
    for name in ("parent", "child"):
        if wanted & {name, "*"}:
            for code in _relatives(service, name, concept):
                yield parts("property", _relative(service, name, concept.system, code))


def _relatives(service: Service, name: str, concept: Concept) -> list[str]:
    ask = service.store.parents if name == "parent" else service.store.children
    return ask(concept.system, concept.code)


def _relative(service: Service, name: str, system: str, code: str) -> Iterator[Resource]:
    yield parameter("code", "Code", name)
    yield parameter("value", "Code", code)
    relative = service.store.lookup(system, code)
    if relative is not None:
        yield parameter("description", "String", relative.display)
