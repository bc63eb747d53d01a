"""What all credentials share: headers for a request, and one renewal when the target says 401.

Credentials are an `httpx.Auth`, so they are given to a client or a request as they are. They never go over
plain http to another machine, and they see to it themselves, since a base URL is easily written wrong.
"""

import ipaddress
import re
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Generator, Mapping
from typing import NoReturn

import httpx

from adapter.errors import SettingsError, TargetRefused

_FIELD = re.compile(r"[\x21-\x7e]+")


class Credentials(httpx.Auth, ABC):
    """Something that signs requests to one target."""

    @abstractmethod
    def headers(self) -> Mapping[str, str]:
        """The headers that authenticate a request now."""

    @abstractmethod
    def renewed(self, refused: Mapping[str, str]) -> Mapping[str, str] | None:
        """Other headers than those the target answered with 401, or None when there are none."""

    def check(self, url: httpx.URL) -> None:
        """Raises TargetRefused unless the credentials may be sent there."""
        if not private(url):
            raise TargetRefused("Credentials are not sent over plain http")

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The request signed; once more with new credentials if the answer is 401."""
        self.check(request.url)
        used = self.headers()
        request.headers.update(used)
        response = yield request
        if response.status_code != httpx.codes.UNAUTHORIZED:
            return
        other = self.renewed(used)
        if other is not None:
            request.headers.update(other)
            yield request

    def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Never: asking for a token would hold up the event loop."""
        _blocking()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def private(url: httpx.URL) -> bool:
    """Whether nobody on the way can read what is sent there: https, or this machine itself."""
    return url.scheme == "https" or (url.scheme == "http" and loopback(url))


def loopback(url: httpx.URL) -> bool:
    """Whether a URL names this machine."""
    if url.host == "localhost":
        return True
    try:
        return ipaddress.ip_address(url.host).is_loopback
    except ValueError:
        return False


def fits(value: str) -> bool:
    """Whether a token or key can stand in a header: visible ASCII, nothing else."""
    return bool(_FIELD.fullmatch(value))


def field(value: str, origin: str) -> str:
    """The value, fit for a header. SettingsError naming the origin if it could break out of one."""
    if not fits(value):
        raise SettingsError(f"The {origin} holds characters that a header cannot carry")
    return value


def _blocking() -> NoReturn:
    raise RuntimeError("These credentials are for httpx.Client, not for AsyncClient")
