"""Authorization servers that answer wrongly, hugely, or send us elsewhere."""

import gzip
import json
import socket
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
from authority import CLIENT, DESCRIPTION, guarding, plain, served
from hypothesis import HealthCheck, given
from hypothesis import settings as few
from hypothesis import strategies as st

from adapter.delivery.credentials import KeyRing, SmartBackend, discovery, generate, grant
from adapter.delivery.credentials.exchange import Answer
from adapter.errors import SettingsError, TargetRefused, TargetUnavailable

CONFIGURATION = "/fhir/.well-known/smart-configuration"
METADATA = "/fhir/metadata"
TOKEN = "eyJ-the-token"


@pytest.fixture(scope="module")
def ring():
    return KeyRing([generate("ES384", 0.0)])


@contextmanager
def backend(ring, url, **options):
    with plain() as client:
        yield SmartBackend(
            f"{url}/fhir", client, client_id=CLIENT, keys=ring, scopes=["system/*.c"], **options
        )


@contextmanager
def answering(ring, **answers):
    """Credentials whose authority gives these answers: by path, slashes and all."""
    with guarding(ring.public(), clock=time.time) as authority, backend(ring, authority.url) as smart:
        authority.answers |= answers
        yield authority, smart


def refusal(ring, **answers):
    with answering(ring, **answers) as (authority, smart), pytest.raises(TargetRefused) as caught:
        smart.headers()
    assert DESCRIPTION not in str(caught.value)
    assert TOKEN not in str(caught.value)
    return str(caught.value), authority


def capability(*uris):
    parts = [{"url": "token", "valueUri": uri} for uri in uris]
    extensions = [{"url": "http://other.example"}, {"url": discovery.OAUTH_URIS, "extension": parts}]
    return {"resourceType": "CapabilityStatement", "rest": [{"security": {"extension": extensions}}]}


def given_token(**changed):
    made = {"access_token": TOKEN, "token_type": "bearer", "expires_in": 60} | changed
    return {name: value for name, value in made.items() if value is not ...}


@pytest.mark.parametrize(
    "missing", [(404, {}, b""), (200, {}, b"<html>app</html>"), (200, {}, {}), (302, {}, b"")]
)
def test_the_capability_statement_is_read_instead(ring, missing):
    with answering(ring, **{CONFIGURATION: missing}) as (authority, smart):
        authority.answers[METADATA] = (200, {}, capability(f"{authority.url}/token"))
        assert smart.headers()["Authorization"].startswith("Bearer token-")
        assert authority.asked(METADATA) == 1


@pytest.mark.parametrize(
    "statement",
    [
        b"<html/>",
        b"",
        [],
        {"rest": {}},
        {"rest": [None, {"security": []}, {"security": {"extension": {}}}]},
        {"rest": [{"security": {"extension": [{"url": discovery.OAUTH_URIS, "extension": ["token"]}]}}]},
        capability(),
        capability(7),
    ],
)
def test_a_server_that_names_no_authority(ring, statement):
    told, _ = refusal(ring, **{CONFIGURATION: (404, {}, b""), METADATA: (200, {}, statement)})
    assert "says nowhere" in told


@pytest.mark.parametrize("path", [CONFIGURATION, METADATA])
def test_discovery_that_may_pass(ring, path):
    answers = {CONFIGURATION: (404, {}, b""), path: (503, {}, b"")}
    with answering(ring, **answers) as (_, smart), pytest.raises(TargetUnavailable, match="503"):
        smart.headers()


@pytest.mark.parametrize(
    "url",
    [
        "http://ehr.example/token",
        "http://127.0.0.1.ehr.example/token",
        "http://10.0.0.7/token",
        "ftp://127.0.0.1/token",
        "https://user:word@ehr.example/token",
        "https://ehr.example/token#part",
        "/token",
        "token",
        "",
        "https://",
        "https://ehr.example:port/token",
        "https://ehr.example/\n",
        "https://" + "a" * 4000,
        "file:///etc/passwd",
        "javascript:alert(1)",
    ],
)
def test_a_token_endpoint_that_is_not_safe(ring, url):
    told, authority = refusal(ring, **{CONFIGURATION: (200, {}, {"token_endpoint": url})})
    assert "token endpoint" in told
    assert authority.forms == []
    with pytest.raises((TargetRefused, SettingsError)):
        discovery.checked(url, httpx.URL("https://ehr.example/fhir"))


def test_https_never_becomes_http():
    for url in ("http://127.0.0.1/token", "http://localhost/token", "http://ehr.example/token"):
        with pytest.raises(TargetRefused, match="not https"):
            discovery.checked(url, httpx.URL("https://ehr.example/fhir"))
    elsewhere = "https://login.example/token"
    assert discovery.checked(elsewhere, httpx.URL("https://ehr.example/fhir")) == elsewhere


@pytest.mark.parametrize(
    "url",
    [
        "http://ehr.example/fhir",
        "ftp://127.0.0.1",
        "https://u:p@ehr.example",
        "https://e.example/?a",
        "",
        "\n",
    ],
)
def test_a_base_url_that_is_not_safe(url):
    with pytest.raises(SettingsError, match="base URL"):
        discovery.base(url)


