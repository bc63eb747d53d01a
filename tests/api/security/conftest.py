"""An authorization server on loopback, with keys made for the run."""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from adapter.errors import TargetUnavailable

AUDIENCE = "https://notewright.example/fhir"
NOW = 1_800_000_000.0


class Clock:
    """A clock that is moved by hand."""

    def __init__(self, start: float) -> None:
        self.time = start

    def __call__(self) -> float:
        return self.time


class Server:
    """An authorization server: what it publishes, what it knows of tokens, and what it was asked."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}
        self.tokens: dict[str, Any] = {}
        self.asked: list[str] = []
        self.url = ""

    def answer(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        self.asked.append(path)
        if path == "/introspect":
            wanted = "Basic " + base64.b64encode(b"notewright:s%2Fcret").decode()
            if headers.get("Authorization") != wanted:
                return 401, b"{}"
            token = parse_qs(body.decode())["token"][0]
            return 200, json.dumps(self.tokens.get(token, {"active": False})).encode()
        page = self.pages.get(path)
        if page is None:
            return 404, b"{}"
        return 200, page if isinstance(page, bytes) else json.dumps(page).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    site = Server()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(*site.answer(self.path, b"", self.headers))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self._send(*site.answer(self.path, body, self.headers))

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        site.url = f"http://127.0.0.1:{http.server_port}"
        yield site
        http.shutdown()
        thread.join()


def fetch(url: str) -> bytes:
    try:
        answer = httpx.get(url, timeout=5, follow_redirects=False)
    except httpx.HTTPError as error:
        raise TargetUnavailable from error
    if answer.status_code != 200:
        raise TargetUnavailable
    return answer.content


def post(url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> bytes:
    try:
        answer = httpx.post(url, data=dict(form), headers=dict(headers), timeout=5)
    except httpx.HTTPError as error:
        raise TargetUnavailable from error
    if answer.status_code != 200:
        raise TargetUnavailable
    return answer.content


class Ring:
    """Private keys of an issuer, and the public set it publishes."""

    def __init__(self) -> None:
        self.private: dict[str, Any] = {
            "rsa": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "other": rsa.generate_private_key(public_exponent=65537, key_size=2048),
            "p256": ec.generate_private_key(ec.SECP256R1()),
            "p384": ec.generate_private_key(ec.SECP384R1()),
            "ed": ed25519.Ed25519PrivateKey.generate(),
        }

    def jwk(self, kid: str, /, **changed: Any) -> dict[str, Any]:
        key = self.private[kid]
        kinds = {"RSA": RSAAlgorithm, "Elli": ECAlgorithm}
        reader = next((kinds[n] for n in kinds if type(key).__name__.startswith(n)), None)
        reader = reader or (ECAlgorithm if kid.startswith("p") else OKPAlgorithm)
        public = reader.to_jwk(key.public_key(), as_dict=True)
        return {key: value for key, value in {**public, "kid": kid, **changed}.items() if key != "key_ops"}

    def jwks(self) -> dict[str, Any]:
        return {"keys": [self.jwk(kid) for kid in ("rsa", "p256", "p384", "ed")]}

    def sign(
        self, claims: Mapping[str, Any], algorithm: str = "RS256", kid: Any = "rsa", **header: Any
    ) -> str:
        key = self.private[kid if kid in self.private else "rsa"]
        return jwt.encode(dict(claims), key, algorithm=algorithm, headers={"kid": kid, **header})


@pytest.fixture(scope="session")
def ring() -> Ring:
    return Ring()


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture(name="fetch")
def fetch_fixture() -> Any:
    return fetch


@pytest.fixture(name="post")
def post_fixture() -> Any:
    return post
