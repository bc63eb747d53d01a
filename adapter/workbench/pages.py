"""The pages there are, and their routes. Whatever goes wrong is a page too."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from adapter.errors import (
    AccessError,
    EngineError,
    Gone,
    InputError,
    LedgerUnavailable,
    NotAuthenticated,
    NotewrightError,
    PreconditionFailed,
    SignInFailed,
    TooManyRequests,
    UnknownResource,
)
from adapter.workbench import (
    cases,
    documents,
    forms,
    guard,
    lab,
    models,
    review,
    signing,
    taskpages,
    terms,
    trial,
)
from adapter.workbench.bench import Bench, Person
from adapter.workbench.page import BASE, Action, Asked, Page, assets, drawn, sent_to

PAGES: Final[Sequence[Page]] = (
    trial.PAGE,
    lab.PAGE,
    cases.PAGE,
    taskpages.PAGE,
    terms.PAGE,
    documents.PAGE,
    review.PAGE,
    models.PAGE,
)
"""In the order the navigation shows them."""

STATUS: Final[Sequence[tuple[type[NotewrightError], int]]] = (
    (NotAuthenticated, 401),
    (TooManyRequests, 429),
    (AccessError, 403),
    (InputError, 400),
    (EngineError, 503),
    (LedgerUnavailable, 503),
    (UnknownResource, 404),
    (Gone, 410),
    (PreconditionFailed, 412),
)

TITLES: Final = {
    401: "You are not signed in",
    403: "This is not open to you",
    400: "This cannot be read",
    404: "This is not here",
    410: "This is not here any more",
    412: "Something changed meanwhile",
}

Handler = Callable[[Request], Awaitable[Response]]


def routes(bench: Bench, pages: Sequence[Page] = PAGES) -> list[Route]:
    """What the workbench answers, to be put beside other routes."""
    there = tuple(page for page in pages if page.there(bench))
    first = Action(answer=lambda asked: sent_to(there[0].address))
    nothing = Action(answer=lambda asked: _nothing(asked.bench, asked.request))
    return [
        Route(BASE, _guarded(bench, there, first), methods=["GET"]),
        Route(f"{BASE}/", _guarded(bench, there, first), methods=["GET"]),
        Route(f"{BASE}/static/{{name}}", _answered(bench, there, _static), methods=["GET"]),
        *(
            Route(BASE + one.path, _answered(bench, there, _open(bench, one.answer)), methods=[one.method])
            for one in (signing.STEPS if bench.sign_in else ())
        ),
        *(
            Route(page.address + one.path, _guarded(bench, there, one), methods=[one.method])
            for page in there
            for one in page.actions
        ),
        Route(f"{BASE}/{{rest:path}}", _guarded(bench, there, nothing), methods=["GET", "POST"]),
    ]


def _guarded(bench: Bench, there: Sequence[Page], action: Action) -> Handler:
    def answer(request: Request, body: bytes, person: Person) -> Response:
        sent = forms.sent(request, body)
        asked = Asked(
            bench=bench,
            person=person,
            request=request,
            fields=sent.fields,
            form=dict(sent.fields),
            files=sent.files,
        )
        return action.answer(asked)

    async def guarded(request: Request) -> Response:
        person = await run_in_threadpool(guard.check, bench, request, action.role)
        body = await request.body() if request.method == "POST" else b""
        return await run_in_threadpool(answer, request, body, person)

    return _answered(bench, there, guarded)


def _open(bench: Bench, answer: signing.Answer) -> Handler:
    """What anybody may ask for: it leads to who may do more."""

    async def opened(request: Request) -> Response:
        return await run_in_threadpool(answer, bench, request)

    return opened


def _answered(bench: Bench, there: Sequence[Page], answer: Handler) -> Handler:
    async def answered(request: Request) -> Response:
        request.state.navigation, request.state.person = there, None
        try:
            response = await answer(request)
        except NotewrightError as error:
            response = await run_in_threadpool(_failed, bench, request, error)
        except Exception as error:  # whatever it is, its words may be the note's
            logging.getLogger("notewright.workbench").error("defect", exc_info=error)
            response = await run_in_threadpool(_failed, bench, request, NotewrightError())
        for name, value in guard.HEADERS.items():
            response.headers.setdefault(name, value)  # what is stricter still, an answer says itself
        return response

    return answered


async def _static(request: Request) -> Response:
    kind, content = assets().get(request.path_params["name"], ("", b""))
    return Response(content, status_code=200 if kind else 404, media_type=kind or "text/plain")


def _nothing(bench: Bench, request: Request) -> Response:
    return _problem(bench, request, 404, title="There is no such page", message="")


def _failed(bench: Bench, request: Request, error: NotewrightError) -> Response:
    status = next((status for kind, status in STATUS if isinstance(error, kind)), 500)
    title = TITLES.get(status, "This did not work")
    if isinstance(error, SignInFailed):
        title, status = "You could not be signed in", 503 if error.reason == "unavailable" else status
    return _problem(bench, request, status, title=title, message=str(error))


def _problem(bench: Bench, request: Request, status: int, *, title: str, message: str) -> Response:
    return drawn(
        bench,
        "problem.html",
        status,
        navigation=request.state.navigation,
        here=request.url.path,
        person=request.state.person,
        to=signing.back(request),
        title=title,
        message=message,
    )
