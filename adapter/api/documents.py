"""DocumentReference: create, update, read, history, search. https://hl7.org/fhir/R4/http.html"""

import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from itertools import combinations
from urllib.parse import urlencode

from adapter.api import intake
from adapter.api.call import Answer, Call
from adapter.api.intake import KIND, Accepted
from adapter.api.translation import translated
from adapter.errors import InputError, UnknownResource
from adapter.fhir import outcome
from adapter.ledger import Transaction, requests, resources
from adapter.ledger.index import Criterion, criterion
from adapter.ledger.resources import Stored
from adapter.model import Resource

COUNT = 50  # resources of a page nobody asked a size for
MOST = 200  # and of any page
RESULT = ("_count", "_format", "_pretty", "_after", "_total", "_summary")
LIMITS = 4  # limits of a caller under which the total of a search is still counted
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_NUMBER = re.compile(r"[0-9]{1,6}")

Narrowing = Sequence[Criterion]


def create(call: Call) -> Answer:
    """201 when the document is new, 200 when it is there already; 202 with `Prefer: respond-async`."""
    unasked = [name for name, _ in call.query if name not in ("_format", "_pretty")]
    if unasked:  # some clients put a condition there; taken for nothing it would double a document
        raise InputError("a create takes no parameters; a condition goes into If-None-Exist", path="create")
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
        accepted = intake.update(tx, call, identity(call), call.resource, expected=expected)
    accepted.start(call)
    return told(call, accepted, 200)


def read(call: Call) -> Answer:
    """The current version, or that of the path; 304 when the caller has it."""
    with call.service.database.reading() as tx:
        return read_in(tx, call)


def read_in(tx: Transaction, call: Call) -> Answer:
    """What `read` answers, as a transaction sees it."""
    number = call.path.get("version")
    if number is not None and not (_NUMBER.fullmatch(number)):
        raise UnknownResource(f"there is no such version of this {KIND}")
    stored = resources.read(tx, KIND, identity(call), int(number) if number else None)
    call.admit(stored.content)
    if _known(call.headers.get("if-none-match"), stored):
        return Answer(status=304, headers=_headers(stored), concerns=stored.content)
    return Answer(resource=shown(call, stored), headers=_headers(stored))


def history(call: Call) -> Answer:
    """All versions of a document, newest first."""
    with call.service.database.reading() as tx:
        versions = resources.history(tx, KIND, identity(call))
    for one in versions:
        if not one.deleted:
            call.admit(one.content)
    past = bundle("history", [_past(call, one) for one in versions], len(versions))
    return Answer(resource=past, concerns=versions[0].content or None)


def search(call: Call) -> Answer:
    """A searchset, newest first, with a link to the next page."""
    with call.service.database.reading() as tx:
        return search_in(tx, call)


def search_in(tx: Transaction, call: Call) -> Answer:
    """What `search` answers, as a transaction sees it.

    A caller with several limits has one search for each; what they find is one list, no document twice.
    """
    used, criteria = _criteria(call)
    count, after = _count(call), dict(call.query).get("_after")
    limits = [[criterion(KIND, name, value) for name, value in more] for more in call.grant.searches()]
    pages = [resources.search(tx, KIND, [*criteria, *more], count=count, after=after) for more in limits]
    found = {one.id: one for page in pages for one in page.found}
    listed = sorted(found.values(), key=lambda one: (one.at, one.id), reverse=True)
    page = [one for one in listed[:count] if call.grant.admits(one.content)]
    further = len(listed) > count or any(one.next for one in pages)
    last = f"{listed[count - 1].at}~{listed[count - 1].id}" if count and further else None
    links = [("self", _link(call, used, after)), *([("next", _link(call, used, last))] if last else [])]
    entries = [{**_entry(call, one), "search": {"mode": "match"}} for one in page]
    total = _total(tx, criteria, limits)
    found_now = tuple(one.content for one in page)
    return Answer(resource=bundle("searchset", entries, total, links), besides=found_now)


def identity(call: Call) -> str:
    """The id of the path. Raises UnknownResource when it can be nobody's."""
    id = call.path["id"]
    if not _ID.fullmatch(id):
        raise UnknownResource(f"there is no such {KIND}")
    return id


