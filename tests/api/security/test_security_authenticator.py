"""Who calls, end to end: headers in, a principal or a refusal out."""

import pytest
from starlette.datastructures import Headers

from adapter.api.security.apikeys import KeyFile
from adapter.api.security.authenticator import FAILURES, Authenticator, origin, refusal
from adapter.api.security.interactions import Interaction
from adapter.api.security.introspection import Introspection, Introspector
from adapter.api.security.issuers import Issuer
from adapter.api.security.ratelimit import Limiter
from adapter.api.security.tokens import TokenVerifier
from adapter.errors import NotAllowed, NotAuthenticated, SettingsError, TooManyRequests

AUDIENCE = "https://notewright.example/fhir"
CREATE = Interaction(kind="create", resource="DocumentReference")


def headers(*pairs):
    return Headers(raw=[(name.encode(), value.encode("latin-1")) for name, value in pairs])


def bearer(text):
    return headers(("Authorization", f"Bearer {text}"))


@pytest.fixture
def keys(tmp_path):
    return KeyFile(tmp_path / "keys.json")


@pytest.fixture
def tokens(server, ring, fetch, clock):
    server.pages["/.well-known/openid-configuration"] = {
        "issuer": server.url,
        "jwks_uri": f"{server.url}/jwks",
    }
    server.pages["/jwks"] = ring.jwks()
    return TokenVerifier([Issuer(url=server.url, audiences=(AUDIENCE,))], fetch, now=clock, clock=clock)


@pytest.fixture
def introspector(server, post, clock):
    settings = Introspection(endpoint=f"{server.url}/introspect", client="notewright", secret="s/cret")
    return Introspector(settings, post, now=clock, clock=clock)


@pytest.fixture
def door(keys, tokens, introspector, clock):
    failures = Limiter(rate=1, burst=FAILURES, clock=clock)
    return Authenticator(keys=keys, tokens=tokens, introspector=introspector, failures=failures)


def claims(server, clock, **more):
    base = {"iss": server.url, "aud": AUDIENCE, "sub": "lab", "exp": clock.time + 300}
    return {**base, "scope": "system/DocumentReference.c user/*.cruds openid", **more}


def enter(door, given, client="192.0.2.1", method="POST", path="/fhir/DocumentReference"):
    return door.principal(given, method, path, client)


def test_a_signed_token(door, ring, server, clock):
    caller = enter(door, bearer(ring.sign(claims(server, clock))))
    assert (caller.kind, caller.issuer, caller.patient) == ("token", server.url, None)
    assert caller.grant(CREATE).whole
    with pytest.raises(NotAllowed):
        caller.grant(Interaction(kind="read", resource="DocumentReference"))
    again = enter(door, headers(("authorization", f"BEARER   {ring.sign(claims(server, clock))}")))
    assert again == caller
    assert "lab" not in caller.id


def test_an_opaque_token(door, server):
    server.tokens["opaque-1"] = {"active": True, "sub": "lab", "scope": "patient/*.rs", "patient": "p1"}
    caller = enter(door, bearer("opaque-1"))
    assert (caller.kind, caller.patient) == ("introspected", "p1")
    assert caller.may(Interaction(kind="read", resource="Condition")) is not None


@pytest.mark.parametrize("header", ["Authorization", "X-API-Key"])
def test_an_api_key(door, keys, header):
    key, text = keys.add("Ward 7", "system/DocumentReference.c")
    caller = enter(door, headers((header, f"Bearer {text}" if header == "Authorization" else text)))
    assert caller.kind == "key"
    assert key.id not in caller.id
    keys.revoke(key.id)
    with pytest.raises(NotAuthenticated):
        enter(door, bearer(text))


def test_callers_have_ids_of_their_own(keys):
    texts = [keys.add(name, "system/*.rs")[1] for name in "ab"]
    plain, keyed = Authenticator(keys=keys), Authenticator(keys=keys, audit_key=b"secret")
    ids = {enter(door, bearer(text)).id for door in (plain, keyed) for text in texts}
    assert len(ids) == 4
    assert {len(one) for one in ids} == {32}


def test_user_scopes_count_only_where_a_site_says_so(tokens, ring, server, clock):
    token = bearer(ring.sign(claims(server, clock, scope="user/*.cruds")))
    assert enter(Authenticator(tokens=tokens), token).scopes == ()
    assert enter(Authenticator(tokens=tokens, contexts=("system", "user")), token).grant(CREATE)


@pytest.mark.parametrize("path", ["/fhir/metadata", "/.well-known/smart-configuration", "/livez", "/readyz"])
def test_some_paths_are_open_to_read(door, path):
    assert enter(door, headers(), method="GET", path=path).kind == "anonymous"
    assert enter(door, bearer("wrong"), method="HEAD", path=path).scopes == ()
    for method, other in (
        ("POST", path),
        ("GET", path + "/"),
        ("GET", path + "/../x"),
        ("GET", "/other" + path),
    ):
        with pytest.raises(NotAuthenticated):
            enter(door, headers(), method=method, path=other)


