"""The operations over HTTP: a router to mount in a FastAPI application.

    app.include_router(router(Service(store=store)), prefix="/fhir")

Takes and gives JSON alone. Every answer that is no success is an OperationOutcome, and nothing is logged
but the kind of an unforeseen error.
"""

import json
import logging
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from terminology.fhir import capability, conceptmap, operations, outcome, parameters
from terminology.fhir.operations import Operation
from terminology.fhir.outcome import Refusal, Resource
from terminology.fhir.service import FHIR_VERSIONS, Service

JSON = "application/fhir+json"
POSTED = frozenset({JSON, "application/json", "text/json"})
TAKEN = POSTED | {"*/*", "application/*"}
FORMATS = POSTED | {"json"}
LARGEST = 1 << 20  # bytes of a body
COMMON = frozenset({"_format", "_pretty"})
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]

Handler = Callable[[Request], Awaitable[Response]]
Work = Callable[[Request], Awaitable[Resource]]


def router(service: Service) -> APIRouter:
    """The routes of a service: `/metadata`, the operations on types, and its concept maps."""
    routes = APIRouter()
    _add(routes, "/metadata", ["GET"], _metadata(service), service)
    kinds = dict.fromkeys(operation.resource for operation in operations.every())
    for operation in operations.every():
        path = f"/{operation.resource}/${operation.name}"
        _add(routes, path, ["GET", "POST"], _operation(service, operation), service)
    _add(routes, "/ConceptMap", ["GET"], _maps(service), service)
    _add(routes, "/ConceptMap/{map_id}", ["GET"], _map(service), service)
    for kind in kinds:
        for path in (f"/{kind}", f"/{kind}/{{rest:path}}"):
            _add(routes, path, METHODS, _nothing_there, service)
    return routes


def _add(routes: APIRouter, path: str, methods: list[str], work: Work, service: Service) -> None:
    answer = _answering(work, service, methods)
    refuse = _answering(_not_so(methods), service, methods)
    for method in METHODS:  # one by one, as FastAPI names what it documents by path and method
        offered = method in methods and work is not _nothing_there
        endpoint = answer if method in methods else refuse
        routes.add_api_route(path, endpoint, methods=[method], include_in_schema=offered)


def _answering(work: Work, service: Service, methods: list[str]) -> Handler:
    async def answer(request: Request) -> Response:
        status, headers = 200, dict[str, str]()
        try:
            _check_wanted(request, service)
            told = await work(request)
        except Refusal as refusal:
            status, told = refusal.status, outcome.of(refusal)
            headers = {"Allow": ", ".join(methods)} if status == 405 else {}
        except Exception as error:  # whatever it is, the answer is FHIR and tells no text
            logging.getLogger(__name__).error("terminology operation failed: %s", type(error).__name__)
            status = 500
            told = outcome.outcome([outcome.issue("fatal", "exception", "The server failed")])
        return _written(request, told, status, headers)

    return answer


def _written(request: Request, told: Resource, status: int, headers: dict[str, str]) -> Response:
    indent = 2 if request.query_params.get("_pretty") == "true" else None
    text = json.dumps(told, ensure_ascii=False, indent=indent)
    return Response(text.encode("utf-8"), status_code=status, media_type=JSON, headers=headers)


def _operation(service: Service, operation: Operation) -> Work:
    async def work(request: Request) -> Resource:
        query = [(name, text) for name, text in request.query_params.multi_items() if name not in COMMON]
        body = await _body(request, service) if request.method == "POST" else None
        return await run_in_threadpool(operation.answer, service, query, body)

    return work


def _metadata(service: Service) -> Work:
    async def work(request: Request) -> Resource:
        mode = request.query_params.get("mode", "full")
        odd = sorted(set(request.query_params) - COMMON - {"mode"})
        if odd or mode not in {"full", "normative", "terminology"}:
            at = "http.mode" if not odd else ""
            raise Refusal("metadata takes mode: full, normative or terminology", code="value", at=at)
        tell = capability.terminology if mode == "terminology" else capability.statement
        return await run_in_threadpool(tell, service)

    return work


def _maps(service: Service) -> Work:
    async def work(request: Request) -> Resource:
        query = [(name, text) for name, text in request.query_params.multi_items() if name not in COMMON]
        base = str(request.url.replace(query="")).rstrip("?/")
        return conceptmap.search(service, parameters.given(conceptmap.SEARCH, query), base)

    return work


def _map(service: Service) -> Work:
    async def work(request: Request) -> Resource:
        return conceptmap.read(service, request.path_params["map_id"])

    return work


async def _nothing_there(request: Request) -> Resource:
    there = ", ".join(f"{each.resource}/${each.name}" for each in operations.every())
    raise Refusal(f"not here; there are metadata, ConceptMap, {there}", status=404, code="not-supported")


def _not_so(methods: list[str]) -> Work:
    async def work(request: Request) -> Resource:
        raise Refusal(f"only {', '.join(methods)} here", status=405, code="not-supported")

    return work


async def _body(request: Request, service: Service) -> Resource | None:
    raw = bytearray()
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > LARGEST:
            raise Refusal(f"the body is over {LARGEST} bytes", status=413, code="too-long")
    if not raw:
        return None
    media, version = _media(request.headers.get("content-type", ""))
    if media not in POSTED or version not in {"", _short(service)}:
        text = f"the body must be {JSON}, FHIR {_short(service)}"
        raise Refusal(text, status=415, code="not-supported", at="http.Content-Type")
    return parameters.document(bytes(raw))


def _check_wanted(request: Request, service: Service) -> None:
    """Refuses a request that wants its answer in what is not written here."""
    wanted, version = request.query_params.get("_format"), _short(service)
    if wanted is not None:
        at, known = "http._format", FORMATS
        kinds = [_media(wanted.replace("fhir json", "fhir+json"))]  # an unescaped plus sign reads as a space
    else:
        at, known = "http.Accept", TAKEN
        kinds = [_media(each) for each in request.headers.get("accept", "*/*").split(",")]
    if not any(media in known and asked in {"", version} for media, asked in kinds):
        raise Refusal(f"answers are {JSON}, FHIR {version}", status=406, code="not-supported", at=at)


def _media(text: str) -> tuple[str, str]:
    """A media type, and the FHIR version it names."""
    media, *rest = (part.strip().lower() for part in text.split(";"))
    named = (part.partition("=") for part in rest)
    return media, next((value.strip('" ') for key, _, value in named if key == "fhirversion"), "")


def _short(service: Service) -> str:
    """The version as media types name it: 4.0."""
    return FHIR_VERSIONS[service.fhir_version].rpartition(".")[0]
