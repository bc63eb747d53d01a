"""Who another door may let in, and with which roles."""

from collections.abc import Callable

from adapter.api.security import roles
from adapter.api.security.authenticator import Authenticator, Headers
from adapter.api.security.insecure import Insecure
from adapter.api.security.principal import Principal
from adapter.api.security.ratelimit import Limiter
from adapter.errors import NotAllowed

Admitted = tuple[Principal, frozenset[roles.Role]]


def admission(
    authenticator: Authenticator | Insecure, limiter: Limiter | None = None
) -> Callable[[Headers, str, str, str], Admitted]:
    """Who sent a request of these headers, method, path and client, by its key or token.

    AccessError for those not let in: they are not known, or their scopes give no role.
    """

    def admit(headers: Headers, method: str, path: str, client: str) -> Admitted:
        principal = authenticator.principal(headers, method, path, client)
        if limiter is not None:
            limiter.check(principal.id)
        held = roles.of_scopes(principal)
        if not held:
            raise NotAllowed
        return principal, held

    return admit
