"""HTTP <-> Call and Answer: formats, body, caller, audit.

Every answer that is no success is an OperationOutcome.
"""

import logging
from typing import Any, cast

from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool

from adapter.api import faults
from adapter.api.call import Answer, Call, Handler
from adapter.api.security.interactions import Interaction
from adapter.api.security.principal import ANONYMOUS, Principal
from adapter.api.service import Service
from adapter.api.watching.balp import Access
from adapter.errors import InputError, NotewrightError
from adapter.fhir.wire.json_reader import read_json
from adapter.fhir.wire.json_writer import write_json
from adapter.fhir.wire.negotiation import Formats, content_type, formats
from adapter.fhir.wire.xml_reader import read_xml
from adapter.fhir.wire.xml_writer import write_xml
from adapter.model import Resource

BODIES = ("POST", "PUT", "PATCH")
_PLAIN = Formats(body=None, body_version="r4", answer="json", answer_version="r4")


def endpoint(service: Service, handler: Handler, kind: str, resource: str = "", operation: str = "") -> Any:
    """The endpoint of a route, doing one interaction."""
    interaction = Interaction(kind=kind, resource=resource, operation=operation)

    async def answer(request: Request) -> Response:
        body = await request.body() if request.method in BODIES else b""
        return await run_in_threadpool(_answered, service, handler, interaction, request, body)

    return answer


def refused(service: Service, request: Request, error: NotewrightError) -> Response:
    """The answer to what no route takes."""
    return written(request, faults.answer(error), _formats(service, request), service)


def written(request: Request, answer: Answer, wanted: Formats, service: Service) -> Response:
    """The answer in the format that was asked for."""
    if answer.resource is None:
        return Response(status_code=answer.status, headers=dict(answer.headers))
    pretty = request.query_params.get("_pretty") == "true"
    if wanted.answer == "xml":
        content = write_xml(answer.resource, service.shapes[wanted.answer_version], pretty=pretty)
    else:
        content = write_json(answer.resource, pretty=pretty)
    headers = {**answer.headers, "Content-Type": content_type(wanted.answer, wanted.answer_version)}
    return Response(content, status_code=answer.status, headers=headers)


def _answered(
    service: Service, handler: Handler, interaction: Interaction, request: Request, body: bytes
) -> Response:
    wanted, principal, answer = _formats(service, request), ANONYMOUS, None
    call: Call | None = None
    try:
        principal = _principal(service, request)
        call = _call(service, interaction, principal, request, body)
        wanted = call.formats
        answer = handler(call)
    except NotewrightError as error:
        answer = faults.answer(error)
    except Exception as error:  # whatever it is, its words may be the note's
        logging.getLogger("notewright.api").error("defect", exc_info=error)
        answer = faults.failed()
    try:
        _audit(service, interaction, principal, request, answer)
        return written(request, answer, wanted, service)
    except Exception as error:
        logging.getLogger("notewright.api").error("defect", exc_info=error)
        return written(request, faults.failed(), _PLAIN, service)


def _principal(service: Service, request: Request) -> Principal:
    client = request.client.host if request.client else ""
    path = request.url.path
    principal = service.authenticator.principal(request.headers, request.method, path, client)
    if service.limiter is not None:
        service.limiter.check(principal.id)
    return principal


def _call(
    service: Service, interaction: Interaction, principal: Principal, request: Request, body: bytes
) -> Call:
    headers = {name.lower(): value for name, value in request.headers.items()}
    typed = headers.get("content-type") if body else None
    found = formats(headers.get("accept"), request.query_params.get("_format"), typed, default=service.fhir)
    principal.grant(interaction)
    return Call(
        service=service,
        interaction=interaction,
        principal=principal,
        formats=found,
        base=service.base or _base(request),
        path=request.path_params,
        query=request.query_params.multi_items(),
        headers=headers,
        body=_read(service, body, found) if body else None,
    )


def _read(service: Service, body: bytes, found: Formats) -> Resource:
    if found.body is None:
        raise InputError("the body has no Content-Type", path="Content-Type")
    if found.body == "xml":
        return read_xml(body, service.shapes[found.body_version])
    return read_json(body)


def _formats(service: Service, request: Request) -> Formats:
    """How to answer even if the request is refused: as asked where that can be understood, else JSON."""
    try:
        asked = request.query_params.get("_format")
        return formats(request.headers.get("accept"), asked, None, default=service.fhir)
    except NotewrightError:
        return _PLAIN


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}/fhir"


def _audit(
    service: Service,
    interaction: Interaction,
    principal: Principal,
    request: Request,
    answer: Answer,
) -> None:
    """Every access is in the audit before it is answered; what is open to everybody is no access."""
    if principal.kind == "anonymous" and answer.status < 400:
        return
    about = answer.concerns or answer.resource or {}
    stored = about if about.get("resourceType") == interaction.resource else {}
    service.trail.record(
        Access(
            interaction=cast(Any, interaction.kind),
            request_id=getattr(request.state, "request_id", ""),
            status=answer.status,
            type=interaction.resource or None,
            id=stored.get("id") or request.path_params.get("id"),
            version=(stored.get("meta") or {}).get("versionId"),
            patient=(stored.get("subject") or {}).get("reference"),
            principal=principal.id if principal is not ANONYMOUS else None,
            address=request.client.host if request.client else None,
            query=request.url.query or None,
            operation=interaction.operation.rpartition("/")[2] or None,
        )
    )
