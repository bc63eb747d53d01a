"""Basic, bearer token and API key against a server that wants them."""

import base64
from contextlib import contextmanager

import httpx
import pytest
from authority import BUNDLE, DONE, plain, served

from adapter import delivery
from adapter.delivery.credentials import ApiKey, Basic, Bearer
from adapter.errors import SettingsError, TargetRefused
from adapter.secret import Secret


@contextmanager
def wanting(header, value):
    """A FHIR server that answers 401 to all but one value of a header."""
    seen = []

    def answer(method, path, headers, body):
        seen.append(headers.get(header))
        return (200, {}, DONE) if headers.get(header) == value else (401, {}, b"")

    with served(answer) as url, plain() as client:
        yield lambda auth: delivery.Server(f"{url}/fhir", client, auth=auth).send(BUNDLE), seen


@pytest.fixture
def secret(tmp_path):
    path = tmp_path / "secret"
    path.write_text("s3cret-Word\n")
    return Secret.of_file(path)


def basic(pair):
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


@pytest.mark.parametrize(
    ("make", "header", "value"),
    [
        (lambda secret: Basic("notewright", secret), "Authorization", basic("notewright:s3cret-Word")),
        (lambda secret: Basic("Jörg", secret), "Authorization", basic("Jörg:s3cret-Word")),
        (Bearer, "Authorization", "Bearer s3cret-Word"),
        (lambda secret: ApiKey("X-API-Key", secret), "X-API-Key", "s3cret-Word"),
    ],
)
def test_the_header_is_sent(make, header, value, secret):
    with wanting(header, value) as (send, seen):
        assert send(make(secret)).attempts == 1
        assert seen == [value]


@pytest.mark.parametrize("make", [Bearer, lambda secret: Basic("user", secret)])
def test_a_401_is_final_while_the_secret_is_the_same(make, secret):
    with wanting("Authorization", "other") as (send, seen):
        with pytest.raises(TargetRefused, match="401"):
            send(make(secret))
        assert len(seen) == 1


def test_a_secret_changed_on_disk_is_taken_up_after_a_401(secret, tmp_path):
    """It changes between the request and its answer."""
    seen = []

    def answer(method, path, headers, body):
        seen.append(headers["Authorization"])
        (tmp_path / "secret").write_text("new")
        return (200, {}, DONE) if headers["Authorization"] == "Bearer new" else (401, {}, b"")

    with served(answer) as url, plain() as client:
        assert delivery.Server(url, client, auth=Bearer(secret)).send(BUNDLE).status == "sent"
    assert seen == ["Bearer s3cret-Word", "Bearer new"]


@pytest.mark.parametrize(
    "make", [Bearer, lambda secret: Basic("u", secret), lambda secret: ApiKey("K", secret)]
)
def test_nothing_goes_over_plain_http(make, secret):
    client = httpx.Client(transport=httpx.MockTransport(lambda request: pytest.fail("sent")))
    for url in ("http://ehr.example/fhir", "http://127.0.0.1.ehr.example/", "http://10.1.2.3/"):
        with pytest.raises(TargetRefused, match="plain http"):
            client.post(url, auth=make(secret))


@pytest.mark.parametrize("content", ["a\nb", "a b", "sécret", "a\r\nX-Evil: 1", "a\x00"])
def test_a_secret_cannot_break_out_of_its_header(content, tmp_path):
    (tmp_path / "secret").write_text(content)
    secret = Secret.of_file(tmp_path / "secret")
    for auth in (Bearer(secret), ApiKey("X-Key", secret)):
        with pytest.raises(SettingsError, match="characters") as caught:
            auth.headers()
        assert content not in str(caught.value)


@pytest.mark.parametrize("user", ["", "a:b", "a\nb"])
def test_a_user_that_cannot_be(user, secret):
    with pytest.raises(SettingsError, match="user name"):
        Basic(user, secret)


@pytest.mark.parametrize("header", ["", "X Key", "X:Key", "Host", "content-length", "X\r\nY", "Schlüssel"])
def test_a_header_that_cannot_be(header, secret):
    with pytest.raises(SettingsError, match="header"):
        ApiKey(header, secret)


def test_nothing_is_shown(secret):
    for auth in (Bearer(secret), Basic("user", secret), ApiKey("X-Key", secret)):
        assert "s3cret" not in repr(auth) + repr(vars(auth))
