"""HTTP <-> Call and Answer: formats, body, caller, audit.

Every answer that is no success is an OperationOutcome.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import parse_qsl

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from adapter.api import faults, intake
from adapter.api.call import Answer, Call, Handler
from adapter.api.security.interactions import Interaction
from adapter.api.security.principal import ANONYMOUS, Principal
from adapter.api.service import Service
from adapter.api.watching.balp import Access
from adapter.errors import InputError, NotewrightError, UnsupportedMediaType
from adapter.fhir.wire.json_reader import read_json
from adapter.fhir.wire.json_writer import write_json
from adapter.fhir.wire.negotiation import Formats, content_type, formats
from adapter.fhir.wire.xml_reader import read_xml
from adapter.fhir.wire.xml_writer import write_xml
from adapter.model import Resource

BODIES = ("POST", "PUT", "PATCH")
FORM = "application/x-www-form-urlencoded"
UNLIMITED = ("capabilities", "polling")  # open to everybody; or to who asked, which the handler looks after
ELEMENTS = 200_000  # of a body: each costs some microseconds to check
LINGER = 1024 * 1024  # bytes of a body that are still taken from a caller who is refused
_PLAIN = Formats(body=None, body_version="r4", answer="json", answer_version="r4")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """One request at one route."""

    service: Service
    handler: Handler
    interaction: Interaction
    request: Request


def endpoint(service: Service, handler: Handler, kind: str, resource: str = "", operation: str = "") -> Any:
    """The endpoint of a route, doing one interaction."""
    interaction = Interaction(kind=kind, resource=resource, operation=operation)

    async def answer(request: Request) -> Response:
        asked = _Asked(service=service, handler=handler, interaction=interaction, request=request)
        who = await run_in_threadpool(_who, service, request)
        if isinstance(who, NotewrightError):
            await _thrown_away(request)
            return await run_in_threadpool(_finished, asked, ANONYMOUS, faults.answer(who))
        body = await request.body() if request.method in BODIES else b""
        return await run_in_threadpool(_answered, asked, who, body)

    return answer


def refused(service: Service, request: Request, error: NotewrightError) -> Response:
    """The answer to what no route takes."""
    return written(request, faults.answer(error), _formats(service, request), service)


def written(request: Request, answer: Answer, wanted: Formats, service: Service) -> Response:
    """The answer in the format that was asked for."""
    if answer.stream is not None:
        return StreamingResponse(answer.stream, answer.status, dict(answer.headers))
    if answer.resource is None:
        return Response(status_code=answer.status, headers=dict(answer.headers))
    pretty = request.query_params.get("_pretty") == "true"
    if not answer.fhir:
        plain = write_json(answer.resource, pretty=pretty)
        return Response(plain, answer.status, dict(answer.headers), media_type="application/json")
    if wanted.answer == "xml":
        content = write_xml(answer.resource, service.shapes[wanted.answer_version], pretty=pretty)
    else:
        content = write_json(answer.resource, pretty=pretty)
    headers = {**answer.headers, "Content-Type": content_type(wanted.answer, wanted.answer_version)}
    return Response(content, status_code=answer.status, headers=headers)


def _who(service: Service, request: Request) -> Principal | NotewrightError:
    """Who calls, or why nobody is let in: known before any of the body is read."""
    client = request.client.host if request.client else ""
    try:
        principal = service.authenticator.principal(request.headers, request.method, request.url.path, client)
        if service.limiter is not None:
            service.limiter.check(principal.id)
        return principal
    except NotewrightError as error:
        return error


async def _thrown_away(request: Request) -> None:
    """A little of the body: a connection that is closed on unread bytes loses the answer."""
    taken = 0
    async for part in request.stream():
        taken += len(part)
        if taken > LINGER:
            return


def _answered(asked: _Asked, principal: Principal, body: bytes) -> Response:
    wanted = None
    try:
        call = _call(asked, principal, body)
        wanted = call.formats
        answer = asked.handler(call)
    except NotewrightError as error:
        answer = faults.answer(error)
    except Exception as error:  # whatever it is, its words may be the note's
        logging.getLogger("notewright.api").error("defect", exc_info=error)
        answer = faults.failed()
    return _finished(asked, principal, answer, wanted)


def _finished(asked: _Asked, principal: Principal, answer: Answer, wanted: Formats | None = None) -> Response:
    """The answer, audited and written."""
    wanted = wanted or _formats(asked.service, asked.request)
    try:
        _audit(asked, principal, answer)
        return written(asked.request, answer, wanted, asked.service)
    except NotewrightError as error:
        return written(asked.request, faults.answer(error), wanted, asked.service)
    except Exception as error:
        logging.getLogger("notewright.api").error("defect", exc_info=error)
        return written(asked.request, faults.failed(), _PLAIN, asked.service)


def _call(asked: _Asked, principal: Principal, body: bytes) -> Call:
    service, interaction, request = asked.service, asked.interaction, asked.request
    headers = _headers(request)
    query = request.query_params.multi_items()
    typed = headers.get("content-type") if body else None
    if interaction.kind == "search-type" and request.method == "POST":
        query, typed, body = [*query, *_form(typed, body)], None, b""
    found = formats(_accept(headers), dict(query).get("_format"), typed, default=service.fhir)
    if interaction.kind not in UNLIMITED:
        principal.grant(interaction)
    return Call(
        service=service,
        interaction=interaction,
        principal=principal,
        formats=found,
        base=service.base or _base(request),
        path=request.path_params,
        query=query,
        headers=headers,
        body=_read(service, body, found) if body else None,
    )


def _headers(request: Request) -> dict[str, str]:
    """The headers by their names in lower case; one that was sent several times is one list."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _accept(headers: Mapping[str, str]) -> str | None:
    """What is asked for; who asks for lines gets them where there are any, and JSON where there are none."""
    asked = headers.get("accept")
    return None if asked and "ndjson" in asked.lower() else asked


