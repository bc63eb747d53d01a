"""SMART Backend Services against an authorization server that checks every assertion."""

import logging
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import jwt
import pytest
from authority import BUNDLE, CLIENT, DESCRIPTION, Clock, guarding, plain

from adapter import delivery
from adapter.delivery.credentials import KeyRing, SmartBackend, generate
from adapter.delivery.retry import Policy
from adapter.errors import SettingsError, TargetRefused, TargetUnavailable

SCOPES = ("system/Condition.cu", "system/Provenance.c")


@pytest.fixture(scope="module")
def es():
    return generate("ES384", 100.0)


@pytest.fixture(scope="module")
def rs():
    return generate("RS384", 50.0)


@contextmanager
def setting(*keys, published=None, **options):
    """An authority, its clock, and credentials for it."""
    clock = Clock()
    ring = KeyRing(keys)
    with guarding((published or ring).public(), clock) as authority, plain() as client:
        options = {"client_id": CLIENT, "keys": ring, "scopes": SCOPES, **options}
        smart = SmartBackend(f"{authority.url}/fhir/", client, clock=clock, elapsed=clock, **options)
        yield authority, clock, smart


@contextmanager
def delivering(authority, smart):
    with plain() as client:
        policy = Policy(attempts=2, first=0.01)
        yield delivery.Server(f"{authority.url}/fhir", client, auth=smart, policy=policy)


def token(smart):
    return smart.headers()["Authorization"].removeprefix("Bearer ")


@pytest.mark.parametrize("algorithm", ["ES384", "RS384"])
def test_a_bundle_is_delivered_with_a_token(es, rs, algorithm):
    key = {"ES384": es, "RS384": rs}[algorithm]
    with setting(key, jku="https://notewright.example/jwks.json") as (authority, _, smart):
        with delivering(authority, smart) as server:
            assert server.send(BUNDLE).status == "sent"
            assert server.send(BUNDLE).status == "sent"
        (form,) = authority.forms
        assert form["scope"] == "system/Condition.cu system/Provenance.c"
        assert jwt.get_unverified_header(form["client_assertion"]) == {
            "alg": algorithm,
            "kid": key.kid,
            "typ": "JWT",
            "jku": "https://notewright.example/jwks.json",
        }
        claims = jwt.decode(form["client_assertion"], options={"verify_signature": False})
        assert set(claims) == {"iss", "sub", "aud", "exp", "jti"}
        assert authority.asked("/fhir/.well-known/smart-configuration") == 1


def test_the_key_fits_what_the_server_takes(es, rs):
    for supported, kid in ((["RS384"], rs.kid), (["ES384"], es.kid), (["RS384", "ES384"], es.kid)):
        with setting(es, rs) as (authority, _, smart):
            authority.algorithms = supported
            token(smart)
            assert jwt.get_unverified_header(authority.forms[0]["client_assertion"])["kid"] == kid


def test_no_key_fits(es):
    with setting(es) as (authority, _, smart):
        authority.algorithms = ["RS256"]
        with pytest.raises(TargetRefused, match="no signature that our keys"):
            token(smart)
        assert authority.forms == []


def test_a_token_is_renewed_before_it_ends(es):
    with setting(es) as (authority, clock, smart):
        first = token(smart)
        clock.now += 269
        assert token(smart) == first
        clock.now += 2
        assert token(smart) != first
        assert len(authority.forms) == 2


def test_a_short_life_is_honoured(es):
    with setting(es) as (authority, clock, smart):
        authority.life = 2
        first = token(smart)
        clock.now += 1.5
        assert token(smart) == first
        clock.now += 1
        assert token(smart) != first


def test_an_early_renewal_that_fails_leaves_the_token(es):
    with setting(es) as (authority, clock, smart):
        first = token(smart)
        authority.answers["/token"] = (503, {}, b"")
        clock.now += 280
        assert token(smart) == first
        clock.now += 4
        assert token(smart) == first
        assert authority.asked("/token") == 2  # once to get it, once in vain: not with every request
        clock.now += 2
        assert token(smart) == first
        assert authority.asked("/token") == 3
        clock.now += 20
        with pytest.raises(TargetUnavailable, match="503"):
            token(smart)


