"""The terminology operations behind the endpoint's door: authenticated, audited, in JSON and XML."""

from functools import partial

from adapter.api.call import Answer, Call
from adapter.api.faults import NotHere
from adapter.errors import RestError
from terminology.fhir import Refusal, operations
from terminology.fhir.operations import Operation

COMMON = ("_format", "_pretty")


class Refused(RestError):
    """The terminology operation was refused."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(str(refusal), path=refusal.at or None)
        self.status, self.issue_code = refusal.status, refusal.code


def answer(call: Call, operation: Operation) -> Answer:
    """The answer to one operation, in the FHIR version that was asked for."""
    service = call.service.terminology.get(call.formats.answer_version)
    if service is None:
        raise NotHere
    query = [(name, value) for name, value in call.query if name not in COMMON]
    try:
        return Answer(resource=operation.answer(service, query, call.body))
    except Refusal as refusal:
        raise Refused(refusal) from refusal


def handlers() -> list[tuple[Operation, "partial[Answer]"]]:
    """Every operation with its handler."""
    return [(one, partial(answer, operation=one)) for one in operations.every()]
