"""A URL that somebody else chose -> what it holds."""

import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO
from urllib.parse import urljoin

import httpx

from adapter.egress import urls
from adapter.egress.clock import Deadline
from adapter.egress.guard import DEADLINE, Guard, translated
from adapter.egress.policy import Policy
from adapter.egress.resolving import Resolver, SystemResolver, checked
from adapter.egress.urls import Target, refused
from adapter.errors import EgressFailed, EgressRefused

MAX_REDIRECTS = 3
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
DONE = frozenset({200, 203})
FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade"})
OURS = FRAMING | {"host", "expect", "keep-alive", "accept-encoding", "cookie"}  # headers no caller sets
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE = re.compile(r"(?:[\x21-\x7e](?:[ \t\x21-\x7e]*[\x21-\x7e])?)?")
_MEDIA = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")
_CHARSET = re.compile(r""";\s*charset\s*=\s*["']?([A-Za-z0-9][A-Za-z0-9._:+-]{0,39})["']?\s*(?:;|$)""", re.I)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What a URL holds."""

    content: bytes  # empty when it was written elsewhere
    content_type: str  # media type alone, lower case; "application/octet-stream" when none was said
    charset: str = ""  # lower case; empty when none was said


def fetch(
    url: str,
    policy: Policy,
    *,
    accept: str = "*/*",
    headers: Mapping[str, str] | None = None,
    into: BinaryIO | None = None,
    resolver: Resolver | None = None,
    tls: ssl.SSLContext | None = None,
) -> Fetched:
    """What a URL holds, within the bounds of the policy.

    At most three redirects are followed, each checked anew; the caller's headers stay with their origin.
    With `into` the content is written there as it comes (some of it also when the call then fails).
    Raises EgressRefused for what the policy forbids and EgressFailed for what the other side did not do.
    """
    guard = Guard(policy, resolver=resolver, tls=tls)
    deadline = Deadline.after(policy.total_seconds)
    target = urls.parsed(url)
    sent = {**checked_headers(headers or {}), **checked_headers({"Accept": accept})}
    for _ in range(MAX_REDIRECTS + 1):
        answer = _answered(guard, policy, target, _request(target, sent, deadline), into)
        if isinstance(answer, Fetched):
            return answer
        if answer.origin != target.origin:
            sent = {"Accept": accept}
        target = answer
    raise refused("redirects", f"the host redirected more than {MAX_REDIRECTS} times")


def check_endpoint(url: object, policy: Policy, *, resolver: Resolver | None = None) -> Target:
    """What an endpoint's URL calls, when the policy allows it; https unless the host is listed as http.

    With a resolver the addresses are looked at too; every later call looks at them again.
    Raises EgressRefused, and EgressFailed when the resolver finds no address.
    """
    target = urls.parsed(url)
    policy.check(target)
    if resolver is not None or target.address is not None:
        deadline = Deadline.after(policy.connect_seconds)
        try:
            with translated():
                checked(target, policy, resolver or SystemResolver(), deadline)
        except httpx.TransportError as error:
            raise EgressFailed(str(error)) from None
    return target


def checked_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers that somebody else wrote, when they can be sent as they are.

    Raises EgressRefused for one that could end its line, frames the message or names another host.
    """
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or not _VALUE.fullmatch(value):
            raise refused("header", "a header has characters that cannot be sent")
        if name.lower() in OURS or name.lower().startswith("proxy-"):
            raise refused("header", "a header is one that only Notewright sets")
    return dict(headers)


def media_type(written: str) -> tuple[str, str]:
    """The media type and the charset of a Content-Type, lower case; empty where not said or not readable."""
    media = written.partition(";")[0].strip().lower()
    charset = _CHARSET.search(written)
    return media if _MEDIA.fullmatch(media) else "", charset[1].lower() if charset else ""


def _request(target: Target, headers: Mapping[str, str], deadline: Deadline) -> httpx.Request:
    sent = {"User-Agent": "Notewright", **headers}
    return httpx.Request("GET", target.url, headers=sent, extensions={DEADLINE: deadline})


def _answered(
    guard: Guard, policy: Policy, target: Target, request: httpx.Request, into: BinaryIO | None
) -> Fetched | Target:
    """What a target holds, or where it redirects to."""
    try:
        answer = guard.handle_request(request)
        try:
            return _next(target, answer) if answer.status_code in REDIRECTS else _read(answer, policy, into)
        finally:
            answer.close()
    except httpx.TransportError as error:
        raise EgressFailed(str(error), lasting=isinstance(error, httpx.LocalProtocolError)) from None


def _read(answer: httpx.Response, policy: Policy, into: BinaryIO | None) -> Fetched:
    if answer.status_code not in DONE:
        passing = answer.status_code in PASSING
        raise EgressFailed(f"the host answered {answer.status_code}", lasting=not passing)
    media, charset = media_type(answer.headers.get("Content-Type", ""))
    media = media or "application/octet-stream"
    if not policy.takes(media):
        message = "the answer is of a media type that is not taken"
        raise EgressRefused(message, rule="content-type", code="not-supported")
    if into is None:
        return Fetched(content=answer.read(), content_type=media, charset=charset)
    for part in answer.iter_raw():
        into.write(part)
    return Fetched(content=b"", content_type=media, charset=charset)


def _next(target: Target, answer: httpx.Response) -> Target:
    location = answer.headers.get("Location", "")
    if not location:
        raise EgressFailed("the host redirected to nowhere", lasting=True)
    urls.characters(location)
    try:
        following = urls.parsed(location if _ABSOLUTE.match(location) else urljoin(target.url, location))
    except ValueError:
        raise refused("url", "the host redirected to what is no URL") from None
    if target.scheme == "https" and following.scheme == "http":
        raise refused("redirect-http", "the host redirected from https to http")
    return following
