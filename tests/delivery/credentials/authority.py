"""An authorization server and the FHIR server it guards, on the loopback, as strict as real ones."""

import json
import ssl
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import httpx
import jwt

CLIENT = "notewright"
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DESCRIPTION = "the-description-of-the-server"
BUNDLE = {"resourceType": "Bundle", "id": "b1", "type": "transaction", "entry": [{"resource": {}}]}
DONE = {
    "resourceType": "Bundle",
    "type": "transaction-response",
    "entry": [{"response": {"status": "201 Created"}}],
}


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now=None):
        self.now = time.time() if now is None else now

    def __call__(self):
        return self.now


def plain():
    """A client for the loopback, which need not read all the authorities of the world first."""
    return httpx.Client(timeout=5, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


class Denied(Exception):
    pass


class Authority:
    """Registered keys, tokens given, and what was seen."""

    def __init__(self, jwks, clock):
        self.jwks = jwks
        self.clock = clock
        self.life = 300
        self.delay = 0.0
        self.algorithms = ["RS384", "ES384"]
        self.answers = {}  # path -> (status, headers, body) instead of what there is
        self.seen = []  # (method, path)
        self.signed = []  # (path, whether it had Authorization)
        self.forms = []
        self.tokens = {}  # token -> end
        self.jtis = set()
        self.url = ""
        self._lock = threading.Lock()

    def asked(self, path):
        return sum(one == path for _, one in self.seen)

    def time(self):
        return self.clock()

    def revoke(self):
        with self._lock:
            self.tokens.clear()

    def answer(self, method, path, headers, body):
        with self._lock:
            self.seen.append((method, path))
            self.signed.append((path, "Authorization" in headers))
        if path in self.answers:
            return self.answers[path]
        if path == "/fhir/.well-known/smart-configuration":
            return 200, {}, self.configuration()
        if path == "/token":
            return self.token(body)
        if path == "/fhir":
            return self.transaction(headers)
        return 404, {}, b"<html>not here</html>"

    def configuration(self):
        return {
            "token_endpoint": f"{self.url}/token",
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": self.algorithms,
            "grant_types_supported": ["client_credentials"],
        }

    def token(self, body):
        time.sleep(self.delay)
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        with self._lock:
            self.forms.append(form)
            try:
                self.verify(form)
            except (Denied, jwt.PyJWTError, KeyError) as error:
                told = f"{DESCRIPTION} {error} {form.get('client_assertion')}"
                return 400, {}, {"error": "invalid_client", "error_description": told}
            token = f"token-{len(self.tokens) + len(self.jtis)}-{time.monotonic_ns()}"
            self.tokens[token] = self.clock() + self.life
        return 200, {}, {"access_token": token, "token_type": "Bearer", "expires_in": self.life}

    def verify(self, form):
        """Everything SMART asks an authorization server to check."""
        if (form["grant_type"], form["client_assertion_type"]) != ("client_credentials", ASSERTION_TYPE):
            raise Denied("grant")
        signed = form["client_assertion"]
        header = jwt.get_unverified_header(signed)
        if header["typ"] != "JWT" or header["alg"] not in self.algorithms:
            raise Denied("header")
        registered = {one.key_id: one for one in jwt.PyJWKSet.from_dict(self.jwks).keys}
        claims = jwt.decode(
            signed,
            registered[header["kid"]],
            algorithms=[header["alg"]],
            audience=f"{self.url}/token",
            issuer=CLIENT,
            subject=CLIENT,
            options={"require": ["iss", "sub", "aud", "exp", "jti"], "verify_exp": False},
        )
        if not 0 < claims["exp"] - self.clock() <= 300:
            raise Denied("exp")
        if claims["jti"] in self.jtis:
            raise Denied("jti")
        self.jtis.add(claims["jti"])

    def transaction(self, headers):
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or self.tokens.get(token, 0) <= self.clock():
            return 401, {"WWW-Authenticate": "Bearer"}, b""
        return 200, {}, DONE


@contextmanager
def served(answer, context=None, clock=time.time):
    """The root URL of a server whose answers a function gives: (method, path, headers, body) -> answer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_one(self):
            length = int(self.headers.get("Content-Length") or 0)
            answered = answer(self.command, self.path, self.headers, self.rfile.read(length))
            if answered is None:
                self.close_connection = True
                return
            status, headers, body = answered
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = handle_one

        def date_time_string(self, timestamp=None):
            return super().date_time_string(clock())

        def log_message(self, *args):
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            pass  # a client that goes away in the middle is a part of some tests

    server = Server(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def guarding(jwks, clock):
    """An Authority that answers."""
    authority = Authority(jwks, clock)
    with served(authority.answer, clock=authority.time) as url:
        authority.url = url
        yield authority
