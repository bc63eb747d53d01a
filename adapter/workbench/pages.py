"""The routes of the workbench, and what each answers. Whatever goes wrong is a page too."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final
from urllib.parse import parse_qsl

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from adapter.errors import (
    AccessError,
    EngineError,
    InputError,
    NotAuthenticated,
    NotewrightError,
    TooManyRequests,
)
from adapter.settings import VERSIONS
from adapter.workbench import drawing, guard, trying
from adapter.workbench.bench import Bench
from adapter.workbench.examples import examples

BASE: Final = "/workbench"
FIELDS: Final = 20  # of a form
TYPES: Final = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
STATUS: Final[Sequence[tuple[type[NotewrightError], int]]] = (
    (NotAuthenticated, 401),
    (TooManyRequests, 429),
    (AccessError, 403),
    (InputError, 400),
    (EngineError, 503),
)

Answer = Callable[[Bench, Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A page in the navigation."""

    path: str
    name: str


NAVIGATION: Final = (Entry(path=f"{BASE}/try", name="Try"),)
"""The pages there are, in the order they are shown in."""


def routes(bench: Bench) -> list[Route]:
    """What the workbench answers, to be put beside other routes."""
    return [
        Route(BASE, _guarded(bench, _home), methods=["GET"]),
        Route(f"{BASE}/", _guarded(bench, _home), methods=["GET"]),
        Route(f"{BASE}/try", _guarded(bench, _try), methods=["GET", "POST"]),
        Route(f"{BASE}/static/{{name}}", _answered(bench, _static), methods=["GET"]),
        Route(f"{BASE}/{{rest:path}}", _guarded(bench, _nothing), methods=["GET", "POST"]),
    ]


def _guarded(bench: Bench, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def checked(bench: Bench, request: Request) -> Response:
        await run_in_threadpool(guard.check, bench, request)
        return await answer(bench, request)

    return _answered(bench, checked)


def _answered(bench: Bench, answer: Answer) -> Callable[[Request], Awaitable[Response]]:
    async def answered(request: Request) -> Response:
        try:
            response = await answer(bench, request)
        except NotewrightError as error:
            response = await run_in_threadpool(_failed, bench, error)
        except Exception as error:  # whatever it is, its words may be the note's
            logging.getLogger("notewright.workbench").error("defect", exc_info=error)
            response = await run_in_threadpool(_failed, bench, NotewrightError())
        response.headers.update(guard.HEADERS)
        return response

    return answered


async def _home(bench: Bench, request: Request) -> Response:
    return RedirectResponse(NAVIGATION[0].path, status_code=303)


async def _nothing(bench: Bench, request: Request) -> Response:
    return _page(bench, "problem.html", 404, title="There is no such page", message="")


async def _static(bench: Bench, request: Request) -> Response:
    found = _assets().get(request.path_params["name"])
    if found is None:
        return await _nothing(bench, request)
    kind, content = found
    return Response(content, media_type=kind)


async def _try(bench: Bench, request: Request) -> Response:
    body = await request.body() if request.method == "POST" else b""
    return await run_in_threadpool(_tried, bench, request, body)


def _tried(bench: Bench, request: Request, body: bytes) -> Response:
    trial = trying.read(_form(request, body), bench.fhir)
    page = drawing.page(trying.run(trial, bench)) if trial else None
    return _page(bench, "try.html", trial=trial, page=page)


def _form(request: Request, body: bytes) -> Mapping[str, str]:
    """The fields of a form, from the body or, of what holds no note, from the address."""
    if request.method == "GET":
        return {name: value for name, value in request.query_params.items() if name != "text"}
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise InputError("the form is not of a type that is read")
    try:
        return dict(parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=FIELDS))
    except ValueError:
        raise InputError("the form cannot be read") from None


def _failed(bench: Bench, error: NotewrightError) -> Response:
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    titles = {401: "You are not signed in", 403: "This is not open to you", 400: "This cannot be read"}
    title = titles.get(status, "This did not work")
    return _page(bench, "problem.html", status, title=title, message=str(error))


def _page(bench: Bench, template: str, status: int = 200, **values: object) -> Response:
    drawn = _templates().get_template(template)
    text = drawn.render(
        bench=bench,
        base=BASE,
        navigation=NAVIGATION,
        here=f"{BASE}/{template.partition('.')[0]}",
        examples=examples(),
        languages=trying.LANGUAGES,
        versions=VERSIONS,
        system=drawing.system,
        status=status,
        **values,
    )
    return Response(text, status_code=status, media_type="text/html")


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("adapter.workbench"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _assets() -> Mapping[str, tuple[str, bytes]]:
    """The files of the pages, by name: nothing else can be asked for."""
    found = [one for one in files(__package__).joinpath("static").iterdir() if one.is_file()]
    types = {one.name: TYPES.get(one.name.rpartition(".")[2]) for one in found}
    return {one.name: (kind, one.read_bytes()) for one in found if (kind := types[one.name])}