def shown(call: Call, stored: Stored) -> Resource:
    """The document in the FHIR version the caller asked for."""
    return translated(stored.content, call.formats.answer_version)


def told(call: Call, accepted: Accepted, status: int) -> Answer:
    """What is answered to a write, as the caller prefers it."""
    stored = accepted.stored
    headers = _headers(stored)
    if accepted.created or call.interaction.kind == "create":
        headers |= {"Location": f"{call.base}/{stored.reference}/_history/{stored.version}"}
    wanted = call.preferences.get("return", "representation")
    others: dict[str, Resource | None] = {"minimal": None, "OperationOutcome": outcome.of([])}
    given = others[wanted] if wanted in others else shown(call, stored)
    return Answer(resource=given, status=status, headers=headers, concerns=stored.content)


def bundle(
    kind: str, entries: Sequence[Resource], total: int | None, links: Sequence[tuple[str, str]] = ()
) -> Resource:
    """A Bundle of a search or a history."""
    whole: Resource = {"resourceType": "Bundle", "type": kind}
    if total is not None:
        whole["total"] = total
    if links:
        whole["link"] = [{"relation": relation, "url": url} for relation, url in links]
    return whole | ({"entry": list(entries)} if entries else {})


def _headers(stored: Stored) -> dict[str, str]:
    changed = datetime.fromisoformat(stored.at)
    return {"ETag": stored.etag, "Last-Modified": format_datetime(changed, usegmt=True)}


def _named(stored: Stored) -> Resource:
    return {"document": stored.id, "version": stored.version}


def _entry(call: Call, stored: Stored) -> Resource:
    return {"fullUrl": f"{call.base}/{stored.reference}", "resource": shown(call, stored)}


def _past(call: Call, stored: Stored) -> Resource:
    method = "DELETE" if stored.deleted else "POST" if stored.version == 1 else "PUT"
    url = KIND if method == "POST" else stored.reference
    status = {"DELETE": "204", "POST": "201", "PUT": "200"}[method]
    entry: Resource = {
        "fullUrl": f"{call.base}/{stored.reference}",
        "request": {"method": method, "url": url},
        "response": {"status": status, "etag": stored.etag, "lastModified": stored.at},
    }
    return entry if stored.deleted else {**entry, "resource": shown(call, stored)}


def _criteria(call: Call) -> tuple[list[tuple[str, str]], list[Criterion]]:
    """The parameters that were used, and the criteria they are.

    Unknown ones are refused unless the caller said to be lenient.
    """
    lenient = call.preferences.get("handling") == "lenient"
    used, found = [], []
    for name, value in call.query:
        if name.startswith("_") and name not in (*RESULT, "_id", "_lastUpdated"):
            continue  # of results, not of what is found: R4 wants those we do not do to be ignored
        try:
            if name not in RESULT:
                found.append(criterion(KIND, name, value))
            used.append((name, value))
        except InputError:
            if not lenient:
                raise
    return used, found


def _total(tx: Transaction, criteria: Narrowing, limits: Sequence[Narrowing]) -> int | None:
    """How many documents the searches find together, none counted twice; None: too many limits to tell."""
    if len(limits) > LIMITS:
        return None
    total = 0
    for size in range(1, len(limits) + 1):
        for chosen in combinations(limits, size):
            both = [*criteria, *(one for limit in chosen for one in limit)]
            total += (-1) ** (size + 1) * resources.search(tx, KIND, both, count=0).total
    return total


def _known(header: str | None, stored: Stored) -> bool:
    """Whether If-None-Match names this version. https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2"""
    tags = [tag.strip().removeprefix("W/") for tag in (header or "").split(",")]
    return "*" in tags or stored.etag.removeprefix("W/") in tags


def _count(call: Call) -> int:
    asked = dict(call.query)
    if asked.get("_summary") == "count":
        return 0
    raw = asked.get("_count", str(COUNT))
    if not _NUMBER.fullmatch(raw):
        raise InputError("not a number", path="_count")
    return min(int(raw), MOST)


def _link(call: Call, used: Sequence[tuple[str, str]], after: str | None) -> str:
    query = [(name, value) for name, value in used if name != "_after"]
    query += [("_after", after)] if after else []
    return f"{call.base}/{KIND}" + (f"?{urlencode(query)}" if query else "")
