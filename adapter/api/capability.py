"""What this endpoint does: CapabilityStatement and SMART configuration, made from the routes there are.

https://hl7.org/fhir/R4/capabilitystatement.html
"""

from collections.abc import Iterable, Mapping, Sequence

from adapter.api.call import Answer, Call
from adapter.api.routes import Route
from adapter.api.security.authenticator import Authenticator
from adapter.api.security.interactions import Interaction, needs
from adapter.api.security.smart import smart_configuration
from adapter.delivery.subscriptions.topic import TOPIC
from adapter.fhir.systems import Version
from adapter.ledger.index import PARAMETERS
from adapter.model import Resource
from terminology.fhir import capability as terms
from terminology.fhir import operations

BASE = "https://notewright.org/fhir"
FHIR = "http://hl7.org/fhir"
BULK = f"{FHIR}/uv/bulkdata"
_NUMBERS: Mapping[Version, str] = {"r4": "4.0.1", "r5": "5.0.0"}
_COMMON = (("_id", "token"), ("_lastUpdated", "date"))
_BACKPORT = (
    "http://hl7.org/fhir/uv/subscriptions-backport/CapabilityStatement/backport-subscription-server-r4"
)
_TOPICS = (
    "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
    "capabilitystatement-subscriptiontopic-canonical"
)
_DOCUMENT = "DocumentReference"


def statement(call: Call, routes: Sequence[Route]) -> Answer:
    """The CapabilityStatement, or with `mode=terminology` what the terminology operations know."""
    terminology = call.service.terminology.get(call.formats.answer_version)
    if dict(call.query).get("mode") == "terminology" and terminology is not None:
        return Answer(resource=terms.terminology(terminology))
    return Answer(resource=_statement(call, routes))


def smart(call: Call, routes: Sequence[Route]) -> Answer:
    """The SMART configuration of a resource server."""
    authenticator = call.service.authenticator
    contexts = sorted(authenticator.contexts) if isinstance(authenticator, Authenticator) else ["system"]
    scopes = _scopes(contexts, routes)
    told = smart_configuration(scopes=scopes, contexts=contexts, server=call.service.smart)
    return Answer(resource=told, fhir=False)


def _statement(call: Call, routes: Sequence[Route]) -> Resource:
    version = call.formats.answer_version
    types = sorted({route.resource for route in routes if route.resource})
    system = [one for one in routes if not one.resource and one.operation]
    rest: Resource = {
        "mode": "server",
        "documentation": "Clinical documents in; what they say, as coded FHIR resources, out.",
        "security": _security(call),
        "resource": [_resource(kind, [one for one in routes if one.resource == kind]) for kind in types],
    }
    if any(route.kind == "batch" for route in routes):
        rest["interaction"] = [{"code": "batch"}, {"code": "transaction"}]
    if system:
        rest["operation"] = [_operation(route) for route in system]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": "2026-11-21",
        "kind": "instance",
        **({"instantiates": [_BACKPORT]} if "Subscription" in types and version == "r4" else {}),
        "software": {"name": "Notewright", "version": call.service.version},
        "implementation": {"description": "Notewright FHIR endpoint", "url": call.base},
        "fhirVersion": _NUMBERS[version],
        "format": ["application/fhir+json", "application/fhir+xml"],
        "rest": [rest],
    }


def _resource(kind: str, routes: Iterable[Route]) -> Resource:
    listed = list(routes)
    kinds = [route.kind for route in listed if route.kind != "operation" and route.kind]
    operations = {route.operation: route for route in listed if route.operation}
    told: Resource = {"type": kind, "profile": f"{FHIR}/StructureDefinition/{kind}"}
    if kind == "Subscription":
        told["extension"] = [{"url": _TOPICS, "valueCanonical": TOPIC}]
    if kinds:
        told["interaction"] = [{"code": code} for code in dict.fromkeys(kinds)]
        told["versioning"] = "versioned-update"
        told["readHistory"] = "history-instance" in kinds
        told["updateCreate"] = False
        told["conditionalCreate"] = kind == _DOCUMENT
        told["conditionalRead"] = "not-match" if kind == _DOCUMENT else "not-supported"
        told["searchParam"] = _parameters(kind) if "search-type" in kinds else []
        told = {name: value for name, value in told.items() if value != []}
    if operations:
        told["operation"] = [_operation(route) for route in operations.values()]
    return told


def _operation(route: Route) -> Resource:
    """An operation; the definition is FHIR's own where there is one."""
    name = route.operation.rpartition("$")[2]
    kind = f"{route.resource}-" if route.resource else ""
    if name == "process-message":
        return {"name": name, "definition": f"{FHIR}/OperationDefinition/MessageHeader-process-message"}
    known = {(one.resource, one.name): one.definition for one in operations.every()}
    owner = BULK if name.startswith("bulk-") else BASE
    ours = f"{owner}/OperationDefinition/{kind}{name}"
    return {"name": name, "definition": known.get((route.resource, name), ours)}


def _parameters(kind: str) -> list[Resource]:
    listed = [*_COMMON, *((name, shape) for name, (shape, _) in PARAMETERS.get(kind, {}).items())]
    return [{"name": name, "type": shape} for name, shape in sorted(listed) if ":" not in name]


def _security(call: Call) -> Resource:
    if not isinstance(call.service.authenticator, Authenticator):
        return {"description": "No authentication: for trying out on one machine only."}
    system = "http://terminology.hl7.org/CodeSystem/restful-security-service"
    return {"service": [{"coding": [{"system": system, "code": "SMART-on-FHIR"}]}]}


def _scopes(contexts: Sequence[str], routes: Sequence[Route]) -> list[str]:
    """The scopes that open something here; of a patient, those on documents."""
    letters: dict[str, set[str]] = {}
    for route in routes:
        asked = Interaction(kind=route.kind, resource=route.resource, operation=route.operation)
        for kind, letter in needs(asked) or ():
            letters.setdefault(kind, set()).add(letter)
    found = [f"system/{kind}" for kind, given in letters.items() if given == {""}]
    for kind, given in letters.items():
        ordered = "".join(letter for letter in "cruds" if letter in given)
        listed = [one for one in contexts if one != "patient" or kind == _DOCUMENT]
        found += [f"{context}/{kind}.{ordered}" for context in listed if ordered]
    return found
