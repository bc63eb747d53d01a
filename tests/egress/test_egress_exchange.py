"""What one exchange may cost: bytes, time, redirects; and to whom it really goes."""

import gzip
import socket
import threading
import time
import tracemalloc
from contextlib import contextmanager

import httpx
import pytest
from loopback import Names, answer, dripping, giving, serving

from adapter import egress
from adapter.egress.bodies import unpacked
from adapter.errors import EgressFailed, EgressRefused

LIMIT = 100_000


def policy(*ports, **bounds):
    """A policy that allows three names on some ports of the loopback."""
    hosts = [f"http://{name}.example:{port}" for port in ports for name in ("files", "mirror", "*.cdn")]
    given = {"types": frozenset({"text/plain"}), "max_bytes": LIMIT, "total_seconds": 3} | bounds
    return egress.allowing(hosts, ["127.0.0.0/8"], **given)


def fetch(peer, path="/", **bounds):
    return egress.fetch(
        f"http://files.example:{peer.port}{path}", policy(peer.port, **bounds), resolver=Names()
    )


@contextmanager
def refusing(rule):
    with pytest.raises(EgressRefused) as error:
        yield
    assert error.value.rule == rule


@contextmanager
def failing(words, retryable=True):
    with pytest.raises(EgressFailed) as error:
        yield
    assert words in str(error.value)
    assert "example" not in str(error.value)
    assert error.value.retryable == retryable


@contextmanager
def within(seconds):
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds


def test_an_answer_comes_with_its_type():
    with serving(
        giving(answer("Größe".encode("latin-1"), Content_Type='Text/Plain; charset="ISO-8859-1"'))
    ) as peer:
        fetched = egress.fetch(
            f"http://FILES.example:{peer.port}/a?b=%20c",
            policy(peer.port),
            accept="text/plain",
            headers={"X-Trace": "7"},
            resolver=Names(),
        )
        assert (fetched.content_type, fetched.charset) == ("text/plain", "iso-8859-1")
        assert fetched.content.decode(fetched.charset) == "Größe"
        assert peer.requests[0].startswith("GET /a?b=%20c HTTP/1.1\r\n")
        assert peer.header("Host") == f"files.example:{peer.port}"
        assert [peer.header(name) for name in ("Accept", "Accept-Encoding", "X-Trace")] == [
            "text/plain",
            "gzip",
            "7",
        ]


def test_nothing_is_allowed_by_default():
    with refusing("host-not-allowed"):
        egress.fetch("https://files.example/", egress.Policy())


# bytes


def test_announced_length_over_the_limit():
    with serving(giving(answer(b"", Content_Length=LIMIT + 1))) as peer, refusing("too-long"):
        fetch(peer)


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (answer(b"", Content_Length=None), b"x" * 20_000),
        (
            answer(b"", Content_Length=None, Transfer_Encoding="chunked"),
            b"4e20\r\n" + b"x" * 20_000 + b"\r\n",
        ),
    ],
)
def test_endless_body(start, drop):
    with serving(dripping(start, drop, every=0.001)) as peer, refusing("too-long"), within(2):
        fetch(peer)


def test_gzip_is_unpacked():
    packed = gzip.compress(b"first ") + gzip.compress(b"second")
    with serving(giving(answer(packed, Content_Encoding="gzip"))) as peer:
        assert fetch(peer).content == b"first second"


def test_gzip_bomb():
    packed = gzip.compress(bytes(50_000_000))
    assert len(packed) < LIMIT
    with serving(giving(answer(packed, Content_Encoding="gzip"))) as peer, refusing("too-long"), within(2):
        fetch(peer)


def test_gzip_bomb_never_fills_the_memory():
    packed = gzip.compress(bytes(50_000_000))
    tracemalloc.start()
    try:
        with refusing("too-long"):
            list(unpacked([packed], "gzip", LIMIT))
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("encoding", ["br", "zstd", "deflate", "gzip, gzip", "gzip,gzip", "compress", "x"])
def test_packing_nobody_asked_for(encoding):
    with serving(giving(answer(b"hello", Content_Encoding=encoding))) as peer, refusing("content-encoding"):
        fetch(peer)


@pytest.mark.parametrize(
    "packed", [gzip.compress(b"hello" * 100)[:-9], b"no gzip", gzip.compress(b"a") + b"rest"]
)
def test_broken_gzip(packed):
    with serving(giving(answer(packed, Content_Encoding="gzip"))) as peer, failing("broken or cut off"):
        fetch(peer)


def test_body_shorter_than_it_said():
    with serving(giving(answer(b"hello", Content_Length=50))) as peer, failing("broken or cut off"):
        fetch(peer)


def test_body_longer_than_it_said():
    with serving(giving(answer(b"hello world", Content_Length=5))) as peer:
        assert fetch(peer).content == b"hello"


