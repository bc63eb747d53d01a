import http.client
import json
import socket
import time

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse
from fhir.resources.R4B.operationoutcome import OperationOutcome

from adapter.api.watching.requests import Limits, Requests


@pytest.fixture
def app():
    app, router = FastAPI(), APIRouter(prefix="/fhir")
    app.state.bodies = []

    @router.post("/{type}")
    async def create(type: str, request: Request):
        body = await request.body()
        app.state.bodies.append(len(body))
        return {"bytes": len(body), "id": request.state.request_id}

    @router.get("/stream")
    async def stream():
        async def parts():
            for _ in range(3):
                yield b"x" * 10

        return StreamingResponse(parts(), headers={"x-request-id": "forged"})

    @app.get("/broken")
    def broken():
        raise ValueError("secret")

    app.include_router(router)
    return app


@pytest.fixture
def port(app, server, metrics):
    limits = Limits(body=1000, seconds=0.6, headers=20, linger=0.3)
    with server(Requests(app, metrics=metrics, limits=limits)) as port:
        yield port


def client(port):
    return httpx.Client(base_url=f"http://127.0.0.1:{port}")


def refused(response, status, code):
    assert response.status_code == status
    assert response.headers["content-type"].startswith("application/fhir+json")
    told = OperationOutcome.model_validate(response.json())
    assert told.issue[0].code == code


def count(metrics, **labels):
    return metrics.registry.get_sample_value("notewright_http_requests_total", labels)


def test_an_id_is_taken_made_and_given_back(port):
    with client(port) as http_client:
        kept = http_client.post("/fhir/Basic", content=b"x", headers={"X-Request-Id": "a.B_c-9"})
        made = http_client.post("/fhir/Basic", content=b"x")
        forged = http_client.get("/fhir/stream", headers={"X-Request-Id": "mine"})
    assert kept.headers["x-request-id"] == kept.json()["id"] == "a.B_c-9"
    assert len(made.headers["x-request-id"]) == 32
    assert forged.headers.get_list("x-request-id") == ["mine"]


@pytest.mark.parametrize(
    "hostile", ["", "a b", "é", "x" * 65, 'a"}', "<script>", "a,b", "../../etc", "%0d%0aset-cookie:x", "a\tb"]
)
def test_a_hostile_id_is_replaced(port, hostile):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/fhir/stream", headers={"X-Request-Id": hostile.encode("utf-8")})
    answer = connection.getresponse()
    answer.read()
    connection.close()
    assert len(answer.getheader("x-request-id")) == 32 and answer.getheader("set-cookie") is None


def test_two_ids_are_none(port):
    with client(port) as http_client:
        headers = [("x-request-id", "one"), ("x-request-id", "two")]
        assert len(http_client.get("/fhir/stream", headers=headers).headers["x-request-id"]) == 32


def test_a_body_of_the_size_allowed_passes_and_one_byte_more_does_not(port, app):
    with client(port) as http_client:
        assert http_client.post("/fhir/Basic", content=b"x" * 1000).json()["bytes"] == 1000
        refused(http_client.post("/fhir/Basic", content=b"x" * 1001), 413, "too-long")
        assert http_client.post("/fhir/Basic", content=b"x").status_code == 200
    assert app.state.bodies == [1000, 1]


def test_a_chunked_body_is_cut_off_before_it_is_read(port, app, metrics):
    sent = 0

    def parts():
        nonlocal sent
        for _ in range(4000):
            sent += 65536
            yield b"x" * 65536

    with client(port) as http_client:
        refused(http_client.post("/fhir/Basic", content=parts()), 413, "too-long")
    assert app.state.bodies == [] and sent < 100_000_000
    assert count(metrics, route="/fhir/{type}", method="POST", status="4xx") == 1


def test_an_announced_size_is_refused_without_reading(port):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(b"POST /fhir/Basic HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n")
        raw.sendall(b"Expect: 100-continue\r\n\r\n")
        answer = raw.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 413") and b"100 Continue" not in answer


def test_a_slow_body_is_timed_out(port, app):
    begun = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(b"POST /fhir/Basic HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\n")
        for _ in range(4):
            raw.sendall(b"x")
            time.sleep(0.1)
        answer = raw.makefile("rb").read()
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 408") and b"x-request-id" in head.lower()
    assert json.loads(body)["issue"][0]["code"] == "timeout"
    assert time.monotonic() - begun < 10 and app.state.bodies == []


def test_many_headers_are_refused(port):
    with client(port) as http_client:
        headers = {f"x-{number}": "1" for number in range(30)}
        refused(http_client.post("/fhir/Basic", content=b"x", headers=headers), 431, "too-costly")


def test_a_defect_is_answered_without_its_words_and_the_server_lives_on(port, metrics):
    with client(port) as http_client:
        response = http_client.get("/broken")
        assert "secret" not in response.text and response.headers["x-request-id"]
        assert http_client.get("/fhir/stream").status_code == 200
        assert http_client.get("/nothing/here").status_code == 404
    assert response.status_code == 500
    assert count(metrics, route="/broken", method="GET", status="5xx") == 1
    assert count(metrics, route="/fhir/stream", method="GET", status="2xx") == 1
    assert count(metrics, route="unmatched", method="GET", status="4xx") == 1


def test_as_a_middleware_a_defect_is_an_operation_outcome(app, server, metrics):
    app.add_middleware(Requests, metrics=metrics)
    with server(app) as port, client(port) as http_client:
        refused(http_client.get("/broken"), 500, "exception")


def test_a_client_that_leaves_is_no_defect(port, metrics):
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        raw.sendall(b"POST /fhir/Basic HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nxx")
    until = time.monotonic() + 30
    labels = {"route": "/fhir/{type}", "method": "POST", "status": "4xx"}
    while count(metrics, **labels) is None and time.monotonic() < until:
        time.sleep(0.02)
    assert count(metrics, **labels) == 1
    assert count(metrics, **(labels | {"status": "5xx"})) is None
