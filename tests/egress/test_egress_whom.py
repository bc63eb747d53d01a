"""To whom a call really goes: rebinding, redirects, proxies, the transport by itself."""

import socket

import httpx
import pytest
from calls import failing, fetch, policy, refusing
from loopback import Names, answer, giving, serving

from adapter import egress


def test_rebinding_cannot_move_a_call():
    """The address that was checked is called, although the name has moved to the trap by then."""
    with serving(giving(answer(b"trap"))) as trap, serving(giving(answer(b"right")), "127.0.0.2") as right:
        resolver = Names(files_example=[["127.0.0.2"], ["127.0.0.1"]])
        hosts = [f"http://files.example:{right.port}"]
        narrow = egress.allowing(hosts, ["127.0.0.2/32"], types=frozenset({"text/plain"}))
        url = f"http://files.example:{right.port}/"
        assert egress.fetch(url, narrow, resolver=resolver).content == b"right"
        assert resolver.asked == ["files.example"]
        with refusing("address-loopback"):  # and the next call looks again
            egress.fetch(url, narrow, resolver=resolver)
        assert (trap.connections, right.connections) == (0, 1)


def test_rebinding_between_redirects():
    with serving(giving(answer(status="302 Found", Location="/next")), "127.0.0.2") as peer:
        resolver = Names(files_example=[["127.0.0.2"], ["127.0.0.1"]])
        narrow = egress.allowing([f"http://files.example:{peer.port}"], ["127.0.0.2/32"])
        with refusing("address-loopback"):
            egress.fetch(f"http://files.example:{peer.port}/", narrow, resolver=resolver)
        assert peer.connections == 1


