"""Every way we know in which signing in can be attacked or go wrong: refused, said, audited, kept quiet."""

import base64
import hashlib
import hmac
import io
import json
import re
import socket
import threading
import time
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives import serialization

from adapter.api.security import openid
from adapter.api.watching import logs
from tests import openid_provider
from tests.openid_provider import SECRET, said
from tests.workbench.signing_site import BEGUN, SESSION, Browser, asked_for, opened

SAID = {
    "state": "belongs to no sign-in that was begun in this browser",
    "answer": "cannot be read",
    "issuer": "not from the sign-in service of this site",
    "provider": "did not sign you in",
    "code": "did not take its answer back",
    "token": "does not hold",
    "unavailable": "Try again later",
    "role": "no role here",
}


@pytest.fixture(scope="module")
def keys():
    return {"k1": openid_provider.key(), "attacker": openid_provider.key()}


@pytest.fixture(scope="module")
def answering(keys):
    with openid_provider.running({"k1": keys["k1"]}) as found:
        yield found


@pytest.fixture
def provider(answering):
    answering.straighten()
    return answering


@pytest.fixture(scope="module")
def lasting(answering, tmp_path_factory):
    with opened(answering, tmp_path_factory.mktemp("site")) as found:
        yield found


@pytest.fixture
def world(lasting, provider):
    lasting.forget()
    return lasting


@pytest.fixture
def log():
    stream = io.StringIO()
    undo = logs.configure("DEBUG", stream)
    yield stream
    undo()


def refused(world, log, browser, page, reason):
    """The page says why and nothing else; so do log and audit; nobody is signed in."""
    assert page.status_code == (503 if reason == "unavailable" else 403)
    assert SAID[reason] in page.text and "<h1>You could not be signed in</h1>" in page.text
    assert "/workbench/sign-in" in page.text
    assert SESSION not in browser.cookies
    told = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [one["reason"] for one in told if one["event"] == "sign-in-refused"] == [reason]
    assert world.audited()[-1]["outcome"] == "4" and world.audited()[-1]["outcomeDesc"] == reason
    secrets = [SECRET, "Zq7", "eyJ", "anna", "Müller", *browser.cookies.values()]
    for address in browser.seen:
        secrets += [value for _, value in parse_qsl(urlsplit(address).query) if len(value) > 20]
    shown = log.getvalue() + json.dumps(world.audited()) + page.text
    assert not [one for one in secrets if one in shown and one not in (world.provider.url,)]


def changed(address, **more):
    """An address with other parameters; None takes one away."""
    parts = urlsplit(address)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | more
    kept = {name: value for name, value in query.items() if value is not None}
    return parts._replace(query=urlencode(kept)).geturl()


def of_somebody_else(world):
    """An answer the provider gave to another browser."""
    return {
        name: parse_qs(urlsplit(Browser(world.origin).begun()).query)[name][0] for name in ("code", "state")
    }


def cookie(browser, **parts):
    secret, since, to = browser.cookies[BEGUN].split(".")
    browser.cookies[BEGUN] = ".".join((parts.get("secret", secret), parts.get("since", since), to))


def late(seconds):
    def bend(world, browser, address):
        cookie(browser, since=str(int(time.time()) - seconds))
        return address

    return bend


def no_cookie(world, browser, address):
    browser.cookies.clear()
    return address


def another_cookie(world, browser, address):
    cookie(browser, secret="A" * 43)
    return address


def short_cookie(world, browser, address):
    """With nothing in it to derive from, everybody knows the state."""
    browser.cookies[BEGUN] = f".{int(time.time())}.x"
    state = hmac.new(b"", b"state", hashlib.sha256).digest()
    return changed(address, state=base64.urlsafe_b64encode(state).rstrip(b"=").decode())


def two_cookies(world, browser, address):
    browser.cookies[f"x=1; {BEGUN}"] = "A" * 43 + f".{int(time.time())}.x"
    return address


def used_before(world, browser, address):
    held = dict(browser.cookies)
    assert browser.get(address).status_code == 200
    browser.cookies = held
    return address


def used_before_and_taken_again(world, browser, address):
    world.provider.lax = True
    return used_before(world, browser, address)


