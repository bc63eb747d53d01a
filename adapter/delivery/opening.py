"""A target opened: its TLS, its credentials, its sink, and what it wants done to a Bundle.

Nothing is asked of the target when it is opened; keys and secrets are read, so what is missing is known now.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

import mappings
from adapter.delivery import adapting, credentials
from adapter.delivery.adapting import Wishes
from adapter.delivery.conditional import Conditional
from adapter.delivery.credentials import Credentials, Tls
from adapter.delivery.rest import Rest
from adapter.delivery.retry import Policy
from adapter.delivery.targets import (
    BasicCredentials,
    BearerCredentials,
    KeyCredentials,
    SmartCredentials,
    Target,
    TlsNames,
)
from adapter.model import Resource, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A target that can be sent to."""

    target: Target
    wishes: Wishes
    sink: Conditional
    auth: Credentials | None = None

    def adapted(self, bundle: Resource) -> Step[Resource]:
        """The Bundle as the target wants it, and what was left out."""
        return adapting.adapt(bundle, self.wishes)


@contextmanager
def opened(
    target: Target,
    environment: Mapping[str, str],
    *,
    policy: Policy | None = None,
    files: mappings.Files = mappings.SHIPPED,
) -> Iterator[Open]:
    """The target, until its connections are closed. SettingsError for a secret, key or certificate.

    `policy` is for the attempts of one sending, in place of the target's own: a queue that tries again by
    itself gives one attempt. The profile pack is one of `files`.
    """
    verify = credentials.context(_tls(target.tls, environment))
    with httpx.Client(timeout=target.timeout, verify=verify, follow_redirects=False) as client:
        auth = _auth(target, client, environment)
        rest = Rest(target.url, client, auth=auth, policy=policy or target.retry)
        sink = Conditional(rest, target.conditional)
        yield Open(target=target, wishes=target.wishes(files), sink=sink, auth=auth)


def _auth(target: Target, client: httpx.Client, environment: Mapping[str, str]) -> Credentials | None:
    match target.credentials:
        case BasicCredentials(user=user, password=password):
            return credentials.Basic(user, password.secret(environment))
        case BearerCredentials(token=token):
            return credentials.Bearer(token.secret(environment))
        case KeyCredentials(header=header, key=key):
            return credentials.ApiKey(header, key.secret(environment))
        case SmartCredentials() as smart:
            return _smart(smart, target.url, client, environment)
        case _:
            return None


def _smart(
    names: SmartCredentials, url: str, client: httpx.Client, environment: Mapping[str, str]
) -> Credentials:
    passphrase = names.passphrase.secret(environment) if names.passphrase else None
    return credentials.SmartBackend(
        url,
        client,
        client_id=names.client_id,
        keys=credentials.read_all(names.keys, passphrase),
        scopes=names.scopes,
        jku=names.jku,
        token_url=names.token_url,
    )


def _tls(names: TlsNames, environment: Mapping[str, str]) -> Tls:
    return Tls(
        certificate=names.certificate,
        key=names.key,
        passphrase=names.passphrase.secret(environment) if names.passphrase else None,
        authorities=names.authorities,
    )
