"""Who is let in to the pages, and the headers that keep what is shown where it is shown."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request

from adapter.errors import NotAllowed
from adapter.workbench.bench import Bench, Person, Role

POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)
"""Nothing inline, nothing from elsewhere, and no text that a script could make into markup."""

HEADERS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Content-Security-Policy": POLICY,
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Referrer-Policy": "same-origin",  # with no-referrer a form says that it comes from nowhere
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    }
)


def check(bench: Bench, request: Request, role: Role) -> Person:
    """Who sent a request; AccessError when they are not let in, or do not have the role it needs."""
    client = request.client.host if request.client else ""
    person = bench.admit(request.headers, request.method, request.url.path, client)
    request.state.person = person
    check_form(request)
    if not person.may(role):
        raise NotAllowed(f"This is for those who have the role {role}.")
    return person


def check_form(request: Request) -> None:
    """Nothing; NotAllowed for a form that was not sent by one of our own pages."""
    if request.method == "POST" and not _from_here(request):
        raise NotAllowed("This form was sent by a page that is not the workbench's own.")


def _from_here(request: Request) -> bool:
    """Whether one of our own pages sent this: what the browser says of it, which no page can change."""
    site = request.headers.getlist("sec-fetch-site")
    if site:
        return site == ["same-origin"]
    origin, host = request.headers.getlist("origin"), request.headers.getlist("host")
    try:
        return len(origin) == len(host) == 1 and urlsplit(origin[0]).netloc == host[0]
    except ValueError:
        return False