ANSWERS = {
    "no state": (lambda w, b, a: changed(a, state=None), "state"),
    "an empty state": (lambda w, b, a: changed(a, state=""), "state"),
    "a wrong state": (lambda w, b, a: changed(a, state="A" * 43), "state"),
    "a state that is no text": (lambda w, b, a: changed(a, state=b"\xed\xa0\x80"), "state"),
    "another browser's, this one begun": (lambda w, b, a: changed(a, **of_somebody_else(w)), "state"),
    "another browser's, this one not begun": (no_cookie, "state"),
    "another cookie": (another_cookie, "state"),
    "an empty cookie": (short_cookie, "state"),
    "two cookies": (two_cookies, "state"),
    "too late": (late(601), "state"),
    "too early": (late(-3600), "state"),
    "used before": (used_before, "code"),
    "used before, and the provider takes it again": (used_before_and_taken_again, "state"),
    "no code": (lambda w, b, a: changed(a, code=None), "answer"),
    "an unknown code": (lambda w, b, a: changed(a, code="A" * 32), "code"),
    "a code of control characters": (lambda w, b, a: changed(a, code="a\r\nb"), "answer"),
    "a code too long": (lambda w, b, a: changed(a, code="A" * 5000), "answer"),
    "two codes": (lambda w, b, a: a + "&code=A", "answer"),
    "two states": (lambda w, b, a: a + "&state=A", "answer"),
    "the code of somebody else": (lambda w, b, a: changed(a, code=of_somebody_else(w)["code"]), "code"),
    "another issuer": (lambda w, b, a: changed(a, iss="https://evil.example"), "issuer"),
    "the issuer with a slash": (lambda w, b, a: changed(a, iss=w.provider.url + "/"), "issuer"),
    "no issuer where one was promised": (lambda w, b, a: changed(a, iss=None), "issuer"),
    "an error": (lambda w, b, a: changed(a, code=None, error="access_denied"), "provider"),
    "an error beside a code": (lambda w, b, a: changed(a, error="<script>alert(1)</script>"), "provider"),
    "an error of somebody else": (lambda w, b, a: changed(a, state="x", error="access_denied"), "state"),
}  # fmt: skip


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_that_is_not_ours_is_refused(world, log, name):
    bend, reason = ANSWERS[name]
    browser = Browser(world.origin)
    address = bend(world, browser, browser.begun())
    before = log.tell()
    browser.cookies.pop(SESSION, None)
    refused(world, log, browser, browser.get(address), reason)
    assert before <= log.tell()


def test_a_stranger_cannot_end_a_sign_in_under_way(world, log):
    browser = Browser(world.origin)
    address = browser.begun()
    assert browser.get("signed-in?state=x&code=y").status_code == 403
    assert browser.get(address).status_code == 200 and SESSION in browser.cookies


def test_a_code_too_old_is_refused(world, log):
    world.provider.lasts = -1.0
    browser = Browser(world.origin)
    refused(world, log, browser, browser.sign_in(), "code")


def test_where_the_provider_does_not_check_pkce_the_nonce_does(world, log):
    world.provider.lax = True
    browser = Browser(world.origin)
    address = changed(browser.begun(), code=of_somebody_else(world)["code"])
    refused(world, log, browser, browser.get(address), "token")


NOW = int(time.time())
CLAIMS = {
    "another nonce": {"nonce": "A" * 43},
    "no nonce": {"nonce": None},
    "a nonce that is a list": {"nonce": ["A"]},
    "another audience": {"aud": "another"},
    "no audience": {"aud": None},
    "an audience beside ours": {"aud": ["notewright", "another"], "azp": "notewright"},
    "our audience with a slash": {"aud": "notewright/"},
    "given to another party": {"azp": "another"},
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "expired": {"exp": NOW - 3600},
    "no end": {"exp": None},
    "an end that is text": {"exp": "tomorrow"},
    "an end in a hundred years": {"exp": NOW + 100 * 365 * 86400},
    "made long ago": {"iat": NOW - 7200},
    "made tomorrow": {"iat": NOW + 86400},
    "not told when made": {"iat": None},
    "not yet": {"nbf": NOW + 86400},
    "nobody": {"sub": None},
    "a nameless subject": {"sub": ""},
    "a subject that is a number": {"sub": 7},
    "a subject too long": {"sub": "a" * 256},
}


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_that_do_not_hold_are_refused(world, log, name):
    bent = CLAIMS[name]
    world.provider.claims = lambda claims: {
        key: value for key, value in (claims | bent).items() if value is not None
    }
    browser = Browser(world.origin)
    refused(world, log, browser, browser.sign_in(), "token")


