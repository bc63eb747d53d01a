"""A URL that somebody else wrote -> what would be called.

Whatever two readers of a URL could understand differently is refused, not repaired: users, control
characters, backslashes, encoded hosts, numbers that some readers take for an address, names that end in a
dot.
https://www.rfc-editor.org/rfc/rfc3986 https://www.unicode.org/reports/tr46/
"""

import re
import unicodedata
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address
from typing import TypeVar

import idna

from adapter.errors import EgressRefused

A = TypeVar("A", IPv4Address, IPv6Address)
MAX_LENGTH = 4096
PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^#]*)(#.*)?", re.S)
_HOST_PORT = re.compile(r"(\[[^\[\]]*\]|[^:\[\]]*)(?::([0-9]{1,5}))?")
_NAME = re.compile(
    r"(?!.{254})[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*"
)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PATH = re.compile(r"(?:[/?](?:[A-Za-z0-9._~:/?@!$&'()*+,;=|\[\]-]|%[0-9A-Fa-f]{2})*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a URL calls."""

    scheme: str  # "http" or "https"
    host: str  # lower case ASCII; an IPv6 address without brackets
    port: int
    path: str = "/"  # path and query
    address: IPv4Address | IPv6Address | None = None  # when the host is one

    @property
    def authority(self) -> str:
        """Host and port, as the Host header has them."""
        host = f"[{self.host}]" if isinstance(self.address, IPv6Address) else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port: who is called."""
        return self.scheme, self.host, self.port

    @property
    def url(self) -> str:
        """The URL in its one canonical form."""
        return f"{self.scheme}://{self.authority}{self.path}"


def parsed(url: object) -> Target:
    """What a URL calls.

    Raises EgressRefused that names the rule and never the URL.
    """
    if not isinstance(url, str) or not url:
        raise refused("url", "the URL is missing or no text")
    characters(url)
    found = _URL.fullmatch(url)
    if found is None:
        raise refused("url", "the URL is not absolute")
    scheme, authority, path, fragment = found.groups()
    if scheme.lower() not in PORTS:
        raise refused("scheme", "the URL is neither http nor https")
    if fragment is not None:
        raise refused("fragment", "the URL has a fragment")
    if not _PATH.fullmatch(path):
        raise refused("characters", "the path of the URL has characters that must be encoded")
    return _target(scheme.lower(), authority, path)


def characters(url: str) -> None:
    """Nothing; EgressRefused when the URL is too long or holds white space, controls or a backslash."""
    if len(url) > MAX_LENGTH:
        raise refused("length", f"the URL is over {MAX_LENGTH} characters")
    if any(unicodedata.category(character)[0] in "CZ" for character in url):
        raise refused("characters", "the URL holds white space, control or invisible characters")
    if "\\" in url:
        raise refused("characters", "the URL holds a backslash")


def refused(rule: str, message: str) -> EgressRefused:
    """The error of a rule."""
    return EgressRefused(message, rule=rule)


def _target(scheme: str, authority: str, path: str) -> Target:
    if "@" in authority:
        raise refused("userinfo", "the URL names a user")
    if "%" in authority:
        raise refused("host-encoded", "the host of the URL is percent-encoded or has a zone")
    found = _HOST_PORT.fullmatch(authority)
    if found is None:
        raise refused("host", "the host or port of the URL cannot be read")
    host, address = _host(found[1])
    port = int(found[2]) if found[2] else PORTS[scheme]
    if not 0 < port < 65536:
        raise refused("port", "the port of the URL is out of range")
    path = path if path.startswith("/") else f"/{path}"
    return Target(scheme=scheme, host=host, port=port, path=path, address=address)


def _host(written: str) -> tuple[str, IPv4Address | IPv6Address | None]:
    if written.startswith("["):
        six = _literal(IPv6Address, written[1:-1])
        return str(six), six
    name = _normalised(written)
    if name.endswith("."):
        raise refused("host-dot", "the host of the URL ends in a dot")
    if not _NAME.fullmatch(name):
        raise refused("host", "the host of the URL is empty or no host name")
    if _NUMBER.fullmatch(name.rpartition(".")[2]):
        four = _literal(IPv4Address, name)
        return str(four), four
    return name, None


def _normalised(written: str) -> str:
    """The name in ASCII, as DNS has it: look-alikes become what they look like, or "xn--"."""
    if written.isascii() and "xn--" not in written.lower():
        return written.lower()
    try:
        return idna.encode(written, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        raise refused("host-idna", "the host of the URL is no valid international name") from None


def _literal(kind: type[A], text: str) -> A:
    try:
        return kind(text)
    except ValueError:
        raise refused("host-numeric", "the host of the URL is a number but no plain address") from None
