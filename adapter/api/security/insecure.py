"""Running without authentication: on this machine only, for trying things out.

Loopback alone does not keep a web page in the user's browser out (it can post to 127.0.0.1, or have its own
name resolve there), nor a proxy that forwards strangers: the Host, Origin and forwarding headers tell those.
"""

import ipaddress
import socket
from typing import Final
from urllib.parse import urlsplit

from adapter.api.security import scopes
from adapter.api.security.authenticator import Authenticator, Headers
from adapter.api.security.principal import ALL_SCOPES, Principal
from adapter.errors import NotAllowed, SettingsError

_FORWARDED: Final = ("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


class Insecure:
    """Lets everybody on this machine do everything."""

    def __init__(self) -> None:
        self._anybody = Principal(kind="insecure", id="insecure", scopes=scopes.parse(ALL_SCOPES))

    def principal(self, headers: Headers, method: str, path: str, client: str = "") -> Principal:
        """Somebody on this machine, with all scopes; NotAllowed for what comes from elsewhere."""
        for name, value in headers.items():
            known = name.lower()
            if known in _FORWARDED or (known in ("host", "origin") and not _named_here(known, value)):
                raise NotAllowed
        if client and not _address_here(client):
            raise NotAllowed
        return self._anybody


def check_start(auth: Authenticator | Insecure | None, host: str, insecure_local: bool) -> None:
    """Nothing when a server may be started so; SettingsError when it would let anybody in.

    `host` is the address it is to listen on.
    """
    if not insecure_local:
        if not isinstance(auth, Authenticator):
            raise SettingsError(
                "authentication is not configured; see --insecure-local for use on this machine"
            )
        return
    if isinstance(auth, Authenticator):
        raise SettingsError("insecure-local and authentication are both configured")
    if not loopback(host):
        raise SettingsError("insecure-local listens on a loopback address only, such as 127.0.0.1")


def loopback(host: str) -> bool:
    """Whether a host to listen on is this machine's alone. A name is when all it resolves to is."""
    if _address_here(host):
        return True
    if host != "localhost":
        return False
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return bool(found) and all(_address_here(str(entry[4][0])) for entry in found)


def _address_here(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def _named_here(header: str, value: str) -> bool:
    try:
        host = urlsplit(value if header == "origin" else f"//{value}").hostname or ""
    except ValueError:
        return False
    return host == "localhost" or _address_here(host)
