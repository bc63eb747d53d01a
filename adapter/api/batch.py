"""POST of a batch or transaction Bundle. https://hl7.org/fhir/R4/http.html#transaction

Documents can be created, updated, read and searched. A transaction is all or nothing, in one transaction of
the database; in a batch every entry stands for itself.
"""

from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One entry, understood."""

    number: int
    interaction: Interaction
    request: Resource
    resource: Resource | None

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
    writes = sum(one.interaction.kind in ("create", "update") for one in parts)
    call.service.queue.check(call.service.database, max(1, writes))
    if bundle.get("type") == "transaction":
        return _transaction(call, parts)
    entries = [_alone(call, one) for one in parts]
    return Answer(resource={"resourceType": "Bundle", "type": "batch-response", "entry": entries})


def _transaction(call: Call, parts: Sequence[Part]) -> Answer:
    """All entries in one transaction: writes first, then reads, answered in the order given."""
    answers: dict[int, Resource] = {}
    accepted: list[Accepted] = []
    links = {_url(call, one): one for one in parts if one.interaction.kind == "create"}
    with call.service.database.writing() as tx:
        for one in sorted(parts, key=lambda one: one.interaction.kind in READING):
            if one.interaction.kind in READING:
                continue
            if one.resource and _refers(one.resource, set(links)):
                raise Unmade(
                    one, InputError("a document cannot refer to another one of the same transaction")
                )
            done = _tried(tx, call, one)
            accepted.append(done)
            answers[one.number] = _entry(documents.told(_of(call, one), done, 201 if done.created else 200))
    for done in accepted:
        done.start(call, work.BATCH)
    for one in parts:
        if one.interaction.kind in READING:
            answers[one.number] = _alone(call, one)
    entries = [answers[one.number] for one in parts]
    return Answer(resource={"resourceType": "Bundle", "type": "transaction-response", "entry": entries})


def _alone(call: Call, part: Part) -> Resource:
    """One entry by itself; what goes wrong with it is its own answer."""
    try:
        part_call = _of(call, part)
        part_call.principal.grant(part.interaction)
        if part.interaction.kind in READING:
            return _entry(_read(part_call, part))
        with call.service.database.writing() as tx:
            done = _write(tx, call, part)
        done.start(call, work.BATCH)
        return _entry(documents.told(part_call, done, 201 if done.created else 200))
    except NotewrightError as error:
        return _entry(faults.answer(error))


def _tried(tx: Transaction, call: Call, part: Part) -> Accepted:
    try:
        return _write(tx, call, part)
    except NotewrightError as error:
        if error.retryable:
            raise
        raise Unmade(part, error) from error


def _write(tx: Transaction, call: Call, part: Part) -> Accepted:
    part_call = _of(call, part)
    part_call.principal.grant(part.interaction)
    if part.interaction.kind == "create":
        condition = part.request.get("ifNoneExist")
        match = intake.criteria(str(condition)) if condition is not None else ()
        return intake.create(tx, part_call, part_call.resource, match=match, priority=work.BATCH)
    if part.interaction.kind == "update":
        expected = intake.expected(part.request.get("ifMatch"))
        id = part_call.path["id"]
        return intake.update(tx, part_call, id, part_call.resource, expected=expected, priority=work.BATCH)
    raise Invalid([_wrong(part, "This cannot be done in a Bundle here.")])


def _read(call: Call, part: Part) -> Answer:
    return documents.search(call) if part.interaction.kind == "search-type" else documents.read(call)


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
    if not isinstance(entry, dict) or not isinstance(entry.get("request"), dict):
        raise InputError("the entry has no request", path=f"Bundle.entry[{number}].request")
    resource = entry.get("resource")
    part = Part(
        number=number,
        interaction=interaction,
        request=entry["request"] | {"fullUrl": entry.get("fullUrl")},
        resource=resource if isinstance(resource, dict) else None,
    )
    if interaction.resource != KIND or interaction.kind not in ("create", "update", *READING):
        raise Invalid([_wrong(part, f"Only {KIND} can be created, updated, read and searched here.")])
    return part


def _of(call: Call, part: Part) -> Call:
    """The call an entry would be by itself."""
    path, _, query = str(part.request.get("url", "")).removeprefix(f"{call.base}/").partition("?")
    named: Mapping[str, str] = dict(zip(("type", "id", "", "version"), path.split("/"), strict=False))
    headers = {key: value for key, value in call.headers.items() if key == "prefer"}
    return replace(
        call,
        interaction=part.interaction,
        path=named,
        query=parse_qsl(query, keep_blank_values=True),
        headers=headers,
        body=part.resource,
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


def _url(call: Call, part: Part) -> str:
    return str(part.request.get("fullUrl") or "")


def _refers(value: Any, urls: set[str]) -> bool:
    if isinstance(value, dict):
        return any(
            (key == "reference" and child and child in urls) or _refers(child, urls)
            for key, child in value.items()
        )
    return isinstance(value, list) and any(_refers(child, urls) for child in value)


def _issues(error: NotewrightError) -> Sequence[Issue]:
    return error.issues if isinstance(error, Invalid) else (error.issue(),)


def _placed(part: Part, issue: Issue) -> Issue:
    within = f"{part.path}.resource.{issue.path.partition('.')[2]}" if issue.path else part.path
    return replace(issue, path=within.rstrip("."))


def _wrong(part: Part, message: str) -> Issue:
    return _issue(message, f"{part.path}.request")


def _issue(message: str, path: str) -> Issue:
    return Issue(code="not-supported", reason="not-here", message=message, severity="error", path=path)
