"""POST of a batch or transaction Bundle. https://hl7.org/fhir/R4/http.html#transaction

Documents can be created, updated, read and searched. A transaction is all or nothing, in one transaction of
the database: creates first (a document after those it refers to), then updates, then reads, which see them.
In a batch every entry stands for itself.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl

from adapter.api import documents, faults, intake
from adapter.api.call import Answer, Call
from adapter.api.faults import Invalid
from adapter.api.intake import KIND, Accepted
from adapter.api.security.interactions import Interaction, of_entries
from adapter.errors import InputError, NotewrightError, RestError
from adapter.ledger import Transaction, work
from adapter.model import Issue, Resource

MOST = 1_000  # entries of one Bundle
READING = ("read", "vread", "search-type")
WRITING = ("create", "update")
HEADERS = {"If-Match": "request.ifMatch", "If-None-Exist": "request.ifNoneExist"}
LINKS = ("reference", "url")  # elements in which an entry may name another one by its fullUrl


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One entry, understood."""

    number: int
    interaction: Interaction
    request: Resource
    resource: Resource | None
    url: str  # by which other entries may refer to it
    wrong: str = ""  # why it cannot be done here

    @property
    def path(self) -> str:
        """Where it stands."""
        return f"Bundle.entry[{self.number}]"


class Unmade(RestError):
    """A transaction was not made, because of one of its entries."""

    def __init__(self, part: Part, error: NotewrightError) -> None:
        super().__init__()
        told = faults.answer(error)
        self.status = told.status
        self.issues = tuple(_placed(part, issue) for issue in _issues(error))


def run(call: Call) -> Answer:
    """The answers to the entries, in their order."""
    bundle = call.resource
    parts = _parts(call, bundle)
    writes = sum(one.interaction.kind in WRITING for one in parts)
    call.service.queue.check(call.service.database, max(1, writes))
    answers = _transaction(call, parts) if bundle["type"] == "transaction" else _batch(call, parts)
    told = {
        "resourceType": "Bundle",
        "type": f"{bundle['type']}-response",
        "entry": [_entry(answers[one.number]) for one in parts],
    }
    within = tuple((one.interaction, answers[one.number]) for one in parts if not one.wrong)
    return Answer(resource=told if parts else _without_entries(told), within=within)


def _batch(call: Call, parts: Sequence[Part]) -> Mapping[int, Answer]:
    return {one.number: _alone(call, one) for one in parts}


def _alone(call: Call, part: Part) -> Answer:
    """One entry by itself; what goes wrong with it is its own answer."""
    try:
        with (
            call.service.database.writing()
            if part.interaction.kind in WRITING
            else (call.service.database.reading()) as tx
        ):
            answer, done = _done(tx, call, part, part.resource)
    except NotewrightError as error:
        return faults.answer(error)
    if done:
        done.start(call, work.BATCH)
    return answer


def _transaction(call: Call, parts: Sequence[Part]) -> Mapping[int, Answer]:
    """All entries in one transaction of the database."""
    ordered = _ordered(parts)
    links: dict[str, str] = {}
    answers: dict[int, Answer] = {}
    accepted: list[Accepted] = []
    with call.service.database.writing() as tx:
        for one in ordered:
            answers[one.number], done = _tried(tx, call, one, links)
            if done:
                accepted.append(done)
                links |= {one.url: done.stored.reference} if one.url else {}
    for done in accepted:
        done.start(call, work.BATCH)
    return answers


def _tried(
    tx: Transaction, call: Call, part: Part, links: Mapping[str, str]
) -> tuple[Answer, Accepted | None]:
    try:
        return _done(tx, call, part, _linked(part.resource, links) if links else part.resource)
    except NotewrightError as error:
        if error.retryable:
            raise
        raise Unmade(part, error) from error


def _done(
    tx: Transaction, call: Call, part: Part, resource: Resource | None
) -> tuple[Answer, Accepted | None]:
    """What an entry is answered, and what it brought in."""
    if part.wrong:
        raise Invalid([_issue(part.wrong, f"{part.path}.request")])
    own = _of(call, part, resource)
    own.principal.grant(part.interaction)
    if part.interaction.kind == "create":
        condition = part.request.get("ifNoneExist")
        match = intake.criteria(str(condition)) if condition is not None else ()
        done = intake.create(tx, own, own.resource, match=match, priority=work.BATCH)
    elif part.interaction.kind == "update":
        expected = intake.expected(own.headers.get("if-match"))
        id = documents.identity(own)
        done = intake.update(tx, own, id, own.resource, expected=expected, priority=work.BATCH)
    elif part.interaction.kind == "search-type":
        return documents.search_in(tx, own), None
    else:
        return documents.read_in(tx, own), None
    return documents.told(own, done, 201 if done.created else 200), done


