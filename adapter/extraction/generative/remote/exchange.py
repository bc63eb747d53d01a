"""Calls to a model server: one connection each, tried again where that may help.

What is sent and what comes back stands in no message: errors name the server's host and a status alone.
"""

import json
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any, Final, TypeVar

import httpx

from adapter.egress import Guard
from adapter.egress.clock import Deadline
from adapter.egress.guard import DEADLINE
from adapter.errors import EgressRefused, EngineError, ModelError, SettingsError
from adapter.extraction.generative.remote.endpoint import Endpoint

T = TypeVar("T")
PASSING: Final = frozenset({429, 502, 503, 504})
LONGEST_WAIT: Final = 60.0  # seconds; a server that asks for more is not waited for
SMALL: Final = 4 * 1024 * 1024  # bytes of what is no answer of a model
_WORKS: Final = httpx.codes.OK


class Again(Exception):
    """The call failed in a way that may pass."""

    def __init__(self, why: str, after: float | None = None, *, lost: bool = False) -> None:
        super().__init__(why)
        self.after = after  # seconds the server asked for
        self.lost = lost  # the server may be another when it is there again


class Silence(Exception):
    """The server said nothing for too long."""


class Exchange:
    """The way to one model server. Safe to use from several threads."""

    def __init__(self, endpoint: Endpoint, tls: ssl.SSLContext | None = None) -> None:
        self._endpoint = endpoint
        self._host = endpoint.host
        self._closing = threading.Event()
        self._client = httpx.Client(
            transport=Guard(endpoint.policy(), tls=tls), trust_env=False, follow_redirects=False, timeout=None
        )

    @property
    def closing(self) -> bool:
        """Whether nothing more is to be started."""
        return self._closing.is_set()

    def close(self) -> None:
        """Ends waiting, and frees the client."""
        self._closing.set()
        self._client.close()

    def insist(self, call: Callable[[], T], deadline: Deadline) -> T:
        """What a call gives, tried again while it raises Again, there are tries left, and there is time.

        Raises EngineError.
        """
        for attempt in range(1, self._endpoint.tries + 1):
            try:
                return call()
            except Again as error:
                pause = self._pause(attempt, error.after)
                last = attempt == self._endpoint.tries or pause > LONGEST_WAIT
                if last or time.monotonic() + pause >= deadline.instant:
                    raise self.failed(str(error)) from None
            if self._closing.wait(pause):
                break
        raise self.failed("was given up: the engine is closing")

    def told(self, url: str, body: Any = None) -> Any:
        """The JSON at a URL, asked for by POST when there is a body; None when the server has no such thing.

        Raises EngineError, and ModelError for what will not pass.
        """
        deadline = Deadline.after(self._endpoint.asking_seconds)
        try:
            return self.insist(lambda: self._told(url, body, deadline), deadline)
        except Silence:
            raise self.failed("did not answer in time") from None

    def _told(self, url: str, body: Any, deadline: Deadline) -> Any:
        with self.opened("GET" if body is None else "POST", url, body, deadline) as answer:
            if answer.status_code in (404, 405, 501):
                return None
            self.check(answer)
            return self.parsed(b"".join(_most(answer.iter_raw(), SMALL)))

    @contextmanager
    def opened(self, method: str, url: str, body: Any, deadline: Deadline) -> Iterator[httpx.Response]:
        """An answer to be read, its connection closed at the end.

        Raises Again for a connection that could not be made or was lost, Silence when the deadline passed,
        and EngineError.
        """
        content = None if body is None else self._written(body)
        headers = self._headers(content is not None)
        extensions = {DEADLINE: deadline}
        try:
            with self._client.stream(
                method, url, content=content, headers=headers, extensions=extensions
            ) as answer:
                yield answer
        except httpx.ConnectTimeout:
            raise Again("cannot be reached", lost=True) from None
        except httpx.TimeoutException:
            raise Silence from None
        except httpx.LocalProtocolError:
            raise ModelError(f"The model server at {self._host} cannot be asked: no HTTP request") from None
        except httpx.TransportError as error:
            raise Again(_lost(error), lost=True) from None
        except EgressRefused as error:
            raise self.failed(f"gave an answer that is not taken: {error}") from None

    def check(self, answer: httpx.Response) -> None:
        """Nothing when a call worked; Again or EngineError as its status says."""
        if answer.status_code != _WORKS:
            raise self.refused(answer.status_code, _after(answer.headers.get("Retry-After", "")))

    def refused(self, status: int, after: float | None = None) -> Exception:
        """The error of a status."""
        why = f"answered {status}"
        if status in PASSING:
            return Again(why, after)
        if 300 <= status < 400:
            return ModelError(f"The model server at {self._host} redirects, which is not followed")
        if 400 <= status < 500:
            return ModelError(f"The model server at {self._host} refused the request: it {why}")
        return self.failed(why)

    def failed(self, why: str) -> EngineError:
        """The error of a server that did something wrong."""
        return EngineError(f"The model server at {self._host} {why}")

    def parsed(self, content: bytes | str) -> Any:
        """JSON read. EngineError when it is none."""
        try:
            return json.loads(content)
        except (ValueError, RecursionError):
            raise self.failed("gave an answer that is no JSON") from None

    def _written(self, body: Any) -> bytes:
        try:
            return json.dumps(body, ensure_ascii=False).encode()
        except UnicodeError:
            raise ModelError("A text cannot be sent to the model server: it is no Unicode") from None

    def _headers(self, posts: bool) -> dict[str, str]:
        headers = {"User-Agent": "Notewright", "Accept": "application/json, text/event-stream"}
        if posts:
            headers["Content-Type"] = "application/json"
        if self._endpoint.key is not None:
            headers["Authorization"] = f"Bearer {self._key()}"
        return headers

    def _key(self) -> str:
        """The key as it is now. EngineError when it cannot be sent."""
        try:
            key = self._endpoint.key.reveal().strip() if self._endpoint.key else ""
        except SettingsError as error:
            raise EngineError(f"The key of the model server cannot be read: {error}") from None
        if not key or not key.isascii() or not key.isprintable():
            raise EngineError("The key of the model server has characters that cannot be sent")
        return key

    def _pause(self, attempt: int, after: float | None) -> float:
        """Seconds before the next try: what the server asked for, or ever longer and never alike."""
        if after is not None:
            return after
        return self._endpoint.backoff_seconds * 2.0 ** (attempt - 1) * random.uniform(0.5, 1.0)


def _lost(error: httpx.TransportError) -> str:
    """Why a connection failed, in words that name nothing."""
    return f"failed: {error}" if isinstance(error, httpx.ConnectError) else "broke the connection off"


def _most(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    for chunk in chunks:
        limit -= len(chunk)
        if limit < 0:
            raise EgressRefused("it is too long", rule="too-long")
        yield chunk


def _after(written: str) -> float | None:
    """The seconds of a Retry-After. RFC 9110, section 10.2.3"""
    if written.isdecimal() and len(written) < 10:
        return float(written)
    try:
        return max(0.0, parsedate_to_datetime(written).timestamp() - time.time())
    except (ValueError, OverflowError):
        return None
