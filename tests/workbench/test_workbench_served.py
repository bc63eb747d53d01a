"""The pages beside the FHIR endpoint, as `notewright serve` has them."""

import asyncio

import httpx

from adapter import workbench
from adapter.api.app import application
from adapter.cli import serve
from adapter.settings import Settings
from tests.api import served


def answers(app, *paths):
    async def asked():
        transport = httpx.ASGITransport(app=app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            return [await client.get(path) for path in paths]

    return asyncio.run(asked())


def test_pages_and_endpoint_stand_side_by_side(core_store, tmp_path):
    with served.opened(core_store, f"sqlite:///{tmp_path}/ledger.sqlite") as service:
        app = application(service, more=workbench.routes(serve.bench(Settings(), service)))
        tried = "/workbench/try?example=en-clinic"
        page, metadata, nowhere, metrics = answers(app, tried, "/fhir/metadata", "/elsewhere", "/metrics")
    assert page.status_code == 200 and 'class="item k-' in page.text
    assert page.headers["referrer-policy"] == "same-origin" and "x-request-id" in page.headers
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert metadata.status_code == 200 and metadata.headers["referrer-policy"] == "no-referrer"
    assert nowhere.json()["resourceType"] == "OperationOutcome"
    assert 'route="/workbench/try"' in metrics.text
