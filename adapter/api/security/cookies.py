"""Cookies that only this host, only over TLS (or on this machine), and no script can set or read."""

from collections.abc import Iterator
from typing import Final

from adapter.api.security.authenticator import Headers

SESSION: Final = "__Host-notewright"
BEGUN: Final = "__Host-notewright-sign-in"

_RULES: Final = "Path=/; Secure; HttpOnly; SameSite=Lax"


def written(name: str, value: str, seconds: int | None = None) -> str:
    """A Set-Cookie header; without seconds the browser forgets it when it ends."""
    age = "" if seconds is None else f"; Max-Age={seconds}"
    return f"{name}={value}; {_RULES}{age}"


def cleared(name: str) -> str:
    """A Set-Cookie header that takes a cookie away."""
    return written(name, "", 0)


def sent(headers: Headers, name: str) -> str:
    """The value of a cookie a browser sent; "" when there is none, or more than one."""
    values = [value for one, value in _pairs(headers) if one == name]
    return values[0] if len(values) == 1 else ""


def _pairs(headers: Headers) -> Iterator[tuple[str, str]]:
    for header, line in headers.items():
        if header.lower() == "cookie":
            for pair in line.split(";"):
                name, _, value = pair.strip(" ").partition("=")
                yield name, value
