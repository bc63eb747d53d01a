"""No hostile URL reaches a server on the loopback: not at once, not by a redirect, not by its address."""

from functools import partial

import pytest
from hostile import ADDRESSES, BROKEN_LINES, RELATIVE, URLS
from loopback import Names, answer, giving, serving

from adapter import egress
from adapter.errors import EgressRefused

HOSTS = ("http://files.example:{0}", "https://files.example:{0}", "http://*.files.example:{0}")


@pytest.fixture(scope="module")
def trap():
    """A server that counts who reaches it."""
    with serving(giving(answer(b"reached"))) as peer:
        yield peer


@pytest.fixture
def unreached(trap):
    """The trap; the test fails when somebody reached it."""
    before = trap.connections
    yield trap
    assert trap.connections == before


def open_policy(*ports):
    hosts = [host.format(port) for port in ports for host in HOSTS]
    return egress.allowing(hosts, ["127.0.0.0/8", "::1/128"], types=frozenset({"*/*"}), total_seconds=3)


def silent(error, url):
    """Whether a message tells nothing of the URL."""
    return not any(part in str(error.value) for part in ("files.example", "127.0.0.1", "evil", url))


def test_the_trap_would_be_reached(trap):
    before = trap.connections
    fetched = egress.fetch(f"http://files.example:{trap.port}/a", open_policy(trap.port), resolver=Names())
    assert (fetched.content, trap.connections) == (b"reached", before + 1)


@pytest.mark.parametrize(("url", "rule"), URLS + RELATIVE[:3] + BROKEN_LINES)
def test_hostile_url_is_refused(unreached, url, rule):
    written = url.replace("{port}", str(unreached.port))
    policy = open_policy(unreached.port)
    with pytest.raises(EgressRefused) as error:
        egress.fetch(written, policy, resolver=Names())
    assert error.value.rule == rule
    assert silent(error, written)
    with pytest.raises(EgressRefused):
        egress.check_endpoint(written, policy, resolver=Names())


@pytest.mark.parametrize(("url", "rule"), URLS)
def test_hostile_redirect_is_refused(unreached, url, rule):
    written = url.replace("{port}", str(unreached.port))
    with serving(giving(b"HTTP/1.1 302 Found\r\nLocation: " + written.encode() + b"\r\n\r\n")) as start:
        policy = open_policy(start.port, unreached.port)
        with pytest.raises(EgressRefused) as error:
            egress.fetch(f"http://files.example:{start.port}/", policy, resolver=Names())
    assert silent(error, written) or not url


@pytest.mark.parametrize(("url", "rule"), URLS + RELATIVE[:3] + BROKEN_LINES)
def test_hostile_attachment_is_left_alone(unreached, url, rule):
    attachment = {"contentType": "text/plain", "url": url.replace("{port}", str(unreached.port))}
    document = {"resourceType": "DocumentReference", "content": [{"attachment": attachment}]}
    fetch = partial(egress.fetch, policy=open_policy(unreached.port), resolver=Names())
    filled, (issue,) = egress.inlined(document, fetch)
    assert filled is document
    assert issue.path == "DocumentReference.content[0].attachment.url"
    assert issue.severity == "error"


@pytest.mark.parametrize(("address", "rule"), ADDRESSES)
@pytest.mark.parametrize("others", [[], ["93.184.215.14"]])
def test_hostile_address_is_refused(unreached, address, rule, others):
    policy = egress.allowing([f"http://files.example:{unreached.port}"], types=frozenset({"*/*"}))
    resolver = Names(files_example=[[*others, address]])
    with pytest.raises(EgressRefused) as error:
        egress.fetch(f"http://files.example:{unreached.port}/", policy, resolver=resolver)
    assert error.value.rule == f"address-{rule}"
    assert address not in str(error.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]"])
def test_listed_literal_still_needs_its_network(unreached, host):
    url = f"http://{host}:{unreached.port}"
    with pytest.raises(EgressRefused) as error:
        egress.fetch(url, egress.allowing([url], types=frozenset({"*/*"})), resolver=Names())
    assert error.value.rule in ("address-loopback", "address-unspecified")


def test_enough_hostile_urls():
    assert len({url for url, _ in URLS}) >= 60
