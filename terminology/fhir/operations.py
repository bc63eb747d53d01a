"""The FHIR operations there are: each a pure function of a service and what a request gives."""

from collections.abc import Callable
from dataclasses import dataclass

from terminology.fhir import codesystem, conceptmap, expansion, parameters
from terminology.fhir.outcome import Resource
from terminology.fhir.parameters import Accepted, Given
from terminology.fhir.service import Service

DEFINITIONS = "http://hl7.org/fhir/OperationDefinition"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation on a type of resource."""

    resource: str
    name: str
    run: Callable[[Service, Given], Resource]
    takes: dict[str, Accepted]  # by FHIR version
    alone: str = ""  # the parameter that may be posted by itself

    @property
    def definition(self) -> str:
        """The URL of what FHIR says of it."""
        return f"{DEFINITIONS}/{self.resource}-{self.name}"

    def answer(self, service: Service, query: list[tuple[str, str]], body: Resource | None) -> Resource:
        """The resource that answers a request."""
        accepted = self.takes[service.fhir_version]
        return self.run(service, parameters.given(accepted, query, body, self.alone))


def every() -> tuple[Operation, ...]:
    """Every operation."""
    r5 = {**expansion.EXPAND, "useSupplement": "", "property": ""}
    return (
        _of_codes("lookup", codesystem.lookup, codesystem.LOOKUP),
        _of_codes("validate-code", codesystem.validate_code, codesystem.VALIDATE),
        _of_codes("subsumes", codesystem.subsumes, codesystem.SUBSUMES),
        Operation(
            resource="ValueSet",
            name="expand",
            run=expansion.expand,
            takes={"R4": expansion.EXPAND, "R5": r5},
            alone="valueSet",
        ),
        Operation(
            resource="ValueSet",
            name="validate-code",
            run=expansion.validate_code,
            takes={"R4": expansion.VALIDATE, "R5": {**expansion.VALIDATE, "useSupplement": ""}},
        ),
        Operation(
            resource="ConceptMap",
            name="translate",
            run=conceptmap.translate,
            takes={"R4": conceptmap.TRANSLATE_R4, "R5": conceptmap.TRANSLATE_R5},
        ),
    )


def _of_codes(name: str, run: Callable[[Service, Given], Resource], accepted: Accepted) -> Operation:
    takes = {"R4": accepted, "R5": {**accepted, **({"useSupplement": ""} if name == "lookup" else {})}}
    return Operation(resource="CodeSystem", name=name, run=run, takes=takes)
