"""An OpenID provider on loopback, small and correct; its fields bend it where a test wants it to misbehave.

Consent is skipped: whoever comes is `person`. Codes are used once, for a minute, with PKCE and the same
redirect URI.
"""

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

CLIENT, SECRET = "notewright", "Zq7:client/secret"
Answer = tuple[int, Mapping[str, str], bytes]


def key() -> rsa.RSAPrivateKey:
    """A key to sign with."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@dataclass
class Granted:
    """What a code stands for."""

    redirect: str
    challenge: str
    nonce: str
    person: dict[str, Any]
    until: float


@dataclass
class Provider:
    """The provider, and what it was asked."""

    keys: dict[str, rsa.RSAPrivateKey]  # by kid; the last one signs
    url: str = ""
    secret: str | None = SECRET
    person: dict[str, Any] = field(default_factory=lambda: {"sub": "anna", "name": "Anna Müller"})
    codes: dict[str, Granted] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    lasts: float = 60.0  # seconds of a code
    claims: Callable[[dict[str, Any]], dict[str, Any]] = field(default=dict)
    sign: Callable[[dict[str, Any]], str] | None = None
    pages: dict[str, Callable[[], Answer]] = field(default_factory=dict)  # in place of the proper answer
    answer: Callable[[dict[str, str]], dict[str, str]] = field(default=dict)
    lax: bool = False  # takes a code again, with any verifier

    def straighten(self) -> None:
        """It is as it was at first, but for its keys."""
        fresh = Provider(keys=self.keys, url=self.url)
        self.__dict__.update(fresh.__dict__)

    def handle(self, method: str, target: str, body: str, headers: Mapping[str, str]) -> Answer:
        parts = urlsplit(target)
        self.asked.append(f"{method} {parts.path}")
        if parts.path in self.pages:
            return self.pages[parts.path]()
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        form = {name: values[0] for name, values in parse_qs(body).items()}
        proper: dict[str, Callable[[], Answer]] = {
            "/.well-known/openid-configuration": lambda: said(self.configuration()),
            "/jwks": lambda: said({"keys": [public(key, kid) for kid, key in self.keys.items()]}),
            "/authorize": lambda: self.authorize(query),
            "/token": lambda: self.token(form, headers.get("Authorization")),
            "/logout": lambda: self.logout(query),
        }
        return proper.get(parts.path, lambda: said({}, 404))()

    def configuration(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "end_session_endpoint": f"{self.url}/logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
        }

    def authorize(self, query: dict[str, str]) -> Answer:
        wanted = {"response_type": "code", "client_id": CLIENT, "code_challenge_method": "S256"}
        asked = wanted.items() <= query.items() and "openid" in query["scope"].split()
        redirect = query.get("redirect_uri", "")
        if not asked or not redirect.startswith("http://127.0.0.1:") or not query.get("code_challenge"):
            return said({"error": "invalid_request"}, 400)
        code = secrets.token_urlsafe(24)
        self.codes[code] = Granted(
            redirect=redirect,
            challenge=query["code_challenge"],
            nonce=query.get("nonce", ""),
            person=dict(self.person),
            until=time.monotonic() + self.lasts,
        )
        told = self.answer({"code": code, "state": query["state"], "iss": self.url})
        return 302, {"Location": f"{redirect}?{urlencode(told)}"}, b""

    def token(self, form: dict[str, str], authorization: str | None) -> Answer:
        if not self.known(form, authorization):
            return said({"error": "invalid_client"}, 401)
        granted = self.codes.get(form.get("code", ""))
        if granted is None or (not self.lax and time.monotonic() > granted.until):
            return said({"error": "invalid_grant"}, 400)
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        proven = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == granted.challenge
        if not self.lax:
            del self.codes[form["code"]]
            if not proven or form.get("redirect_uri") != granted.redirect:
                return said({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.url, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": granted.nonce}
        claims = self.claims(claims | granted.person)
        token = self.sign(claims) if self.sign else self.signed(claims)
        return said({"access_token": "Zq7Access", "token_type": "Bearer", "id_token": token})

    def known(self, form: dict[str, str], authorization: str | None) -> bool:
        if self.secret is None:
            return authorization is None and form.get("client_id") == CLIENT
        pair = f"{quote_plus(CLIENT)}:{quote_plus(self.secret)}"
        return authorization == "Basic " + base64.b64encode(pair.encode()).decode()

    def logout(self, query: dict[str, str]) -> Answer:
        hint = jwt.decode(query["id_token_hint"], options={"verify_signature": False, "verify_aud": False})
        if query["client_id"] != CLIENT or hint["iss"] != self.url:
            return said({"error": "invalid_request"}, 400)
        return 302, {"Location": query["post_logout_redirect_uri"]}, b""

    def signed(self, claims: Mapping[str, Any], kid: str | None = None, **header: Any) -> str:
        """An ID token of these claims, by the newest key."""
        kid = kid or list(self.keys)[-1]
        return jwt.encode(dict(claims), self.keys[kid], algorithm="RS256", headers={"kid": kid, **header})


def public(private: rsa.RSAPrivateKey, kid: str) -> dict[str, Any]:
    """A key as it is published."""
    return RSAAlgorithm.to_jwk(private.public_key(), as_dict=True) | {
        "kid": kid,
        "use": "sig",
        "alg": "RS256",
    }


def said(body: Any, status: int = 200) -> Answer:
    """An answer in JSON, or of these bytes."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status, {"Content-Type": "application/json"}, content


@contextmanager
def running(keys: dict[str, rsa.RSAPrivateKey]) -> Iterator[Provider]:
    """A provider that answers until the context ends."""
    provider = Provider(keys=dict(keys))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.reply("")

        def do_POST(self) -> None:
            self.reply(self.rfile.read(int(self.headers["Content-Length"])).decode())

        def reply(self, body: str) -> None:
            status, headers, content = provider.handle(self.command, self.path, body, self.headers)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        provider.url = f"http://127.0.0.1:{http.server_port}"
        try:
            yield provider
        finally:
            http.shutdown()
            thread.join()
