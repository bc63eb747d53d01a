"""The application: the FHIR endpoint, the well-known documents, health and metrics, in their middlewares."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match
from starlette.routing import Route as Plain

from adapter.api import capability, openapi, routes
from adapter.api.exchange import endpoint, refused
from adapter.api.faults import NotHere, NotSo
from adapter.api.routes import Route
from adapter.api.security.headers import SecureHeaders
from adapter.api.service import Service
from adapter.api.watching.health import livez, readyz
from adapter.api.watching.requests import Limits, Requests
from adapter.api.watching.tracing import Tracing
from adapter.errors import NotewrightError

PREFIX = "/fhir"


def application(
    service: Service,
    *,
    limits: Limits | None = None,
    tls: bool = False,
    tracing: Tracing | None = None,
    more: Sequence[Plain] = (),
) -> Any:
    """The ASGI application; `more` are routes of another door, which looks after who may use them."""
    app = FastAPI(
        title="Notewright", version=service.version, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    listed = routes.table(asks=service.questions is not None)
    for route in listed:
        _add(app, service, route)
    _described(app, service, listed)
    _watched(app, service)
    _keys(app, service)
    for plain in more:
        _beside(app, plain)
    app.add_exception_handler(HTTPException, partial(_not_there, service))
    return Requests(
        SecureHeaders(app, tls=tls), metrics=service.metrics, limits=limits or Limits(), tracing=tracing
    )


def _add(app: FastAPI, service: Service, route: Route) -> None:
    answer = endpoint(service, route.handler, route.kind, route.resource, route.operation)
    methods = ["GET", "HEAD"] if route.method == "GET" else [route.method]
    for method in methods:  # one by one: what is documented is named by path and method
        app.add_api_route(
            PREFIX + route.path,
            answer,
            methods=[method],
            name=route.path or "base",
            openapi_extra=openapi.described(route),
            include_in_schema=method != "HEAD",
        )


def _beside(app: FastAPI, plain: Plain) -> None:
    methods = sorted(plain.methods or ())
    app.add_api_route(
        plain.path, plain.endpoint, methods=methods, include_in_schema=False, response_model=None
    )


def _described(app: FastAPI, service: Service, listed: Sequence[Route]) -> None:
    """metadata and the SMART configuration, which tell of the other routes."""
    metadata = endpoint(service, partial(capability.statement, routes=listed), "capabilities")
    smart = endpoint(service, partial(capability.smart, routes=listed), "capabilities")
    app.add_api_route(f"{PREFIX}/metadata", metadata, methods=["GET", "HEAD"], include_in_schema=False)
    for prefix in ("", PREFIX):
        path = f"{prefix}/.well-known/smart-configuration"
        app.add_api_route(path, smart, methods=["GET", "HEAD"], include_in_schema=False)


def _keys(app: FastAPI, service: Service) -> None:
    """Our public keys, for servers we sign in to."""
    if service.jwks is not None:
        published = dict(service.jwks)
        headers = {"Cache-Control": "max-age=3600"}
        app.add_api_route(
            "/.well-known/jwks.json",
            lambda: JSONResponse(published, headers=headers),
            methods=["GET"],
            include_in_schema=False,
        )


def _watched(app: FastAPI, service: Service) -> None:
    async def live() -> Response:  # not in the pool of threads, which a crowd of $extract may fill
        told = livez()
        return JSONResponse(dict(told.body), status_code=told.status)

    def ready() -> Response:
        told = readyz(service.checks)
        return JSONResponse(dict(told.body), status_code=told.status)

    def metrics(request: Request) -> Response:
        try:
            client = request.client.host if request.client else ""
            service.authenticator.principal(request.headers, request.method, "/metrics", client)
        except NotewrightError as error:
            return refused(service, request, error)
        kind, content = service.metrics.render()
        return Response(content, media_type=kind)

    for path, answer in (("/livez", live), ("/readyz", ready), ("/metrics", metrics)):
        app.add_api_route(path, answer, methods=["GET"], include_in_schema=False)


async def _not_there(service: Service, request: Request, error: Exception) -> Response:
    """404 and 405 as FHIR has them."""
    if getattr(error, "status_code", 404) != 405:
        return refused(service, request, NotHere())
    matching = [
        route for route in request.app.router.routes if route.matches(request.scope)[0] is not Match.NONE
    ]
    allowed = {method for route in matching for method in getattr(route, "methods", None) or ()}
    return refused(service, request, NotSo(sorted(allowed)))
