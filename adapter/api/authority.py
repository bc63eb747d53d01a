"""Who is let in, as the site configured it."""

import os
from collections.abc import Mapping
from typing import Any

import httpx

from adapter.api.security.apikeys import KeyFile
from adapter.api.security.authenticator import Authenticator
from adapter.api.security.insecure import Insecure
from adapter.api.security.introspection import Introspection, Introspector
from adapter.api.security.issuers import Issuer
from adapter.api.security.tokens import TokenVerifier
from adapter.api.site import IntrospectionRow, Site
from adapter.errors import TargetUnavailable
from adapter.settings import Settings

PATIENCE = 10.0  # seconds an authorization server has to answer


def of(settings: Settings, site: Site) -> Authenticator | Insecure | None:
    """Who is let in; None where nothing is configured."""
    chosen = site.security
    if settings.insecure_local:
        return Insecure()
    if not (chosen.api_keys or chosen.issuers or chosen.introspection):
        return None
    issuers = [
        Issuer(url=row.url, audiences=row.audiences, jwks_file=row.jwks_file, jwks_url=row.jwks_url)
        for row in chosen.issuers
    ]
    asked = chosen.introspection
    return Authenticator(
        keys=KeyFile(chosen.api_keys) if chosen.api_keys else None,
        tokens=TokenVerifier(issuers, _get) if issuers else None,
        introspector=Introspector(_introspection(asked), _post) if asked else None,
        contexts=chosen.contexts,
        audit_key=chosen.audit_key.secret(os.environ).reveal().encode() if chosen.audit_key else b"",
    )


def _introspection(row: IntrospectionRow) -> Introspection:
    return Introspection(
        endpoint=row.endpoint,
        client=row.client,
        secret=row.secret.secret(os.environ).reveal(),
        issuer=row.issuer,
        audiences=row.audiences,
    )


def _get(url: str) -> bytes:
    """What an issuer the site named publishes."""
    return _asked("GET", url)


def _post(url: str, fields: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
    return _asked("POST", url, data=dict(fields), headers=dict(headers))


def _asked(method: str, url: str, **more: Any) -> bytes:
    """The answer of an authorization server of the site's own, bounded in time."""
    try:
        answer = httpx.request(method, url, timeout=PATIENCE, follow_redirects=False, **more)
    except httpx.HTTPError:
        raise TargetUnavailable("The authorization server cannot be reached") from None
    if answer.status_code != httpx.codes.OK:
        raise TargetUnavailable(f"The authorization server answered {answer.status_code}")
    return answer.content