@pytest.mark.parametrize(
    ("pairs", "error"),
    [
        ([], ""),
        ([("Authorization", "Basic bGFiOng=")], ""),
        ([("Authorization", "Bearer")], "invalid_request"),
        ([("Authorization", "Bearer   ")], "invalid_request"),
        ([("Authorization", "Bearer a"), ("Authorization", "Bearer a")], "invalid_request"),
        ([("Authorization", "Bearer a"), ("X-API-Key", "nw_a")], "invalid_request"),
        ([("X-API-Key", "nw_a"), ("x-api-key", "nw_b")], "invalid_request"),
        ([("X-API-Key", "abc")], "invalid_token"),
        ([("X-API-Key", "")], "invalid_token"),
        ([("Authorization", "Bearer nw_abc")], "invalid_token"),
        ([("Authorization", "Bearer a b")], "invalid_token"),
        ([("Authorization", "Bearer a,b")], "invalid_token"),
        ([("Authorization", "Bearer é")], "invalid_token"),
        ([("Authorization", "Bearer " + "a" * 100_000)], "invalid_token"),
        ([("Authorization", "Bearer a.b.")], "invalid_token"),
    ],
    ids=str,
)
def test_what_is_not_let_in(door, pairs, error):
    with pytest.raises(NotAuthenticated) as caught:
        enter(door, headers(*pairs))
    assert caught.value.error == error
    answer = refusal(caught.value)
    assert answer.status == (400 if error == "invalid_request" else 401)
    expected = 'Bearer realm="notewright"' + (f', error="{error}"' if error else "")
    assert answer.headers == {"WWW-Authenticate": expected}


def test_a_bad_signed_token_is_not_taken_to_introspection(door, ring, server, clock):
    expired = ring.sign(claims(server, clock, exp=1))
    server.tokens[expired] = {"active": True, "sub": "lab", "scope": "system/*.cruds"}
    with pytest.raises(NotAuthenticated):
        enter(door, bearer(expired))
    assert "/introspect" not in server.asked


def test_signed_tokens_go_to_introspection_where_that_is_all_there_is(introspector, ring, server, clock):
    token = ring.sign(claims(server, clock))
    server.tokens[token] = {"active": True, "sub": "lab", "scope": "system/*.rs"}
    assert enter(Authenticator(introspector=introspector), bearer(token)).kind == "introspected"


def test_what_a_site_has_not_set_up_lets_nobody_in(tokens, keys):
    _, text = keys.add("a", "system/*.rs")
    with pytest.raises(NotAuthenticated):
        enter(Authenticator(tokens=tokens), bearer(text))
    with pytest.raises(NotAuthenticated):
        enter(Authenticator(keys=keys), bearer("opaque"))
    with pytest.raises(SettingsError):
        Authenticator()
    with pytest.raises(SettingsError):
        Authenticator(keys=keys, contexts=("everybody",))


def test_failures_are_limited_by_address_and_the_good_still_get_in(door, keys, server, clock):
    _, text = keys.add("a", "system/*.rs")
    server.tokens |= {name: {"active": True, "sub": "lab"} for name in ("known", "new")}
    enter(door, bearer("known"))
    for number in range(FAILURES):
        with pytest.raises(NotAuthenticated):
            enter(door, bearer(f"guess{number}"))
    asked = len(server.asked)
    for wrong in ("guess", "nw_guess", "a b"):
        with pytest.raises(TooManyRequests) as caught:
            enter(door, bearer(wrong))
    assert refusal(caught.value).status == 429
    assert refusal(caught.value).headers == {"Retry-After": "1"}
    with pytest.raises(TooManyRequests):
        enter(door, bearer("new"))
    assert len(server.asked) == asked
    assert enter(door, bearer(text)).kind == "key"
    assert enter(door, bearer("known")).kind == "introspected"
    assert enter(door, bearer("new"), client="192.0.2.2").kind == "introspected"
    clock.time += 2
    assert enter(door, bearer("new")).kind == "introspected"


def test_a_request_without_credentials_is_no_failure(door):
    for _ in range(FAILURES * 2):
        with pytest.raises(NotAuthenticated):
            enter(door, headers())


def test_one_network_is_one_caller():
    assert origin("2001:db8::1") == origin("2001:db8::ffff:1") == "2001:db8::/64"
    assert origin("2001:db8:0:1::1") != origin("2001:db8::1")
    assert origin("::ffff:192.0.2.1") == origin("192.0.2.1") == "192.0.2.1"
    assert origin("fe80::1%eth0") == "fe80::/64"
    assert origin("") == origin("testclient") == "unknown"


def test_scopes_that_do_not_reach_are_403():
    answer = refusal(NotAllowed())
    assert answer.status == 403
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="notewright", error="insufficient_scope"'
