"""Signed bearer tokens: RFC 7519 as RFC 8725 and RFC 9068 want it.

One answer for every failure: who presents a token that does not hold learns nothing about why.
"""

import base64
import binascii
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import jwt

from adapter.api.security.documents import read_object, seconds, strings
from adapter.api.security.issuers import ALGORITHMS, Fetch, Issuer, audience
from adapter.api.security.jwks import KeySet
from adapter.errors import NotAuthenticated

LEEWAY: Final = 60.0  # seconds two clocks may differ
LARGEST: Final = 16 * 1024  # characters of a token
_SHAPE = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)")
_TYPES: Final = ("jwt", "at+jwt", "application/at+jwt")
_PATIENT = re.compile(r"(?:Patient/)?(?P<id>[A-Za-z0-9.-]{1,64})")
_NAME: Final = 1024  # characters of a subject or client

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What a token that holds says."""

    issuer: str | None
    subject: str  # client and user together, for audit
    scopes: str  # blank between
    patient: str | None = None  # id of the Patient in context
    expires: float | None = None  # seconds since 1970


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A token whose signature, audience and times hold; its other claims are still to be judged."""

    issuer: str
    kind: str  # `typ` of its header, lower case
    claims: Mapping[str, Any]
    expires: float  # seconds since 1970


class TokenVerifier:
    """Checks signed tokens of the issuers a site named."""

    def __init__(
        self,
        issuers: Iterable[Issuer],
        fetch: Fetch,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._issuers = {issuer.url: (issuer, KeySet(issuer, fetch, clock=clock)) for issuer in issuers}
        self._now = now

    def verify(self, text: str) -> Verified:
        """What the token says, all of it checked.

        NotAuthenticated when it does not hold; TargetUnavailable when its issuer's keys cannot be had.
        """
        held = self.held(text)
        return read_claims(held.claims, issuer=held.issuer, expires=held.expires)

    def held(self, text: str) -> Held:
        """The token, with all checked that every signed token has. Raises what `verify` raises."""
        header, claims = _parts(text)
        issuer, keys = self._issuer(claims)
        algorithm, kid = _algorithm(header, issuer)
        if not any(_signed(text, key.public, algorithm) for key in keys.find(kid, algorithm)):
            raise refused()
        _check_audience(claims.get("aud"), issuer.audiences)
        expires = self._check_times(claims, issuer)
        kind = str(header.get("typ", "JWT")).lower()
        return Held(issuer=issuer.url, kind=kind, claims=claims, expires=expires)

    def _issuer(self, claims: Mapping[str, Any]) -> tuple[Issuer, KeySet]:
        name = claims.get("iss")
        return _needed(self._issuers.get(name) if isinstance(name, str) else None)

    def _check_times(self, claims: Mapping[str, Any], issuer: Issuer) -> float:
        now = self._now()
        expires = _needed(seconds(claims.get("exp")))
        starts = [_needed(seconds(claims[name])) for name in ("nbf", "iat") if name in claims]
        if now >= expires + LEEWAY or expires > now + issuer.longest + LEEWAY:
            raise refused()
        if any(start > now + LEEWAY for start in starts):
            raise refused()
        return expires


def looks_signed(text: str) -> bool:
    """Whether a token has the shape of a JWT."""
    return bool(_SHAPE.fullmatch(text))


def refused() -> NotAuthenticated:
    """The one error for every token that does not hold."""
    return NotAuthenticated("invalid_token")


def read_claims(claims: Mapping[str, Any], *, issuer: str | None, expires: float | None) -> Verified:
    """What checked claims, or an introspection answer, say of the caller."""
    if "cnf" in claims:  # bound to a key whose proof a plain bearer request does not carry
        raise refused()
    if not isinstance(claims.get("jti", ""), str):
        raise refused()
    return Verified(
        issuer=issuer,
        subject=_subject(claims),
        scopes=_scopes(claims),
        patient=_patient(claims.get("patient")),
        expires=expires,
    )


def _parts(text: str) -> tuple[dict[str, Any], dict[str, Any]]:
    match = _SHAPE.fullmatch(text) if len(text) <= LARGEST else None
    if match is None:
        raise refused()
    try:
        return read_object(_decoded(match[1])), read_object(_decoded(match[2]))
    except ValueError as error:
        raise refused() from error


def _decoded(part: str) -> str:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True).decode()
    except binascii.Error as error:
        raise ValueError("not base64url") from error


def _algorithm(header: Mapping[str, Any], issuer: Issuer) -> tuple[str, str]:
    """The algorithm and key id of a token.

    Keys it brings or points to (jwk, jku, x5c, x5u) are not looked at.
    """
    algorithm, kid, kind = header.get("alg"), header.get("kid"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS or algorithm not in issuer.algorithms:
        raise refused()
    if not isinstance(kid, str) or not 0 < len(kid) <= 256:
        raise refused()
    if not isinstance(kind, str) or kind.lower() not in _TYPES or "crit" in header or "b64" in header:
        raise refused()
    return algorithm, kid


def _signed(text: str, public: Any, algorithm: str) -> bool:
    try:
        jwt.PyJWS().decode_complete(text, key=public, algorithms=[algorithm])
    except (jwt.PyJWTError, ValueError):
        return False
    return True


def _check_audience(value: Any, ours: Iterable[str]) -> None:
    theirs = _needed(strings(value))
    if not {audience(one) for one in theirs} & {audience(one) for one in ours}:
        raise refused()


def _subject(claims: Mapping[str, Any]) -> str:
    named = [claims[name] for name in ("client_id", "azp", "sub") if name in claims]
    if not named or not all(isinstance(one, str) and 0 < len(one) <= _NAME for one in named):
        raise refused()
    return "\0".join(dict.fromkeys(named))


def _scopes(claims: Mapping[str, Any]) -> str:
    words = _needed(strings(claims.get("scope", claims.get("scp", ""))))
    return " ".join(words)


def _patient(value: Any) -> str | None:
    if value is None:
        return None
    match = _PATIENT.fullmatch(value) if isinstance(value, str) else None
    return _needed(match)["id"]


def _needed(value: T | None) -> T:
    if value is None:
        raise refused()
    return value
