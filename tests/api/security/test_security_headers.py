"""Headers of every response, on a real server."""

import asyncio

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from adapter.api.security.headers import CONTENT_POLICY, SecureHeaders, security_headers
from tests import loopback


def application(tls=False):
    async def plain(_):
        return PlainTextResponse(
            "x", headers={"Server": "x/1", "X-Powered-By": "x", "X-Frame-Options": "ALLOW"}
        )

    async def own(_):
        return PlainTextResponse(
            "x", headers={"Cache-Control": "max-age=60", "Content-Security-Policy": "sandbox"}
        )

    return SecureHeaders(Starlette(routes=[Route("/plain", plain), Route("/own", own)]), tls=tls)


def got(path, tls=False):
    async def ask():
        transport = httpx.ASGITransport(application(tls))
        async with httpx.AsyncClient(transport=transport, base_url="http://here.example") as client:
            return await client.get(path)

    return asyncio.run(ask())


@pytest.mark.parametrize("path", ["/plain", "/missing"])
def test_every_response_has_them_once(path):
    headers = got(path).headers
    for name, value in security_headers(tls=False).items():
        assert headers.get_list(name) == [value]
    assert headers["content-security-policy"] == CONTENT_POLICY
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers
    assert "server" not in headers
    assert "x-powered-by" not in headers


def test_a_route_may_have_its_own_caching_and_content_policy():
    headers = got("/own").headers
    assert headers.get_list("cache-control") == ["max-age=60"]
    assert headers.get_list("content-security-policy") == ["sandbox"]


def test_transport_security_with_tls():
    assert got("/plain", tls=True).headers["strict-transport-security"] == "max-age=31536000"


def test_a_running_server_does_not_say_what_it_is():
    config = uvicorn.Config(application(), host="127.0.0.1", port=0, server_header=False, log_level="error")
    with loopback.running(uvicorn.Server(config)) as origin:
        headers = httpx.get(f"{origin}/plain").headers
        assert "server" not in headers
        assert headers["x-content-type-options"] == "nosniff"
