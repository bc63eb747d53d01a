"""The codes a request is about, and what is to be said of one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from terminology.fhir import names, outcome, parameters
from terminology.fhir.outcome import Refusal, Resource, shown
from terminology.fhir.parameters import Given
from terminology.fhir.service import Service, active, name_of
from terminology.model import Concept


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """A code as a request gives it."""

    system: str
    code: str
    version: str | None = None
    display: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is to be said of a code."""

    coded: Coded
    result: bool
    message: str = ""
    issue: str = "code-invalid"
    concept: Concept | None = None


Within = Callable[[Coded], str]  # why a code is not in a set; empty when it is


def coding(value: Any, at: str) -> Coded:
    """A Coding."""
    if not isinstance(value, dict):
        raise Refusal("a Coding must be an object", code="structure", at=at)
    for key in ("system", "code"):
        if not isinstance(value.get(key), str) or not value[key]:
            raise Refusal(f"a Coding needs a {key}", code="required", at=f"{at}.{key}")
    for key in ("version", "display"):
        if not isinstance(value.get(key, ""), str):
            raise Refusal(f"the {key} of a Coding must be a text", code="value", at=f"{at}.{key}")
    return Coded(
        system=value["system"], code=value["code"], version=value.get("version"), display=value.get("display")
    )


def concept_codings(value: Resource, at: str) -> list[Coded]:
    """The codings of a CodeableConcept."""
    listed = value.get("coding")
    if not isinstance(listed, list) or not listed:
        raise Refusal("a CodeableConcept needs a coding", code="required", at=f"{at}.coding")
    return [coding(item, f"{at}.coding[{number}]") for number, item in enumerate(listed)]


def asked(
    given: Given,
    *,
    system: str = "system",
    version: str = "version",
    names: tuple[str, ...] = ("code", "coding", "codeableConcept"),
) -> list[Coded]:
    """The codes of a request, given as the one or other of three parameters."""
    name = given.only_one_of(*names)
    if name == names[0]:
        return [
            Coded(
                system=given.required(system, f"with '{name}'"),
                code=given.required(name),
                version=given.text(version),
                display=given.text("display"),
            )
        ]
    if name == names[1]:
        return [coding(given.one(name), given.place(name))]
    return concept_codings(given.one(name), given.place(name))


def held(service: Service, coded: Coded, at: str) -> Concept:
    """The concept of a code that must be there."""
    concept = service.store.lookup(coded.system, coded.code)
    if concept is None:
        raise outcome.unknown(f"code {shown(coded.code)} is not held in this code system", at=at)
    if coded.version and coded.version != concept.version:
        raise outcome.unknown("this version of the code system is not held", at=at)
    return concept


def judge(service: Service, coded: Coded, language: str | None, within: Within | None = None) -> Verdict:
    """Whether a code exists, is in a set, and is called what the request calls it."""
    concept = service.store.lookup(coded.system, coded.code)
    if concept is None:
        text = f"Code {shown(coded.code)} is not held in its code system"
        return Verdict(coded=coded, result=False, message=text)
    if coded.version and coded.version != concept.version:
        text = "This version of the code system is not held"
        return Verdict(coded=coded, result=False, message=text, issue="not-found")
    outside = within(coded) if within else ""
    if outside:
        return Verdict(coded=coded, result=False, message=outside, concept=concept)
    if coded.display and not names.is_called(concept, coded.display, language):
        text = f"The display is no name of {shown(coded.code)}"
        return Verdict(coded=coded, result=False, message=text, issue="invalid", concept=concept)
    text = "" if active(concept) else f"Concept {shown(coded.code)} is inactive"
    return Verdict(coded=coded, result=True, message=text, issue="business-rule", concept=concept)


def answer(service: Service, given: Given, verdicts: list[Verdict], language: str | None) -> Resource:
    """The Parameters a validation gives: true when one of the codes is right."""
    best = next((verdict for verdict in verdicts if verdict.result), verdicts[0])
    said = list(dict.fromkeys(verdict.message for verdict in verdicts if verdict.message))
    told = [parameters.parameter("result", "Boolean", best.result)]
    if said:
        told.append(parameters.parameter("message", "String", "; ".join(said)))
    if best.concept is not None:
        told.append(parameters.parameter("display", "String", names.display(best.concept, language)))
    return parameters.resource([*told, *(_r5(given, best, verdicts) if service.r5 else ())])


def shown_coding(coded: Coded, display: str) -> Resource:
    """A Coding."""
    told = {"system": coded.system, "code": coded.code}
    return told | ({"display": display} if display else {})


def _r5(given: Given, best: Verdict, verdicts: list[Verdict]) -> Iterable[Resource]:
    if best.concept is not None:
        yield parameters.parameter("code", "Code", best.coded.code)
        yield parameters.parameter("system", "Uri", best.coded.system)
        if best.concept.version:
            yield parameters.parameter("version", "String", best.concept.version)
    known = [shown_coding(verdict.coded, "") for verdict in verdicts if verdict.concept is not None]
    if given.one("codeableConcept") is not None and known:
        yield parameters.parameter("codeableConcept", "CodeableConcept", {"coding": known})
    issues = [
        outcome.issue("warning" if verdict.result else "error", verdict.issue, verdict.message)
        for verdict in verdicts
        if verdict.message
    ]
    if issues:
        yield {"name": "issues", "resource": outcome.outcome(issues)}


def in_system(system: str) -> Within:
    """The check that a code is of a system."""
    return lambda coded: (
        "" if coded.system == system else f"A coding is not of the code system {name_of(system)}"
    )
