"""What a site configures for the service: `site.toml`, refused as a whole when a key is not known.

Secrets are named by file or environment variable and never written into it.
"""

import tomllib
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from adapter.api.security.roles import Role
from adapter.delivery.targets import File, SecretName
from adapter.errors import SettingsError
from mappings import Table

Count = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0)]


class Server(Table):
    """How the endpoint is reached and what it bears."""

    base_url: Annotated[str | None, Field(description="FHIR base URL as callers know it")] = None
    tls_certificate: Annotated[File | None, Field(description="certificate chain, PEM")] = None
    tls_key: Annotated[File | None, Field(description="its private key, PEM")] = None
    tls_proxy: Annotated[bool, Field(description="a proxy in front speaks TLS")] = False
    body: Annotated[Count, Field(description="bytes of a request body")] = 16 * 1024 * 1024
    body_seconds: Annotated[Seconds, Field(description="time to receive a body")] = 60.0
    headers: Annotated[Count, Field(description="headers of a request")] = 100
    rate: Annotated[Seconds, Field(description="requests per second of one caller, for ever")] = 100.0
    burst: Annotated[Count, Field(description="and at once")] = 500
    connections: Annotated[Count, Field(description="requests at once, all callers together")] = 200
    shutdown: Annotated[int, Field(ge=0, description="seconds work under way may take at the end")] = 20


class Work(Table):
    """How much is done at once, and how much may wait."""

    queue: Annotated[Count, Field(description="documents that may wait; more is answered 429")] = 10_000
    derive: Annotated[int, Field(ge=0, description="documents read at once; 0: cores + 1")] = 0
    deliver: Annotated[Count, Field(description="deliveries at once to one target")] = 4
    polling: Annotated[Seconds, Field(description="seconds between two looks at a queue")] = 0.1
    beat: Annotated[Seconds, Field(description="seconds between signs of life of a worker")] = 5.0
    overdue: Annotated[Seconds, Field(description="seconds until what nobody took up is put up again")] = 30.0
    retention: Annotated[Seconds, Field(description="seconds the queue of what is done is kept")] = 3600.0


class IssuerRow(Table):
    """An authorization server whose signed tokens are taken."""

    url: str
    audiences: tuple[str, ...]
    jwks_file: File | None = None
    jwks_url: str | None = None


class IntrospectionRow(Table):
    """Where opaque tokens are asked about (RFC 7662)."""

    endpoint: str
    client: str
    secret: SecretName
    issuer: str | None = None
    audiences: tuple[str, ...] = ()


class SignInRow(Table):
    """Where people sign in to the workbench: an OpenID provider."""

    issuer: str
    client_id: str
    client_secret: SecretName | None = None  # none: a public client
    scopes: tuple[str, ...] = ("openid", "profile")
    name: str = ""  # of the provider, as people know it
    hosts: tuple[str, ...] = ()  # of the provider besides the issuer's own
    claim: str = "groups"
    roles: dict[str, Role | tuple[Role, ...]] = Field(default_factory=dict)  # of each group
    idle: Seconds = 30 * 60.0
    longest: Seconds = 10 * 3600.0


class Security(Table):
    """Who may call."""

    api_keys: Annotated[File | None, Field(description="file of API keys (`notewright keys`)")] = None
    issuers: Annotated[tuple[IssuerRow, ...], Field(description="issuers of signed tokens")] = ()
    introspection: Annotated[IntrospectionRow | None, Field(description="opaque tokens")] = None
    sign_in: Annotated[
        SignInRow | None, Field(description="how people sign in to the workbench (`docs/security.md`)")
    ] = None
    contexts: Annotated[tuple[str, ...], Field(description="scope contexts that count")] = (
        "system",
        "patient",
    )
    audit_key: Annotated[SecretName | None, Field(description="keys the audit's chain and hashes")] = None
    client_keys: Annotated[
        tuple[File, ...], Field(description="our keys as a SMART client, published as JWKS")
    ] = ()


class Egress(Table):
    """Whom we may call because somebody else named the address."""

    hosts: Annotated[tuple[str, ...], Field(description="hosts of attachments, manifests, subscribers")] = ()
    networks: Annotated[tuple[str, ...], Field(description="private networks that may be called")] = ()
    seconds: Annotated[Seconds, Field(description="time for one call")] = 30.0
    source: Annotated[
        str | None, Field(description="name of the target whose Binary resources attachments may mean")
    ] = None


class Bulk(Table):
    """How much one bulk submission may be."""

    file: Annotated[Count, Field(description="bytes of one file, unpacked")] = 1024 * 1024 * 1024
    line: Annotated[Count, Field(description="bytes of one line")] = 16 * 1024 * 1024
    lines: Annotated[Count, Field(description="lines of one file")] = 1_000_000
    seconds: Annotated[Seconds, Field(description="time to fetch one file")] = 900.0


class Subscribers(Table):
    """What subscribers may ask for."""

    most: Annotated[Count, Field(description="subscriptions of one owner")] = 100
    heartbeat: Annotated[Count, Field(description="shortest heartbeat, seconds")] = 10
    timeout: Annotated[Count, Field(description="time for an answer where none is asked for, seconds")] = 10
    retention_days: Annotated[Count, Field(description="days events are kept")] = 7


class Workbench(Table):
    """What may be done at the workbench."""

    install: Annotated[
        bool,
        Field(description="administrators install drafts of mappings into NOTEWRIGHT_MAPPINGS"),
    ] = False


class Site(Table):
    """The whole file."""

    server: Server = Server()
    work: Work = Work()
    security: Security = Security()
    egress: Egress = Egress()
    subscriptions: Subscribers = Subscribers()
    bulk: Bulk = Bulk()
    workbench: Workbench = Workbench()


def read(path: Path | None) -> Site:
    """The site's configuration; the defaults without a file. SettingsError names the key."""
    if path is None:
        return Site()
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        return Site.model_validate(data, context={"folder": path.parent})
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{path.name} cannot be read") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path.name} is not TOML: {error}") from None
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise SettingsError(f"{path.name}: {place}: {first['msg']}") from None
