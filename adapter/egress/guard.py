"""The transport under every call to a URL that somebody else chose.

A Guard can be given to an `httpx.Client`: each request, also of a redirect, is checked, its host resolved
once, and the connection made to the very address that was checked, while the Host header, TLS server name
and certificate check stay the host's. Every request has a connection of its own, so none is shared between
hosts. Proxies of the environment play no part. What the policy forbids is EgressRefused; what goes wrong on
the network is the httpx error of that kind, with a message that names no host.
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import httpcore
import httpx

from adapter.egress import bodies, urls
from adapter.egress.clock import Deadline
from adapter.egress.policy import Policy
from adapter.egress.resolving import Resolver, SystemResolver, checked
from adapter.egress.urls import Target
from adapter.egress.wire import Pinned

DEADLINE = "adapter.egress.deadline"  # request extension: a Deadline shared by several requests
DROPPED = ("Proxy-Authorization", "Proxy-Connection", "TE", "Upgrade", "Expect")
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Guard(httpx.BaseTransport):
    """A transport that calls only what its policy allows. Safe to use from several threads."""

    def __init__(
        self, policy: Policy, *, resolver: Resolver | None = None, tls: ssl.SSLContext | None = None
    ) -> None:
        self._policy = policy
        self._resolver = resolver or SystemResolver()
        self._tls = tls
        self._lock = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """The answer, its body still to be read."""
        target = urls.parsed(str(request.url))
        self._policy.check(target)
        if request.method not in METHODS:
            raise urls.refused("method", "the method is not one for resources")
        deadline = _deadline(request, self._policy)
        with translated():
            addresses = checked(target, self._policy, self._resolver, deadline)
            backend = Pinned(addresses, deadline, self._policy.connect_seconds)
            connection = self._connection(target, backend)
            try:
                answer = connection.handle_request(_sent(request, target, self._policy))
                return _received(answer, connection, request.method, self._policy.max_bytes)
            except BaseException:
                connection.close()
                raise

    def _connection(self, target: Target, backend: Pinned) -> httpcore.HTTPConnection:
        origin = httpcore.Origin(target.scheme.encode(), target.host.encode(), target.port)
        context = self._context() if target.scheme == "https" else None
        return httpcore.HTTPConnection(origin, ssl_context=context, network_backend=backend)

    def _context(self) -> ssl.SSLContext:
        with self._lock:
            if self._tls is None:
                self._tls = httpx.create_ssl_context(trust_env=False)
            return self._tls


class _Body(httpx.SyncByteStream):
    """The body of an answer, bounded; closing it closes the connection."""

    def __init__(
        self, answer: httpcore.Response, connection: httpcore.HTTPConnection, encoding: str, limit: int
    ) -> None:
        self._answer = answer
        self._connection = connection
        self._encoding = encoding
        self._limit = limit

    def __iter__(self) -> Iterator[bytes]:
        with translated():
            yield from bodies.unpacked(self._answer.iter_stream(), self._encoding, self._limit)

    def close(self) -> None:
        self._answer.close()
        self._connection.close()


@contextmanager
def translated() -> Iterator[None]:
    """Nothing; an httpcore error inside becomes the httpx error of the same name, without host or address."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError) as error:
        kind = getattr(httpx, type(error).__name__, httpx.TransportError)
        raise kind(_message(error)) from None
    except httpcore.UnsupportedProtocol:
        raise httpx.UnsupportedProtocol("the protocol is not supported") from None


def _message(error: Exception) -> str:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return "the certificate of the host is not valid for its name or not trusted"
        if isinstance(cause, ssl.SSLError):
            return "no secure connection could be agreed with the host"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpcore.TimeoutException):
        return "the host did not answer in time"
    if isinstance(error, httpcore.LocalProtocolError):
        return "the request cannot be sent as HTTP"
    if isinstance(error, httpcore.ProtocolError):
        return "the answer of the host is broken or cut off"
    return "the host cannot be reached"


def _deadline(request: httpx.Request, policy: Policy) -> Deadline:
    shared = request.extensions.get(DEADLINE)
    own = Deadline.after(policy.total_seconds)
    return min(shared, own, key=lambda one: one.instant) if isinstance(shared, Deadline) else own


def _sent(request: httpx.Request, target: Target, policy: Policy) -> httpcore.Request:
    headers = request.headers.copy()
    for name in DROPPED:
        headers.pop(name, None)
    headers["Host"] = target.authority
    headers["Accept-Encoding"] = "gzip"
    assert isinstance(request.stream, httpx.SyncByteStream)
    return httpcore.Request(
        request.method,
        httpcore.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        ),
        headers=headers.raw,
        content=request.stream,
        extensions={"timeout": {"connect": policy.connect_seconds, **request.extensions.get("timeout", {})}},
    )


def _received(
    answer: httpcore.Response, connection: httpcore.HTTPConnection, method: str, limit: int
) -> httpx.Response:
    headers = httpx.Headers(answer.headers)
    packed = bodies.encoding(headers)
    if method != "HEAD":
        bodies.announced(headers, limit)
    if packed != "identity":  # the body is handed on unpacked
        headers.pop("Content-Encoding", None)
        headers.pop("Content-Length", None)
    return httpx.Response(
        answer.status,
        headers=headers,
        stream=_Body(answer, connection, packed, limit),
        extensions=_known(answer),
    )


def _known(answer: httpcore.Response) -> dict[str, bytes]:
    return {
        name: value
        for name in ("http_version", "reason_phrase")
        if isinstance(value := answer.extensions.get(name), bytes)
    }
