"""Who is let in, as the site configured it."""

import logging
import os
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx

from adapter.api.security.apikeys import KeyFile
from adapter.api.security.authenticator import Authenticator
from adapter.api.security.identity import Identities
from adapter.api.security.insecure import Insecure
from adapter.api.security.introspection import Introspection, Introspector
from adapter.api.security.issuers import Issuer
from adapter.api.security.openid import Client, Provider, sender
from adapter.api.security.sessions import Sessions
from adapter.api.security.signin import HOME, Event, SignIn
from adapter.api.security.tokens import TokenVerifier
from adapter.api.site import IntrospectionRow, SignInRow, Site
from adapter.api.watching.audit import Presence, Trail
from adapter.api.watching.logs import Known
from adapter.errors import SettingsError, TargetUnavailable
from adapter.ledger import Database
from adapter.settings import Settings

PATIENCE = 10.0  # seconds an authorization server has to answer

log = logging.getLogger(__name__)


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


def sign_in(settings: Settings, site: Site, database: Database, trail: Trail) -> SignIn | None:
    """How people sign in to the workbench; None where they do not."""
    row = site.security.sign_in
    if row is None or settings.insecure_local:
        return None
    client = _client(row, site)
    provider = Provider(client, sender(row.issuer, row.hosts, site.egress.networks))
    key = site.security.audit_key

    def told(event: Event) -> None:
        if event.reason:
            log.warning("sign-in-refused", extra={"reason": Known(event.reason)})
        trail.record(
            Presence(
                kind=event.kind,
                request_id=event.request_id,
                principal=event.id or None,
                name=event.name or None,
                address=event.address or None,
                failed=event.reason or None,
            )
        )

    return SignIn(
        name=row.name or urlsplit(row.issuer).hostname or row.issuer,
        provider=provider,
        identities=Identities(row.issuer, row.client_id, row.claim, provider.fetch),
        sessions=Sessions(database, idle=timedelta(seconds=row.idle), longest=timedelta(seconds=row.longest)),
        table={name: (given,) if isinstance(given, str) else given for name, given in row.roles.items()},
        told=told,
        audit_key=key.secret(os.environ).reveal().encode() if key else b"",
    )


def _client(row: SignInRow, site: Site) -> Client:
    """We, as the provider knows us: people come back to the host of the site's base URL."""
    if site.server.base_url is None:
        raise SettingsError("signing in needs server.base_url: people come back to its host")
    parts = urlsplit(site.server.base_url)
    home = f"{parts.scheme}://{parts.netloc}{HOME}"
    return Client(
        issuer=row.issuer,
        id=row.client_id,
        secret=row.client_secret.secret(os.environ) if row.client_secret else None,
        scopes=row.scopes,
        redirect=f"{home}/signed-in",
        farewell=f"{home}/signed-out",
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
