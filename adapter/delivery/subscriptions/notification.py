"""Events -> the Bundle a subscriber is sent.

R4: a history whose first entry is the Parameters of the Subscriptions Backport guide; R5: a
subscription-notification with a SubscriptionStatus. Every entry says by what request it came to be.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from adapter.delivery.subscriptions import telling
from adapter.delivery.subscriptions.reading import BACKPORT
from adapter.delivery.subscriptions.telling import Told
from adapter.delivery.subscriptions.topic import TOPIC
from adapter.errors import RestError
from adapter.fhir import check, ids
from adapter.fhir.systems import Version
from adapter.ledger import Transaction
from adapter.ledger.events import Event, State
from adapter.model import Resource

Kind = Literal["handshake", "heartbeat", "event-notification", "query-status", "query-event"]
ERRORS: Final = "http://terminology.hl7.org/CodeSystem/subscription-error"
_ERRORS: Final = ("no-response", "error-response")  # the codes it has


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One event and what is told of it; None when it is kept no more."""

    event: Event
    told: Told | None


def notification(
    state: State, kind: Kind, said: Sequence[Said], *, content: str, fhir: Version, now: str
) -> Resource:
    """The Bundle of these events; with none of a handshake, heartbeat or query."""
    listed = status(state, kind, said, content, fhir)
    entries = [_first(state, listed)]
    if content != "empty":
        entries += _entries(state, said, content, fhir)
    whole: Resource = {
        "resourceType": "Bundle",
        "id": ids.stable("notification", state.id, kind, now, *(one.event.number for one in said)),
        "meta": {"profile": [f"{BACKPORT}/backport-subscription-notification-r4"]},
        "type": "history" if fhir == "r4" else "subscription-notification",
        "timestamp": now,
        "entry": entries,
    }
    return {name: value for name, value in whole.items() if fhir == "r4" or name != "meta"}


def said(
    tx: Transaction, listed: Sequence[Event], content: str, fhir: Version, most: int
) -> tuple[Said, ...]:
    """The events with what is told of them, as many from the first on as `most` bytes hold; one at least."""
    found: list[Said] = []
    size = 0
    for event in listed:
        told = _told(tx, event, fhir) if content == "full-resource" else None
        size += len(json.dumps([told.content, *told.entries])) if told is not None else 0
        if found and size > most:
            break
        found.append(Said(event=event, told=told))
    return tuple(found)


def status(
    state: State, kind: Kind, said: Sequence[Said] = (), content: str = "empty", fhir: Version = "r4"
) -> Resource:
    """Where a subscription stands: Parameters in R4, a SubscriptionStatus in R5."""
    return (_parameters if fhir == "r4" else _status)(state, kind, said, content)


def address(state: State) -> str:
    """The URL of the Subscription."""
    return f"{state.base}/Subscription/{state.id}"


def _told(tx: Transaction, event: Event, fhir: Version) -> Told | None:
    try:
        return telling.told(tx, event.document, event.version, event.before, fhir)
    except RestError:
        return None


def _parameters(state: State, kind: Kind, said: Sequence[Said], content: str) -> Resource:
    listed: list[Resource] = [
        {"name": "subscription", "valueReference": {"reference": address(state)}},
        {"name": "topic", "valueCanonical": TOPIC},
        {"name": "status", "valueCode": state.status},
        {"name": "type", "valueCode": kind},
        {"name": "events-since-subscription-start", "valueString": str(state.events)},
    ]
    for one in said:
        parts: list[Resource] = [
            {"name": "event-number", "valueString": str(one.event.number)},
            {"name": "timestamp", "valueInstant": one.event.at},
        ]
        if content != "empty":
            parts.append({"name": "focus", "valueReference": {"reference": _document(state, one.event)}})
        listed.append({"name": "notification-event", "part": parts})
    if state.error:
        listed.append({"name": "error", "valueCodeableConcept": _error(state.error)})
    return {
        "resourceType": "Parameters",
        "id": ids.stable("status", state.id, kind, state.events),
        "meta": {"profile": [f"{BACKPORT}/backport-subscription-status-r4"]},
        "parameter": listed,
    }


def _status(state: State, kind: Kind, said: Sequence[Said], content: str) -> Resource:
    """Numbers are of the type integer64, which JSON has as a string."""
    whole: Resource = {
        "resourceType": "SubscriptionStatus",
        "id": ids.stable("status", state.id, kind, state.events),
        "status": state.status,
        "type": kind,
        "eventsSinceSubscriptionStart": str(state.events),
        "subscription": {"reference": address(state)},
        "topic": TOPIC,
    }
    if said:
        whole["notificationEvent"] = [_notified(state, one.event, content) for one in said]
    return whole | ({"error": [_error(state.error)]} if state.error else {})


def _notified(state: State, event: Event, content: str) -> Resource:
    found: Resource = {"eventNumber": str(event.number), "timestamp": event.at}
    return found | ({"focus": {"reference": _document(state, event)}} if content != "empty" else {})


def _error(code: str) -> dict[str, Any]:
    return {"coding": [{"system": ERRORS, "code": code}]} if code in _ERRORS else {"text": code}


def _first(state: State, listed: Resource) -> Resource:
    return {
        "fullUrl": ids.full_url(listed["id"]),
        "resource": listed,
        "request": {"method": "GET", "url": f"{address(state)}/$status"},
        "response": {"status": "200"},
    }


def _entries(state: State, said: Sequence[Said], content: str, fhir: Version) -> list[Resource]:
    """The entries of all events; what is there in several is there once, as it is last."""
    listed = (entry for one in said for entry in _of(state, one, content, fhir))
    return list({entry["fullUrl"]: entry for entry in listed}.values())


def _of(state: State, one: Said, content: str, fhir: Version) -> list[Resource]:
    url, version = _document(state, one.event), one.event.version
    document: Resource = {"fullUrl": url}
    if content == "full-resource" and one.told is not None:
        whole = one.told.content
        if whole is not None and not check.resource(whole, fhir):
            document["resource"] = whole
    method, where = ("POST", "DocumentReference") if version == 1 else ("PUT", _relative(one.event))
    document |= {"request": {"method": method, "url": where}, "response": _response(method)}
    if content != "full-resource" or one.told is None:
        return [document]
    return [document, *(_finding(entry) for entry in one.told.entries)]


def _finding(entry: Mapping[str, Any]) -> Resource:
    request = {name: entry["request"][name] for name in ("method", "url")}
    return {
        "fullUrl": entry["fullUrl"],
        "resource": entry["resource"],
        "request": request,
        "response": _response(request["method"]),
    }


def _response(method: str) -> Resource:
    return {"status": "201" if method == "POST" else "200"}


def _relative(event: Event) -> str:
    return f"DocumentReference/{event.document}"


def _document(state: State, event: Event) -> str:
    return f"{state.base}/{_relative(event)}"