def _form(typed: str | None, body: bytes) -> list[tuple[str, str]]:
    """The parameters of a search that was posted."""
    if body and (typed or "").partition(";")[0].strip().lower() != FORM:
        raise UnsupportedMediaType("the parameters of a search are no form")
    return parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)


def _read(service: Service, body: bytes, found: Formats) -> Resource:
    if found.body is None:
        raise InputError("the body has no Content-Type", path="Content-Type")
    read = read_xml(body, service.shapes[found.body_version]) if found.body == "xml" else read_json(body)
    intake.bounded(read, ELEMENTS, str(read["resourceType"]))
    return read


def _formats(service: Service, request: Request) -> Formats:
    """How to answer even if the request is refused: as asked where that can be understood, else JSON."""
    asked, accept = request.query_params.get("_format"), request.headers.get("accept")
    for typed in (request.headers.get("content-type"), None):
        try:
            return formats(accept, asked, typed, default=service.fhir)
        except NotewrightError:
            continue
    return _PLAIN


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/fhir"


def _audit(asked: _Asked, principal: Principal, answer: Answer) -> None:
    """Every access is in the audit before it is answered.

    What is open to everybody is no access; nor is what was turned away for being one too many.
    """
    if answer.status == 429 or (principal.kind == "anonymous" and answer.status < 400):
        return
    for interaction, part in ((asked.interaction, answer), *answer.within):
        for access in _accesses(interaction, asked.request, principal, part):
            asked.service.trail.record(access)


def _accesses(
    interaction: Interaction, request: Request, principal: Principal, answer: Answer
) -> Iterator[Access]:
    """One access for each patient concerned; one where there is none."""
    about = {_patient(one): one for one in _concerned(interaction, answer)}
    single = len(about) == 1 and not answer.besides
    kind = interaction.kind if interaction.kind not in UNLIMITED else "operation"
    operation = interaction.operation.rpartition("/")[2] or ("$async" if kind == "operation" else None)
    for patient, stored in (about or {None: Resource()}).items():
        yield Access(
            interaction=cast(Any, kind),
            request_id=getattr(request.state, "request_id", ""),
            status=answer.status,
            type=interaction.resource or None,
            id=stored.get("id") if single else request.path_params.get("id"),
            version=(stored.get("meta") or {}).get("versionId") if single else None,
            patient=patient,
            principal=principal.id if principal is not ANONYMOUS else None,
            address=request.client.host if request.client else None,
            query=request.url.query or None,
            operation=operation,
        )


def _concerned(interaction: Interaction, answer: Answer) -> list[Resource]:
    """The resources of patients that were read, written or found."""
    main = answer.concerns or (answer.resource if answer.fhir else None) or {}
    kinds = (interaction.resource,) if interaction.resource else ("DocumentReference",)
    return [one for one in (main, *answer.besides) if one.get("resourceType") in kinds]


def _patient(resource: Resource) -> str | None:
    reference = (resource.get("subject") or {}).get("reference")
    return reference if isinstance(reference, str) else None