def test_eight_threads_make_one_request(es):
    with setting(es) as (authority, _, smart):
        authority.delay = 0.2
        start = threading.Barrier(8)

        def ask(_):
            start.wait()
            return token(smart)

        with ThreadPoolExecutor(8) as pool:
            tokens = list(pool.map(ask, range(8)))
        assert len(set(tokens)) == 1
        assert authority.asked("/token") == 1


def test_eight_threads_share_a_failure(es):
    with setting(es) as (authority, _, smart):
        authority.delay = 0.2
        authority.jwks = {"keys": KeyRing([generate("ES384", 0.0)]).public()["keys"]}
        start = threading.Barrier(8)

        def ask(_):
            start.wait()
            with pytest.raises(TargetRefused, match="invalid_client"):
                token(smart)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(8)))
        assert authority.asked("/token") == 1


def test_who_renews_early_holds_up_nobody(es):
    with setting(es) as (authority, clock, smart):
        first = token(smart)
        clock.now += 275
        authority.delay = 1.0
        slow = threading.Thread(target=token, args=(smart,))
        slow.start()
        while authority.asked("/token") < 2:
            time.sleep(0.01)
        assert token(smart) == first  # while the other thread waits for the new one
        assert len(authority.forms) == 1
        slow.join()
        assert token(smart) != first


def test_a_token_taken_back_is_renewed_once(es):
    with setting(es) as (authority, _, smart), delivering(authority, smart) as server:
        server.send(BUNDLE)
        authority.revoke()
        assert server.send(BUNDLE).attempts == 1
        assert authority.asked("/fhir") == 3
        assert authority.asked("/token") == 2


def test_a_second_401_is_a_refusal(es):
    with setting(es) as (authority, _, smart), delivering(authority, smart) as server:
        authority.answers["/fhir"] = (401, {}, b"")
        with pytest.raises(TargetRefused, match="401"):
            server.send(BUNDLE)
        assert (authority.asked("/fhir"), authority.asked("/token")) == (2, 2)


def test_threads_whose_token_was_taken_back_ask_once(es):
    with setting(es) as (authority, _, smart):
        refused = smart.headers()
        authority.delay = 0.2
        with ThreadPoolExecutor(8) as pool:
            renewed = list(pool.map(smart.renewed, [refused] * 8))
        assert renewed == [renewed[0]] * 8
        assert renewed[0] != refused
        assert authority.asked("/token") == 2


def test_a_key_that_is_not_registered(es, rs):
    with setting(es, published=KeyRing([rs])) as (_, _, smart):
        with pytest.raises(TargetRefused) as caught:
            token(smart)
        assert str(caught.value) == "The authorization server answered 400 (invalid_client)"


def test_keys_are_rotated_without_a_gap(es):
    clock = Clock()
    coming = generate("ES384", clock.now + 3600)
    with setting(es, coming) as (authority, clock, smart):
        token(smart)
        clock.now += 3601
        token(smart)
        kids = [jwt.get_unverified_header(form["client_assertion"])["kid"] for form in authority.forms]
        assert kids == [es.kid, coming.kid]


@pytest.mark.parametrize("ahead", [-55, 0, 55, 200])
def test_clocks_that_differ_a_little(es, ahead):
    with setting(es) as (authority, clock, smart):
        authority.clock = Clock(clock.now + ahead)
        assert token(smart)


@pytest.mark.parametrize(("ahead", "told"), [(600, "600 s ahead of ours"), (-600, "600 s behind ours")])
def test_clocks_that_differ_too_much_are_told(es, ahead, told):
    with setting(es) as (authority, clock, smart):
        clock.now = float(int(clock.now))
        authority.clock = Clock(clock.now + ahead)
        with pytest.raises(TargetRefused, match=f"invalid_client.*{told}"):
            token(smart)


def test_the_authority_takes_an_assertion_once(es):
    with setting(es) as (authority, _, smart), plain() as client:
        token(smart)
        again = client.post(f"{authority.url}/token", data=authority.forms[0])
        assert (again.status_code, again.json()["error"]) == (400, "invalid_client")


