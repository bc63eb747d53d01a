"""Who did what -> an AuditEvent (R4) as IHE Basic Audit Log Patterns 1.1.4 want it.

https://profiles.ihe.net/ITI/BALP/1.1.4/. A profile is claimed only for what succeeded, since all of them fix
the outcome. A patient appears in `entity.what` as a literal reference and nowhere else: of a query only the
names of known parameters are kept, and a reference that is not literal is masked.
"""

import base64
import ipaddress
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import quote, urlsplit

from adapter.api.watching import searches
from adapter.fhir import systems
from adapter.model import Resource

BALP: Final = "https://profiles.ihe.net/ITI/BALP"
DCM: Final = "http://dicom.nema.org/resources/ontology/DCM"
_TERMS: Final = "http://terminology.hl7.org/CodeSystem/"
_REST: Final = "http://hl7.org/fhir/restful-interaction"

Interaction = Literal[
    "create", "read", "vread", "update", "patch", "delete", "search-type", "search-system",
    "history-instance", "history-type", "history-system", "operation", "batch", "transaction",
]  # fmt: skip
"""What was asked for: codes of restful-interaction."""

_SOURCE: Final = {"system": DCM, "code": "110153", "display": "Source Role ID"}
_DESTINATION: Final = {"system": DCM, "code": "110152", "display": "Destination Role ID"}
_APPLICATION: Final = {"system": DCM, "code": "110150", "display": "Application"}
_CUSTODIAN: Final = {"system": systems.PARTICIPANT, "code": "custodian", "display": "Custodian"}
_AUTHOR: Final = {"system": _TERMS + "v3-ParticipationType", "code": "AUT", "display": "author (originator)"}
_RECIPIENT: Final = {
    "system": _TERMS + "v3-ParticipationType",
    "code": "IRCP",
    "display": "information recipient",
}
_OAUTH: Final = {"system": BALP + "/CodeSystem/UserAgentTypes", "code": "UserOauthAgent"}
_SERVER: Final = {"system": _TERMS + "security-source-type", "code": "4", "display": "Application Server"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pattern:
    """How a BALP profile names the parts."""

    action: str
    profile: str | None
    client: Resource
    server: Resource
    user: Resource


_CREATE: Final = _Pattern(action="C", profile="Create", client=_SOURCE, server=_DESTINATION, user=_AUTHOR)
_READ: Final = _Pattern(action="R", profile="Read", client=_DESTINATION, server=_SOURCE, user=_RECIPIENT)
_UPDATE: Final = _Pattern(action="U", profile="Update", client=_SOURCE, server=_DESTINATION, user=_AUTHOR)
_DELETE: Final = _Pattern(action="D", profile="Delete", client=_APPLICATION, server=_CUSTODIAN, user=_AUTHOR)
_QUERY: Final = _Pattern(action="E", profile="Query", client=_SOURCE, server=_DESTINATION, user=_RECIPIENT)
_OTHER: Final = _Pattern(action="E", profile=None, client=_SOURCE, server=_DESTINATION, user=_RECIPIENT)
_PATTERNS: Final = {
    "create": _CREATE,
    "read": _READ,
    "vread": _READ,
    "update": _UPDATE,
    "patch": _UPDATE,
    "delete": _DELETE,
    "search-type": _QUERY,
    "search-system": _QUERY,
}

_TYPE: Final = re.compile(r"[A-Z][A-Za-z]{0,63}")
_ID: Final = re.compile(r"[A-Za-z0-9.-]{1,64}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_OPERATION: Final = re.compile(r"\$[a-z][a-z-]{0,40}")
_PATIENT: Final = re.compile(
    r"(?:https?://[A-Za-z0-9.:-]+(?:/[A-Za-z0-9._~-]+)*/)?Patient/[A-Za-z0-9.-]{1,64}"
    r"(?:/_history/[A-Za-z0-9.-]{1,64})?"
)
_LITERAL: Final = re.compile(r"[A-Z][A-Za-z]{0,63}/[A-Za-z0-9.-]{1,64}(?:/_history/[A-Za-z0-9.-]{1,64})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The service that observes and records."""

    name: str  # "notewright.hospital.example"
    base: str  # URL of its FHIR API


@dataclass(frozen=True, slots=True, kw_only=True)
class Access:
    """One request, as the door saw it. For a search that found several patients: one Access for each."""

    interaction: Interaction
    request_id: str
    status: int  # HTTP status of the answer
    type: str | None = None  # resource type
    id: str | None = None
    version: str | None = None
    patient: str | None = None  # the reference as the resource has it, "Patient/7"; None: no patient
    principal: str | None = None  # who was authenticated; None: nobody
    name: str | None = None  # for people who read the audit
    person: bool = False  # the principal is a person who uses a program
    client: str | None = None  # the program a person uses
    address: str | None = None  # IP address of the client
    token: str | None = None  # jti of the access token
    operation: str | None = None  # "$extract"
    query: str | None = None  # query string as received; values are not kept
    digest: str | None = None  # SHA-256, hex, of a document that was worked with and not kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One delivery of what was found in documents to a target."""

    target: str  # name of the target in the configuration
    url: str  # its base URL
    documents: tuple[str, ...]  # "DocumentReference/9"
    status: int | None  # HTTP status of its answer; None: there was none
    patient: str | None = None
    request_id: str | None = None  # of the request that brought the document, if known


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """Somebody signed in or out through a browser, or failed to."""

    kind: Literal["login", "logout"]
    request_id: str
    principal: str | None = None  # None: it is not known who
    name: str | None = None
    address: str | None = None
    failed: str | None = None  # key of the reason; None: it was done


def event(told: Access | Disclosure | Presence, site: Site, recorded: datetime) -> Resource:
    """The AuditEvent of an access, a disclosure or a presence; the same for the same values."""
    if isinstance(told, Presence):
        built = _presence(told, site)
    else:
        built = _access(told, site) if isinstance(told, Access) else _disclosure(told, site)
    time = recorded.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return built | {"recorded": time}


def _access(access: Access, site: Site) -> Resource:
    pattern = _PATTERNS.get(access.interaction, _OTHER)
    return {
        "resourceType": "AuditEvent",
        **_meta(_claimed(access, pattern)),
        "type": {"system": _TERMS + "audit-event-type", "code": "rest", "display": "Restful Operation"},
        "subtype": [{"system": _REST, "code": access.interaction, "display": access.interaction}],
        "action": pattern.action,
        **_outcome(access.status),
        "agent": _agents(access, pattern, site),
        "source": _source(site),
        "entity": [*_data(access, pattern, site), *_patient(access.patient), *_request(access.request_id)],
    }


def _claimed(access: Access, pattern: _Pattern) -> list[str]:
    if access.status >= 400:
        return []
    rest = (
        [f"IHE.BasicAudit.{'Patient' if access.patient else ''}{pattern.profile}"] if pattern.profile else []
    )
    return rest + (["IHE.BasicAudit.OAUTHaccessTokenUse.Minimal"] if access.token else [])


def _meta(profiles: list[str]) -> Resource:
    urls = [f"{BALP}/StructureDefinition/{profile}" for profile in profiles]
    return {"meta": {"profile": urls}} if urls else {}


def _outcome(status: int | None) -> Resource:
    """0 success, 4 the client's or a policy's fault, 8 ours or the target's."""
    if status is None:
        return {"outcome": "8", "outcomeDesc": "no answer"}
    code = "0" if status < 400 else "4" if status < 500 else "8"
    return {"outcome": code, "outcomeDesc": f"HTTP {status}"}


def _agents(access: Access, pattern: _Pattern, site: Site) -> list[Resource]:
    """Client, server, and whoever a person or a token stands for; only one of them is the requestor."""
    user = [_user(access, pattern)] if access.person or access.token else []
    client = {
        "type": {"coding": [pattern.client]},
        "who": _who(access.client, None) if access.person else _who(access.principal, access.name),
        "requestor": not user,
        "network": _network(access.address),
    }
    server = {
        "type": {"coding": [pattern.server]},
        "who": _observer(site),
        "requestor": False,
        "network": _url(site.base),
    }
    return [client, server, *user]


def _user(access: Access, pattern: _Pattern) -> Resource:
    kinds = [*([pattern.user] if access.person else []), *([_OAUTH] if access.token else [])]
    named = _text(access.name)
    return {
        "type": {"coding": kinds},
        "who": _who(access.principal, access.name),
        **({"name": named} if named else {}),
        "requestor": True,
        **(
            {"policy": ["urn:ietf:params:oauth:jti:" + quote(access.token[:200], safe="", errors="replace")]}
            if access.token
            else {}
        ),
    }


def _data(access: Access, pattern: _Pattern, site: Site) -> list[Resource]:
    if pattern is _QUERY:
        return [_system_object("24", "Query") | {"query": _query(access, site)}]
    operation = access.operation if _OPERATION.fullmatch(access.operation or "") else None
    if pattern is _OTHER and (operation or not _typed(access)):
        named = {"name": operation} if operation else {}
        return [_system_object("20", "Job") | _what(access) | named | _digest(access.digest)]
    return [_system_object("4", "Domain Resource") | _what(access)]


def _digest(digest: str | None) -> Resource:
    if not _SHA256.fullmatch(digest or ""):
        return {}
    return {"detail": [{"type": "SHA-256", "valueString": digest}]}


def _system_object(role: str, display: str) -> Resource:
    return {
        "type": {"system": _TERMS + "audit-entity-type", "code": "2", "display": "System Object"},
        "role": {"system": _TERMS + "object-role", "code": role, "display": display},
    }


def _typed(access: Access) -> str | None:
    return access.type if _TYPE.fullmatch(access.type or "") else None


def _what(access: Access) -> Resource:
    """The resource, by id and version as far as they are proper ones."""
    kind = _typed(access)
    if kind is None:
        return {}
    if not _ID.fullmatch(access.id or ""):
        return {"what": {"type": kind}}
    version = f"/_history/{access.version}" if _ID.fullmatch(access.version or "") else ""
    return {"what": {"reference": f"{kind}/{access.id}{version}"}}


def _query(access: Access, site: Site) -> str:
    """The request line with the values left out, in base64 as BALP has it."""
    kept = searches.kept(access.query or "")
    path = f"/{_typed(access)}" if _typed(access) else ""
    line = f"GET {_plain(site.base)}{path}" + ("?" + "&".join(kept) if kept else "")
    return base64.b64encode(line.encode()).decode()


def _patient(reference: str | None) -> list[Resource]:
    if not reference:
        return []
    if _PATIENT.fullmatch(reference):
        what: Resource = {"reference": reference}
    else:
        what = {"extension": [{"url": systems.ABSENT, "valueCode": "masked"}], "type": "Patient"}
    return [
        {
            "what": what,
            "type": {"system": _TERMS + "audit-entity-type", "code": "1", "display": "Person"},
            "role": {"system": _TERMS + "object-role", "code": "1", "display": "Patient"},
        }
    ]


def _request(id: str | None) -> list[Resource]:
    if not _ID.fullmatch((id or "").replace("_", "-")):
        return []
    kind = {"system": BALP + "/CodeSystem/BasicAuditEntityType", "code": "XrequestId"}
    return [{"what": {"identifier": {"value": id}}, "type": kind}]


def _disclosure(disclosure: Disclosure, site: Site) -> Resource:
    documents = [reference for reference in disclosure.documents if _LITERAL.fullmatch(reference)]
    entities = [_system_object("3", "Report") | {"what": {"reference": one}} for one in documents]
    claimed = ["IHE.BasicAudit.PrivacyDisclosure.Source"] if disclosure.patient and entities else []
    return {
        "resourceType": "AuditEvent",
        **_meta(claimed),
        "type": {"system": DCM, "code": "110106", "display": "Export"},
        "subtype": [
            {"system": systems.LIFECYCLE, "code": "disclose", "display": "Disclose Record Lifecycle Event"}
        ],
        "action": "R",
        **_outcome(disclosure.status),
        "agent": [
            {
                "type": {"coding": [_SOURCE]},
                "who": _observer(site),
                "requestor": True,
                "network": _url(site.base),
            },
            {
                "type": {"coding": [_DESTINATION]},
                "who": _who(None, disclosure.target),
                "requestor": False,
                "network": _url(disclosure.url),
            },
        ],
        "source": _source(site),
        "entity": [*_patient(disclosure.patient), *entities, *_request(disclosure.request_id)],
    }


def _presence(presence: Presence, site: Site) -> Resource:
    """As DICOM and ATNA have user authentication. https://dicom.nema.org/medical/dicom/current/output/html/part15.html"""
    code, display = ("110122", "Login") if presence.kind == "login" else ("110123", "Logout")
    outcome = {"outcome": "4", "outcomeDesc": presence.failed} if presence.failed else {"outcome": "0"}
    who = {"who": _who(presence.principal, presence.name), "requestor": True}
    server = {"type": {"coding": [_APPLICATION]}, "who": _observer(site), "requestor": False}
    return {
        "resourceType": "AuditEvent",
        "type": {"system": DCM, "code": "110114", "display": "User Authentication"},
        "subtype": [{"system": DCM, "code": code, "display": display}],
        "action": "E",
        **outcome,
        "agent": [
            who | {"network": _network(presence.address)},
            server | {"network": _url(site.base)},
        ],
        "source": _source(site),
        "entity": _request(presence.request_id),
    }


def _source(site: Site) -> Resource:
    return {"site": _text(site.name) or "notewright", "observer": _observer(site), "type": [_SERVER]}


def _observer(site: Site) -> Resource:
    return {"type": "Device", "display": _text(site.name) or "notewright"}


def _who(identifier: str | None, name: str | None) -> Resource:
    value, shown = _text(identifier), _text(name)
    if value is None and shown is None:
        return {"display": "unknown"}
    return {
        **({"identifier": {"value": value}} if value else {}),
        **({"display": shown} if shown else {}),
    }


def _network(address: str | None) -> Resource:
    try:
        return {"address": str(ipaddress.ip_address((address or "").partition("%")[0])), "type": "2"}
    except ValueError:
        return {"address": "unknown"}


def _url(url: str) -> Resource:
    return {"address": _plain(url), "type": "5"}


def _plain(url: str) -> str:
    """A URL without user, password, query and fragment."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


def _text(value: str | None) -> str | None:
    """A name fit for a record: one line of printable characters, not too long."""
    shown = "".join(one for one in (value or "")[:200] if one.isprintable()).strip()
    return shown or None
