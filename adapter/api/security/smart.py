"""What /.well-known/smart-configuration says: where tokens come from and which scopes are understood here.

We issue no tokens. What concerns their issue is repeated from the authorization server's own configuration,
and left out where that is not known. https://hl7.org/fhir/smart-app-launch/conformance.html
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from adapter.api.security.issuers import web_address

_ADDRESSES: Final = ("authorization_endpoint", "token_endpoint", "introspection_endpoint", "jwks_uri")
_LISTS: Final = (
    "grant_types_supported",
    "response_types_supported",
    "code_challenge_methods_supported",
    "token_endpoint_auth_methods_supported",
    "token_endpoint_auth_signing_alg_values_supported",
)
_CONTEXTS: Final = {"patient": "permission-patient", "user": "permission-user"}
_REQUIRED: Final = ("grant_types_supported", "code_challenge_methods_supported")


def smart_configuration(
    *,
    scopes: Iterable[str],
    contexts: Iterable[str] = ("system", "patient"),
    issuer: str | None = None,
    server: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The SMART configuration of this service as a resource server.

    `scopes`: those the API honours. `server`: what the authorization server publishes (issuers.discover) or
    the site configured, such as a token_endpoint; only its well-formed known elements are repeated.
    """
    known = {name: value for name, value in (server or {}).items() if _known(name, value)}
    found: dict[str, Any] = {"issuer": issuer} if issuer else {}
    found |= {name: known[name] for name in (*_ADDRESSES, *_LISTS) if name in known}
    for name in _REQUIRED:  # SMART wants these even where there is nothing to say
        found.setdefault(name, [])
    found["scopes_supported"] = sorted(set(scopes))
    found["capabilities"] = _capabilities(known, set(contexts))
    return found


def _capabilities(known: Mapping[str, Any], contexts: set[str]) -> list[str]:
    methods = known.get("token_endpoint_auth_methods_supported", ())
    clients = {
        "client-confidential-asymmetric": "private_key_jwt" in methods,
        "client-confidential-symmetric": "client_secret_basic" in methods,
    }
    permissions = [capability for context, capability in _CONTEXTS.items() if context in contexts]
    asked = [capability for capability, true in clients.items() if true]
    return [*asked, *permissions, "permission-v1", "permission-v2"]


def _known(name: str, value: Any) -> bool:
    if name in _ADDRESSES:
        return isinstance(value, str) and web_address(value)
    listed = isinstance(value, list) and bool(value) and all(isinstance(one, str) for one in value)
    return name in _LISTS and listed
