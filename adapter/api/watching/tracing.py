"""Spans per request and per stage, where OpenTelemetry is installed; otherwise nothing.

A span carries listed fields alone, like a log line; an exception is named by its class, never recorded with
its text. Which exporter runs, and where to, is the affair of the OpenTelemetry SDK and its environment.
"""

import importlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from adapter.api.watching import logs

_PARENT: Final = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_NAME: Final = "notewright"


class Span:
    """A stretch of work; does nothing when nobody traces."""

    def __init__(self, api: Any = None, span: Any = None) -> None:
        self._api, self._span = api, span

    def name(self, name: logs.Known) -> None:
        """Gives the span its name, once the route is known."""
        if self._span is not None:
            self._span.update_name(str(name))

    def tell(self, **told: object) -> None:
        """Adds fields; those that are not listed, or hold free text, are left out."""
        if self._span is not None:
            for field, value in logs.fields_of(told).items():
                self._span.set_attribute(f"{_NAME}.{field}", value)

    def failed(self, error: BaseException | None = None) -> None:
        """Marks the span as failed, by the class of an exception."""
        if self._span is not None:
            named = logs.classes(error)[0] if error is not None else None
            self._span.set_status(self._api.Status(self._api.StatusCode.ERROR, named))


class Tracing:
    """Makes spans with a tracer of OpenTelemetry, or none."""

    def __init__(self, tracer: Any = None) -> None:
        self._api = importlib.import_module("opentelemetry.trace") if tracer is not None else None
        self._tracer = tracer

    @property
    def on(self) -> bool:
        """Whether there is a tracer."""
        return self._tracer is not None

    @contextmanager
    def span(self, name: logs.Known, parent: str | None = None, **told: object) -> Iterator[Span]:
        """A span round a piece of work, below the remote span that a `traceparent` header names, if any."""
        if self._tracer is None:
            yield Span()
            return
        with self._tracer.start_as_current_span(
            str(name), context=self._remote(parent), record_exception=False, set_status_on_exception=False
        ) as opened:
            span = Span(self._api, opened)
            span.tell(**told)
            try:
                yield span
            except BaseException as error:
                span.failed(error)
                raise

    def _remote(self, parent: str | None) -> Any:
        """The context of a remote span; only its numbers are taken, never tracestate or baggage."""
        if self._api is None or parent is None or not _PARENT.fullmatch(parent):
            return None
        _, trace, span, flags = parent.split("-")
        remote = self._api.SpanContext(
            int(trace, 16), int(span, 16), True, self._api.TraceFlags(int(flags, 16))
        )
        return self._api.set_span_in_context(self._api.NonRecordingSpan(remote)) if remote.is_valid else None


def opened() -> Tracing:
    """Tracing by the OpenTelemetry that is installed; one that does nothing where there is none."""
    try:
        api = importlib.import_module("opentelemetry.trace")
    except ModuleNotFoundError:
        return Tracing()
    return Tracing(api.get_tracer(_NAME))