def test_endless_header():
    start = b"HTTP/1.1 200 OK\r\nX-A: "
    with serving(dripping(start, b"a" * 20_000, every=0.001)) as peer, failing("broken"), within(2):
        fetch(peer)


@pytest.mark.parametrize(
    "text", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 999999 OK\r\n\r\n", b"\x16\x03\x01\x02"]
)
def test_what_is_no_http(text):
    with serving(giving(text)) as peer, failing("broken or cut off"):
        fetch(peer)


# time


@pytest.mark.parametrize(
    ("start", "drop"),
    [
        (b"", b""),  # says nothing
        (b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"),  # drips its header
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),  # will answer soon
        (answer(b"", Content_Length=5000), b"x"),  # drips its body
        (answer(b"", Content_Length=None, Transfer_Encoding="chunked"), b"1\r\nx\r\n"),
    ],
)
def test_slow_server(start, drop):
    with serving(dripping(start, drop)) as peer, failing("in time"), within(1.2):
        fetch(peer, total_seconds=0.3)


def test_redirects_share_the_time():
    def script(peer, stream, request):
        peer.ending.wait(0.2)
        stream.sendall(answer(status="302 Found", Location="/again"))

    with serving(script) as peer, failing("in time"), within(1.2):
        fetch(peer, total_seconds=0.5)


@pytest.mark.parametrize("read", [0, 100_000])
def test_server_that_reads_slowly(read):
    def script(peer, stream, request):
        while not peer.ending.wait(0.02):
            assert not read or stream.recv(read)

    with serving(script) as peer, within(1.5):
        client = httpx.Client(transport=egress.Guard(policy(peer.port, total_seconds=0.3), resolver=Names()))
        with client, pytest.raises(httpx.TimeoutException):
            client.post(f"http://files.example:{peer.port}/", content=bytes(30_000_000))


def test_tls_that_never_answers():
    with serving(dripping(b"", b"")) as peer, failing("in time"), within(1.2):
        allowed = egress.allowing([f"files.example:{peer.port}"], ["127.0.0.0/8"], total_seconds=0.3)
        egress.fetch(f"https://files.example:{peer.port}/", allowed, resolver=Names())


def test_resolver_that_never_answers():
    waiting = threading.Event()

    class Slow:
        def addresses(self, host, port):
            waiting.wait(5)
            return ["127.0.0.1"]

    with failing("in time"), within(1):
        egress.fetch("http://files.example:80/", policy(80, total_seconds=0.2), resolver=Slow())
    waiting.set()


def test_nobody_listens():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        with failing("cannot be reached"):
            egress.fetch(f"http://files.example:{port}/", policy(port), resolver=Names())


@pytest.mark.parametrize("given", [OSError("files.example"), UnicodeError("files.example"), []])
def test_name_without_address(given):
    class Unknown:
        def addresses(self, host, port):
            if isinstance(given, Exception):
                raise given
            return given

    with failing("cannot be reached"):
        egress.fetch("http://files.example:80/", policy(80), resolver=Unknown())


# to whom


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


# answers


@pytest.mark.parametrize(
    ("status", "retryable"),
    [
        ("503 Busy", True),
        ("429 Slow", True),
        ("500 Broken", True),
        ("404 None", False),
        ("401 No", False),
        ("204 Empty", False),
        ("206 Part", False),
        ("304 Same", False),
    ],
)
def test_other_statuses(status, retryable):
    body = {} if status[0] in "45" else {"body": b"", "Content_Length": None}
    with serving(giving(answer(status=status, **body))) as peer, failing(f"answered {status[:3]}", retryable):
        fetch(peer)


@pytest.mark.parametrize(
    "said", ["text/html", "application/octet-stream", "text", "", None, "text/plain/x", "*/*"]
)
def test_media_type_that_is_not_taken(said):
    with serving(giving(answer(Content_Type=said))) as peer, refusing("content-type"):
        fetch(peer)


def test_media_type_patterns():
    with serving(giving(answer(Content_Type=None))) as peer:
        assert fetch(peer, types=frozenset({"*/*"})).content_type == "application/octet-stream"
    with serving(giving(answer(Content_Type="text/html"))) as peer:
        assert fetch(peer, types=frozenset({"text/*"})).content_type == "text/html"


# headers


@pytest.mark.parametrize(
    "headers",
    [
        {"X": "a\r\nHost: evil"},
        {"X": "a\nb"},
        {"X": "ä"},
        {"X\r\nY": "a"},
        {"X Y": "a"},
        {"": "a"},
        {"Host": "evil"},
        {"content-length": "0"},
        {"Transfer-Encoding": "chunked"},
        {"Proxy-Authorization": "x"},
        {"Cookie": "a=b"},
    ],
)
def test_hostile_headers(headers):
    with refusing("header"):
        egress.fetch("http://files.example:80/", policy(80), headers=headers, resolver=Names())


def test_hostile_accept():
    with refusing("header"):
        egress.fetch("http://files.example:80/", policy(80), accept="a/b\r\nX: y", resolver=Names())


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
