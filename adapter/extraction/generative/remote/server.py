"""The `remote` backend: a language model on an OpenAI-compatible server."""

import hashlib
import ssl
import threading
import time
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final

import httpx

from adapter.egress.clock import Deadline
from adapter.errors import EngineError
from adapter.extraction.generative.backend import Completion, Request, Stop
from adapter.extraction.generative.remote import dialects, events, facts
from adapter.extraction.generative.remote.endpoint import Endpoint
from adapter.extraction.generative.remote.exchange import Again, Exchange, Silence
from adapter.extraction.generative.remote.facts import Facts
from adapter.extraction.generative.remote.patience import Patience
from adapter.extraction.generative.remote.reply import BadReply, Reply
from adapter.extraction.generative.repetition import looping
from adapter.model import ModelInfo

COUNTED: Final = 8192  # texts of which the number of tokens is remembered
FRESH: Final = 300.0  # seconds for which the server is not asked again what it serves
LINGER: Final = 5.0  # seconds for which the end of a stream is waited for once the answer is over


class RemoteBackend:
    """A model on another server. Nothing is called before it is needed."""

    def __init__(self, endpoint: Endpoint, tls: ssl.SSLContext | None = None) -> None:
        self._endpoint = endpoint
        self._exchange = Exchange(endpoint, tls)
        self._url = f"{endpoint.base}/chat/completions"
        self._lock = threading.Lock()
        self._facts: tuple[float, Facts] | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._counts: OrderedDict[bytes, int] = OrderedDict()

    @property
    def model(self) -> ModelInfo:
        """Which model speaks, as far as the server says. Raises EngineError."""
        return self._known().model

    @property
    def context(self) -> int:
        """The most tokens of prompt and answer together.

        Raises EngineError, ModelError when neither the server nor the site says it.
        """
        known = self._known()
        if not known.context:
            raise facts.unserved(self._endpoint)
        return known.context

    @property
    def slots(self) -> int:
        """How many requests run at the same time. Raises EngineError."""
        return self._known().slots

    def count(self, text: str) -> int:
        """How many tokens a text is; where the server does not count, half its bytes: rarely too few.

        Raises EngineError.
        """
        name = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        with self._lock:
            if name in self._counts:
                self._counts.move_to_end(name)
                return self._counts[name]
        counted = facts.counted(text, self._known(), self._endpoint, self._exchange)
        number = estimated(text) if counted is None else counted
        with self._lock:
            self._counts[name] = number
            while len(self._counts) > COUNTED:
                self._counts.popitem(last=False)
        return number

    def complete(self, requests: Sequence[Request]) -> list[Completion]:
        """The answers, in the order of the requests.

        Raises EngineError when one cannot be had; an answer cut short is a Completion.
        """
        known = self._known()
        off = threading.Event()
        waiting = [self._workers(known.slots).submit(self._answered, one, known, off) for one in requests]
        try:
            return [future.result() for future in waiting]
        except BaseException:
            off.set()
            _cancel(waiting)
            raise

    def close(self) -> None:
        """Gives up what is under way and closes the connections."""
        self._exchange.close()
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=False, cancel_futures=True)

    def _known(self) -> Facts:
        """What the server says; asked again from time to time, for it may serve another model by then."""
        with self._lock:
            if self._facts is not None and time.monotonic() < self._facts[0] + FRESH:
                return self._facts[1]
            try:
                found = facts.learnt(self._endpoint, self._exchange)
            except EngineError as error:
                if self._facts is None or not error.retryable:
                    raise
                found = self._facts[1]  # a server that is away for a moment is what it was
            self._facts = (time.monotonic(), found)
            return found

    def _forget(self) -> None:
        """A server that was lost may come back with another model."""
        with self._lock:
            self._facts = None

    def _workers(self, slots: int) -> ThreadPoolExecutor:
        with self._lock:
            if self._exchange.closing:
                raise EngineError("The model server is not called any more: the engine is closed")
            if self._pool is None:
                self._pool = ThreadPoolExecutor(slots, thread_name_prefix="remote-model")
            return self._pool

    def _answered(self, request: Request, known: Facts, off: threading.Event) -> Completion:
        """One answer, tried again as the exchange sees fit; the time counts over all tries."""
        began = time.monotonic()
        whole = Deadline.after(request.seconds)
        body = dialects.body(
            request,
            model=known.id,
            dialect=known.dialect,
            adapters=known.adapters,
            logprobs=self._endpoint.logprobs,
        )

        def attempt() -> Completion:
            patience = Patience.of(whole, self._endpoint.first_seconds)
            reply = Reply(request)
            with self._judged():
                stop = self._heard(reply, body, patience, off)
                return reply.completion(stop, time.monotonic() - began)

        return self._exchange.insist(attempt, whole)

    def _heard(
        self, reply: Reply, body: dict[str, Any], patience: Patience, off: threading.Event
    ) -> Stop | None:
        """Why an answer was cut short; None when the server ended it. What is lost midway is never taken."""
        try:
            with self._exchange.opened("POST", self._url, body, patience) as answer:
                self._exchange.check(answer)
                return self._read(answer, reply, patience, off)
        except Silence:
            if reply.whole or patience.over:
                return None if reply.whole else "time"
            raise self._exchange.failed("fell silent") from None
        except Again as error:
            if reply.whole:
                return None
            if error.lost:
                self._forget()
            raise

    def _read(
        self, answer: httpx.Response, reply: Reply, patience: Patience, off: threading.Event
    ) -> Stop | None:
        kind = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind == "application/json":  # a server that does not stream
            reply.take(b"".join(answer.iter_raw()).decode("utf-8", "replace"))
        elif kind != "text/event-stream":
            raise self._exchange.failed("answered with something else than events")
        else:
            for data in events.data(answer.iter_raw()):
                if stop := self._next(data, reply, patience, off):
                    return stop
                if reply.done:
                    break
        if not reply.whole:
            raise Again("broke its answer off", lost=True)
        return None

    def _next(self, data: str, reply: Reply, patience: Patience, off: threading.Event) -> Stop | None:
        """Why to stop reading after one more event; None to read on."""
        if off.is_set() or self._exchange.closing:
            raise self._exchange.failed("was given up")
        if not reply.take(data):
            return None
        patience.heard(LINGER if reply.whole else self._endpoint.pause_seconds)
        if reply.full:
            return "length"
        return "loop" if looping(reply.pieces) else None

    @contextmanager
    def _judged(self) -> Iterator[None]:
        """Nothing; what is no answer inside becomes an error that names the server."""
        try:
            yield
        except BadReply as error:
            if error.status:
                raise self._exchange.refused(error.status) from None
            raise self._exchange.failed(str(error)) from None
        except events.BrokenStream:
            raise self._exchange.failed("sent a stream that cannot be read") from None


def estimated(text: str) -> int:
    """How many tokens a text is at most, near enough: half its bytes in UTF-8, rounded up."""
    return (len(text.encode("utf-8", "surrogatepass")) + 1) // 2


def _cancel(waiting: Sequence[Future[Completion]]) -> None:
    for future in waiting:
        future.cancel()
