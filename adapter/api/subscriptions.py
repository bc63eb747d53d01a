"""Subscription: create, read, update, delete, search, $status, $events; and SubscriptionTopic.

A Subscription is there for its owner and for callers with a system scope on it. Nobody is told by one what
they could not read.
"""

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from adapter.api import documents, intake
from adapter.api.call import Answer, Call
from adapter.api.faults import Malformed, NotHere
from adapter.api.security.interactions import LETTERS, Interaction
from adapter.delivery.subscriptions import Desk, Subscription, reading, topic
from adapter.delivery.subscriptions.filters import DOCUMENT, FINDINGS
from adapter.delivery.subscriptions.subscription import CONTENTS, KIND
from adapter.errors import InputError, NotAllowed, UnknownResource
from adapter.fhir import check
from adapter.fhir.systems import Version
from adapter.ledger import Transaction, events, resources
from adapter.ledger.events import COUNTED, OFF, State
from adapter.ledger.index import Criterion, criterion
from adapter.ledger.resources import Stored
from adapter.model import Resource

COUNT, MOST = 50, 200  # resources of a page nobody asked a size for, and of any page
ALL = (*COUNTED, OFF)
_RESULT = ("_count", "_format", "_pretty", "_after", "_total")


def create(call: Call) -> Answer:
    """201 with the Subscription, requested; it is active when its endpoint took the handshake."""
    desk, given = _desk(call), _given(call)
    _allowed(call, desk.understood(given))
    call.admit(given)
    with call.service.database.writing() as tx:
        stored = desk.create(tx, given, owner=call.principal.id, base=call.base)
    desk.tell(stored.id, 0)
    where = f"{call.base}/{stored.reference}/_history/{stored.version}"
    return Answer(resource=stored.content, status=201, headers={"Location": where, "ETag": stored.etag})


def read(call: Call) -> Answer:
    """The Subscription, its headers masked."""
    with call.service.database.reading() as tx:
        _state(tx, call)
        stored = resources.read(tx, KIND, call.path["id"])
    call.admit(stored.content)
    return Answer(resource=stored.content, headers={"ETag": stored.etag})


def update(call: Call) -> Answer:
    """200 with the new version; the status requested starts it anew, off ends it."""
    desk, given, id = _desk(call), _given(call), call.path["id"]
    if given.get("id", id) != id:
        raise InputError("the id is not that of the URL", path=f"{KIND}.id")
    expected = intake.expected(call.headers.get("if-match"))
    _allowed(call, desk.understood(given))
    with call.service.database.writing() as tx:
        _state(tx, call)
        call.admit(resources.read(tx, KIND, id).content)
        call.admit(given)
        stored, number = desk.update(tx, id, given, base=call.base, expected=expected)
    if number is not None:
        desk.tell(id, number)
    return Answer(resource=stored.content, headers={"ETag": stored.etag})


def delete(call: Call) -> Answer:
    """204: nothing is told any more."""
    desk, id = _desk(call), call.path["id"]
    with call.service.database.writing() as tx:
        _state(tx, call)
        stored = resources.read(tx, KIND, id)
        call.admit(stored.content)
        desk.remove(tx, id)
    return Answer(status=204, concerns=stored.content)


def search(call: Call) -> Answer:
    """A searchset of the Subscriptions within reach, newest first."""
    criteria = [criterion(KIND, name, value) for name, value in call.query if name not in _RESULT]
    count, after = _count(call), dict(call.query).get("_after")
    found: dict[str, Stored] = {}
    total, further = 0, None
    with call.service.database.reading() as tx:
        if not _everybodys(call):
            mine = tuple(one.id for one in events.listed(tx, ALL, owner=call.principal.id))
            criteria.append(Criterion(name="_id", values=mine))
        for more in call.grant.searches():
            narrowed = [*criteria, *(criterion(KIND, name, value) for name, value in more)]
            page = resources.search(tx, KIND, narrowed, count=count, after=after)
            found |= {one.id: one for one in page.found if call.grant.admits(one.content)}
            total, further = total + page.total, further or page.next
    listed = sorted(found.values(), key=lambda one: (one.at, one.id), reverse=True)
    entries = [_entry(call, one) for one in listed]
    links = [("self", _link(call, after)), *([("next", _link(call, further))] if further else [])]
    besides = tuple(one.content for one in listed)
    return Answer(resource=documents.bundle("searchset", entries, total, links), besides=besides)


def status(call: Call) -> Answer:
    """Where a Subscription stands; below the type, where those within reach stand (`id`, `status`)."""
    desk, asked = _desk(call), list(_parameters(call))
    with call.service.database.reading() as tx:
        if "id" in call.path:
            states: Sequence[State] = [_state(tx, call)]
        else:
            owner = None if _everybodys(call) else call.principal.id
            states = events.listed(tx, ALL, owner=owner)
        admitted = [one for one in states if call.grant.admits(resources.read(tx, KIND, one.id).content)]
    for name in ("id", "status"):
        wanted = {part for key, value in asked if key == name for part in value.split(",")}
        admitted = [one for one in admitted if not wanted or getattr(one, name) in wanted]
    return Answer(resource=desk.statuses(admitted, call.base))


