"""Opaque tokens, against a server on loopback that is asked about them."""

import pytest

from adapter.api.security.introspection import KEPT, REFUSED, Introspection, Introspector
from adapter.errors import NotAuthenticated, SettingsError, TargetUnavailable

AUDIENCE = "https://notewright.example/fhir"
ACTIVE = {"active": True, "client_id": "lab", "scope": "system/DocumentReference.c"}


@pytest.fixture
def settings(server):
    return {
        "endpoint": f"{server.url}/introspect",
        "client": "notewright",
        "secret": "s/cret",
        "issuer": "https://login.example",
        "audiences": (AUDIENCE,),
    }


@pytest.fixture
def introspector(settings, post, clock):
    return Introspector(Introspection(**settings), post, now=clock, clock=clock, size=3)


def test_an_active_token_is_asked_about_once_a_minute(server, introspector, clock):
    server.tokens["abc"] = {**ACTIVE, "exp": clock.time + 3600, "patient": "p1", "aud": [AUDIENCE]}
    for _ in range(5):
        found = introspector.verify("abc")
    assert (found.subject, found.scopes, found.patient) == ("lab", "system/DocumentReference.c", "p1")
    assert found.issuer == "https://login.example"
    assert len(server.asked) == 1
    assert introspector.knows("abc")
    server.tokens.clear()
    clock.time += KEPT
    with pytest.raises(NotAuthenticated):
        introspector.verify("abc")


def test_an_answer_is_not_believed_past_the_end_of_its_token(server, introspector, clock):
    server.tokens["abc"] = {**ACTIVE, "exp": clock.time + 20}
    introspector.verify("abc")
    server.tokens.clear()
    clock.time += 20
    assert not introspector.knows("abc")
    with pytest.raises(NotAuthenticated):
        introspector.verify("abc")


def test_a_token_that_is_refused_is_not_asked_about_at_once_again(server, introspector, clock):
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            introspector.verify("unknown")
    assert len(server.asked) == 1
    server.tokens["unknown"] = ACTIVE
    clock.time += REFUSED
    assert introspector.verify("unknown").subject == "lab"


def test_few_answers_are_remembered(server, introspector):
    for number in range(10):
        server.tokens[f"t{number}"] = ACTIVE
        introspector.verify(f"t{number}")
    assert [introspector.knows(f"t{number}") for number in range(10)] == [False] * 7 + [True] * 3


@pytest.mark.parametrize(
    "changed",
    [
        {"active": False},
        {"active": "true"},
        {"active": 1},
        {"active": None},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": True},
        {"nbf": 9_000_000_000},
        {"nbf": "x"},
        {"iss": "https://evil.example"},
        {"aud": "https://other.example"},
        {"aud": []},
        {"aud": [1]},
        {"token_type": "DPoP"},
        {"token_type": "N_A"},
        {"cnf": {"jkt": "x"}},
        {"client_id": 1},
        {"client_id": ""},
        {"scope": 1},
        {"patient": "a/b"},
    ],
    ids=str,
)
def test_answers_that_do_not_let_in(server, introspector, changed):
    server.tokens["abc"] = {**ACTIVE, **changed}
    with pytest.raises(NotAuthenticated) as caught:
        introspector.verify("abc")
    assert caught.value.error == "invalid_token"


def test_an_audience_can_be_demanded(server, settings, post, clock):
    server.tokens["abc"] = ACTIVE
    strict = Introspector(Introspection(**settings, must_name_audience=True), post, now=clock, clock=clock)
    with pytest.raises(NotAuthenticated):
        strict.verify("abc")


@pytest.mark.parametrize("token", ["", "a b", "a\n", "é", "x" * 20_000, "=", "a&active=true", "\ud800"])
def test_what_is_no_token_is_not_sent_on(server, introspector, token):
    with pytest.raises(NotAuthenticated):
        introspector.verify(token)
    assert not introspector.knows(token)
    assert server.asked == []


def test_a_server_that_cannot_be_asked_is_no_refusal(server, settings, post, clock):
    for wrong in ({"secret": "wrong"}, {"endpoint": f"{server.url}/gone"}):
        introspector = Introspector(Introspection(**{**settings, **wrong}), post, now=clock, clock=clock)
        with pytest.raises(TargetUnavailable):
            introspector.verify("abc")
    broken = Introspector(Introspection(**settings), lambda *_: b"<html>", now=clock, clock=clock)
    with pytest.raises(TargetUnavailable):
        broken.verify("abc")


def test_settings_are_checked_and_hide_the_secret(settings):
    assert "s/cret" not in repr(Introspection(**settings))
    for wrong in (
        {"endpoint": "http://login.example/introspect"},
        {"client": ""},
        {"secret": ""},
        {"audiences": (), "must_name_audience": True},
    ):
        with pytest.raises(SettingsError):
            Introspection(**{**settings, **wrong})
