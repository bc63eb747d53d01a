"""Signing in and out through a browser: the steps between a page that is closed and one that is open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from adapter.errors import UnknownResource
from adapter.workbench import guard
from adapter.workbench.bench import Bench, Sent, SignIn
from adapter.workbench.page import BASE, drawn, sent_to

Answer = Callable[[Bench, Request], Response]
LONGEST: Final = 500  # characters of an address to come back to


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Something anybody may ask for."""

    path: str  # after BASE
    answer: Answer
    method: Literal["GET", "POST"] = "GET"


def back(request: Request) -> str:
    """The query by which signing in comes back to the page that was asked for; "" to none."""
    if request.method != "GET" or request.url.path in (BASE + step.path for step in STEPS):
        return ""
    query = request.url.query
    to = request.url.path + (f"?{query}" if query else "")
    return f"?{urlencode({'to': to})}" if len(to) <= LONGEST else ""


def begin(bench: Bench, request: Request) -> Response:
    """To the provider."""
    return _going(_sign_in(bench).begin(request.query_params.get("to", BASE)))


def finish(bench: Bench, request: Request) -> Response:
    """Back from the provider."""
    query = request.query_params.multi_items()
    return _going(_sign_in(bench).finish(query, request.headers, *_whence(request)))


def end(bench: Bench, request: Request) -> Response:
    """Signed out here, and on to signing out at the provider."""
    guard.check_form(request)
    sign_in = _sign_in(bench)
    sent = sign_in.end(request.headers, *_whence(request))
    page = signed_out(bench, request, sent.address)
    if sent.address:  # not a redirection: our policy lets no form lead to another site
        page.headers["Refresh"] = f"0; url={sent.address}"
    return _keeping(page, sent)


def signed_out(bench: Bench, request: Request, address: str = "") -> Response:
    """The page that says so."""
    return drawn(
        bench,
        "signed-out.html",
        200,
        navigation=request.state.navigation,
        here=request.url.path,
        person=None,
        address=address,
    )


STEPS: Final[Sequence[Step]] = (
    Step(path="/sign-in", answer=begin),
    Step(path="/signed-in", answer=finish),
    Step(path="/sign-out", answer=end, method="POST"),
    Step(path="/signed-out", answer=signed_out),
)


def _sign_in(bench: Bench) -> SignIn:
    if bench.sign_in is None:
        raise UnknownResource
    return bench.sign_in


def _going(sent: Sent) -> Response:
    return _keeping(sent_to(sent.address), sent)


def _keeping(response: Response, sent: Sent) -> Response:
    for cookie in sent.cookies:
        response.headers.append("Set-Cookie", cookie)
    return response


def _whence(request: Request) -> tuple[str, str]:
    """The address of the client and the id of the request."""
    client = request.client.host if request.client else ""
    return client, str(getattr(request.state, "request_id", ""))
