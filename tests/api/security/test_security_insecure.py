"""Without authentication: this machine only."""

import pytest
from starlette.datastructures import Headers

from adapter.api.security.apikeys import KeyFile
from adapter.api.security.authenticator import Authenticator
from adapter.api.security.insecure import Insecure, check_start, loopback
from adapter.api.security.interactions import Interaction
from adapter.errors import NotAllowed, SettingsError


@pytest.fixture
def door(tmp_path):
    return Authenticator(keys=KeyFile(tmp_path / "keys.json"))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1", "localhost"])
def test_loopback_hosts(host):
    assert loopback(host)
    check_start(Insecure(), host, True)
    check_start(None, host, True)


@pytest.mark.parametrize(
    "host",
    [
        "0.0.0.0",
        "::",
        "",
        "192.0.2.1",
        "::ffff:0.0.0.0",
        "2130706433",
        "0",
        "127.1",
        "example.com",
        "localhost.example",
    ],
)
def test_hosts_others_can_reach(host):
    assert not loopback(host)
    with pytest.raises(SettingsError):
        check_start(Insecure(), host, True)
    with pytest.raises(SettingsError):
        check_start(None, host, True)


def test_a_server_starts_with_authentication_or_by_explicit_wish(door):
    check_start(door, "0.0.0.0", False)
    for auth, insecure in ((None, False), (Insecure(), False), (door, True)):
        with pytest.raises(SettingsError):
            check_start(auth, "127.0.0.1", insecure)


def headers(**given):
    return Headers({name.replace("_", "-"): value for name, value in given.items()})


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "[::1]:8080"])
def test_somebody_here_may_do_everything(host):
    caller = Insecure().principal(headers(host=host), "POST", "/fhir", "127.0.0.1")
    assert caller.kind == "insecure"
    assert caller.grant(Interaction(kind="search-system")).whole
    assert caller.grant(Interaction(kind="operation", operation="$bulk-submit")).whole


@pytest.mark.parametrize(
    ("given", "client"),
    [
        ({"host": "rebound.example"}, "127.0.0.1"),
        ({"host": "localhost.example:8080"}, "127.0.0.1"),
        ({"host": "127.0.0.1@rebound.example"}, "127.0.0.1"),
        ({"host": ""}, "127.0.0.1"),
        ({"host": "["}, "127.0.0.1"),
        ({"host": "localhost", "origin": "https://page.example"}, "127.0.0.1"),
        ({"host": "localhost", "origin": "null"}, "127.0.0.1"),
        ({"host": "localhost", "x_forwarded_for": "192.0.2.1"}, "127.0.0.1"),
        ({"host": "localhost", "forwarded": "for=192.0.2.1"}, "127.0.0.1"),
        ({"host": "localhost"}, "192.0.2.1"),
        ({"host": "localhost"}, "somewhere"),
    ],
    ids=str,
)
def test_pages_proxies_and_others_may_not(given, client):
    with pytest.raises(NotAllowed):
        Insecure().principal(headers(**given), "POST", "/fhir", client)
