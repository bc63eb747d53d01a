"""Parameters of $bulk-submit and $bulk-submit-status -> what is asked for."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapter.api.faults import Invalid
from adapter.egress import parsed
from adapter.errors import InputError
from adapter.fhir.systems import Version
from adapter.ledger import submissions
from adapter.model import Issue, Resource

STATES: Final[Mapping[str, str]] = {
    "in-progress": submissions.IN_PROGRESS,
    "completed": submissions.COMPLETED,
    "complete": submissions.COMPLETED,
    "stopped": submissions.STOPPED,
    "aborted": submissions.STOPPED,
}
FORMATS: Final = ("application/fhir+ndjson", "application/ndjson", "ndjson")
KNOWN: Final = (
    "submitter",
    "submissionId",
    "submissionStatus",
    "manifestUrl",
    "replacesManifestUrl",
    "outputFormat",
    "fhirBaseUrl",
    "fileRequestHeader",
)
UNREAD: Final = ("oauthMetadataUrl", "fileEncryptionKey")  # what asks for something that would not be done
LONGEST: Final = 256  # characters of an identifier
HEADERS: Final = 20
_VERSION = re.compile(r"fhirVersion=\"?(4\.0|4\.3|5\.0)\"?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which submission is meant."""

    submitter: str  # "system|value"
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Given(Asked):
    """What is submitted."""

    state: str
    manifest: str | None
    replaces: str | None
    base: str
    fhir: Version
    headers: tuple[tuple[str, str], ...]
    ignored: tuple[Issue, ...] = ()


def asked(resource: Resource) -> Asked:
    """The submission that is asked after. Raises InputError or Invalid."""
    given = _listed(resource)
    _format(_text(given, "_outputFormat"), "r4")
    return Asked(submitter=_submitter(given), name=_name(given))


def read(resource: Resource, default: Version) -> Given:
    """What is submitted. Raises InputError or Invalid that names the parameter."""
    given = _listed(resource)
    for name in UNREAD:
        if name in given:
            raise _refused("not-supported", "not-supported", "This is not supported here.", name)
    manifest, replaces = _text(given, "manifestUrl"), _text(given, "replacesManifestUrl")
    base = (_text(given, "fhirBaseUrl") or "").rstrip("/")
    if manifest and not base:
        raise _refused("required", "missing", "This is needed with a manifestUrl.", "fhirBaseUrl")
    if base:
        parsed(base)
    if "submissionStatus" not in given and not manifest and not replaces:
        raise _refused(
            "required", "missing", "One of submissionStatus and manifestUrl is needed.", "manifestUrl"
        )
    return Given(
        submitter=_submitter(given),
        name=_name(given),
        state=_state(given),
        manifest=manifest,
        replaces=replaces,
        base=base,
        fhir=_format(_text(given, "outputFormat"), default),
        headers=_headers(given),
        ignored=tuple(_ignored(name) for name in given if name not in KNOWN),
    )


def _listed(resource: Resource) -> dict[str, list[Resource]]:
    """The parameters by name."""
    listed = resource.get("parameter")
    if resource.get("resourceType") != "Parameters" or not isinstance(listed, list):
        raise InputError("Parameters are needed", path="resourceType")
    given: dict[str, list[Resource]] = {}
    for one in listed:
        if not isinstance(one, dict) or not isinstance(one.get("name"), str):
            raise InputError("a parameter has no name", path="Parameters.parameter")
        given.setdefault(one["name"], []).append(one)
    return given


def _value(given: Mapping[str, list[Resource]], name: str) -> Any:
    """The one value of a parameter; None when it is not given."""
    found = given.get(name, [])
    values = [value for one in found for key, value in one.items() if key.startswith("value")]
    if len(found) > 1 or len(values) != len(found):
        raise _refused("invalid", "not-one-value", "Exactly one value is needed.", name)
    return values[0] if values else None


def _text(given: Mapping[str, list[Resource]], name: str) -> str | None:
    value = _value(given, name)
    if value is not None and (not isinstance(value, str) or not value or len(value) > 4096):
        raise _refused("invalid", "no-text", "A text is needed.", name)
    return value


def _submitter(given: Mapping[str, list[Resource]]) -> str:
    value = _value(given, "submitter")
    system, number = (value.get("system", ""), value.get("value")) if isinstance(value, dict) else ("", None)
    if not isinstance(system, str) or not isinstance(number, str) or not number:
        raise _refused("required", "no-identifier", "An Identifier with a value is needed.", "submitter")
    if len(system) > LONGEST or len(number) > LONGEST:
        raise _refused("too-long", "too-long", f"Only {LONGEST} characters are taken.", "submitter")
    return f"{system}|{number}"


def _name(given: Mapping[str, list[Resource]]) -> str:
    value = _text(given, "submissionId")
    if value is None or len(value) > LONGEST:
        raise _refused(
            "required", "no-id", f"A text of at most {LONGEST} characters is needed.", "submissionId"
        )
    return value


def _state(given: Mapping[str, list[Resource]]) -> str:
    value = _value(given, "submissionStatus")
    code = value.get("code") if isinstance(value, dict) else value
    if value is None:
        return submissions.IN_PROGRESS
    if not isinstance(code, str) or code not in STATES:
        message = "This is none of in-progress, completed and stopped."
        raise _refused("code-invalid", "no-such-status", message, "submissionStatus")
    return STATES[code]


def _format(value: str | None, default: Version) -> Version:
    if value is None:
        return default
    if value.partition(";")[0].strip().lower().replace(" ", "+") not in FORMATS:
        raise _refused("not-supported", "no-ndjson", "Only NDJSON is read and written.", "outputFormat")
    found = _VERSION.search(value)
    if found is None:
        return default
    return "r5" if found[1] == "5.0" else "r4"


def _headers(given: Mapping[str, list[Resource]]) -> tuple[tuple[str, str], ...]:
    found = []
    for one in given.get("fileRequestHeader", []):
        parts = one.get("part") if isinstance(one.get("part"), list) else []
        named = {part.get("name"): part.get("valueString") for part in parts or [] if isinstance(part, dict)}
        name, value = named.get("headerName"), named.get("headerValue")
        if not isinstance(name, str) or not isinstance(value, str) or len(value) > 16_384:
            message = "A headerName and a headerValue are needed."
            raise _refused("invalid", "no-header", message, "fileRequestHeader")
        found.append((name, value))
    if len(found) > HEADERS:
        raise _refused("too-costly", "too-many", f"At most {HEADERS} headers are sent.", "fileRequestHeader")
    return tuple(found)


def _ignored(name: str) -> Issue:
    known = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]{0,40}", name)
    return Issue(
        code="not-supported",
        reason="parameter-ignored",
        message="This parameter is not known here and has no effect.",
        severity="warning",
        path=f"Parameters.parameter({name if known else '?'})",
    )


def _refused(code: str, reason: str, message: str, name: str) -> Invalid:
    path = f"Parameters.parameter({name})"
    issue = Issue(code=code, reason=reason, message=message, severity="error", path=path)
    return Invalid([issue])
