"""The real application on a loopback port: real ledger, real workflows, the shipped model, a real target."""

import base64
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from adapter.api import app, opening
from adapter.api.service import Service
from adapter.api.site import Site
from adapter.api.watching.requests import Limits
from adapter.settings import Settings
from tests import loopback

JSON = "application/fhir+json"
XML = "application/fhir+xml"
NOTE = "Assessment: asthma."


@contextmanager
def opened(store: Path, database: str, site: Site | None = None, **more: Any) -> Iterator[Service]:
    """An open service with the shipped model, on a database of one's own."""
    settings = Settings(
        terminology=store, threads=2, language="en", database=database, insecure_local=True, **more
    )
    with opening.service(settings, site or quick()) as service:
        yield service


def quick(**more: Any) -> Site:
    """A site whose queues are looked at often."""
    return Site.model_validate(
        {"work": {"polling": 0.02}, "server": {"shutdown": 0, "burst": 100_000}} | more
    )


@contextmanager
def listening(service: Service, limits: Limits | None = None) -> Iterator[str]:
    """The origin at which the application answers."""
    config = uvicorn.Config(
        app.application(service, limits=limits),
        host="127.0.0.1",
        port=0,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=False,
    )
    server = uvicorn.Server(config)
    with loopback.running(server) as origin:
        yield origin


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """What a test talks to."""

    service: Service
    client: httpx.Client  # at the FHIR base
    origin: str

    @property
    def base(self) -> str:
        return f"{self.origin}/fhir"

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> httpx.Response:
        """The answer; headers with "_" for "-". A body that is no text goes as FHIR JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        given: dict[str, Any] = {}
        if isinstance(body, str | bytes):
            given = {"content": body}
        elif body is not None:
            given, named = {"json": body}, {"Content-Type": JSON} | named
        return self.client.request(method, f"{self.base}{path}", headers=named, **given)

    def post(self, body: Any, path: str = "/DocumentReference", **headers: str) -> httpx.Response:
        return self.ask("POST", path, body, **headers)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.ask("GET", path, **headers)

    def worked(self, id: str, version: int = 1) -> None:
        """Returns once a document version is read and delivered."""
        from adapter.ledger import deliveries, work

        def done() -> bool:
            with self.service.database.reading() as tx:
                state = work.read(tx, id, version).state
                open_ones = [d.state for d in deliveries.of(tx, id, version)]
            return state != work.ACCEPTED and not {"waiting", "sending"} & set(open_ones)

        wait_until(done)


def wait_until(true: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)


def document(text: str = NOTE, patient: str = "1", **more: Any) -> dict[str, Any]:
    """A DocumentReference of a plain text."""
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "status": "current",
        "subject": {"reference": f"Patient/{patient}"},
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
        **more,
    }


def identified(value: str, text: str = NOTE, **more: Any) -> dict[str, Any]:
    """A DocumentReference with a business identifier."""
    return document(text, identifier=[{"system": "https://hospital.example/notes", "value": value}], **more)


def issues(answer: httpx.Response) -> list[dict[str, Any]]:
    """What an OperationOutcome says."""
    body = answer.json()
    assert body["resourceType"] == "OperationOutcome", body
    return list(body["issue"])
