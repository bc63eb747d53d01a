"""Every access to a document is in the audit before it is answered, as at the FHIR endpoint."""

from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from adapter.errors import InputError, NotewrightError, RestError
from adapter.ledger.resources import Stored
from adapter.model import Resource
from adapter.workbench import acts
from adapter.workbench.bench import Interaction
from adapter.workbench.page import Answer, Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What is answered, and the documents it tells of."""

    response: Response
    documents: tuple[Stored, ...] = ()
    query: str | None = None  # names of search parameters


def seen(answer: Callable[[Asked], Told], interaction: Interaction, what: str = "") -> Answer:
    """What answers, with the audit told first; of what could not be answered too."""

    def answered(asked: Asked) -> Response:
        try:
            told = answer(asked)
        except NotewrightError as error:
            _heard(asked, interaction, what, status=_status(error))
            raise
        _heard(asked, interaction, what, told)
        return told.response

    return answered


def _heard(
    asked: Asked, interaction: Interaction, what: str, told: Told | None = None, status: int = 200
) -> None:
    documents = told.documents if told else ()
    only = documents[0] if len(documents) == 1 else None
    acts.told(
        asked,
        what,
        interaction=interaction,
        status=status,
        document=only.id if only else asked.path.get("id"),
        version=str(only.version) if only else None,
        patients=tuple(dict.fromkeys(filter(None, (_patient(one.content) for one in documents)))),
        query=told.query if told else None,
    )


def _status(error: NotewrightError) -> int:
    if isinstance(error, RestError):
        return error.status
    return 400 if isinstance(error, InputError) else 500


def _patient(resource: Resource) -> str | None:
    reference = (resource.get("subject") or {}).get("reference")
    return reference if isinstance(reference, str) else None
