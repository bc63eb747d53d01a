"""The outermost layer round the API: every request gets an id and bounds, is measured, counted and logged.

Pure ASGI. It refuses what is too big, too slow or has too many headers with an OperationOutcome of its own,
before the application has read it; what the application raises becomes a 500 that tells nothing.
"""

import asyncio
import json
import logging
import re
import time
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

from adapter.api.watching.logs import Known
from adapter.api.watching.metrics import METHODS, OTHER, Metrics
from adapter.api.watching.tracing import Span, Tracing
from adapter.fhir import outcome
from adapter.model import Issue

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

GONE: Final = 499
"""What log and metrics say when the client left before it was answered; never sent."""

UNMATCHED: Final = Known("unmatched")
_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_HEADER: Final = b"x-request-id"
_DISCONNECT: Final = "http.disconnect"
_LINGER_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a request may cost before the application has looked at it."""

    body: int = 64 * 1024 * 1024  # bytes
    seconds: float = 30.0  # to wait for the body, all waits together
    headers: int = 100  # number of header lines
    linger: float = 1.0  # seconds to go on reading after a refusal, so that the client sees the answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why this layer answers itself."""

    status: int
    code: str  # FHIR issue type
    reason: str
    message: str

    def body(self) -> bytes:
        """The OperationOutcome, as JSON."""
        issue = Issue(code=self.code, reason=self.reason, message=self.message, severity="error")
        return json.dumps(outcome.of([issue])).encode()


TOO_LARGE: Final = Refusal(
    status=413, code="too-long", reason="body-too-large", message="The body is larger than is accepted."
)
TOO_SLOW: Final = Refusal(
    status=408, code="timeout", reason="body-too-slow", message="The body did not arrive in time."
)
TOO_MANY_HEADERS: Final = Refusal(
    status=431, code="too-costly", reason="too-many-headers", message="The request has too many headers."
)
FAILED: Final = Refusal(
    status=500, code="exception", reason="internal-error", message="The request could not be handled."
)


class Requests:
    """An application with every request watched; wrap the whole API in it, or add it as a middleware."""

    def __init__(
        self,
        app: Application,
        *,
        metrics: Metrics,
        limits: Limits | None = None,
        tracing: Tracing | None = None,
    ) -> None:
        self._app, self._metrics = app, metrics
        self._limits, self._tracing = limits or Limits(), tracing or Tracing()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handles one connection scope; there are no WebSockets here."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await self._watched(_Exchange(scope, receive, send, self._limits))
        else:
            await send({"type": "websocket.close", "code": 1008})

    async def _watched(self, exchange: "_Exchange") -> None:
        parent = exchange.header(b"traceparent")
        error: Exception | None = None
        above = parent.decode("latin-1") if parent else None
        with self._tracing.span(Known("request"), above) as span:
            try:
                error = await self._answered(exchange)
            finally:
                self._tell(exchange, span, error)

    async def _answered(self, exchange: "_Exchange") -> Exception | None:
        """Runs the application; gives back what it raised, once the client has an answer all the same."""
        refusal = exchange.inadmissible()
        if refusal is not None:
            await exchange.refuse(refusal)
            return None
        error: Exception | None = None
        try:
            await self._app(exchange.scope, exchange.receive, exchange.send)
        except Exception as raised:  # the last handler there is: it is logged by class and place
            error = raised
        if exchange.refusal is not None or exchange.gone:
            return None  # what an application says to a connection that is over is no defect of it
        if not exchange.started:
            await exchange.refuse(FAILED)
        return error

    def _tell(self, exchange: "_Exchange", span: Span, error: Exception | None) -> None:
        """Log line, metrics and span of a finished request."""
        seconds = time.perf_counter() - exchange.begun
        route, method, status = template(exchange.scope), exchange.method, exchange.final_status()
        self._metrics.request(route, method, status, seconds)
        told: dict[str, object] = {
            "request_id": exchange.id,
            "method": method,
            "route": route,
            "status": status,
            "milliseconds": seconds * 1000,
            "received": exchange.received,
            "sent": exchange.sent,
        }
        if exchange.refusal is not None:
            told["reason"] = Known(exchange.refusal.reason)
        span.name(Known(f"{method} {route}"))
        span.tell(**told)
        if status >= 500:
            span.failed(error)
        event, level = _said(status, exchange.refusal)
        logging.getLogger(__name__).log(level, event, extra=told, exc_info=error)


