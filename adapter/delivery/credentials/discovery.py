"""Where a FHIR server wants tokens to be asked for, and how.

From `.well-known/smart-configuration`; for older servers from the oauth-uris extension of the
CapabilityStatement. https://hl7.org/fhir/smart-app-launch/conformance.html
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from adapter.delivery import retry
from adapter.delivery.credentials.exchange import LARGE, SMALL, Answer, ask
from adapter.delivery.credentials.scheme import loopback
from adapter.errors import SettingsError, TargetRefused, TargetUnavailable

OAUTH_URIS = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris"
METHOD = "private_key_jwt"


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """What an authorization server says of itself."""

    token_url: str  # as it was written: it is the audience of our assertions
    algorithms: frozenset[str] | None = None  # for signatures of assertions; None: not said


def base(url: str) -> httpx.URL:
    """The base URL of a FHIR server whose token endpoint can be trusted.

    SettingsError unless it is https, or http on this machine.
    """
    try:
        parsed = httpx.URL(url.rstrip("/"))
    except httpx.InvalidURL:
        raise SettingsError("The base URL is not a URL") from None
    if not parsed.host or parsed.userinfo or parsed.query or parsed.fragment:
        raise SettingsError("The base URL must have a host, and neither user, query nor fragment")
    if parsed.scheme != "https" and not (parsed.scheme == "http" and loopback(parsed)):
        raise SettingsError("The base URL must be https: tokens are not sent over plain http")
    return parsed


def discover(fhir: httpx.URL, client: httpx.Client) -> Authority:
    """The authority of a FHIR server.

    TargetUnavailable when it may be told later, TargetRefused when it has none that we can use.
    """
    answer = _get(f"{fhir}/.well-known/smart-configuration", "application/json", client)
    if isinstance(answer.body, dict) and isinstance(answer.body.get("token_endpoint"), str):
        return _configured(answer.body, fhir)
    statement = _get(f"{fhir}/metadata", "application/fhir+json", client, limit=LARGE)
    for url in _token_uris(statement.body):
        return Authority(token_url=checked(url, fhir))
    raise TargetRefused(
        "The server says nowhere where tokens are given: no SMART configuration, no oauth-uris"
    )


def checked(token_url: str, fhir: httpx.URL) -> str:
    """The token URL, if it is as safe as the FHIR server itself. TargetRefused if not."""
    try:
        url = httpx.URL(token_url)
    except httpx.InvalidURL:
        raise TargetRefused("The server's token endpoint is not a URL") from None
    if not url.host or url.userinfo or url.fragment or len(token_url) > 2048:
        raise TargetRefused("The server's token endpoint is not a URL that can be used")
    local = url.scheme == "http" and loopback(url) and fhir.scheme == "http" and loopback(fhir)
    if url.scheme != "https" and not local:
        raise TargetRefused("The server's token endpoint is not https")
    return token_url


def _configured(body: dict[str, Any], fhir: httpx.URL) -> Authority:
    methods = _words(body.get("token_endpoint_auth_methods_supported"))
    if methods is not None and METHOD not in methods:
        raise TargetRefused(f"The authorization server does not take {METHOD}")
    return Authority(
        token_url=checked(body["token_endpoint"], fhir),
        algorithms=_words(body.get("token_endpoint_auth_signing_alg_values_supported")),
    )


def _get(url: str, kind: str, client: httpx.Client, limit: int = SMALL) -> Answer:
    """A document of the FHIR server; one that is not there is an Answer without a body to use."""
    answer = ask(client, client.build_request("GET", url, headers={"Accept": kind}), limit=limit)
    if retry.passing(answer.status):
        raise TargetUnavailable(f"The server answered {answer.status} when asked where tokens are given")
    return answer if answer.status == httpx.codes.OK else Answer(status=answer.status, body=None)


def _words(listed: Any) -> frozenset[str] | None:
    """The words of a list; None for what is none or is empty."""
    return (
        frozenset(one for one in listed if isinstance(one, str)) or None if isinstance(listed, list) else None
    )


def _token_uris(statement: Any) -> Iterator[str]:
    """The token URIs of a CapabilityStatement, wherever types are as they should be."""
    for rest in _dicts(statement, "rest"):
        security = rest.get("security")
        for extension in _dicts(security, "extension"):
            if extension.get("url") == OAUTH_URIS:
                for part in _dicts(extension, "extension"):
                    if part.get("url") == "token" and isinstance(part.get("valueUri"), str):
                        yield part["valueUri"]


def _dicts(holder: Any, name: str) -> list[dict[str, Any]]:
    listed = holder.get(name) if isinstance(holder, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
