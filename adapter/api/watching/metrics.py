"""What the service counts and measures -> the Prometheus text format.

Label values come from code and configuration alone; one that is not known beforehand is "other".
"""

import logging
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from adapter.api.watching.logs import Known

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER: Final = "other"
STAGES: Final = (
    "notes",
    "extraction",
    "context",
    "coding",
    "emission",
    "delivery",
    "notification",
    "document",
)
STATES: Final = ("accepted", "running", "done", "failed", "dead", "cancelled", "retracted")
_MOST_ROUTES: Final = 200
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
_WINDOW: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """How much work waits, and for how long the oldest has."""

    depth: int
    age: float  # seconds the oldest has waited; 0 when nothing waits


class Metrics:
    """The measurements of one process, in a registry of its own. Safe to use from several threads."""

    def __init__(
        self,
        *,
        documents: Callable[[], Mapping[str, int]],
        queue: Callable[[], Queue],
        targets: Collection[str] = (),
        states: Collection[str] = STATES,
        stages: Collection[str] = STAGES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._targets, self._stages = frozenset(targets), frozenset(stages)
        self._routes: set[str] = set()
        self._made_counters()
        self._tokens = _Rate(clock)
        rate = Gauge(
            "notewright_model_tokens_per_second",
            "Tokens per second of model time, last minute",
            registry=self.registry,
        )
        rate.set_function(self._tokens.per_second)
        self.registry.register(_Asked(documents, queue, frozenset(states), self._scrape_errors))
        ProcessCollector(registry=self.registry)

    def _made_counters(self) -> None:
        registry = self.registry
        self._requests = Counter(
            "notewright_http_requests", "Requests answered", ("route", "method", "status"), registry=registry
        )
        self._request_seconds = Histogram(
            "notewright_http_request_seconds",
            "Time to answer",
            ("route", "method"),
            buckets=_SECONDS,
            registry=registry,
        )
        self._stage_seconds = Histogram(
            "notewright_stage_seconds", "Time in a stage", ("stage",), buckets=_SECONDS, registry=registry
        )
        self._attempts = Counter(
            "notewright_delivery_attempts", "Deliveries tried", ("target",), registry=registry
        )
        self._failures = Counter(
            "notewright_delivery_failures", "Deliveries that failed", ("target",), registry=registry
        )
        self._model_tokens = Counter("notewright_model_tokens", "Tokens read by the model", registry=registry)
        self._model_seconds = Counter("notewright_model_seconds", "Time the model worked", registry=registry)
        self._scrape_errors = Counter(
            "notewright_scrape_errors", "Figures that could not be had", ("source",), registry=registry
        )

    def request(self, route: str, method: str, status: int, seconds: float) -> None:
        """Counts a request that was answered."""
        known = self._route(route)
        verb = method if method in METHODS else OTHER
        grade = f"{status // 100}xx" if 100 <= status <= 599 else OTHER
        self._requests.labels(known, verb, grade).inc()
        self._request_seconds.labels(known, verb).observe(seconds)

    def stage(self, name: str, seconds: float) -> None:
        """Counts a stage that ran for so long."""
        self._stage_seconds.labels(name if name in self._stages else OTHER).observe(seconds)

    @contextmanager
    def timed(self, name: str) -> Iterator[None]:
        """Measures a stage, also one that fails."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.stage(name, time.perf_counter() - start)

    def delivery(self, target: str, *, failed: bool) -> None:
        """Counts an attempt to deliver to a configured target."""
        known = target if target in self._targets else OTHER
        self._attempts.labels(known).inc()
        if failed:
            self._failures.labels(known).inc()

    def model(self, tokens: int, seconds: float) -> None:
        """Counts what the model read and how long it took."""
        self._model_tokens.inc(tokens)
        self._model_seconds.inc(seconds)
        self._tokens.add(tokens, seconds)

    def render(self) -> tuple[str, bytes]:
        """The content type and the body of an answer to a scrape."""
        return CONTENT_TYPE_LATEST, generate_latest(self.registry)

    def _route(self, route: str) -> str:
        """The template itself while it is vouched for and there are not too many of them."""
        if not isinstance(route, Known):
            return OTHER
        if route not in self._routes and len(self._routes) >= _MOST_ROUTES:
            return OTHER
        self._routes.add(str(route))
        return str(route)


class _Asked(Collector):
    """The figures that are looked up when somebody asks."""

    def __init__(
        self,
        documents: Callable[[], Mapping[str, int]],
        queue: Callable[[], Queue],
        states: frozenset[str],
        errors: Counter,
    ) -> None:
        self._documents, self._queue, self._states, self._errors = documents, queue, states, errors
        for source in ("documents", "queue"):
            errors.labels(source)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """The gauges; those whose source fails are left out, and the failure is counted and logged."""
        for source, family in (("documents", self._by_state), ("queue", self._waiting)):
            try:
                yield from family()
            except Exception:  # a database may fail in many ways; the other figures are still good
                self._errors.labels(source).inc()
                logger = logging.getLogger(__name__)
                logger.warning("metrics-source-failed", extra={"source": Known(source)}, exc_info=True)

    def describe(self) -> Iterable[GaugeMetricFamily]:
        """Nothing: registering must not ask the database."""
        return ()

    def _by_state(self) -> list[GaugeMetricFamily]:
        family = GaugeMetricFamily("notewright_documents", "Documents by state", labels=("state",))
        counts = dict.fromkeys(self._states, 0)
        for state, count in self._documents().items():
            known = state if state in self._states else OTHER
            counts[known] = counts.get(known, 0) + count
        for state in sorted(counts):
            family.add_metric((state,), counts[state])
        return [family]

    def _waiting(self) -> list[GaugeMetricFamily]:
        queue = self._queue()
        return [
            GaugeMetricFamily("notewright_queue_depth", "Documents that wait", value=queue.depth),
            GaugeMetricFamily("notewright_queue_age_seconds", "How long the oldest waits", value=queue.age),
        ]


class _Rate:
    """Tokens per second of work in the last minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int, float]] = deque(maxlen=4096)

    def add(self, tokens: int, seconds: float) -> None:
        self._seen.append((self._clock(), tokens, seconds))

    def per_second(self) -> float:
        since = self._clock() - _WINDOW
        recent = [one for one in tuple(self._seen) if one[0] >= since]
        seconds = sum(one[2] for one in recent)
        return sum(one[1] for one in recent) / seconds if seconds > 0 else 0.0
