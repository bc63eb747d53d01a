"""Errors -> status and OperationOutcome. https://hl7.org/fhir/R4/http.html#Status-Codes"""

from collections.abc import Mapping, Sequence

from adapter.api.call import Answer
from adapter.api.security.authenticator import refusal
from adapter.errors import (
    AccessError,
    DeliveryError,
    EgressFailed,
    EngineError,
    InputError,
    LedgerUnavailable,
    NotAcceptable,
    NotewrightError,
    RestError,
    UnsupportedMediaType,
)
from adapter.fhir import outcome
from adapter.model import Issue

MOST = 100  # issues that are told of one request
BUSY = 5  # seconds after which a client may try again

_STATUS: Sequence[tuple[type[NotewrightError], int]] = (
    (NotAcceptable, 406),
    (UnsupportedMediaType, 415),
    (InputError, 400),
    (LedgerUnavailable, 503),
    (EngineError, 503),
    (DeliveryError, 502),
    (EgressFailed, 502),
)


class Invalid(RestError):
    """The resource breaks rules of FHIR or of this endpoint."""

    issue_code = "invalid"
    status = 422

    def __init__(self, issues: Sequence[Issue]) -> None:
        super().__init__()
        self.issues = tuple(issues)


class Malformed(Invalid):
    """The resource is not what FHIR says it is."""

    status = 400


class NotHere(RestError):
    """There is no such thing here."""

    issue_code = "not-supported"
    status = 404


class NotSo(RestError):
    """This cannot be done with this method."""

    issue_code = "not-supported"
    status = 405

    def __init__(self, allowed: Sequence[str]) -> None:
        super().__init__(f"only {', '.join(allowed)} here")
        self.allowed = tuple(allowed)


def answer(error: NotewrightError) -> Answer:
    """The answer to a request that could not be done."""
    if isinstance(error, AccessError):
        refused = refusal(error)
        return Answer(status=refused.status, headers=refused.headers, resource=outcome.of([error.issue()]))
    issues = tuple(getattr(error, "issues", None) or (error.issue(),))[:MOST]
    return Answer(status=status(error), headers=_headers(error), resource=outcome.of(issues))


def failed() -> Answer:
    """The answer when something happened that must not: it says nothing of what it was."""
    issue = Issue(code="exception", reason="defect", message="The server failed.", severity="fatal")
    return Answer(status=500, resource=outcome.of([issue]))


def status(error: NotewrightError) -> int:
    """The HTTP status of an error."""
    if isinstance(error, RestError):
        return error.status
    return next((code for kind, code in _STATUS if isinstance(error, kind)), 500)


def _headers(error: NotewrightError) -> Mapping[str, str]:
    if isinstance(error, NotSo):
        return {"Allow": ", ".join(error.allowed)}
    if status(error) in (429, 503):
        return {"Retry-After": str(BUSY)}
    return {}
