"""The errors of a server that said something: what it answered is kept beside the message, never in it.

`outcome` is the server's own OperationOutcome, for the dead letter: its diagnostics may quote data, so it is
stored with the Bundle and shown to who may see the Bundle, and never logged.
"""

import json
from typing import Any, Final

from adapter.errors import TargetRefused, TargetUnavailable
from adapter.model import Issue, Resource

LARGEST: Final = 64 * 1024  # characters of an OperationOutcome that are worth keeping


class ServerRefused(TargetRefused):
    """The server refused the Bundle."""

    def __init__(
        self,
        message: str | None = None,
        *,
        path: str | None = None,
        status: int | None = None,
        outcome: Resource | None = None,
        issues: tuple[Issue, ...] = (),
    ) -> None:
        super().__init__(message, path=path)
        self.status = status
        self.outcome = outcome
        self.issues = issues


class ServerUnavailable(TargetUnavailable):
    """The server cannot be reached or is busy."""

    def __init__(
        self,
        message: str | None = None,
        *,
        path: str | None = None,
        status: int | None = None,
        outcome: Resource | None = None,
        issues: tuple[Issue, ...] = (),
        retry_after: str | None = None,
    ) -> None:
        super().__init__(message, path=path)
        self.status = status
        self.outcome = outcome
        self.issues = issues
        self.retry_after = retry_after  # the header of the last answer, as received


def kept(body: Any) -> Resource | None:
    """The body, when it is an OperationOutcome of a size worth keeping."""
    if not isinstance(body, dict) or body.get("resourceType") != "OperationOutcome":
        return None
    return body if len(json.dumps(body)) <= LARGEST else None