def part(value):
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def symmetric(claims, secret, header):
    start = f"{part(header)}.{part(claims)}"
    mark = hmac.new(secret, start.encode(), hashlib.sha256).digest()
    return f"{start}.{base64.urlsafe_b64encode(mark).rstrip(b'=').decode()}"


def pem(key):
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def cut(token):
    return token.rpartition(".")[0] + "."


def other_words(token, claims):
    head, _, mark = token.split(".")
    return f"{head}.{part(claims | {'sub': 'boss'})}.{mark}"


def own(claims, keys, **header):
    return jwt.encode(claims, keys["attacker"], algorithm="RS256", headers={"kid": "k1"} | header)


SIGNED = {
    "alg none": lambda p, k, c: f"{part({'alg': 'none', 'kid': 'k1'})}.{part(c)}.",
    "alg None": lambda p, k, c: f"{part({'alg': 'None', 'kid': 'k1'})}.{part(c)}.AAAA",
    "HS256 with the public key": lambda p, k, c: symmetric(c, pem(k["k1"]), {"alg": "HS256", "kid": "k1"}),
    "HS256 with our secret": lambda p, k, c: symmetric(c, SECRET.encode(), {"alg": "HS256", "kid": "k1"}),
    "another key of the same name": lambda p, k, c: own(c, k),
    "an unknown key": lambda p, k, c: own(c, k, kid="k9"),
    "no key named": lambda p, k, c: jwt.encode(c, k["k1"], algorithm="RS256"),
    "a key it brings itself": lambda p, k, c: own(c, k, jwk=openid_provider.public(k["attacker"], "k1")),
    "a key it points to": lambda p, k, c: own(c, k, jku="http://127.0.0.1:1/jwks"),
    "another algorithm named": lambda p, k, c: symmetric(c, pem(k["k1"]), {"alg": "RS256", "kid": "k1"}),
    "no signature": lambda p, k, c: cut(p.signed(c)),
    "other words under the signature": lambda p, k, c: other_words(p.signed(c), c),
    "an access token": lambda p, k, c: p.signed(c, typ="at+jwt"),
    "a logout token": lambda p, k, c: p.signed(c, typ="logout+jwt"),
    "critical headers": lambda p, k, c: p.signed(c, crit=["exp"], exp=1),
    "no token at all": lambda p, k, c: "Zq7",
    "an encrypted token": lambda p, k, c: f"{part({'alg': 'RSA-OAEP', 'enc': 'A256GCM'})}.a.b.c.d",
    "a token too long": lambda p, k, c: p.signed(c | {"more": "x" * 20000}),
    "a claim twice": lambda p, k, c: twice(c, k),
}


def twice(claims, keys):
    text = json.dumps(claims)[:-1] + ', "sub": "boss"}'
    header = {"kid": "k1", "typ": "JWT"}
    return jwt.PyJWS().encode(text.encode(), keys["k1"], algorithm="RS256", headers=header)


@pytest.mark.parametrize("name", SIGNED)
def test_tokens_not_signed_by_the_provider_are_refused(world, log, keys, name):
    world.provider.sign = lambda claims: SIGNED[name](world.provider, keys, claims)
    browser = Browser(world.origin)
    refused(world, log, browser, browser.sign_in(), "token")


TOKEN = {
    "a server error": lambda: said({"error": "Zq7"}, 500),
    "a page": lambda: (200, {"Content-Type": "text/html"}, b"<html>Zq7</html>"),
    "a list": lambda: said([]),
    "no ID token": lambda: said({"token_type": "Bearer", "access_token": "Zq7"}),
    "another type of token": lambda: said({"token_type": "DPoP", "id_token": "Zq7"}),
    "too much": lambda: said(b"{" + b" " * 300_000),
    "an answer unpacked too large": lambda: (200, {"Content-Encoding": "gzip"}, b"\x1f\x8b"),
}


@pytest.mark.parametrize("name", TOKEN)
def test_a_token_endpoint_that_does_not_do_its_part(world, log, name):
    world.provider.pages["/token"] = TOKEN[name]
    browser = Browser(world.origin)
    refused(world, log, browser, browser.sign_in(), "unavailable")


