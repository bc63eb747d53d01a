"""Deliveries and failed documents, for who runs the service: looked at, tried again, given up.

Operations of our own: `$deliveries`, `$deliveries-retry`, `$deliveries-discard`, `$documents-retry`. They
take and give Parameters; the scope is `system/deliveries`.
"""

from typing import Any

from adapter.api.call import Answer, Call
from adapter.errors import InputError
from adapter.fhir import outcome
from adapter.ledger import deliveries, work
from adapter.ledger.deliveries import Delivery
from adapter.ledger.work import Work
from adapter.model import Resource

MOST = 1_000


def listed(call: Call) -> Answer:
    """The deliveries of a state (dead ones if none is named), oldest first, and the documents that failed."""
    asked = dict(call.query)
    state = asked.get("state", deliveries.DEAD)
    if state not in deliveries.STATES:
        raise InputError(f"not one of {', '.join(deliveries.STATES)}", path="state")
    with call.service.database.reading() as tx:
        found = deliveries.listed(tx, (state,), target=asked.get("target"), limit=MOST)
        failed = work.failed(tx, limit=MOST) if state == deliveries.DEAD else ()
    told = [_part("delivery", _delivery(one)) for one in found]
    told += [_part("document", _document(one)) for one in failed]
    return Answer(resource={"resourceType": "Parameters", **({"parameter": told} if told else {})})


def retry(call: Call) -> Answer:
    """A dead or discarded delivery is tried again."""
    one = call.service.decisions.deliver_again(*_named(call))
    return Answer(resource={"resourceType": "Parameters", "parameter": [_part("delivery", _delivery(one))]})


def discard(call: Call) -> Answer:
    """A dead delivery is given up for good; it stays in the list of discarded ones."""
    one = call.service.decisions.discard(*_named(call))
    return Answer(resource={"resourceType": "Parameters", "parameter": [_part("delivery", _delivery(one))]})


def document_retry(call: Call) -> Answer:
    """A document that could not be read is read again."""
    given = _given(call)
    call.service.decisions.read_again(_text(given, "document"), _number(given, "version"))
    return Answer(resource=outcome.of([]))


def _delivery(one: Delivery) -> list[Resource]:
    parts: list[Resource] = [
        {"name": "document", "valueString": one.document},
        {"name": "version", "valueInteger": one.version},
        {"name": "target", "valueString": one.target},
        {"name": "state", "valueCode": one.state},
        {"name": "attempts", "valueInteger": one.attempts},
        {"name": "at", "valueInstant": one.at},
    ]
    if one.due:
        parts.append({"name": "due", "valueInstant": one.due})
    if one.outcome:
        parts.append({"name": "outcome", "resource": one.outcome})
    return parts


def _document(one: Work) -> list[Resource]:
    parts: list[Resource] = [
        {"name": "document", "valueString": one.document},
        {"name": "version", "valueInteger": one.version},
        {"name": "state", "valueCode": one.state},
        {"name": "at", "valueInstant": one.done or one.at},
    ]
    return [*parts, {"name": "outcome", "resource": one.outcome}] if one.outcome else parts


def _part(name: str, parts: list[Resource]) -> Resource:
    return {"name": name, "part": parts}


def _named(call: Call) -> tuple[str, int, str]:
    given = _given(call)
    return _text(given, "document"), _number(given, "version"), _text(given, "target")


def _given(call: Call) -> dict[str, Any]:
    """The parameters by name, whatever their type."""
    listed = call.resource.get("parameter")
    if call.resource.get("resourceType") != "Parameters" or not isinstance(listed, list):
        raise InputError("Parameters are needed", path="resourceType")
    given: dict[str, Any] = {}
    for one in listed:
        values = (
            [value for key, value in one.items() if key.startswith("value")] if isinstance(one, dict) else []
        )
        if values and isinstance(one.get("name"), str):
            given[one["name"]] = values[0]
    return given


def _text(given: dict[str, Any], name: str) -> str:
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise InputError("the parameter is missing", path=f"Parameters.parameter({name})")
    return value


def _number(given: dict[str, Any], name: str) -> int:
    value = given.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise InputError("the parameter is missing or not a version", path=f"Parameters.parameter({name})")
    return value
