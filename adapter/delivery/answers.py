"""What a FHIR server answers to a transaction, read without taking over a word of its data.

https://hl7.org/fhir/R4/http.html#transaction-response
"""

import re
from typing import Any

from adapter.errors import TargetRefused
from adapter.model import Resource

_CODE = re.compile(r"[a-z][a-z\-]{1,40}")
_STATUS = re.compile(r"(?P<code>\d{3})(?:\s.*)?", re.DOTALL)
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9.\[\]]{0,120}")


def refusal(status: int, body: Any) -> str:
    """Why a server refused, in a sentence: its status and the codes of its OperationOutcome."""
    told = issues(body)
    return f"The server answered {status}" + (f" ({'; '.join(told)})" if told else "")


def issues(body: Any) -> list[str]:
    """The issues of an OperationOutcome as "code at element"; diagnostics are left where they are."""
    if not isinstance(body, dict) or body.get("resourceType") != "OperationOutcome":
        return []
    listed = body.get("issue")
    told = [_issue(one) for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return list(dict.fromkeys(one for one in told if one))


def accepted(body: Any, sent: Resource) -> None:
    """Raises TargetRefused unless every entry sent has an answer of success, in order."""
    if not isinstance(body, dict) or body.get("resourceType") != "Bundle":
        raise TargetRefused("The server's answer to the transaction is not a Bundle")
    if body.get("type") != "transaction-response":
        raise TargetRefused("The server's answer is not a transaction-response", path="Bundle.type")
    answers, asked = body.get("entry") or [], sent.get("entry") or []
    if not isinstance(answers, list) or len(answers) != len(asked):
        raise TargetRefused("The server did not answer every entry", path="Bundle.entry")
    for number, answer in enumerate(answers):
        _succeeded(answer, f"Bundle.entry[{number}].response.status")


def _succeeded(answer: Any, path: str) -> None:
    response = answer.get("response") if isinstance(answer, dict) else None
    status = _STATUS.fullmatch(str(response.get("status", ""))) if isinstance(response, dict) else None
    if status is None:
        raise TargetRefused("An entry was answered without a status", path=path)
    if not status["code"].startswith("2"):
        told = issues(response.get("outcome")) if isinstance(response, dict) else []
        raise TargetRefused(
            refusal(int(status["code"]), None) + (f" ({'; '.join(told)})" if told else ""), path=path
        )


def _issue(issue: dict[str, Any]) -> str | None:
    code = issue.get("code")
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return None
    places = issue.get("expression")
    first = places[0] if isinstance(places, list) and places else None
    return f"{code} at {first}" if isinstance(first, str) and _PATH.fullmatch(first) else code
