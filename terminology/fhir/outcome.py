"""What went wrong -> OperationOutcome."""

import re
from collections.abc import Iterable
from typing import Any

from terminology.errors import TerminologyError

Resource = dict[str, Any]
SHOWABLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\-]{0,39}")


class Refusal(TerminologyError):
    """A request that is not answered: status, issue code and where in the request; never its texts."""

    def __init__(self, message: str, *, status: int = 400, code: str = "invalid", at: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.at = at


def shown(code: str) -> str:
    """A code as it may stand in a message: itself when it looks like a code, else that it does not."""
    return f"'{code}'" if SHOWABLE.fullmatch(code) else "(not shown)"


def unknown(message: str, *, at: str = "") -> Refusal:
    """The refusal for what the store does not hold."""
    return Refusal(message, status=404, code="not-found", at=at)


def unsupported(message: str, *, at: str = "") -> Refusal:
    """The refusal for what FHIR knows and this service does not do."""
    return Refusal(message, status=422, code="not-supported", at=at)


def of(refusal: Refusal) -> Resource:
    """The OperationOutcome of a refusal."""
    return outcome([issue("error", refusal.code, str(refusal), refusal.at)])


def outcome(issues: Iterable[Resource]) -> Resource:
    """An OperationOutcome of these issues."""
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def issue(severity: str, code: str, text: str, at: str = "") -> Resource:
    """One issue."""
    told: Resource = {"severity": severity, "code": code, "details": {"text": text}}
    return told | ({"expression": [at]} if at else {})