def test_a_token_endpoint_cannot_lead_our_secret_elsewhere(world, log):
    elsewhere = f"{world.provider.url}/elsewhere"
    world.provider.pages["/token"] = lambda: (307, {"Location": elsewhere}, b"")
    browser = Browser(world.origin)
    refused(world, log, browser, browser.sign_in(), "code")
    assert "POST /elsewhere" not in world.provider.asked


PUBLISHED = {
    "another issuer": {"issuer": "https://evil.example"},
    "no issuer": {"issuer": None},
    "a token endpoint elsewhere": {"token_endpoint": "https://evil.example/token"},
    "a token endpoint in the network": {"token_endpoint": "http://127.0.0.1:1/token"},
    "a token endpoint without TLS": {"token_endpoint": "http://login.example/token"},
    "a token endpoint that is a file": {"token_endpoint": "file:///etc/passwd"},
    "an authorization endpoint that is a script": {"authorization_endpoint": "javascript:alert(1)"},
    "an authorization endpoint without TLS": {"authorization_endpoint": "http://login.example/"},
    "keys elsewhere": {"jwks_uri": "https://evil.example/jwks"},
    "no keys": {"jwks_uri": None},
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_provider_that_publishes_what_cannot_be(provider, tmp_path, log, name):
    told = {k: v for k, v in (provider.configuration() | PUBLISHED[name]).items() if v is not None}
    provider.pages["/.well-known/openid-configuration"] = lambda: said(told)
    with opened(provider, tmp_path) as world:
        browser = Browser(world.origin)
        page = browser.sign_in()
    assert page.status_code == 503 and "Try again later" in page.text and SESSION not in browser.cookies


def test_a_dead_provider(provider, tmp_path):
    """It is not waited for by everybody who comes, either."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        provider.url, was = f"http://127.0.0.1:{taken.getsockname()[1]}", provider.url
        try:
            with opened(provider, tmp_path) as world:
                page = Browser(world.origin).sign_in()
        finally:
            provider.url = was
    assert page.status_code == 503 and "cannot be reached" in page.text


def test_a_provider_that_drips_is_given_up(provider, tmp_path, monkeypatch):
    monkeypatch.setattr(openid, "PATIENCE", 0.5)
    ended = threading.Event()

    def drip():
        ended.wait(60)
        return said({})

    provider.pages["/token"] = drip
    with opened(provider, tmp_path) as world:
        since = time.monotonic()
        page = Browser(world.origin).sign_in()
        ended.set()
    assert page.status_code == 503 and time.monotonic() - since < 30


def test_who_fails_too_often_has_to_wait(world, log):
    browser = Browser(world.origin)
    pages = [browser.get("signed-in?state=x&code=y").status_code for _ in range(24)]
    assert pages[:20] == [403] * 20 and 429 in pages
    assert len(world.audited()) < 24
    assert browser.sign_in().status_code in (200, 429)
    assert Browser(world.origin).sign_in().status_code == 200  # from another address


FORMS = [
    {},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "https://evil.example"},
]


@pytest.mark.parametrize("headers", FORMS)
def test_no_other_page_signs_anybody_out(world, headers):
    browser = Browser(world.origin)
    browser.sign_in()
    sent = headers | {"Cookie": f"{SESSION}={browser.cookies[SESSION]}"}
    assert asked_for("POST", f"{world.origin}/workbench/sign-out", sent).status_code == 403
    assert browser.get("try").status_code == 200
    assert browser.get("sign-out", follow=False).status_code == 404


@pytest.mark.parametrize("held", ["", "A", "A" * 43, "A" * 10_000, "é", "a b", '"x"', "../..", "%00"])
def test_made_up_sessions_open_nothing(world, held):
    headers = {"Cookie": f"{SESSION}={held}".encode()}
    assert asked_for("GET", f"{world.origin}/workbench/try", headers).status_code == 401


def test_steps_of_signing_in_are_headed_like_pages(world):
    for path in ("sign-in", "signed-in?code=a", "signed-out"):
        answer = Browser(world.origin).get(path, follow=False)
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
        assert re.search(r"<h1>", answer.text) or answer.status_code == 303
