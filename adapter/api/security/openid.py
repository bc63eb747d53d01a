"""An OpenID provider as we call it: what it says of itself, where people are sent, a code -> an ID token.

Only hosts the site named are called, through the policy of outgoing calls, and nothing the provider says is
quoted. https://openid.net/specs/openid-connect-core-1_0.html
"""

import base64
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx

from adapter import egress
from adapter.api.security.documents import strings
from adapter.api.security.issuers import document_of, published, web_address
from adapter.errors import (
    EgressFailed,
    EgressRefused,
    NotewrightError,
    SettingsError,
    SignInFailed,
    TargetUnavailable,
)
from adapter.secret import Secret

PATIENCE: Final = 10.0  # seconds the provider has for one answer
LARGEST: Final = 256 * 1024  # bytes of one
MAX_AGE: Final = 3600.0  # seconds after which it is asked anew what it says of itself
RETRY: Final = 5.0  # seconds between two attempts while it says nothing
_PLACE: Final = "/.well-known/openid-configuration"
_LOOPBACK: Final = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """We, as the provider knows us."""

    issuer: str  # exactly as its ID tokens say it in `iss`
    id: str
    redirect: str  # where people come back to
    farewell: str  # where they come back to after signing out
    secret: Secret | None = field(default=None, repr=False)  # None: a public client, PKCE alone
    scopes: tuple[str, ...] = ("openid", "profile")

    def __post_init__(self) -> None:
        if not web_address(self.issuer) or urlsplit(self.issuer).query:
            raise SettingsError("the issuer of sign_in must be https, or http on this machine")
        if not web_address(self.redirect):
            raise SettingsError("signing in needs server.base_url to be https, or http on this machine")
        if "openid" not in self.scopes:
            raise SettingsError("the scopes of sign_in must have openid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """What a provider says of itself."""

    authorization: str
    token: str
    farewell: str | None  # where people sign out; None: it has no such place
    methods: tuple[str, ...]  # how clients may name themselves at the token endpoint
    names_itself: bool  # every answer says who it is from (RFC 9207)


Send = Callable[[str, str, Mapping[str, str], Mapping[str, str]], tuple[int, bytes]]
"""Sends a request (method, url, form, headers) and gives back status and body. Bounds time and size itself;
raises EgressFailed when there is no answer and EgressRefused when the URL may not be called."""


class Provider:
    """The provider a site signs people in with. Safe to use from several threads."""

    def __init__(self, client: Client, send: Send, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.client, self._send, self._clock = client, send, clock
        self._held: Configuration | None = None
        self._since, self._tried = 0.0, -RETRY
        self._lock = threading.Lock()

    def configuration(self) -> Configuration:
        """What it says of itself, asked at most once in MAX_AGE. SignInFailed when it cannot be had."""
        with self._lock:
            fresh = self._held is not None and self._clock() - self._since <= MAX_AGE
            if not fresh and self._clock() - self._tried >= RETRY:
                self._ask()
            if self._held is None:
                raise unavailable()
            return self._held

    def address(self, *, state: str, nonce: str, challenge: str) -> str:
        """Where a person is sent to sign in."""
        told = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": self.client.redirect,
            "scope": " ".join(self.client.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return _with(self.configuration().authorization, told)

    def farewell(self, hint: str) -> str | None:
        """Where a person is sent to sign out at the provider too; None where that is not offered."""
        place = self.configuration().farewell
        told = {"client_id": self.client.id, "post_logout_redirect_uri": self.client.farewell}
        return _with(place, told | ({"id_token_hint": hint} if hint else {})) if place else None

    def redeem(self, code: str, verifier: str) -> str:
        """The ID token a code stands for, unchecked. SignInFailed when there is none."""
        configuration = self.configuration()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.client.redirect,
            "code_verifier": verifier,
        }
        more, headers = self._named(configuration)
        try:
            status, content = self._send("POST", configuration.token, form | more, headers)
        except (EgressFailed, EgressRefused):
            raise unavailable() from None
        return _id_token(status, content)

    def fetch(self, url: str) -> bytes:
        """What the provider publishes at a URL. TargetUnavailable when it does not answer with it."""
        try:
            status, content = self._send("GET", url, {}, {"Accept": "application/json"})
        except (EgressFailed, EgressRefused):
            raise TargetUnavailable("the sign-in service cannot be reached") from None
        if status != httpx.codes.OK:
            raise TargetUnavailable(f"the sign-in service answered {status}")
        return content

    def _ask(self) -> None:
        self._tried = self._clock()
        try:
            found = self.fetch(self.client.issuer.removesuffix("/") + _PLACE)
            self._held = read(published(found, self.client.issuer), self.client.issuer)
            self._since = self._tried
        except NotewrightError:
            if self._held is None:
                raise unavailable() from None

    def _named(self, configuration: Configuration) -> tuple[dict[str, str], dict[str, str]]:
        """Fields and headers by which we say who we are. RFC 6749, section 2.3.1"""
        accept = {"Accept": "application/json"}
        client, secret = self.client.id, self.client.secret
        if secret is None:
            return {"client_id": client}, accept
        if (
            "client_secret_post" in configuration.methods
            and "client_secret_basic" not in configuration.methods
        ):
            return {"client_id": client, "client_secret": secret.reveal()}, accept
        pair = f"{quote_plus(client)}:{quote_plus(secret.reveal())}"
        return {}, accept | {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def read(document: Mapping[str, Any], issuer: str) -> Configuration:
    """A configuration document, read; TargetUnavailable when it lacks or breaks what is needed."""
    farewell = document.get("end_session_endpoint")
    needed = [document.get("authorization_endpoint"), document.get("token_endpoint")]
    if document.get("issuer") != issuer:
        raise TargetUnavailable("what the sign-in service publishes is of another issuer")
    if not all(isinstance(one, str) and web_address(one) for one in needed):
        raise TargetUnavailable("what the sign-in service publishes cannot be used")
    safe = isinstance(farewell, str) and web_address(farewell)
    return Configuration(
        authorization=str(needed[0]),
        token=str(needed[1]),
        farewell=str(farewell) if safe else None,
        methods=strings(document.get("token_endpoint_auth_methods_supported", [])) or (),
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def unavailable() -> SignInFailed:
    """The error when the provider does not do its part."""
    return SignInFailed("unavailable", "The sign-in service cannot be reached. Try again later.")


def sender(issuer: str, hosts: Iterable[str] = (), networks: Iterable[str] = ()) -> Send:
    """What calls the issuer's own host and those listed besides, and nothing else."""
    parts = urlsplit(issuer)
    own = f"{parts.scheme}://{parts.netloc}"
    local = _LOOPBACK if parts.scheme == "http" else ()
    policy = egress.allowing((own, *hosts), (*networks, *local), max_bytes=LARGEST, total_seconds=PATIENCE)
    guard = egress.Guard(policy)

    def send(method: str, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, bytes]:
        data = dict(form) if method == "POST" else None
        try:
            with httpx.Client(transport=guard, timeout=PATIENCE, trust_env=False) as client:
                answer = client.request(method, url, data=data, headers=dict(headers), follow_redirects=False)
                return answer.status_code, answer.content
        except (httpx.HTTPError, httpx.InvalidURL):
            raise EgressFailed from None

    return send


def _id_token(status: int, content: bytes) -> str:
    if status >= httpx.codes.INTERNAL_SERVER_ERROR:
        raise unavailable()
    if status != httpx.codes.OK:
        raise SignInFailed(
            "code",
            "The sign-in service did not take its answer back: it was used, or is too old. Sign in again.",
        )
    try:
        answer = document_of(content)
    except TargetUnavailable:
        raise unavailable() from None
    kind, token = answer.get("token_type"), answer.get("id_token")
    if not isinstance(token, str) or not isinstance(kind, str) or kind.lower() != "bearer":
        raise unavailable()
    return token


def _with(place: str, told: Mapping[str, str]) -> str:
    """A URL with more parameters."""
    return f"{place}{'&' if urlsplit(place).query else '?'}{urlencode(told)}"
