"""Who gets our Bundles: `targets.toml`, read into values. Secrets are named here, never written.

A key that is not known, or a value that cannot be, is a SettingsError that names the key and not the value.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, Self

import httpx
from pydantic import AfterValidator, Field, ValidationError, ValidationInfo, model_validator

from adapter.delivery import adapting
from adapter.delivery.conditional import Mode
from adapter.delivery.credentials.scheme import private
from adapter.delivery.filtering import Filter
from adapter.delivery.packs import Unmet
from adapter.delivery.retry import Policy
from adapter.errors import SettingsError
from adapter.fhir import references
from adapter.fhir.systems import Version
from adapter.secret import Secret
from mappings import SHIPPED, Files, Table


def _beside(path: Path, info: ValidationInfo) -> Path:
    """A relative path is meant from the folder of the file it stands in."""
    folder = (info.context or {}).get("folder")
    return folder / path if isinstance(folder, Path) else path


File = Annotated[Path, AfterValidator(_beside)]


class SecretName(Table):
    """Where a secret is: in a file, or in an environment variable."""

    file: File | None = None
    env: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.file is None) == (self.env is None):
            raise ValueError("a secret is named by either file or env")
        return self

    def secret(self, environment: Mapping[str, str]) -> Secret:
        """The secret. SettingsError if it is not there."""
        if self.env is not None:
            return Secret.of_variable(self.env, environment)
        assert self.file is not None
        return Secret.of_file(self.file)


class NoCredentials(Table):
    """The target asks for none, or for a client certificate only (`tls`)."""

    kind: Literal["none"] = "none"


class BasicCredentials(Table):
    """User and password."""

    kind: Literal["basic"]
    user: str
    password: SecretName


class BearerCredentials(Table):
    """A token somebody else renews."""

    kind: Literal["bearer"]
    token: SecretName


class KeyCredentials(Table):
    """An API key in a header."""

    kind: Literal["api-key"]
    header: str = "X-API-Key"
    key: SecretName


class SmartCredentials(Table):
    """SMART Backend Services."""

    kind: Literal["smart"]
    client_id: str
    keys: tuple[File, ...] = Field(min_length=1)  # private keys, or folders of them
    passphrase: SecretName | None = None
    scopes: tuple[str, ...] = Field(min_length=1)
    jku: str | None = None
    token_url: str | None = None


CredentialNames = Annotated[
    NoCredentials | BasicCredentials | BearerCredentials | KeyCredentials | SmartCredentials,
    Field(discriminator="kind"),
]


class TlsNames(Table):
    """Our certificate, and whom we trust."""

    certificate: File | None = None
    key: File | None = None
    passphrase: SecretName | None = None
    authorities: File | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One FHIR server that gets our Bundles."""

    name: str
    url: str
    fhir: Version = "r4"
    pack: str = "base"  # profile pack, mappings/profiles
    unmet: Unmet | None = None  # overrules the pack's
    filter: Filter = field(default_factory=Filter)
    organization: str | None = None  # reference: on whose behalf our Device speaks
    conditional: Mode = "auto"
    credentials: CredentialNames = field(default_factory=NoCredentials)
    tls: TlsNames = field(default_factory=TlsNames)
    retry: Policy = field(default_factory=Policy)
    timeout: float = 30.0  # seconds without a byte

    def wishes(self, files: Files = SHIPPED) -> adapting.Wishes:
        """What is done to a Bundle before it is sent there; the pack is one of `files`."""
        return adapting.wishes(
            self.fhir,
            self.pack,
            filter=self.filter,
            organization={"reference": self.organization} if self.organization else None,
            unmet=self.unmet,
            files=files,
        )


class _Retry(Table):
    attempts: int | None = Field(default=None, ge=1, le=100)
    first: float | None = Field(default=None, gt=0)
    longest: float | None = Field(default=None, gt=0)

    def policy(self) -> Policy:
        return Policy(**self.model_dump(exclude_none=True))


class _Row(Table):
    url: str
    fhir: Version = "r4"
    pack: str = "base"
    unmet: Unmet | None = None
    filter: Filter = Filter()
    organization: str | None = None
    conditional: Mode = "auto"
    credentials: CredentialNames = NoCredentials()
    tls: TlsNames = TlsNames()
    retry: _Retry = _Retry()
    timeout: float = Field(default=30.0, gt=0, le=600)
    plain_http: bool = False  # whether http to another machine is meant


class _Targets(Table):
    targets: Mapping[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9\-]{0,62}$")], _Row]


def read(path: Path, files: Files = SHIPPED) -> tuple[Target, ...]:
    """The targets of a file, in its order; their packs are of `files`.

    SettingsError names the key of what is wrong.
    """
    try:
        data = tomllib.loads(path.read_text("utf-8"))
        rows = _Targets.model_validate(data, context={"folder": path.parent}).targets
    except (OSError, UnicodeDecodeError):
        raise SettingsError(f"{path.name} cannot be read") from None
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path.name} is not TOML: {error}") from None
    except ValidationError as error:
        raise SettingsError(f"{path.name}: {_first(error)}") from None
    return tuple(_target(name, row, path.name, files) for name, row in rows.items())


def _target(name: str, row: _Row, file: str, files: Files) -> Target:
    where = f"{file}: targets.{name}"
    _checked_url(row, where)
    if row.organization and references.target_type({"reference": row.organization}) != "Organization":
        raise SettingsError(f'{where}.organization must be a reference such as "Organization/1"')
    kept: dict[str, Any] = {key: getattr(row, key) for key in _Row.model_fields if key in _SAME}
    target = Target(name=name, url=row.url.rstrip("/"), retry=row.retry.policy(), **kept)
    try:
        target.wishes(files)
    except SettingsError as error:
        raise SettingsError(f"{where}.pack: {error}") from None
    return target


_SAME = frozenset(Target.__dataclass_fields__) - {"name", "url", "retry"}


def _checked_url(row: _Row, where: str) -> None:
    try:
        url = httpx.URL(row.url)
    except httpx.InvalidURL:
        raise SettingsError(f"{where}.url is not a URL") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise SettingsError(f"{where}.url must be an http or https URL")
    if url.userinfo or url.query or url.fragment:
        raise SettingsError(f"{where}.url must have neither user, query nor fragment")
    if not private(url) and not row.plain_http:
        raise SettingsError(f"{where}.url is plain http to another machine; plain_http says that it is meant")
    if not private(url) and row.credentials.kind != "none":
        raise SettingsError(f"{where}.credentials are not sent over plain http")


def _first(error: ValidationError) -> str:
    """The key and what is wrong with it; what stands there may be a secret and is not told."""
    problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}"