def happened(call: Call) -> Answer:
    """The numbered events of a Subscription that are still kept ($events)."""
    desk, asked = _desk(call), dict(_parameters(call))
    since, until = _number(asked, "eventsSinceNumber"), _number(asked, "eventsUntilNumber")
    with call.service.database.reading() as tx:
        state = _state(tx, call)
        stored = resources.read(tx, KIND, state.id).content
        call.admit(stored)
        wanted = reading.read(stored)
        content = asked.get("content", wanted.content)
        if content not in CONTENTS:
            raise InputError("there is no such content", path="content")
        _allowed(call, wanted, content)
        return Answer(resource=desk.events(tx, state, since or 1, until, content))


def read_topic(call: Call) -> Answer:
    """The SubscriptionTopic."""
    if call.path["id"] != topic.ID:
        raise UnknownResource("there is no such SubscriptionTopic")
    return Answer(resource=topic.topic())


def search_topics(call: Call) -> Answer:
    """The one SubscriptionTopic there is, by `url` and `status`."""
    one = topic.topic()
    asked = [(name, value) for name, value in call.query if name not in _RESULT]
    for name, _ in asked:
        if name not in ("url", "status", "_id"):
            raise InputError("SubscriptionTopic cannot be searched by this parameter")
    met = all(str(one[name.removeprefix("_")]) in value.split(",") for name, value in asked)
    entry = {"fullUrl": f"{call.base}/SubscriptionTopic/{topic.ID}", "resource": one}
    entries = [{**entry, "search": {"mode": "match"}}] if met else []
    return Answer(resource=documents.bundle("searchset", entries, len(entries)))


def _desk(call: Call) -> Desk:
    if call.service.subscriptions is None:
        raise NotHere("there are no subscriptions here")
    return call.service.subscriptions


def _given(call: Call) -> Resource:
    """The body, when it is a Subscription of R4 or R5."""
    resource = call.resource
    if resource.get("resourceType") != KIND:
        raise InputError(f"only {KIND} is taken", path="resourceType")
    asked = call.formats.body_version
    others: tuple[Version, ...] = ("r5", "r4") if asked == "r4" else ("r4", "r5")
    issues = check.resource(resource, asked)
    if issues and check.resource(resource, others[0]):
        raise Malformed(issues)
    return resource


def _state(tx: Transaction, call: Call) -> State:
    """Where the Subscription of the path stands. Raises UnknownResource also when it is out of reach."""
    state = _desk(call).state(tx, call.path["id"])
    if state.owner != call.principal.id and not _everybodys(call):
        raise UnknownResource(f"there is no such {KIND}")
    return state


def _everybodys(call: Call) -> bool:
    """Whether the caller's scopes reach the Subscriptions of others."""
    letters = LETTERS.get(call.interaction.kind, "r")
    return all(
        any(scope.context == "system" and scope.covers(KIND, letter) for scope in call.principal.scopes)
        for letter in letters
    )


def _allowed(call: Call, wanted: Subscription, content: str | None = None) -> None:
    """Raises NotAllowed when the subscriber would be told what the caller may not read."""
    named = wanted.filters.patients()
    for kind in _kinds(wanted, content or wanted.content):
        grant = call.principal.grant(Interaction(kind="read", resource=kind))
        for reach in grant.reaches:
            patients = {f"Patient/{one.patient}" for one in reach.limits}
            if any(one.patient is None or one.constraints for one in reach.limits):
                raise NotAllowed
            if named is None or not named <= patients:
                raise NotAllowed


def _kinds(wanted: Subscription, content: str) -> Sequence[str]:
    """The types of resource a subscriber is sent."""
    if content != "full-resource":
        return (DOCUMENT,)
    if wanted.form == "classic" and wanted.filters.finding:
        return next(one.values for one in wanted.filters.finding if one.name == "kind")
    return (DOCUMENT,) if wanted.form == "classic" else (DOCUMENT, *FINDINGS)


def _parameters(call: Call) -> Iterator[tuple[str, str]]:
    """The parameters of an operation, of the query and of the body."""
    yield from ((name, value) for name, value in call.query if name not in _RESULT)
    listed = (call.body or {}).get("parameter") or []
    for one in listed if isinstance(listed, list) else []:
        values = [value for name, value in _pairs(one) if name.startswith("value")]
        if values and isinstance(values[0], str | int):
            yield str(one.get("name")), str(values[0])


def _pairs(value: Any) -> Sequence[tuple[str, Any]]:
    return list(value.items()) if isinstance(value, dict) else []


def _number(asked: dict[str, str], name: str) -> int | None:
    text = asked.get(name)
    if text is None:
        return None
    if not text.isdecimal() or len(text) > 9:
        raise InputError("not the number of an event", path=name)
    return int(text)


def _count(call: Call) -> int:
    raw = dict(call.query).get("_count", str(COUNT))
    if not raw.isdecimal() or len(raw) > 6:
        raise InputError("not a number", path="_count")
    return min(int(raw), MOST)


def _entry(call: Call, stored: Stored) -> Resource:
    url = f"{call.base}/{stored.reference}"
    return {"fullUrl": url, "resource": stored.content, "search": {"mode": "match"}}


def _link(call: Call, after: str | None) -> str:
    query = [(name, value) for name, value in call.query if name != "_after"]
    query += [("_after", after)] if after else []
    return f"{call.base}/{KIND}" + (f"?{urlencode(query)}" if query else "")
