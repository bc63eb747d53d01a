"""One question to an authorization server and its answer, bounded in size and time.

Nothing an authorization server says is quoted: its descriptions may repeat what it was sent.
"""

import json
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from adapter.errors import TargetRefused, TargetUnavailable

LONGEST = 30.0  # seconds for a whole answer
SMALL = 256 * 1024  # bytes of a token answer or a SMART configuration
LARGE = 16 * 1024 * 1024  # bytes of a CapabilityStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    body: Any  # the JSON of it; None if it is not JSON
    retry_after: str | None = None
    date: str | None = None


def ask(
    client: httpx.Client,
    request: httpx.Request,
    *,
    limit: int = SMALL,
    elapsed: Callable[[], float] = time.monotonic,
) -> Answer:
    """The answer to a request, which goes out without other credentials and follows no redirect.

    TargetUnavailable when there is none in time, TargetRefused when it is too large or not to be trusted.
    """
    request.headers["Accept-Encoding"] = "identity"
    until = elapsed() + LONGEST
    try:
        response = client.send(request, stream=True, auth=None, follow_redirects=False)
        try:
            content = _content(response, limit, lambda: elapsed() > until)
        finally:
            response.close()
    except httpx.RequestError as error:
        raise _unreached(error) from None
    return Answer(
        status=response.status_code,
        body=_json(content),
        retry_after=response.headers.get("Retry-After"),
        date=response.headers.get("Date"),
    )


def _content(response: httpx.Response, limit: int, late: Callable[[], bool]) -> bytes:
    """The body as sent; a compressed one, which nobody asked for, is not unpacked."""
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise TargetRefused("The authorization server compressed what was to be sent as it is")
    content = bytearray()
    for chunk in response.iter_raw():
        content += chunk
        if len(content) > limit:
            raise TargetRefused(f"The authorization server's answer is larger than {limit} bytes")
        if late():
            raise TargetUnavailable("The authorization server's answer takes too long")
    return bytes(content)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _unreached(error: httpx.RequestError) -> TargetUnavailable | TargetRefused:
    """Why there was no answer: a certificate that is not trusted stays so, all else may pass."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return TargetRefused("The authorization server's certificate is not trusted")
        cause = cause.__cause__ or cause.__context__
    return TargetUnavailable(f"The authorization server cannot be reached ({type(error).__name__})")