def test_a_method_that_is_not_ours(ring):
    body = {
        "token_endpoint": "https://ehr.example/token",
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }
    told, _ = refusal(ring, **{CONFIGURATION: (200, {}, body)})
    assert told == "The authorization server does not take private_key_jwt"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ((200, {}, b"<html>login</html>"), "not a JSON object"),
        ((200, {}, b""), "not a JSON object"),
        ((200, {}, b"\xff\xfe"), "not a JSON object"),
        ((200, {}, b"[" * 100_000), "not a JSON object"),
        ((200, {}, [given_token()]), "not a JSON object"),
        ((200, {}, given_token(access_token=...)), "gave no token"),
        ((200, {}, given_token(access_token=None)), "gave no token"),
        ((200, {}, given_token(access_token={"t": TOKEN})), "gave no token"),
        ((200, {}, given_token(access_token="")), "gave no token"),
        ((200, {}, given_token(access_token=f"{TOKEN}\r\nX-Evil: 1")), "gave no token"),
        ((200, {}, given_token(access_token=f"{TOKEN} b")), "gave no token"),
        ((200, {}, given_token(access_token=f"{TOKEN}é")), "gave no token"),
        ((200, {}, given_token(token_type=...)), "no bearer token"),
        ((200, {}, given_token(token_type="mac")), "no bearer token"),
        ((200, {}, given_token(token_type=["bearer"])), "no bearer token"),
        ((200, {}, given_token(expires_in=0)), "life"),
        ((200, {}, given_token(expires_in=-5)), "life"),
        ((200, {}, given_token(expires_in=True)), "life"),
        ((200, {}, given_token(expires_in=[60])), "life"),
        ((200, {}, given_token(expires_in="soon")), "life"),
        ((200, {}, given_token(expires_in=float("nan"))), "life"),
        ((200, {}, b"x" * 300_000), "larger than"),
        ((200, {"Content-Encoding": "gzip"}, gzip.compress(b"0" * 50_000_000)), "compressed"),
        ((302, {"Location": "https://elsewhere.example/token"}, b""), "redirects are not followed"),
        ((400, {}, {"error": "invalid_scope", "error_description": DESCRIPTION}), "400 (invalid_scope)"),
        ((401, {}, {"error": DESCRIPTION}), "answered 401"),
        ((400, {}, {"error": {"code": DESCRIPTION}}), "answered 400"),
        ((403, {}, DESCRIPTION.encode()), "answered 403"),
        ((501, {}, b""), "answered 501"),
    ],
)
def test_an_answer_that_is_no_token(ring, answer, told):
    said, _ = refusal(ring, **{"/token": answer})
    assert told in said


@pytest.mark.parametrize(
    "answer",
    [
        (429, {"Retry-After": "\u00b2"}, b""),
        (429, {"Retry-After": "Mon, 01 Jan 2020 00:00:00 +99999999999999999999"}, b""),
        (500, {}, b""),
        (503, {}, b""),
        (400, {}, {"error": "temporarily_unavailable"}),
        None,
    ],
)
def test_an_answer_that_may_be_better_later(ring, answer):
    with answering(ring, **{"/token": answer}) as (_, smart), pytest.raises(TargetUnavailable):
        smart.headers()


@pytest.mark.parametrize(
    ("said", "seconds"),
    [("90", 90.0), (90.5, 90.5), (..., grant.UNSAID), (1e400, 86400.0), (10**30, 86400.0)],
)
def test_lives_that_are_read(said, seconds):
    body = json.loads(json.dumps(given_token(expires_in=said)))
    assert grant.granted(Answer(status=200, body=body), 0.0).seconds == seconds


def test_nobody_there(ring):
    with served(lambda *_: None) as url:
        pass
    with backend(ring, url) as smart, pytest.raises(TargetUnavailable, match=r"\(ConnectError\)"):
        smart.headers()


def test_an_answer_that_drips_is_left(ring):
    """Each byte comes in time, all of them would not."""
    clock = iter(range(0, 10_000, 10))
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def drip():
        line, _ = listener.accept()
        with line:
            line.recv(65536)
            line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            while not stop.wait(0.01):
                try:
                    line.sendall(b" ")
                except OSError:
                    return

    thread = threading.Thread(target=drip)
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    options = {"token_url": f"{url}/token", "elapsed": lambda: next(clock)}
    try:
        with backend(ring, url, **options) as smart, pytest.raises(TargetUnavailable, match="takes too long"):
            smart.headers()
    finally:
        stop.set()
        thread.join()
        listener.close()


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@few(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    status=st.integers(100, 599),
    body=json_values
    | st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("access_token", "token_type", "expires_in", "error"), json_values)
    ),
    date=st.none() | st.text(max_size=30),
)
def test_any_answer_is_a_token_or_a_clear_error(status, body, date):
    try:
        made = grant.granted(Answer(status=status, body=body, date=date), 1e9)
    except (TargetRefused, TargetUnavailable):
        return
    assert 0 < made.seconds <= grant.LONGEST
