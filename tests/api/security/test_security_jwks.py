"""Keys of an issuer: which are usable, when they are fetched, and what happens when they cannot be."""

import json
import threading

import pytest
from jwt.algorithms import RSAAlgorithm

from adapter.api.security import jwks
from adapter.api.security.issuers import Issuer, discover
from adapter.errors import TargetUnavailable


@pytest.fixture
def published(server, ring):
    """The server, publishing keys as an OpenID provider does."""
    server.pages["/.well-known/openid-configuration"] = {
        "issuer": server.url,
        "jwks_uri": f"{server.url}/jwks",
    }
    server.pages["/jwks"] = ring.jwks()
    return server


@pytest.fixture
def key_set(published, fetch, clock):
    return jwks.KeySet(Issuer(url=published.url, audiences=("a",)), fetch, clock=clock)


def test_keys_are_discovered_once(published, key_set):
    assert [key.kid for key in key_set.find("rsa", "RS384")] == ["rsa"]
    assert [key.kid for key in key_set.find("p256", "ES256")] == ["p256"]
    assert published.asked == ["/.well-known/openid-configuration", "/jwks"]


def test_a_key_goes_with_its_algorithms_only(key_set):
    assert key_set.find("p256", "ES384") == ()
    assert key_set.find("p256", "RS256") == ()
    assert key_set.find("ed", "EdDSA") != ()
    assert key_set.find("rsa", "EdDSA") == ()


def test_smart_configuration_serves_where_there_is_no_openid(published, key_set):
    published.pages["/.well-known/smart-configuration"] = published.pages.pop(
        "/.well-known/openid-configuration"
    )
    assert key_set.find("rsa", "RS256")


def test_unknown_kids_cause_few_fetches(published, key_set, ring, clock):
    key_set.find("rsa", "RS256")
    for number in range(50):
        assert key_set.find(f"kid{number}", "RS256") == ()
    assert published.asked.count("/jwks") == 1
    clock.time += jwks.BETWEEN
    published.pages["/jwks"] = {"keys": [ring.jwk("other")]}
    assert key_set.find("other", "RS256")
    assert key_set.find("rsa", "RS256") == ()
    assert published.asked.count("/jwks") == 2


def test_a_withdrawn_key_is_forgotten_in_time(published, key_set, ring, clock):
    key_set.find("rsa", "RS256")
    published.pages["/jwks"] = {"keys": [ring.jwk("other")]}
    clock.time += jwks.MAX_AGE + 1
    assert key_set.find("rsa", "RS256") == ()


def test_old_keys_serve_while_the_issuer_is_away_but_not_for_ever(published, key_set, clock, caplog):
    key_set.find("rsa", "RS256")
    published.pages.clear()
    clock.time += jwks.MAX_AGE + 1
    assert key_set.find("rsa", "RS256")
    assert "TargetUnavailable" in caplog.text
    clock.time += jwks.MAX_STALE
    with pytest.raises(TargetUnavailable):
        key_set.find("rsa", "RS256")


def test_without_any_keys_the_issuer_is_not_asked_for_each_token(published, key_set, clock):
    pages = dict(published.pages)
    published.pages.clear()
    for _ in range(20):
        with pytest.raises(TargetUnavailable):
            key_set.find("rsa", "RS256")
    assert len(published.asked) == 2
    published.pages.update(pages)
    clock.time += jwks.RETRY
    assert key_set.find("rsa", "RS256")


def test_many_threads_fetch_once(published, key_set):
    found = []
    threads = [threading.Thread(target=lambda: found.append(key_set.find("rsa", "RS256"))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(len(keys) == 1 for keys in found)
    assert len(found) == 16
    assert published.asked.count("/jwks") == 1


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"keys": {}}',
        b'{"keys": [], "keys": []}',
        b"[" * 100_000,
        b'{"keys": [' + b"{}," * 200 + b"{}]}",
        b" " * 300_000 + b'{"keys": []}',
        b"\xff\xfe",
    ],
)
def test_a_broken_key_set_is_no_key_set(published, key_set, page):
    published.pages["/jwks"] = page
    with pytest.raises(TargetUnavailable):
        key_set.find("rsa", "RS256")


