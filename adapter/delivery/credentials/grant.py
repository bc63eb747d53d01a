"""A client assertion in, an access token out. https://hl7.org/fhir/smart-app-launch/backend-services.html

The assertion says no iat or nbf: neither is asked for, and a server whose clock is a little behind ours would
take them for the future. It lives four minutes of the five that are allowed, for the same reason.
"""

import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import jwt

from adapter.delivery import retry
from adapter.delivery.credentials.exchange import Answer
from adapter.delivery.credentials.keys import Key
from adapter.delivery.credentials.scheme import fits
from adapter.errors import TargetRefused, TargetUnavailable

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME = 240  # seconds an assertion lives
UNSAID = 300.0  # seconds a token lives when its server does not say
LONGEST = 24 * 3600.0  # seconds a token is used, whatever its server says
SKEW = 60.0  # seconds two clocks may differ before it is worth a word
_PASSING = {"temporarily_unavailable", "server_error", "slow_down"}
_KNOWN = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
} | _PASSING


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """An access token and how long it lives."""

    token: str = field(repr=False)
    seconds: float


def assertion(signer: Key, *, client_id: str, audience: str, now: float, jku: str | None) -> str:
    """The signed JWT that says who we are."""
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "exp": int(now) + LIFETIME,
        "jti": str(uuid.uuid4()),
    }
    headers = {"kid": signer.kid, "typ": "JWT"} | ({"jku": jku} if jku else {})
    return jwt.encode(claims, signer.private, algorithm=signer.algorithm, headers=headers)


def form(signed: str, scopes: str) -> dict[str, str]:
    """The fields of a token request."""
    return {
        "grant_type": "client_credentials",
        "scope": scopes,
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": signed,
    }


def granted(answer: Answer, now: float) -> Granted:
    """The token in an answer. TargetUnavailable or TargetRefused, by what it says instead."""
    if answer.status not in (200, 201):
        raise refusal(answer, now)
    if not isinstance(answer.body, dict):
        raise TargetRefused("The authorization server's answer is not a JSON object")
    token, kind = answer.body.get("access_token"), answer.body.get("token_type")
    if not isinstance(token, str) or not fits(token):
        raise TargetRefused("The authorization server gave no token", path="access_token")
    if not isinstance(kind, str) or kind.lower() != "bearer":
        raise TargetRefused(
            "The authorization server gave a token that is no bearer token", path="token_type"
        )
    return Granted(token=token, seconds=_lifetime(answer.body.get("expires_in")))


def refusal(answer: Answer, now: float) -> TargetUnavailable | TargetRefused:
    """Why there is no token: the status, a known OAuth error code, and nothing else of theirs."""
    code = answer.body.get("error") if isinstance(answer.body, dict) else None
    known = code if isinstance(code, str) and code in _KNOWN else None
    why = f"The authorization server answered {answer.status}" + (f" ({known})" if known else "")
    if 300 <= answer.status < 400:
        return TargetRefused(f"{why}; redirects are not followed")
    if retry.passing(answer.status) or known in _PASSING:
        return TargetUnavailable(why)
    return TargetRefused(why + _skew(answer.date, now))


def _lifetime(said: Any) -> float:
    """The seconds of expires_in, which some servers write as a string."""
    if said is None:
        return UNSAID
    if isinstance(said, str) and said.isascii() and said.isdigit() and len(said) < 10:
        said = int(said)
    if not isinstance(said, int | float) or isinstance(said, bool) or not said > 0:
        raise TargetRefused("The token's life is not a number of seconds", path="expires_in")
    return float(min(said, LONGEST))


def _skew(date: str | None, now: float) -> str:
    """How far the server's clock is from ours, where that may be the reason."""
    try:
        theirs = parsedate_to_datetime(date or "")
    except (ValueError, OverflowError):
        return ""
    if theirs.tzinfo is None:
        theirs = theirs.replace(tzinfo=UTC)
    ahead = (theirs - datetime.fromtimestamp(now, UTC)).total_seconds()
    if abs(ahead) < SKEW:
        return ""
    return f"; its clock is {abs(ahead):.0f} s {'ahead of' if ahead > 0 else 'behind'} ours"
