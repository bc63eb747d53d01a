"""What a service can do: CapabilityStatement and TerminologyCapabilities."""

from itertools import groupby

from terminology.fhir import conceptmap, operations
from terminology.fhir.expansion import EXPAND
from terminology.fhir.outcome import Resource
from terminology.fhir.service import FHIR_VERSIONS, Service
from terminology.model import SystemInfo

PROPERTIES = ["inactive", "parent", "child"]
SEARCHED = {"_id": "token", "url": "uri", "name": "string"}


def statement(service: Service) -> Resource:
    """The CapabilityStatement: exactly the operations there are."""
    by_type = groupby(operations.every(), key=lambda operation: operation.resource)
    resources = [
        {
            "type": kind,
            **(_reading() if kind == "ConceptMap" else {}),
            "operation": [{"name": each.name, "definition": each.definition} for each in listed],
        }
        for kind, listed in by_type
    ]
    return {
        "resourceType": "CapabilityStatement",
        **_about(service),
        "fhirVersion": FHIR_VERSIONS[service.fhir_version],
        "format": ["application/fhir+json", "json"],
        "rest": [{"mode": "server", "resource": resources}],
    }


def terminology(service: Service) -> Resource:
    """The TerminologyCapabilities: exactly the code systems the store holds codes of."""
    held = service.store.systems()
    return {
        "resourceType": "TerminologyCapabilities",
        **_about(service),
        **({"codeSystem": [_system(service, each) for each in held]} if held else {}),
        "expansion": {
            "hierarchical": False,
            "paging": True,
            "incomplete": False,
            "parameter": [{"name": name} for name, kind in EXPAND.items() if kind],
            "textFilter": "Names that mean the text or nearly, and names whose words begin with its words",
        },
        "validateCode": {"translations": True},
        "translation": {"needsMap": False},
    }


def _reading() -> Resource:
    return {
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchParam": [{"name": name, "type": SEARCHED[name]} for name in conceptmap.SEARCH],
    }


def _about(service: Service) -> Resource:
    manifest = service.store.manifest
    licences = [f"{source.name}: {source.licence}" for source in manifest.sources if source.licence]
    about: Resource = {
        "status": "active",
        "date": service.timestamp(),
        "kind": "instance",
        "software": {"name": "Notewright terminology"},
        "implementation": {"description": f"Terminology store {manifest.digest[:12]}"},
    }
    return about | ({"copyright": "; ".join(licences)} if licences else {})


def _system(service: Service, held: SystemInfo) -> Resource:
    properties = PROPERTIES if held.hierarchy else PROPERTIES[:1]
    default = service.version_of(held.system)
    versions = [
        {**({"code": version} if version else {}), "isDefault": version == default, "property": properties}
        for version in held.versions or (None,)
    ]
    content = {"content": "fragment"} if service.r5 else {}  # a store never knows that it holds all
    return {"uri": held.system, **content, "version": versions, "subsumption": held.hierarchy}
