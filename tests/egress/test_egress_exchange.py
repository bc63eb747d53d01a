"""What one exchange may cost, bytes and time, and what it takes for an answer."""

import gzip
import socket
import threading
import tracemalloc

import httpx
import pytest
from calls import LIMIT, failing, fetch, policy, refusing, within
from loopback import Names, answer, dripping, giving, serving

from adapter import egress
from adapter.egress.bodies import unpacked


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
    with serving(dripping(start, drop, every=0.001)) as peer, refusing("too-long"), within(10):
        fetch(peer)


def test_gzip_is_unpacked():
    packed = gzip.compress(b"first ", mtime=0) + gzip.compress(b"second", mtime=0)
    with serving(giving(answer(packed, Content_Encoding="gzip"))) as peer:
        assert fetch(peer).content == b"first second"


def test_gzip_bomb():
    packed = gzip.compress(bytes(50_000_000))
    assert len(packed) < LIMIT
    with serving(giving(answer(packed, Content_Encoding="gzip"))) as peer, refusing("too-long"), within(10):
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
    "packed",
    [gzip.compress(b"hello" * 100, mtime=0)[:-9], b"no gzip", gzip.compress(b"a", mtime=0) + b"rest"],
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
    with serving(dripping(start, b"a" * 20_000, every=0.001)) as peer, failing("broken"), within(10):
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
    with serving(dripping(start, drop)) as peer, failing("in time"), within(10):
        fetch(peer, total_seconds=0.3)


def test_redirects_share_the_time():
    def script(peer, stream, request):
        peer.ending.wait(0.2)
        stream.sendall(answer(status="302 Found", Location="/again"))

    with serving(script) as peer, failing("in time"), within(10):
        fetch(peer, total_seconds=0.5)


@pytest.mark.parametrize("read", [0, 100_000])
def test_server_that_reads_slowly(read):
    def script(peer, stream, request):
        while not peer.ending.wait(0.02):
            assert not read or stream.recv(read)

    with serving(script) as peer, within(10):
        client = httpx.Client(transport=egress.Guard(policy(peer.port, total_seconds=0.3), resolver=Names()))
        with client, pytest.raises(httpx.TimeoutException):
            client.post(f"http://files.example:{peer.port}/", content=bytes(30_000_000))


def test_tls_that_never_answers():
    with serving(dripping(b"", b"")) as peer, failing("in time"), within(10):
        allowed = egress.allowing([f"files.example:{peer.port}"], ["127.0.0.0/8"], total_seconds=0.3)
        egress.fetch(f"https://files.example:{peer.port}/", allowed, resolver=Names())


def test_resolver_that_never_answers():
    waiting = threading.Event()

    class Slow:
        def addresses(self, host, port):
            waiting.wait(30)
            return ["127.0.0.1"]

    with failing("in time"), within(10):
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
