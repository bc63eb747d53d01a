"""Signing in through a browser: OpenID Connect, authorization code with PKCE, state and nonce.

What belongs to a sign-in under way is derived from one random value that the browser keeps in a cookie, so
nothing is kept here for strangers, and an answer helps nobody but the browser that asked. Every answer
counts once.
"""

import base64
import hashlib
import hmac
import math
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from adapter.api.security import cookies, roles
from adapter.api.security.authenticator import FAILURE_RATE, FAILURES, Headers, origin
from adapter.api.security.identity import Identities, Identity
from adapter.api.security.openid import Provider
from adapter.api.security.principal import identify
from adapter.api.security.ratelimit import Limiter
from adapter.api.security.sessions import Holder, Sessions
from adapter.errors import SignInFailed, TooManyRequests

LASTS: Final = 600  # seconds a sign-in may take
HINT: Final = 4096  # characters of an ID token that still go into an address
HOME: Final = "/workbench"
_PATH: Final = re.compile(r"/workbench(?:/(?!/)[A-Za-z0-9._~/-]*)?(?:\?[A-Za-z0-9._~%&=+:,/-]*)?")
_CODE: Final = re.compile(r"[\x20-\x7e]{1,4096}")
_ANSWER: Final = ("code", "state", "iss", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """Where the browser goes next, and what it is to keep."""

    address: str
    cookies: tuple[str, ...] = ()  # Set-Cookie headers


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Somebody came or went, or failed to come."""

    kind: Literal["login", "logout"]
    reason: str = ""  # why it failed; "": it did not
    id: str = ""  # who, as the audit has them; "": not known
    name: str = ""
    address: str = ""  # of the client
    request_id: str = ""


class SignIn:
    """Signs people in with a provider. Blocks while it is asked, so not for the event loop."""

    def __init__(
        self,
        *,
        name: str,
        provider: Provider,
        identities: Identities,
        sessions: Sessions,
        table: Mapping[str, Sequence[roles.Role]],
        told: Callable[[Event], None],
        audit_key: bytes = b"",
        failures: Limiter | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        """`table`: the roles of each group. `told` is called with what the audit must have."""
        self.name = name  # of the provider, as people know it
        self._provider, self._identities, self._sessions = provider, identities, sessions
        self._table, self._told, self._audit_key, self._now = table, told, audit_key, now
        self._failures = failures if failures is not None else Limiter(rate=FAILURE_RATE, burst=FAILURES)

    def begin(self, to: str) -> Sent:
        """To the provider. `to`: the page of the workbench to come back to. SignInFailed when it is away."""
        begun = secrets.token_urlsafe(32)
        challenge = _encoded(hashlib.sha256(_derived(begun, "verifier").encode()).digest())
        address = self._provider.address(
            state=_derived(begun, "state"), nonce=_derived(begun, "nonce"), challenge=challenge
        )
        kept = f"{begun}.{int(self._now())}.{_encoded(back(to).encode())}"
        return Sent(address=address, cookies=(cookies.written(cookies.BEGUN, kept, LASTS),))

    def finish(
        self, query: Sequence[tuple[str, str]], headers: Headers, client: str, request_id: str
    ) -> Sent:
        """Back to the page, signed in. SignInFailed when the answer does not hold, after it was audited."""
        address = origin(client)
        try:
            begun, to = self._begun(cookies.sent(headers, cookies.BEGUN))
            holder = self._holder(self._answer(query, begun, address), begun)
            held = self._sessions.begin(holder, begun)
            if held is None:
                raise _foreign()
        except SignInFailed as error:
            self._failures.check(address)
            self._tell(Event(kind="login", reason=error.reason, address=client, request_id=request_id))
            raise
        self._sessions.end(cookies.sent(headers, cookies.SESSION))
        self._tell(Event(kind="login", id=holder.id, name=holder.name, address=client, request_id=request_id))
        kept = (cookies.written(cookies.SESSION, held), cookies.cleared(cookies.BEGUN))
        return Sent(address=to, cookies=kept)

    def who(self, headers: Headers) -> Holder | None:
        """Who is signed in, None when nobody is."""
        return self._sessions.find(cookies.sent(headers, cookies.SESSION))

    def end(self, headers: Headers, client: str, request_id: str) -> Sent:
        """Signed out here. The address is the provider's, to sign out there too; "" when it has none."""
        holder = self._sessions.end(cookies.sent(headers, cookies.SESSION))
        if holder is not None:
            self._tell(
                Event(kind="logout", id=holder.id, name=holder.name, address=client, request_id=request_id)
            )
        gone = (cookies.cleared(cookies.SESSION), cookies.cleared(cookies.BEGUN))
        try:
            address = self._provider.farewell(holder.hint) if holder else None
        except SignInFailed:
            address = None
        return Sent(address=address or "", cookies=gone)

    def _begun(self, kept: str) -> tuple[str, str]:
        """The random value of a sign-in under way, and where it leads."""
        begun, _, rest = kept.partition(".")
        since, _, to = rest.partition(".")
        if len(begun) != 43 or not since.isdigit() or len(since) > 12:
            raise _foreign()
        if not -60 <= self._now() - int(since) <= LASTS:
            raise _foreign()
        return begun, back(_decoded(to))

    def _answer(self, query: Sequence[tuple[str, str]], begun: str, address: str) -> str:
        """The ID token of an answer that is for this browser."""
        told = {name: [value for one, value in query if one == name] for name in _ANSWER}
        if any(len(values) > 1 for values in told.values()):
            raise SignInFailed("answer", "The answer of the sign-in service cannot be read. Sign in again.")
        code, state, issuer, error = ("".join(told[name]) for name in _ANSWER)
        if not hmac.compare_digest(state.encode("utf-8", "replace"), _derived(begun, "state").encode()):
            raise _foreign()
        if (issuer or self._provider.configuration().names_itself) and issuer != self._provider.client.issuer:
            raise SignInFailed("issuer", "This answer is not from the sign-in service of this site.")
        if error:
            raise SignInFailed("provider", "The sign-in service did not sign you in.")
        if not _CODE.fullmatch(code):
            raise SignInFailed("answer", "The answer of the sign-in service cannot be read. Sign in again.")
        wait = self._failures.wait(address)
        if wait:
            raise TooManyRequests(math.ceil(wait))
        return self._provider.redeem(code, _derived(begun, "verifier"))

    def _holder(self, token: str, begun: str) -> Holder:
        found = self._identities.read(token, _derived(begun, "nonce"))
        held = roles.of_groups(found.groups, self._table)
        if not held:
            raise SignInFailed(
                "role",
                "You are known to the sign-in service, but have no role here. Ask who runs this service.",
            )
        id, hint = self._id(found), token if len(token) <= HINT else ""
        return Holder(id=id, name=found.name or id, roles=tuple(sorted(held)), hint=hint)

    def _id(self, found: Identity) -> str:
        return identify("person", self._provider.client.issuer, found.subject, key=self._audit_key)

    def _tell(self, event: Event) -> None:
        self._told(event)


def back(to: str) -> str:
    """A path below the workbench that is safe to go to; its first page for all else."""
    steps = to.partition("?")[0].split("/")
    plain = len(to) <= 1000 and _PATH.fullmatch(to) and "//" not in to.partition("?")[0]
    return to if plain and "." not in steps and ".." not in steps else HOME


def _foreign() -> SignInFailed:
    return SignInFailed(
        "state",
        "This answer belongs to no sign-in that was begun in this browser, or it was used before, "
        "or it came too late. Sign in again.",
    )


def _derived(begun: str, what: str) -> str:
    return _encoded(hmac.new(begun.encode("utf-8", "replace"), what.encode(), hashlib.sha256).digest())


def _encoded(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _decoded(value: str) -> str:
    try:
        return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)).decode()
    except ValueError:
        return HOME
