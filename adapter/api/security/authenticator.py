"""Who a request comes from: its API key or bearer token, checked; and how those that fail are answered.

Failures are counted by address. Past the limit they are answered 429, and no authorization server is asked
about tokens it has not just vouched for; who has a good key or signed token is let in all the same, for many
callers can share the address of a proxy.
"""

import ipaddress
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from adapter.api.security import scopes
from adapter.api.security.apikeys import PREFIX, KeyFile
from adapter.api.security.introspection import Introspector
from adapter.api.security.principal import ANONYMOUS, Principal, identify
from adapter.api.security.ratelimit import Limiter
from adapter.api.security.tokens import TokenVerifier, Verified, looks_signed, refused
from adapter.errors import AccessError, NotAuthenticated, SettingsError, TooManyRequests

OPEN: Final = (
    "/fhir/metadata",
    "/.well-known/smart-configuration",
    "/fhir/.well-known/smart-configuration",
    "/livez",
    "/readyz",
)
"""The paths anybody may read."""

FAILURES: Final = 20  # failures an address may have at once
FAILURE_RATE: Final = 1 / 3  # and per second for ever


class Headers(Protocol):
    """The headers of a request. `items` gives a header as often as it was sent, as Starlette's does."""

    def items(self) -> Iterable[tuple[str, str]]:
        """All headers, name and value."""


class Authenticator:
    """Tells who calls. Blocks while an authorization server is asked, so not for the event loop."""

    def __init__(
        self,
        *,
        keys: KeyFile | None = None,
        tokens: TokenVerifier | None = None,
        introspector: Introspector | None = None,
        contexts: Iterable[str] = ("system", "patient"),
        open_paths: Iterable[str] = OPEN,
        audit_key: bytes = b"",
        failures: Limiter | None = None,
    ) -> None:
        """At least one way in is needed.

        `contexts`: user/ scopes are to be added only where the authorization server gives them to nobody who
        may not see every patient here: we know nothing of users.
        """
        if keys is None and tokens is None and introspector is None:
            raise SettingsError("authentication needs API keys, an issuer or introspection")
        self.contexts = frozenset(contexts)
        if not self.contexts <= set(scopes.CONTEXTS):
            raise SettingsError(f"scope contexts must be of {', '.join(scopes.CONTEXTS)}")
        self._keys, self._tokens, self._introspector = keys, tokens, introspector
        self._open, self._audit_key = frozenset(open_paths), audit_key
        self._failures = failures if failures is not None else Limiter(rate=FAILURE_RATE, burst=FAILURES)

    def principal(self, headers: Headers, method: str, path: str, client: str = "") -> Principal:
        """Who calls; `client` is the address the request came from.

        NotAuthenticated when that cannot be told, TooManyRequests after too many failures from one address,
        TargetUnavailable when the authorization server that knows cannot be reached.
        """
        if path in self._open and method in ("GET", "HEAD"):
            return ANONYMOUS
        address = origin(client)
        try:
            credential = presented(headers)
            if credential is None:
                raise NotAuthenticated
            return self._told(credential, address)
        except NotAuthenticated as error:
            if error.error:
                self._failures.check(address)
            raise

    def _told(self, credential: str, address: str) -> Principal:
        if credential.startswith(PREFIX):
            return self._of_key(credential)
        if self._tokens is not None and looks_signed(credential):
            return self._of_token("token", self._tokens.verify(credential))
        if self._introspector is not None:
            wait = self._failures.wait(address)
            if wait and not self._introspector.knows(credential):
                raise TooManyRequests(math.ceil(wait))
            return self._of_token("introspected", self._introspector.verify(credential))
        raise refused()

    def _of_key(self, credential: str) -> Principal:
        key = self._keys.verify(credential) if self._keys is not None else None
        if key is None:
            raise refused()
        principal = Principal(kind="key", id=identify("key", None, key.id, key=self._audit_key))
        return replace(principal, scopes=self._granted(key.scopes))

    def _of_token(self, kind: str, verified: Verified) -> Principal:
        return Principal(
            kind=kind,
            id=identify("token", verified.issuer, verified.subject, key=self._audit_key),
            scopes=self._granted(verified.scopes),
            patient=verified.patient,
            issuer=verified.issuer,
        )

    def _granted(self, text: str) -> tuple[scopes.Scope, ...]:
        return tuple(scope for scope in scopes.parse(text) if scope.context in self.contexts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """How a caller that is not let in is answered."""

    status: int
    headers: Mapping[str, str]


def refusal(error: AccessError) -> Refusal:
    """The status and headers of the answer to a caller that is not let in. RFC 6750, section 3."""
    if isinstance(error, TooManyRequests):
        return Refusal(status=429, headers={"Retry-After": str(max(1, error.retry_after))})
    if isinstance(error, NotAuthenticated):
        status = 400 if error.error == "invalid_request" else 401
        return Refusal(status=status, headers={"WWW-Authenticate": _challenge(error.error)})
    return Refusal(status=403, headers={"WWW-Authenticate": _challenge("insufficient_scope")})


def presented(headers: Headers) -> str | None:
    """The one key or token a request presents, None when it presents none.

    NotAuthenticated (invalid_request) when it presents several or none that can be read.
    """
    found: list[str] = []
    for name, value in headers.items():
        if name.lower() == "authorization":
            scheme, _, rest = value.partition(" ")
            found += [rest.strip(" ")] if scheme.lower() == "bearer" else []
        elif name.lower() == "x-api-key":
            if not value.startswith(PREFIX):
                raise refused()
            found.append(value)
    if len(found) > 1 or found == [""]:
        raise NotAuthenticated("invalid_request")
    return found[0] if found else None


def origin(client: str) -> str:
    """What failures are counted by: an IPv4 address, or the /64 network of an IPv6 one."""
    try:
        address = ipaddress.ip_address(client.partition("%")[0])
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)))


def _challenge(error: str) -> str:
    return 'Bearer realm="notewright"' + (f', error="{error}"' if error else "")