def template(scope: Scope) -> Known:
    """The route that matched, as it was declared; never the path that was asked for."""
    route = scope.get("route")
    path = getattr(route, "path_format", None) or getattr(route, "path", None)
    return Known(path) if isinstance(path, str) and path else UNMATCHED


def _said(status: int, refusal: Refusal | None) -> tuple[str, int]:
    if status >= 500:
        return "request-failed", logging.ERROR
    if refusal is not None:
        return "request-refused", logging.WARNING
    return "request", logging.INFO


class _Exchange:
    """One request and its answer, with what was counted on the way."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, limits: Limits) -> None:
        self.scope, self.begun = scope, time.perf_counter()
        self.refusal: Refusal | None = None
        self.started = self.gone = False
        self.received = self.sent = 0
        self._receive, self._send, self._limits = receive, send, limits
        self._status: int | None = None
        self._complete, self._left = False, limits.seconds
        given = self.header(_HEADER)
        accepted = given is not None and _ID.fullmatch(given)
        self.id = Known(given.decode() if given is not None and accepted else uuid.uuid4().hex)
        scope.setdefault("state", {})["request_id"] = self.id

    @property
    def method(self) -> Known:
        """The method, if it is one there is."""
        return Known(self.scope["method"] if self.scope["method"] in METHODS else OTHER)

    def header(self, name: bytes) -> bytes | None:
        """The value of a header that is given exactly once."""
        values = [value for key, value in self.scope["headers"] if key == name]
        return values[0] if len(values) == 1 else None

    def inadmissible(self) -> Refusal | None:
        """What is wrong with the head of the request."""
        if len(self.scope["headers"]) > self._limits.headers:
            return TOO_MANY_HEADERS
        length = self.header(b"content-length") or b""
        if length.isdigit() and (len(length) > 18 or int(length) > self._limits.body):
            return TOO_LARGE
        return None

    def final_status(self) -> int:
        """What was answered; GONE when nobody was there to be answered."""
        return GONE if self.gone or self._status is None else self._status

    async def receive(self) -> Message:
        """The next part of the body; for what is too large or too slow, that the client is gone."""
        if self.refusal is not None:
            return {"type": _DISCONNECT}
        message = await self._awaited()
        if message["type"] == _DISCONNECT:
            self.gone = self.gone or not self.started
            return message
        self.received += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self.received > self._limits.body:
            await self.refuse(TOO_LARGE)
            return {"type": _DISCONNECT}
        return message

    async def _awaited(self) -> Message:
        if self._complete:
            return await self._receive()
        begun = time.monotonic()
        try:
            async with asyncio.timeout(max(0.0, self._left)):
                return await self._receive()
        except TimeoutError:
            await self.refuse(TOO_SLOW)
            return {"type": _DISCONNECT}
        finally:
            self._left -= time.monotonic() - begun

    async def send(self, message: Message) -> None:
        """Passes a part of the answer on, with the request id; nothing after a refusal."""
        if self.refusal is not None:
            return
        if message["type"] == "http.response.start":
            self.started, self._status = True, message["status"]
            headers = [one for one in message.get("headers", ()) if one[0].lower() != _HEADER]
            message = {**message, "headers": [*headers, (_HEADER, self.id.encode())]}
        self.sent += len(message.get("body", b""))
        await self._send(message)

    async def refuse(self, refusal: Refusal) -> None:
        """Answers in place of the application, unless it has begun to; then the connection ends here."""
        body, begun = refusal.body(), self.started
        self.refusal = refusal
        if begun:
            return
        self.started, self._status, self.sent = True, refusal.status, len(body)
        headers = [
            (b"content-type", b"application/fhir+json; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (_HEADER, self.id.encode()),
            (b"connection", b"close"),
        ]
        await self._send({"type": "http.response.start", "status": refusal.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": True})
        await self._linger()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _linger(self) -> None:
        """Throws away a little more of the body: a connection closed on unread bytes loses the answer."""
        left = _LINGER_BYTES
        try:
            async with asyncio.timeout(self._limits.linger):
                while left > 0 and not self._complete:
                    message = await self._receive()
                    self._complete = not message.get("more_body", False)
                    left -= len(message.get("body", b""))
        except TimeoutError:
            return  # enough waited; the client has had its chance to read
