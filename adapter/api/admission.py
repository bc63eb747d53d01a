"""Who another door may let in: whoever this endpoint would let derive a document."""

from collections.abc import Callable
from typing import Final

from adapter.api.security.authenticator import Authenticator, Headers
from adapter.api.security.insecure import Insecure
from adapter.api.security.interactions import Interaction
from adapter.api.security.principal import Principal
from adapter.api.security.ratelimit import Limiter

EXTRACT: Final = Interaction(
    kind="operation", resource="DocumentReference", operation="DocumentReference/$extract"
)


def admission(
    authenticator: Authenticator | Insecure, limiter: Limiter | None = None
) -> Callable[[Headers, str, str, str], Principal]:
    """Who sent a request of these headers, method, path and client; AccessError for those not let in."""

    def admit(headers: Headers, method: str, path: str, client: str) -> Principal:
        principal = authenticator.principal(headers, method, path, client)
        if limiter is not None:
            limiter.check(principal.id)
        principal.grant(EXTRACT)
        return principal

    return admit
