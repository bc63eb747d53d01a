"""DocumentReference: create, update, read, history, search. https://hl7.org/fhir/R4/http.html"""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from urllib.parse import urlencode

from adapter.api import intake
from adapter.api.call import Answer, Call
from adapter.api.intake import KIND, Accepted
from adapter.errors import InputError, UnknownResource
from adapter.fhir import outcome
from adapter.ledger import requests, resources
from adapter.ledger.index import Criterion, criterion
from adapter.ledger.resources import Stored
from adapter.model import Resource

COUNT = 50  # resources of a page nobody asked a size for
MOST = 200  # and of any page
RESULT = ("_count", "_format", "_pretty", "_after", "_total", "_summary")


def create(call: Call) -> Answer:
    """201 when the document is new, 200 when it is there already; 202 with `Prefer: respond-async`."""
    condition = call.headers.get("if-none-exist")
    match = intake.criteria(condition) if condition is not None else ()
    call.service.queue.check(call.service.database)
    with call.service.database.writing() as tx:
        accepted = intake.create(tx, call, call.resource, match=match)
        asked = (
            requests.add(tx, "document", call.principal.id, _named(accepted.stored))
            if "respond-async" in call.preferences
            else None
        )
    accepted.start(call)
    if asked:
        where = f"{call.base}/$async/{asked.id}"
        return Answer(status=202, headers={"Content-Location": where}, concerns=accepted.stored.content)
    return told(call, accepted, 201 if accepted.created else 200)


def update(call: Call) -> Answer:
    """200 with the new version; 404 for a document that is not here: clients do not choose ids."""
    expected = intake.expected(call.headers.get("if-match"))
    call.service.queue.check(call.service.database)
    with call.service.database.writing() as tx:
        accepted = intake.update(tx, call, call.path["id"], call.resource, expected=expected)
    accepted.start(call)
    return told(call, accepted, 200)


def read(call: Call) -> Answer:
    """The current version, or that of the path; 304 when the caller has it."""
    number = call.path.get("version")
    if number is not None and not (number.isdecimal() and len(number) < 10):
        raise UnknownResource(f"there is no such version of this {KIND}")
    with call.service.database.reading() as tx:
        stored = resources.read(tx, KIND, call.path["id"], int(number) if number else None)
    call.admit(stored.content)
    if call.headers.get("if-none-match") == stored.etag:
        return Answer(status=304, headers=_headers(stored), concerns=stored.content)
    return Answer(resource=stored.content, headers=_headers(stored))


def history(call: Call) -> Answer:
    """All versions of a document, newest first."""
    with call.service.database.reading() as tx:
        versions = resources.history(tx, KIND, call.path["id"])
    for one in versions:
        if not one.deleted:
            call.admit(one.content)
    return Answer(resource=bundle("history", [_past(call, one) for one in versions], len(versions)))


def search(call: Call) -> Answer:
    """A searchset, newest first, with a link to the next page."""
    criteria = _criteria(call)
    count, after = _count(call), dict(call.query).get("_after")
    found: dict[str, Stored] = {}
    total, further = 0, None
    with call.service.database.reading() as tx:
        for more in call.grant.searches():
            narrowed = [*criteria, *(criterion(KIND, name, value) for name, value in more)]
            page = resources.search(tx, KIND, narrowed, count=count, after=after)
            found |= {one.id: one for one in page.found if call.grant.admits(one.content)}
            total, further = total + page.total, further or page.next
    listed = sorted(found.values(), key=lambda one: (one.at, one.id), reverse=True)
    entries = [{**_entry(call, one), "search": {"mode": "match"}} for one in listed]
    links = [("self", _link(call, after)), *([("next", _link(call, further))] if further else [])]
    return Answer(resource=bundle("searchset", entries if count else [], total, links))


def told(call: Call, accepted: Accepted, status: int) -> Answer:
    """What is answered to a write, as the caller prefers it."""
    stored = accepted.stored
    headers = _headers(stored)
    if accepted.created or status == 201:
        headers |= {"Location": f"{call.base}/{stored.reference}/_history/{stored.version}"}
    wanted = call.preferences.get("return", "representation")
    given: Resource | None = {"minimal": None, "OperationOutcome": outcome.of([])}.get(wanted, stored.content)
    return Answer(resource=given, status=status, headers=headers, concerns=stored.content)


def bundle(
    kind: str, entries: Sequence[Resource], total: int, links: Sequence[tuple[str, str]] = ()
) -> Resource:
    """A Bundle of a search or a history."""
    whole: Resource = {"resourceType": "Bundle", "type": kind, "total": total}
    if links:
        whole["link"] = [{"relation": relation, "url": url} for relation, url in links]
    return whole | ({"entry": list(entries)} if entries else {})


def _headers(stored: Stored) -> dict[str, str]:
    changed = datetime.fromisoformat(stored.at)
    return {"ETag": stored.etag, "Last-Modified": format_datetime(changed, usegmt=True)}


def _named(stored: Stored) -> Resource:
    return {"document": stored.id, "version": stored.version}


def _entry(call: Call, stored: Stored) -> Resource:
    return {"fullUrl": f"{call.base}/{stored.reference}", "resource": stored.content}


def _past(call: Call, stored: Stored) -> Resource:
    method = "DELETE" if stored.deleted else "POST" if stored.version == 1 else "PUT"
    url = KIND if method == "POST" else stored.reference
    status = {"DELETE": "204", "POST": "201", "PUT": "200"}[method]
    entry: Resource = {
        "fullUrl": f"{call.base}/{stored.reference}",
        "request": {"method": method, "url": url},
        "response": {"status": status, "etag": stored.etag, "lastModified": stored.at},
    }
    return entry if stored.deleted else {**entry, "resource": stored.content}


def _criteria(call: Call) -> list[Criterion]:
    """The criteria of a search; unknown ones are refused unless the caller said to be lenient."""
    lenient = call.preferences.get("handling") == "lenient"
    found = []
    for name, value in call.query:
        if name not in RESULT:
            try:
                found.append(criterion(KIND, name, value))
            except InputError:
                if not lenient:
                    raise
    return found


def _count(call: Call) -> int:
    asked = dict(call.query)
    if asked.get("_summary") == "count":
        return 0
    raw = asked.get("_count", str(COUNT))
    if not raw.isdecimal() or len(raw) > 6:
        raise InputError("not a number", path="_count")
    return min(int(raw), MOST)


def _link(call: Call, after: str | None) -> str:
    query = [(name, value) for name, value in call.query if name != "_after"]
    query += [("_after", after)] if after else []
    return f"{call.base}/{KIND}" + (f"?{urlencode(query)}" if query else "")
