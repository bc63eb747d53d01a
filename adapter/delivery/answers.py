"""What a FHIR server answers, read without taking over a word of its data.

https://hl7.org/fhir/R4/http.html#transaction-response
"""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, cast

from adapter.delivery import refusals
from adapter.delivery.refusals import ServerRefused
from adapter.errors import TargetRefused
from adapter.model import Issue, ReceiptEntry, Resource, Severity

_CODE = re.compile(r"[a-z][a-z\-]{1,40}")
_DETAIL = re.compile(r"[A-Za-z][A-Za-z_\-]{1,60}\d{0,4}")
_STATUS = re.compile(r"(?P<code>\d{3})(?:\s.*)?", re.DOTALL)
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9.\[\]]{0,120}")
_PLACE = re.compile(
    r"(?:\S*/)?(?P<type>[A-Z][A-Za-z]{1,60})/(?P<id>[A-Za-z0-9\-.]{1,64})"
    r"(?:/_history/(?P<version>[A-Za-z0-9\-.]{1,64}))?/?"
)
_CONDITIONAL = re.compile(r"if[- ]?none[- ]?exist|conditional", re.IGNORECASE)
_TRANSACTION = re.compile(r"transaction|batch", re.IGNORECASE)
_TOO_MUCH = re.compile(
    r"too (?:many|large|big)\b.{0,40}\b(?:entries|operations|resources|bundle|transaction)"
    r"|\b(?:entries|operations|resources|bundle|transaction)\b.{0,60}"
    r"\b(?:too (?:many|large|big)|than allowed|exceed\w*|limit)\b",
    re.IGNORECASE | re.DOTALL,
)
_SEVERITIES = ("fatal", "error", "warning", "information")

Result = Literal["created", "updated", "existing"]
Interaction = Literal["conditional", "transaction"]

_WORDS: Final[Mapping[Interaction, re.Pattern[str]]] = {
    "conditional": _CONDITIONAL,
    "transaction": _TRANSACTION,
}
_STATUSES: Final[Mapping[Interaction, tuple[int, ...]]] = {
    "conditional": (400, 405, 412, 422, 501),
    "transaction": (400, 404, 405, 422, 501),
}


def refusal(status: int, body: Any) -> str:
    """Why a server refused, in a sentence: its status and the codes of its OperationOutcome."""
    told = issues(body)
    return f"The server answered {status}" + (f" ({'; '.join(told)})" if told else "")


def refused(status: int, body: Any, path: str | None = None) -> ServerRefused:
    """The error of a server that said no, with its OperationOutcome."""
    return ServerRefused(
        refusal(status, body), path=path, status=status, outcome=refusals.kept(body), issues=detailed(body)
    )


def issues(body: Any) -> list[str]:
    """The issues of an OperationOutcome as "code at element"; diagnostics are left where they are."""
    return list(dict.fromkeys(issue.message for issue in detailed(body)))