def test_a_public_address_is_called_by_its_number(monkeypatch):
    """What the operating system is asked to connect to is the checked address, never a name."""
    called = []

    def connect(address, *args, **kwargs):
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket, "create_connection", connect)
    resolver = Names(
        files_example=[["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"], ["127.0.0.1"]]
    )
    with failing("cannot be reached"):
        egress.fetch("http://files.example:8080/", policy(8080), resolver=resolver)
    assert called == [("93.184.215.14", 8080), ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", 8080)]
    assert len(resolver.asked) == 1


def test_the_next_address_is_tried():
    with serving(giving(answer())) as peer:
        resolver = Names(files_example=[["127.0.0.9", "127.0.0.1"]])
        url = f"http://files.example:{peer.port}/"
        assert egress.fetch(url, policy(peer.port), resolver=resolver).content == b"hello"


def test_an_ipv6_address_is_its_own_host():
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with serving(giving(answer()), "::1") as peer:
        url = f"http://[0::1]:{peer.port}"
        allowed = egress.allowing([url], ["::1/128"], types=frozenset({"text/plain"}))
        assert egress.fetch(url, allowed).content == b"hello"
        assert peer.header("Host") == f"[::1]:{peer.port}"


def test_the_system_resolver_gives_each_address_once():
    assert egress.SystemResolver().addresses("127.0.0.1", 80) == ("127.0.0.1",)


def test_proxies_of_the_environment_play_no_part(monkeypatch):
    with serving(giving(answer(b"proxy"))) as proxy, serving(giving(answer())) as peer:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert fetch(peer).content == b"hello"
        assert proxy.connections == 0


# redirects


def test_three_redirects_are_followed_and_no_more():
    onward = answer(status="302 Found", Location="next/../x")
    with serving(giving(onward, onward, onward, answer())) as peer:
        assert fetch(peer, "/a/b").content == b"hello"
        assert peer.requests[1].startswith("GET /a/x ")
    with serving(giving(onward)) as peer:
        with refusing("redirects"):
            fetch(peer)
        assert peer.connections == 4


def test_credentials_stay_with_their_origin():
    with serving(giving(answer())) as other:
        inside = answer(status="307 Temporary Redirect", Location="/inside")
        outside = answer(status="302 Found", Location=f"http://mirror.example:{other.port}/")
        with serving(giving(inside, outside)) as peer:
            egress.fetch(
                f"http://files.example:{peer.port}/",
                policy(peer.port, other.port),
                accept="text/plain",
                headers={"Authorization": "Bearer abc", "X-Api-Key": "def"},
                resolver=Names(),
            )
            assert [peer.header("Authorization", n) for n in (0, 1)] == ["Bearer abc"] * 2
        assert "abc" not in other.requests[0]
        assert "def" not in other.requests[0]
        assert other.header("Accept") == "text/plain"


@pytest.mark.parametrize(
    "location", ["http://evil.example:{port}/", "//evil.example:{port}/", "http://127.0.0.1:{port}/"]
)
def test_redirect_out_of_the_list(location):
    with serving(giving(answer(b"trap"))) as trap:
        moved = answer(status="301 Moved", Location=location.format(port=trap.port))
        with serving(giving(moved)) as peer, refusing("host-not-allowed"):
            egress.fetch(f"http://files.example:{peer.port}/", policy(peer.port, trap.port), resolver=Names())
        assert trap.connections == 0


@pytest.mark.parametrize("status", [("302 Found"), ("308 Permanent Redirect")])
def test_redirect_to_nowhere(status):
    with serving(giving(answer(status=status))) as peer, failing("nowhere", retryable=False):
        fetch(peer)


# the transport by itself


def test_guard_under_a_client():
    moved = answer(status="307 Temporary Redirect", Location="http://evil.example/")
    with serving(giving(answer(b"taken"), moved)) as peer:
        transport = egress.Guard(policy(peer.port), resolver=Names())
        with httpx.Client(transport=transport, follow_redirects=True, trust_env=False) as client:
            url = f"http://files.example:{peer.port}/"
            taken = client.post(
                url, content=b"note", headers={"Host": "evil.example", "Proxy-Authorization": "x"}
            )
            assert taken.text == "taken"
            assert peer.header("Host") == f"files.example:{peer.port}"
            assert peer.header("Proxy-Authorization") is None
            with refusing("host-not-allowed"):
                client.post(url, content=b"note")
            with refusing("method"):
                client.request("CONNECT", url)


# registration of endpoints


def test_endpoint_is_checked_without_a_call():
    allowed = egress.allowing(["ehr.example", "http://plain.example:8080", "*.hooks.example:8443"])
    target = egress.check_endpoint("https://EHR.example:443/hook?x=1", allowed)
    assert (target.url, target.origin) == ("https://ehr.example/hook?x=1", ("https", "ehr.example", 443))
    assert egress.check_endpoint("https://a.b.hooks.example:8443/", allowed).host == "a.b.hooks.example"
    assert egress.check_endpoint("http://plain.example:8080", allowed).path == "/"
    for url, rule in {
        "http://ehr.example/hook": "http-not-allowed",
        "https://hooks.example:8443/": "host-not-allowed",
        "https://plain.example:8080/": "host-not-allowed",
        "https://ehr.example:444/": "host-not-allowed",
    }.items():
        with refusing(rule):
            egress.check_endpoint(url, allowed)


def test_endpoint_is_resolved_when_asked():
    allowed = egress.allowing(["ehr.example"])
    url = "https://ehr.example/"
    assert egress.check_endpoint(url, allowed, resolver=Names(ehr_example=[["93.184.215.14"]]))
    with refusing("address-private"):
        egress.check_endpoint(url, allowed, resolver=Names(ehr_example=[["10.0.0.1"]]))
    with failing("cannot be reached"):
        egress.check_endpoint(url, allowed, resolver=Names(ehr_example=[[]]))


@pytest.mark.parametrize("url", [None, 7, [], {}, b"https://ehr.example/"])
def test_endpoint_that_is_no_text(url):
    with refusing("url"):
        egress.check_endpoint(url, egress.Policy())
