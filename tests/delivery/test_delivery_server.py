"""The server sink against a real HTTP server on the loopback."""

import json
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from adapter import delivery
from adapter.delivery.retry import Policy
from adapter.errors import TargetRefused, TargetUnavailable

BUNDLE = {
    "resourceType": "Bundle",
    "id": "b1",
    "type": "transaction",
    "entry": [{"resource": {"resourceType": "Condition", "code": {"text": "Zoster ophthalmicus"}}}],
}
DONE = {
    "resourceType": "Bundle",
    "type": "transaction-response",
    "entry": [{"response": {"status": "201 Created"}}],
}
OUTCOME = {
    "resourceType": "OperationOutcome",
    "issue": [
        {
            "severity": "error",
            "code": "business-rule",
            "diagnostics": "Patient Erika Mustermann has Zoster",
            "expression": ["Condition.code"],
        }
    ],
}


@contextmanager
def serving(*answers):
    """A server that gives these (status, headers, body) in turn, the last for ever; None drops the line."""
    requests = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            requests.append(
                (self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])))
            )
            answer = answers[min(len(requests), len(answers)) - 1]
            if answer is None:
                self.close_connection = True
                return
            status, headers, body = answer
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/fhir", requests
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def sink(url, waits, **options):
    with httpx.Client(timeout=5) as client:
        yield delivery.Server(
            url,
            client,
            sleep=waits.append,
            policy=Policy(attempts=4, first=1.0, jitter=lambda: 1.0),
            now=lambda: datetime(2026, 1, 1, 12, 0, tzinfo=UTC),
            **options,
        )


def send(*answers, **options):
    waits = []
    with serving(*answers) as (url, requests), sink(url, waits, **options) as server:
        try:
            return server.send(BUNDLE), requests, waits
        except (TargetRefused, TargetUnavailable) as error:
            return error, requests, waits


@pytest.mark.parametrize("status", [200, 201])
def test_a_transaction_done_is_sent(status):
    receipt, requests, waits = send((status, {}, DONE))
    assert (receipt.status, receipt.attempts, waits) == ("sent", 1, [])
    path, headers, content = requests[0]
    assert path == "/fhir"
    assert headers["Content-Type"] == "application/fhir+json"
    assert json.loads(content) == BUNDLE


def test_headers_and_a_fresh_token_go_with_each_attempt():
    tokens = iter(["one", "two"])

    class Signing(httpx.Auth):
        def auth_flow(self, request):
            request.headers["Authorization"] = f"Bearer {next(tokens)}"
            yield request

    _, requests, _ = send((503, {}, b""), (200, {}, DONE), headers={"X-Tenant": "ward"}, auth=Signing())
    assert [headers["Authorization"] for _, headers, _ in requests] == ["Bearer one", "Bearer two"]
    assert {headers["X-Tenant"] for _, headers, _ in requests} == {"ward"}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 412, 422, 501])
def test_a_refusal_is_final_and_told_without_data(status):
    error, requests, waits = send((status, {}, OUTCOME))
    assert isinstance(error, TargetRefused)
    assert (len(requests), waits) == (1, [])
    assert str(status) in str(error)
    assert "business-rule at Condition.code" in str(error)
    assert "Mustermann" not in str(error)
    assert "Zoster" not in str(error)


def test_retry_after_is_honoured():
    receipt, _, waits = send((429, {"Retry-After": "7"}, b""), (200, {}, DONE))
    assert (receipt.attempts, waits) == (2, [7.0])


def test_busy_then_well():
    receipt, requests, waits = send((503, {}, b"busy"), (502, {}, b""), (200, {}, DONE))
    assert (receipt.attempts, waits) == (3, [1.0, 2.0])
    assert len({content for _, _, content in requests}) == 1


def test_a_dropped_connection_is_tried_again():
    receipt, requests, waits = send(None, (200, {}, DONE))
    assert (receipt.attempts, len(requests), waits) == (2, 2, [1.0])


def test_for_ever_busy_is_unavailable():
    error, requests, waits = send((503, {}, OUTCOME))
    assert isinstance(error, TargetUnavailable)
    assert error.retryable
    assert (len(requests), waits) == (4, [1.0, 2.0, 4.0])


def test_nobody_there_is_unavailable():
    with serving((200, {}, DONE)) as (url, _):
        pass
    waits = []
    with (
        sink(url, waits) as server,
        pytest.raises(TargetUnavailable, match="ConnectError"),
    ):
        server.send(BUNDLE)
    assert waits == [1.0, 2.0, 4.0]


def test_no_token_to_be_had_is_tried_again_and_told():
    class Tokenless(httpx.Auth):
        def auth_flow(self, request):
            raise TargetUnavailable("The authorization server answered 503")
            yield request

    error, requests, waits = send((200, {}, DONE), auth=Tokenless())
    assert isinstance(error, TargetUnavailable)
    assert str(error) == "The authorization server answered 503, after 4 attempts"
    assert (len(requests), waits) == (0, [1.0, 2.0, 4.0])


def test_a_redirect_is_not_followed():
    with serving((200, {}, DONE)) as (elsewhere, elsewhere_requests):
        error, requests, waits = send((307, {"Location": elsewhere}, b""))
    assert isinstance(error, TargetRefused)
    assert "redirect" in str(error)
    assert (len(requests), len(elsewhere_requests), waits) == (1, 0, [])


@pytest.mark.parametrize(
    "body",
    [
        b"<html>login</html>",
        b"",
        b"[]",
        b"\xff\xfe",
        OUTCOME,
        {**DONE, "type": "searchset"},
        {**DONE, "entry": []},
        {**DONE, "entry": [{}]},
        {**DONE, "entry": [{"response": {"status": "banana"}}]},
        {**DONE, "entry": [{"response": {"status": "422 no", "outcome": OUTCOME}}]},
    ],
)
def test_a_success_that_is_none_is_refused(body):
    error, requests, _ = send((200, {}, body))
    assert isinstance(error, TargetRefused)
    assert len(requests) == 1
    assert "Mustermann" not in str(error)


def test_an_entry_refused_names_entry_and_code():
    broken = {**DONE, "entry": [{"response": {"status": "422", "outcome": OUTCOME}}]}
    error, _, _ = send((200, {}, broken))
    assert error.path == "Bundle.entry[0].response.status"
    assert "business-rule" in str(error)


@pytest.mark.parametrize("url", ["ftp://host/fhir", "fhir.example.org", "https://user:secret@host/fhir", ""])
def test_a_base_url_must_be_one(url):
    with httpx.Client() as client, pytest.raises(ValueError, match="base_url"):
        delivery.Server(url, client)
