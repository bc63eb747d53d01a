import importlib

import httpx
import pytest
from fastapi import FastAPI

from adapter.api.watching import tracing
from adapter.api.watching.logs import Known
from adapter.api.watching.requests import Requests
from adapter.api.watching.tracing import Tracing

trace = pytest.importorskip("opentelemetry.trace")
REMOTE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Kept(trace.NonRecordingSpan):
    """A span that remembers what it was told."""

    def __init__(self, name, context):
        super().__init__(trace.SpanContext(1, 2, False))
        self.name, self.told, self.status, self.errors = name, {}, None, []
        self.parent = trace.get_current_span(context).get_span_context()

    def update_name(self, name):
        self.name = name

    def set_attribute(self, key, value):
        self.told[key] = value

    def set_status(self, status, description=None):
        self.status = status

    def record_exception(self, exception, *rest, **more):
        self.errors.append(exception)


class Tracer(trace.NoOpTracer):
    """A tracer that keeps its spans, in place of the SDK."""

    def __init__(self):
        self.spans = []

    def start_as_current_span(self, name, context=None, **options):
        span = Kept(name, context)
        self.spans.append(span)
        return trace.use_span(span, **{key: options[key] for key in options})


def test_a_span_tells_listed_fields_and_no_text():
    tracer = Tracer()
    with pytest.raises(ValueError), Tracing(tracer).span(Known("emission"), count=3) as span:
        span.tell(route="/Patient/123", note="text", stage=Known("emission"))
        raise ValueError("words of the note")
    (kept,) = tracer.spans
    assert kept.told == {"notewright.count": 3, "notewright.stage": "emission"}
    assert kept.status.description == "ValueError" and kept.errors == []


@pytest.mark.parametrize(
    ("parent", "numbers"),
    [(REMOTE, 0x4BF92F3577B34DA6A3CE929D0E0E4736), ("00-0-0-0", 0), (REMOTE + "\n", 0), ("x" * 999, 0)],
)
def test_only_a_proper_parent_is_taken(parent, numbers):
    tracer = Tracer()
    with Tracing(tracer).span(Known("request"), parent):
        pass
    assert tracer.spans[0].parent.trace_id == numbers


def test_a_request_is_a_span(server, metrics):
    app, tracer = FastAPI(), Tracer()
    app.get("/fhir/{id}")(lambda id: {})
    with server(Requests(app, metrics=metrics, tracing=Tracing(tracer))) as port:
        headers = {"traceparent": REMOTE}
        httpx.get(f"http://127.0.0.1:{port}/fhir/77?patient=12", headers=headers)
    (kept,) = tracer.spans
    assert kept.name == "GET /fhir/{id}" and kept.told["notewright.status"] == 200
    assert kept.parent.span_id == 0x00F067AA0BA902B7


def test_without_the_library_there_is_nothing(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(importlib, "import_module", missing)
    found = tracing.opened()
    assert not found.on
    with found.span(Known("request")) as span:
        span.tell(status=200)
        span.name(Known("x"))
        span.failed()


def test_with_the_library_there_is_a_tracer():
    assert tracing.opened().on
