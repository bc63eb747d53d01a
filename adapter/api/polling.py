"""What became of an asynchronous request: polled until it is done, then told, and deleted by who asked.

https://hl7.org/fhir/R5/async-bundle.html
"""

from typing import Any

from adapter.api import documents
from adapter.api.call import Answer, Call
from adapter.errors import UnknownResource
from adapter.fhir import outcome
from adapter.ledger import deliveries, requests, resources, work
from adapter.ledger.deliveries import Delivery
from adapter.ledger.resources import Stored
from adapter.ledger.work import Work
from adapter.model import Resource

AGAIN = 1  # seconds until it is worth asking again


def poll(call: Call) -> Answer:
    """202 with X-Progress while there is work; then 200 with a Bundle of what was answered and derived."""
    with call.service.database.reading() as tx:
        asked = requests.read(tx, call.path["id"], call.principal.id)
        if asked.kind != "document":
            raise UnknownResource("there is no such request")
        document, version = asked.content["document"], asked.content["version"]
        done = work.read(tx, document, version)
        sent = deliveries.of(tx, document, version)
        waiting = _waiting(done, sent)
        if waiting:
            headers = {"X-Progress": waiting, "Retry-After": str(AGAIN)}
            return Answer(status=202, headers=headers)
        stored = resources.read(tx, "DocumentReference", document, version)
        return Answer(resource=_told(call, stored, done, sent), concerns=stored.content)


def forget(call: Call) -> Answer:
    """202: the request is forgotten. What was accepted stays accepted: no document is lost this way."""
    with call.service.database.writing() as tx:
        requests.remove(tx, call.path["id"], call.principal.id)
    return Answer(status=202)


def _waiting(done: Work, sent: tuple[Delivery, ...]) -> str | None:
    if done.state == work.ACCEPTED:
        return "waiting to be read" if done.attempts == 0 else "being read"
    open_ones = [one for one in sent if one.state in (deliveries.WAITING, deliveries.SENDING)]
    if open_ones:
        return f"delivered to {len(sent) - len(open_ones)} of {len(sent)} targets"
    return None


def _told(call: Call, stored: Stored, done: Work, sent: tuple[Delivery, ...]) -> Resource:
    response: dict[str, Any] = {
        "status": "201" if stored.version == 1 else "200",
        "location": f"{call.base}/{stored.reference}/_history/{stored.version}",
        "etag": stored.etag,
        "lastModified": stored.at,
        "outcome": done.outcome or outcome.of([]),
    }
    entry: Resource = {"resource": documents.shown(call, stored), "response": response}
    derived = (done.bundles or {}).get(call.formats.answer_version)
    entries = [entry, *([{"resource": derived, "response": {"status": "200"}}] if derived else [])]
    entries += [_delivered(one) for one in sent]
    return {"resourceType": "Bundle", "type": "batch-response", "entry": entries}


def _delivered(one: Delivery) -> Resource:
    """How a delivery ended, with the target's own words where it refused."""
    status = {"sent": "200", "superseded": "200"}.get(one.state, "502")
    response: Resource = {"status": status, "lastModified": one.at}
    return {"response": response | ({"outcome": one.outcome} if one.outcome else {})}
