"""An ID token -> who somebody is. https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation

Signature, issuer and times are checked as those of every signed token; here is what an ID token has besides.
"""

import hmac
import time
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from adapter.api.security.documents import seconds, strings
from adapter.api.security.issuers import Fetch, Issuer
from adapter.api.security.tokens import Held, TokenVerifier, refused
from adapter.errors import NotAuthenticated, SignInFailed, TargetUnavailable

OLDEST: Final = 600.0  # seconds since an ID token was made
MOST: Final = 1000  # groups of one person
_NAMES: Final = ("name", "preferred_username", "email")
_LONGEST: Final = 100  # characters of a name
_SUBJECT: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who somebody is, as the provider vouches."""

    subject: str  # the same for the same person, for ever
    name: str  # for people; "" when none is told
    groups: tuple[str, ...]  # of the claim that carries roles


class Identities:
    """Reads the ID tokens a provider gives to one client."""

    def __init__(
        self,
        issuer: str,
        client: str,
        claim: str,
        fetch: Fetch,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client, self._claim, self._now = client, claim, now
        known = Issuer(url=issuer, audiences=(client,))
        self._tokens = TokenVerifier([known], fetch, now=now, clock=clock)

    def read(self, token: str, nonce: str) -> Identity:
        """Who an ID token speaks of. SignInFailed when it does not hold, or the keys cannot be had."""
        try:
            held = self._tokens.held(token)
            self._check(held, nonce)
            return Identity(
                subject=_subject(held.claims),
                name=_name(held.claims),
                groups=groups(held.claims, self._claim),
            )
        except NotAuthenticated:
            raise SignInFailed("token", "What the sign-in service vouched for does not hold.") from None
        except TargetUnavailable:
            raise SignInFailed(
                "unavailable", "The keys of the sign-in service cannot be had. Try again later."
            ) from None

    def _check(self, held: Held, nonce: str) -> None:
        claims, made = held.claims, seconds(held.claims.get("iat"))
        given = claims.get("nonce")
        ours = strings(claims.get("aud")) == (self._client,)  # no other audience, and to the letter
        if held.kind != "jwt" or not ours or claims.get("azp", self._client) != self._client:
            raise refused()
        if made is None or self._now() - made > OLDEST:
            raise refused()
        if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
            raise refused()


def groups(claims: Mapping[str, Any], claim: str) -> tuple[str, ...]:
    """The groups a claim names: a claim of this very name, or one inside another (`realm_access.roles`)."""
    value: Any = claims.get(claim)
    if claim not in claims:
        value = claims
        for part in claim.split("."):
            value = value.get(part) if isinstance(value, dict) else None
    found = strings(value) if value is not None else ()
    return (found or ())[:MOST]


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT:
        raise refused()
    return subject


def _name(claims: Mapping[str, Any]) -> str:
    """The first name there is, as one line without what could disturb the text around it."""
    for one in (claims.get(name) for name in _NAMES):
        if isinstance(one, str):
            plain = "".join(" " if mark.isspace() else mark for mark in one[:_LONGEST])
            shown = " ".join("".join(mark for mark in plain if _shown(mark)).split())
            if shown:
                return shown
    return ""


def _shown(mark: str) -> bool:
    return unicodedata.category(mark)[0] != "C"  # no controls, no marks of direction, nothing unassigned