def _ordered(parts: Sequence[Part]) -> list[Part]:
    """Creates, each after those it refers to; then updates; then reads. Raises Unmade."""
    for one in parts:
        if one.wrong:
            raise Unmade(one, Invalid([_issue(one.wrong, "request")]))
    _once(parts)
    creates = [one for one in parts if one.interaction.kind == "create"]
    rest = [one for kind in ("update", *READING) for one in parts if one.interaction.kind == kind]
    ordered: list[Part] = []
    while creates:
        waiting = {one.url for one in creates if one.url}
        free = [one for one in creates if not waiting & {*_named(one.resource)} - {one.url}]
        if not free:
            raise Unmade(creates[0], InputError("documents that refer to each other in a circle"))
        ordered += free
        creates = [one for one in creates if one not in free]
    return ordered + rest


def _once(parts: Sequence[Part]) -> None:
    """Raises Unmade where a document is updated twice, or a fullUrl stands twice."""
    seen: set[str] = set()
    for one in parts:
        names = [one.url] if one.interaction.kind == "create" and one.url else []
        names += [str(one.request.get("url"))] if one.interaction.kind == "update" else []
        if seen & set(names):
            raise Unmade(one, InputError("the same resource stands in this transaction twice"))
        seen |= set(names)


def _named(value: Any) -> Iterator[str]:
    """What a resource refers to."""
    if isinstance(value, dict):
        for key, child in value.items():
            if key in LINKS and isinstance(child, str):
                yield child
            else:
                yield from _named(child)
    elif isinstance(value, list):
        for child in value:
            yield from _named(child)


def _linked(value: Any, links: Mapping[str, str]) -> Any:
    """The resource with every fullUrl in it replaced by the reference it has become."""
    if isinstance(value, dict):
        return {
            key: links.get(child, child) if key in LINKS and isinstance(child, str) else _linked(child, links)
            for key, child in value.items()
        }
    return [_linked(child, links) for child in value] if isinstance(value, list) else value


def _parts(call: Call, bundle: Resource) -> list[Part]:
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") not in ("batch", "transaction"):
        raise Invalid([_issue("A batch or transaction Bundle is needed.", "Bundle.type")])
    entries = bundle.get("entry") or []
    if not isinstance(entries, list) or len(entries) > MOST:
        raise InputError(f"entry is not a list of at most {MOST}", path="Bundle.entry")
    return [
        _part(*one) for one in zip(range(len(entries)), entries, of_entries(bundle, call.base), strict=True)
    ]


def _part(number: int, entry: Any, interaction: Interaction) -> Part:
    given = entry if isinstance(entry, dict) else {}
    request, resource, url = given.get("request"), given.get("resource"), given.get("fullUrl")
    able = interaction.resource == KIND and interaction.kind in (*WRITING, *READING)
    wrong = "" if able else f"Only {KIND} can be created, updated, read and searched here."
    return Part(
        number=number,
        interaction=interaction,
        request=request if isinstance(request, dict) else {},
        resource=resource if isinstance(resource, dict) else None,
        url=url if isinstance(url, str) else "",
        wrong=wrong if isinstance(request, dict) else "The entry has no request.",
    )


def _of(call: Call, part: Part, resource: Resource | None) -> Call:
    """The call an entry would be by itself."""
    path, _, query = str(part.request.get("url", "")).removeprefix(f"{call.base}/").partition("?")
    named: Mapping[str, str] = dict(zip(("type", "id", "", "version"), path.split("/"), strict=False))
    headers = {key: value for key, value in call.headers.items() if key == "prefer"}
    for header, name in (("if-match", "ifMatch"), ("if-none-match", "ifNoneMatch")):
        if name in part.request:
            headers[header] = str(part.request[name])
    return replace(
        call,
        interaction=part.interaction,
        path=named,
        query=parse_qsl(query, keep_blank_values=True),
        headers=headers,
        body=resource,
    )


def _entry(answer: Answer) -> Resource:
    """An answer as an entry of the response."""
    response: Resource = {"status": str(answer.status)}
    for header, name in (("Location", "location"), ("ETag", "etag")):
        if header in answer.headers:
            response[name] = answer.headers[header]
    if answer.status >= 400:
        return {"response": response | {"outcome": answer.resource}}
    return ({"resource": answer.resource} if answer.resource else {}) | {"response": response}


def _without_entries(bundle: Resource) -> Resource:
    """FHIR has no empty lists."""
    return {key: value for key, value in bundle.items() if key != "entry"}


def _issues(error: NotewrightError) -> Sequence[Issue]:
    return error.issues if isinstance(error, Invalid) else (error.issue(),)


def _placed(part: Part, issue: Issue) -> Issue:
    root, _, rest = (issue.path or "").partition(".")
    within = ("resource", rest) if root == KIND else (HEADERS.get(root, root), rest)
    return replace(issue, path=".".join(name for name in (part.path, *within) if name))


def _issue(message: str, path: str) -> Issue:
    return Issue(code="not-supported", reason="not-here", message=message, severity="error", path=path)
