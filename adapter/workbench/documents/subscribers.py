"""Subscriptions and their health. Of their endpoints the host is shown: the rest may be secret."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from adapter.errors import InputError, RestError
from adapter.ledger import Transaction, events, resources
from adapter.ledger.events import State
from adapter.workbench.documents.listing import part
from adapter.workbench.documents.seen import Told
from adapter.workbench.page import Asked, render

COUNT: Final = 100  # subscriptions of a page
ERRORS: Final[Mapping[str, str]] = {
    "no-response": "its endpoint does not answer",
    "error-response": "its endpoint answers with an error",
    "not-allowed": "its endpoint is not one the site allows",
    "processing": "what it is to be told could not be put together",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How a subscription does."""

    state: State
    host: str  # where it is told
    behind: int  # events that did not arrive yet
    error: str  # the last failure, in words


def listed(asked: Asked) -> Told:
    """A page of all subscriptions."""
    after = asked.form.get("after", "")
    if "\0" in after:
        raise InputError("not a place in the list", path="after")
    with part(asked).database.reading() as tx:
        states = events.listed(tx, (*events.COUNTED, events.OFF), after=after, limit=COUNT + 1)
        counts = events.counts(tx)
        shown = [_health(tx, one) for one in states[:COUNT]]
    next = states[COUNT - 1].id if len(states) > COUNT else None
    response = render(asked, "subscriptions.html", shown=shown, next=next, after=after, counts=counts)
    return Told(response=response)


def _health(tx: Transaction, state: State) -> Health:
    return Health(
        state=state,
        host=_host(tx, state.id),
        behind=state.events - state.sent,
        error=ERRORS.get(state.error, state.error) if state.error else "",
    )


def _host(tx: Transaction, id: str) -> str:
    try:
        resource = resources.read(tx, "Subscription", id).content
    except RestError:  # deleted between the two
        return ""
    endpoint = (resource.get("channel") or {}).get("endpoint") or resource.get("endpoint") or ""
    try:
        parts = urlsplit(str(endpoint))
        return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}"
    except ValueError:
        return ""
