"""Who may be called, and how much of an answer is taken. By default nobody.

An allowed host is written as `ehr.example.org`, `*.example.org` (any name below, not the name itself),
`https://ehr.example.org:8443` or `http://10.1.2.3`. Without a scheme: https; without a port: the scheme's
own. Names that resolve to a private address need the network too (`10.1.0.0/16`).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, ip_network
from typing import Any

from adapter.egress.addresses import Network
from adapter.egress.urls import Target, parsed, refused
from adapter.errors import EgressRefused, SettingsError

_ENTRY = re.compile(r"(?:(https?)://)?(\*\.)?([^/?#*]+)", re.I)
WIDEST = {4: 8, 6: 16}  # the shortest prefix a network may have: no entry opens everything


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """Hosts that may be called."""

    host: str  # lower case ASCII
    scheme: str = "https"
    port: int = 443
    below: bool = False  # the names below the host instead of the host

    def covers(self, target: Target) -> bool:
        """Whether a target is one of them."""
        if (target.scheme, target.port) != (self.scheme, self.port):
            return False
        if self.below:
            return target.address is None and target.host.endswith(f".{self.host}")
        return target.host == self.host


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What calls to foreign URLs may do."""

    allowed: tuple[Allowed, ...] = ()
    networks: tuple[Network, ...] = ()  # not public, but may be called
    types: frozenset[str] = (
        frozenset()
    )  # media types `fetch` takes, lower case; "text/*" and "*/*" are patterns
    max_bytes: int = 8 * 1024 * 1024  # of an answer, on the wire and unpacked
    total_seconds: float = 30.0  # from the name's resolution to the last byte, redirects included
    connect_seconds: float = 5.0

    def __post_init__(self) -> None:
        if self.max_bytes <= 0 or self.total_seconds <= 0 or self.connect_seconds <= 0:
            raise SettingsError("the bounds of outgoing calls must be above zero")
        if any(network.prefixlen < WIDEST[network.version] for network in self.networks):
            raise SettingsError("a network of the outgoing calls is too wide")

    def check(self, target: Target) -> None:
        """Nothing; EgressRefused when the target's host is not allowed."""
        if any(entry.covers(target) for entry in self.allowed):
            return
        secure = replace(target, scheme="https", port=443 if target.port == 80 else target.port)
        if target.scheme == "http" and any(entry.covers(secure) for entry in self.allowed):
            raise refused("http-not-allowed", "the host may only be called by https")
        raise refused("host-not-allowed", "the host of the URL is not on the list of allowed hosts")

    def takes(self, media: str) -> bool:
        """Whether an answer of this media type is taken."""
        return bool(self.types & {media, media.partition("/")[0] + "/*", "*/*"})


def allowing(hosts: Iterable[str], networks: Iterable[str] = (), **bounds: Any) -> Policy:
    """The policy of a written list of hosts and networks; `bounds` are the other fields of Policy.

    Raises SettingsError that says which entry cannot be read.
    """
    return Policy(
        allowed=tuple(_entry(index, text) for index, text in enumerate(hosts, start=1)),
        networks=tuple(_network(index, text) for index, text in enumerate(networks, start=1)),
        **bounds,
    )


def _entry(index: int, text: str) -> Allowed:
    found = _ENTRY.fullmatch(text.strip())
    if found is None:
        raise SettingsError(f"allowed host {index} is not a host such as ehr.example.org or *.example.org")
    scheme = (found[1] or "https").lower()
    try:
        target = parsed(f"{scheme}://{found[3]}/")
    except EgressRefused as error:
        raise SettingsError(f"allowed host {index} cannot be read: {error}") from None
    if found[2] and target.address:
        raise SettingsError(f"allowed host {index} asks for names below an address")
    return Allowed(host=target.host, scheme=scheme, port=target.port, below=bool(found[2]))


def _network(index: int, text: str) -> Network:
    try:
        network = ip_network(text.strip())
    except ValueError:
        raise SettingsError(f"allowed network {index} is not a network such as 10.1.0.0/16") from None
    if isinstance(network, IPv4Network) or network.network_address.ipv4_mapped is None:
        return network
    raise SettingsError(f"allowed network {index} is an IPv4 network written as IPv6")
