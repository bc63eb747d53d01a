"""Authorization servers whose tokens we take, and what they publish about themselves.

An issuer is one that the site named; nothing a token says is ever looked up anywhere else.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from adapter.api.security.documents import read_object
from adapter.errors import NotewrightError, SettingsError, TargetUnavailable

Fetch = Callable[[str], bytes]
"""GETs a URL. Bounds time and size itself and raises a NotewrightError when there is no 200 answer."""

ALGORITHMS: Final[Mapping[str, tuple[str, str | None]]] = {
    "RS256": ("RSA", None),
    "RS384": ("RSA", None),
    "PS256": ("RSA", None),
    "ES256": ("EC", "P-256"),
    "ES384": ("EC", "P-384"),
    "EdDSA": ("OKP", "Ed25519"),
}
"""Signature algorithms we know, with the key type and curve each goes with. None of them is symmetric."""

LARGEST: Final = 256 * 1024  # bytes of a published document
_PLACES: Final = ("/.well-known/openid-configuration", "/.well-known/smart-configuration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """One authorization server whose signed tokens we take."""

    url: str  # exactly as its tokens say it in `iss`
    audiences: tuple[str, ...]  # one of which its tokens must name in `aud`: our base URL
    jwks_file: Path | None = None  # its public keys in a file
    jwks_url: str | None = None  # or where it publishes them; neither: discovered
    algorithms: tuple[str, ...] = tuple(ALGORITHMS)
    longest: int = 24 * 3600  # seconds a token may still be valid when presented

    def __post_init__(self) -> None:
        if not (self.jwks_file and not self.jwks_url) and not web_address(self.jwks_url or self.url):
            raise SettingsError("an issuer's URL must be https, or http on this machine")
        if not self.audiences or not all(self.audiences):
            raise SettingsError("an issuer needs an audience: the base URL of this service")
        if not self.algorithms or not set(self.algorithms) <= set(ALGORITHMS):
            raise SettingsError(f"algorithms of an issuer must be of {', '.join(ALGORITHMS)}")
        if self.jwks_file and self.jwks_url:
            raise SettingsError("an issuer has jwks_file or jwks_url, not both")


def web_address(url: str) -> bool:
    """Whether a URL is https, or http to this very machine, and carries no user."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username is not None or parts.fragment:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and _here(host))


def audience(value: str) -> str:
    """An audience as it is compared: a last slash does not matter."""
    return value.removesuffix("/")


def discover(url: str, fetch: Fetch) -> Mapping[str, Any]:
    """What an issuer publishes about itself: OpenID configuration, else SMART configuration.

    Raises what `fetch` raised last, or TargetUnavailable when what is published is not about this issuer.
    """
    failure: NotewrightError | None = None
    for place in _PLACES:
        try:
            return published(fetch(url.removesuffix("/") + place), url)
        except NotewrightError as error:
            failure = error
    raise failure or TargetUnavailable()


def published(content: bytes, url: str) -> Mapping[str, Any]:
    """A configuration document of an issuer, read; TargetUnavailable when it is broken or another's."""
    document = document_of(content)
    if document.get("issuer", url) != url:
        raise TargetUnavailable("the configuration the issuer publishes is of another issuer")
    return document


def document_of(content: bytes) -> dict[str, Any]:
    """A JSON object an authorization server sent; TargetUnavailable when it cannot be read."""
    if len(content) > LARGEST:
        raise TargetUnavailable("what the authorization server sent is too large")
    try:
        return read_object(content)
    except ValueError as error:
        raise TargetUnavailable("what the authorization server sent cannot be read") from error


def _here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