def detailed(body: Any) -> tuple[Issue, ...]:
    """The issues of an OperationOutcome: code, severity, element and code of the details, never its words."""
    if not isinstance(body, dict) or body.get("resourceType") != "OperationOutcome":
        return ()
    listed = body.get("issue")
    told = [_issue(one) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return tuple(one for one in told if one)


def lacks(interaction: Interaction, status: int | None, outcome: Any) -> bool:
    """Whether a refusal says that the server does not know an interaction.

    Its words are read for this and go nowhere.
    """
    if status not in _STATUSES[interaction]:
        return False
    if status == 501 or (interaction == "transaction" and status in (404, 405)):
        return True
    told = outcome.get("issue") if isinstance(outcome, dict) else None
    listed = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return any(
        one.get("code") == "not-supported" or _WORDS[interaction].search(_words(one)) for one in listed
    )


def too_much(status: int | None, outcome: Any) -> bool:
    """Whether a refusal says that there is too much in one Bundle, which might go in parts."""
    if status == 413:
        return True
    told = outcome.get("issue") if isinstance(outcome, dict) and status in (400, 403, 422) else None
    listed = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    return any(one.get("code") == "too-costly" or _TOO_MUCH.search(_words(one)) for one in listed)


def accepted(body: Any, sent: Resource) -> tuple[ReceiptEntry, ...]:
    """What became of every entry sent, in order.

    Raises TargetRefused unless every one has an answer of success.
    """
    if not isinstance(body, dict) or body.get("resourceType") != "Bundle":
        raise TargetRefused("The server's answer to the transaction is not a Bundle")
    if body.get("type") != "transaction-response":
        raise TargetRefused("The server's answer is not a transaction-response", path="Bundle.type")
    told, asked = body.get("entry") or [], sent.get("entry") or []
    if not isinstance(told, list) or len(told) != len(asked):
        raise TargetRefused("The server did not answer every entry", path="Bundle.entry")
    return tuple(
        _succeeded(answer, entry, f"Bundle.entry[{number}].response.status")
        for number, (answer, entry) in enumerate(zip(told, asked, strict=True))
    )


def place(location: object) -> tuple[str | None, str | None, str | None]:
    """Type, id and version of a Location; Nones where it does not say."""
    found = _PLACE.fullmatch(location) if isinstance(location, str) else None
    return (found["type"], found["id"], found["version"]) if found else (None, None, None)


def result(method: str, status: int) -> Result:
    """What a successful status means for a conditional POST or a PUT."""
    if status == 201:
        return "created"
    return "updated" if method == "PUT" else "existing"


def _succeeded(answer: Any, entry: Resource, path: str) -> ReceiptEntry:
    response = answer.get("response") if isinstance(answer, dict) else None
    told = _STATUS.fullmatch(str(response.get("status", ""))) if isinstance(response, dict) else None
    if told is None or not isinstance(response, dict):
        raise TargetRefused("An entry was answered without a status", path=path)
    status = int(told["code"])
    if not 200 <= status <= 299:
        raise refused(status, response.get("outcome"), path)
    return _entry(answer, response, entry, status)


def _entry(answer: Resource, response: Resource, entry: Resource, status: int) -> ReceiptEntry:
    """Location names the resource; a resource in the answer does so too."""
    resource = entry.get("resource", {})
    kind, id, version = place(response.get("location"))
    returned = answer.get("resource")
    if id is None and isinstance(returned, dict) and returned.get("resourceType") != "OperationOutcome":
        _, id, _ = place(f"{returned.get('resourceType')}/{returned.get('id')}")
    return ReceiptEntry(
        full_url=str(entry.get("fullUrl", "")),
        type=kind or str(resource.get("resourceType", "")),
        result=result(str(entry.get("request", {}).get("method")), status),
        status=status,
        id=id,
        version=version,
    )


def _issue(issue: dict[str, Any]) -> Issue | None:
    code = issue.get("code")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return None
    places = issue.get("expression")
    first = places[0] if isinstance(places, list) and places else None
    path = first if isinstance(first, str) and _PATH.fullmatch(first) else None
    severity = issue.get("severity")
    return Issue(
        code=code,
        reason=_detail(issue) or "server",
        message=f"{code} at {path}" if path else code,
        severity=cast(Severity, severity) if severity in _SEVERITIES else "error",
        path=path,
    )


def _detail(issue: dict[str, Any]) -> str | None:
    """The first code of the details that looks like one."""
    details = issue.get("details")
    codings = details.get("coding") if isinstance(details, dict) else None
    listed = codings if isinstance(codings, list) else []
    codes = [str(one.get("code", "")) for one in listed if isinstance(one, dict)]
    return next((code for code in codes if _DETAIL.fullmatch(code)), None)


def _words(issue: dict[str, Any]) -> str:
    details = issue.get("details")
    text = details.get("text") if isinstance(details, dict) else None
    return " ".join(str(part) for part in (text, issue.get("diagnostics"), issue.get("expression")) if part)