def test_retry_after_keeps_us_away(es):
    with setting(es) as (authority, clock, smart):
        authority.answers["/token"] = (429, {"Retry-After": "20"}, b"")
        for _ in range(3):
            with pytest.raises(TargetUnavailable, match="429"):
                token(smart)
            clock.now += 5
        assert authority.asked("/token") == 1
        del authority.answers["/token"]
        clock.now += 6
        assert token(smart)


def test_a_busy_authority_is_tried_again_by_the_sink(es):
    with setting(es) as (authority, _, smart), delivering(authority, smart) as server:
        authority.answers["/token"] = (503, {}, b"")
        with pytest.raises(TargetUnavailable, match="authorization server answered 503, after 2 attempts"):
            server.send(BUNDLE)
        assert authority.asked("/fhir") == 0


def test_an_authority_that_moves_is_found_again(es):
    with setting(es) as (authority, clock, smart):
        first = token(smart)
        authority.answers["/token"] = (404, {}, b"")
        clock.now += 400
        with pytest.raises(TargetRefused, match="404"):
            token(smart)
        del authority.answers["/token"]
        clock.now += 1
        assert token(smart) != first
        assert authority.asked("/fhir/.well-known/smart-configuration") == 2


def test_a_token_url_that_is_set_is_not_looked_for(es):
    with setting(es) as (authority, clock, _), plain() as client:
        smart = SmartBackend(
            f"{authority.url}/fhir",
            client,
            client_id=CLIENT,
            keys=KeyRing([es]),
            scopes=SCOPES,
            token_url=f"{authority.url}/token",
            clock=clock,
        )
        assert token(smart)
        assert [path for _, path in authority.seen] == ["/token"]


def test_a_client_of_its_own_may_carry_it(es):
    """The authorization server is asked through the same client, and without a token."""
    clock, ring = Clock(), KeyRing([es])
    with guarding(ring.public(), clock) as authority, plain() as client:
        url = f"{authority.url}/fhir"
        client.auth = SmartBackend(
            url, client, client_id=CLIENT, keys=ring, scopes=SCOPES, clock=clock, elapsed=clock
        )
        assert client.post(url).status_code == 200
        clock.now += 280
        assert client.post(url).status_code == 200
        assert authority.asked("/token") == 2
        assert [path for path, signed in authority.signed if signed] == ["/fhir", "/fhir"]


def test_a_token_goes_to_no_other_server(es):
    with (
        setting(es) as (_, _, smart),
        setting(es) as (other, _, _),
        plain() as client,
    ):
        with pytest.raises(TargetRefused, match="no other server"):
            client.post(f"{other.url}/fhir", auth=smart)
        assert other.seen == []


def test_nothing_secret_is_shown(es, caplog):
    caplog.set_level(logging.DEBUG)
    with setting(es) as (authority, _, smart), delivering(authority, smart) as server:
        server.send(BUNDLE)
        given = next(iter(authority.tokens))
        shown = [repr(smart), repr(vars(smart)), repr(es), caplog.text]
        authority.revoke()
        authority.jwks = {"keys": KeyRing([generate("ES384", 0.0)]).public()["keys"]}
        with pytest.raises(TargetRefused) as caught:
            server.send(BUNDLE)
        shown += ["".join(traceback.format_exception(caught.value)), caplog.text]
        secrets = [given, DESCRIPTION, *(form["client_assertion"] for form in authority.forms)]
        assert not [secret for secret in secrets for text in shown if secret in text]


@pytest.mark.parametrize(
    "options",
    [{"client_id": ""}, {"scopes": ()}, {"scopes": ("a b",)}, {"token_url": "http://ehr.example/token"}],
)
def test_settings_that_cannot_be(es, options):
    with pytest.raises(SettingsError), setting(es, **options):
        pass


def test_an_async_client_is_told(es):
    with setting(es) as (_, _, smart), pytest.raises(RuntimeError, match="AsyncClient"):
        smart.async_auth_flow(httpx.Request("GET", "https://ehr.example"))