@pytest.mark.parametrize(
    "configuration",
    [
        {"issuer": "https://evil.example", "jwks_uri": "SAME/jwks"},
        {"issuer": ["SAME"], "jwks_uri": "SAME/jwks"},
        {"jwks_uri": "http://evil.example/jwks"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": 1},
        {},
    ],
)
def test_a_configuration_that_points_elsewhere_is_not_followed(published, fetch, configuration):
    text = json.dumps(configuration).replace("SAME", published.url)
    published.pages["/.well-known/openid-configuration"] = text.encode()
    fetched = []

    def fetching(url):
        fetched.append(url)
        return fetch(url)

    with pytest.raises(TargetUnavailable):
        jwks.KeySet(Issuer(url=published.url, audiences=("a",)), fetching).find("rsa", "RS256")
    assert fetched
    assert all(url.startswith(f"{published.url}/.well-known/") for url in fetched)


def test_discovery_tells_what_is_published(published, fetch):
    assert discover(published.url, fetch)["jwks_uri"] == f"{published.url}/jwks"


def test_a_key_file_is_read_and_read_again(ring, clock, tmp_path):
    path = tmp_path / "jwks.json"
    keys = jwks.KeySet(
        Issuer(url="https://i.example", audiences=("a",), jwks_file=path), lambda url: b"", clock=clock
    )
    with pytest.raises(TargetUnavailable):
        keys.find("rsa", "RS256")
    path.write_text(json.dumps(ring.jwks()))
    clock.time += jwks.RETRY
    assert keys.find("rsa", "RS256")


def test_keys_that_must_not_verify_are_left_out(ring):
    private = RSAAlgorithm.to_jwk(ring.private["rsa"], as_dict=True)
    weak = {**ring.jwk("rsa"), "n": "AQAB" * 32}
    for unusable in (
        {**private, "kid": "rsa"},
        {**private, "kid": "rsa", "key_ops": ["sign", "verify"]},
        weak,
        ring.jwk("rsa", e="AQ"),
        ring.jwk("rsa", use="enc"),
        ring.jwk("rsa", alg="RSA-OAEP"),
        ring.jwk("rsa", alg=["RS256"]),
        ring.jwk("rsa", key_ops=["encrypt"]) | {"key_ops": ["encrypt"]},
        ring.jwk("rsa") | {"key_ops": "verify"},
        ring.jwk("rsa", kid=1),
        {name: value for name, value in ring.jwk("rsa").items() if name != "kid"},
        ring.jwk("rsa", n=1),
        ring.jwk("rsa", n="!!"),
        ring.jwk("rsa", kty=["RSA"]),
        ring.jwk("p256", x="AAAA"),
        ring.jwk("p256", crv="P-384"),
        ring.jwk("p256", x=ring.jwk("p384")["x"]),
        ring.jwk("ed", crv="Ed448"),
        ring.jwk("ed", x="AAAA"),
        {"kty": "oct", "k": "c2VjcmV0", "kid": "rsa", "alg": "HS256"},
        None,
        "rsa",
        [],
    ):
        assert jwks.read_key(unusable) is None, unusable


def test_a_key_may_name_its_algorithm(ring):
    key = jwks.read_key(ring.jwk("rsa", alg="PS256"))
    assert key.fits("PS256")
    assert not key.fits("RS256")


def test_curves_we_do_not_know_fit_nothing(ring):
    from cryptography.hazmat.primitives.asymmetric import ec
    from jwt.algorithms import ECAlgorithm

    public = ec.generate_private_key(ec.SECP256K1()).public_key()
    key = jwks.read_key({**ECAlgorithm.to_jwk(public, as_dict=True), "kid": "k"})
    assert key is None or not any(key.fits(algorithm) for algorithm in jwks.ALGORITHMS)
