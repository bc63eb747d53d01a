"""Bulk submissions: $bulk-submit, $bulk-submit-status, and the files of what became of them.

https://hl7.org/fhir/uv/bulkdata (4.0.0-ballot), page Submit. The codes of the draft before it (`complete`,
`aborted`, `error`) are understood and given too.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from adapter.api import bulkparameters, intake
from adapter.api.bulkparameters import Given
from adapter.api.call import Answer, Call
from adapter.api.faults import Invalid, NotHere
from adapter.api.security.authenticator import Authenticator
from adapter.api.security.scopes import Grant
from adapter.egress import check_endpoint, checked_headers
from adapter.errors import Busy, NotAllowed, UnknownResource
from adapter.fhir import outcome
from adapter.fhir.systems import Version
from adapter.fhir.wire.json_writer import write_json
from adapter.fhir.wire.negotiation import Formats
from adapter.jobs import Submitter, Taken
from adapter.ledger import Database, Transaction, requests, submissions, work
from adapter.ledger.database import instant
from adapter.ledger.submissions import Line, Manifest, Place, Submission
from adapter.model import Issue, Resource

KIND: Final = "bulk"  # of the request that is polled
TYPE: Final = "http://hl7.org/fhir/uv/bulkdata/StructureDefinition/BulkSubmitStatusManifest"
NDJSON: Final = "application/fhir+ndjson"
MOST: Final = 1_000  # manifests of a submission, pages aside
OPEN: Final = 20  # submissions of one caller that are worked on
PAGE: Final = 20  # lines read at once
AGAIN: Final = 5  # seconds until it is worth asking again
_FILE = re.compile(r"(output|outcome)-([0-9]{1,6})\.ndjson")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Giver:
    """Who submitted: somebody without bounds, as was found out then."""

    formats: Formats
    base: str
    grant: Grant = field(default_factory=Grant)

    def admit(self, resource: Resource) -> None:
        """Nothing: every document may be submitted."""


def submit(call: Call) -> Answer:
    """200 when the submission was noted; what it names is fetched afterwards."""
    submitter = _submitter(call)
    given = bulkparameters.read(call.resource, call.service.fhir)
    if given.manifest:
        check_endpoint(given.manifest, submitter.policy)
        checked_headers(dict(given.headers))
    with call.service.database.writing() as tx:
        changed = _noted(tx, call, given)
    if changed:
        call.service.jobs.fetch(changed.id, changed.hop)
    return Answer(resource=outcome.of(given.ignored))


def status(call: Call) -> Answer:
    """202 with the URL that tells how far a submission is."""
    owner = _owner(call)
    given = bulkparameters.asked(call.resource)
    with call.service.database.writing() as tx:
        found = submissions.named(tx, owner, given.submitter, given.name)
        if found is None:
            raise UnknownResource("there is no such submission")
        asked = requests.add(tx, KIND, owner, {"submission": found.id})
    headers = {"Content-Location": f"{call.base}/$bulk-submit-status/{asked.id}", "Retry-After": str(AGAIN)}
    return Answer(status=202, headers=headers)


def poll(call: Call) -> Answer:
    """202 with X-Progress while there is something to do; then 200 with the status manifest."""
    with call.service.database.reading() as tx:
        found = _polled(tx, call)
        waiting = _waiting(tx, found)
        if waiting:
            return Answer(status=202, headers={"X-Progress": waiting, "Retry-After": str(AGAIN)})
        return Answer(resource=_manifest(tx, call, found), fhir=False)


def forget(call: Call) -> Answer:
    """202: the status is not asked for any more. The submission and its documents stay."""
    with call.service.database.writing() as tx:
        _polled(tx, call)
        requests.remove(tx, call.path["id"], _owner(call))
    return Answer(status=202)


def file(call: Call) -> Answer:
    """The lines of a file of the status manifest, as they are read from the ledger."""
    named = _FILE.fullmatch(call.path["name"])
    database = call.service.database
    with database.reading() as tx:
        found = submissions.read(tx, call.path["id"], _owner(call))
        pages = submissions.manifests(tx, found.id, int(named[2])) if named else ()
        if not pages or named is None or _waiting(tx, found):
            raise UnknownResource("there is no such file")
        first = _summary(tx, pages)
    lines = _lines(database, found.id, [page.number for page in pages])
    if named[1] == "output":
        kept = pages[0].state not in submissions.GONE
        stream = _outputs(lines, call.service.fhir) if kept else iter(())
    else:
        stream = _outcomes(lines, first)
    return Answer(stream=stream, headers={"Content-Type": NDJSON})


def accept(tx: Transaction, document: Resource, manifest: Manifest, id: str) -> Taken:
    """One document of a submission, as if it had been posted."""
    version: Version = "r5" if manifest.fhir == "r5" else "r4"
    formats = Formats(body="json", body_version=version, answer="json", answer_version=version)
    giver = _Giver(formats=formats, base=manifest.base)
    accepted = intake.create(tx, giver, document, priority=work.BATCH, id=id)
    return Taken(stored=accepted.stored, created=accepted.created, todo=accepted.todo)


def _submitter(call: Call) -> Submitter:
    """Who fetches. Raises NotHere where no host may be called, NotAllowed for a caller with bounds."""
    if call.service.submitter is None:
        raise NotHere("no bulk submissions are taken here: no host is allowed")
    _owner(call)
    return call.service.submitter


def _owner(call: Call) -> str:
    if not call.grant.whole:  # a file is not looked at by patient before it is fetched
        raise NotAllowed
    return call.principal.id


def _noted(tx: Transaction, call: Call, given: Given) -> Submission | None:
    """The submission with what was asked for put down; None when there is nothing new in it."""
    owner = _owner(call)
    found = submissions.named(tx, owner, given.submitter, given.name)
    if found is None and not given.manifest and given.state != submissions.IN_PROGRESS:
        raise UnknownResource("there is no such submission")
    if found is None and sum(one.owner == owner for one in submissions.busy(tx, "~")) >= OPEN:
        raise Busy("too many submissions are under way; try again later")
    found = submissions.opened(tx, owner, given.submitter, given.name)
    roots = {one.url: one for one in submissions.manifests(tx, found.id) if one.root == one.number}
    known = given.manifest is None or given.manifest in roots
    if found.state != submissions.IN_PROGRESS:
        if known and given.replaces is None and given.state == found.state:
            return None
        raise _refused("conflict", "submission-ended", "The submission has ended.", "submissionId")
    replaced = _replaced(given, roots)
    if given.manifest and not known:
        if len(roots) >= MOST:
            raise _refused("too-costly", "too-many-manifests", "Too many manifests.", "manifestUrl")
        submissions.add_manifest(
            tx,
            found.id,
            given.manifest,
            fhir=given.fhir,
            base=given.base,
            headers=given.headers,
            replaces=replaced.number if replaced else None,
        )
    elif replaced:
        submissions.discard(tx, found.id, replaced.number)
    if given.state == submissions.STOPPED:
        submissions.discard(tx, found.id)
    submissions.change(tx, found.id, state=given.state)
    return submissions.woken(tx, found.id)


def _replaced(given: Given, roots: dict[str, Manifest]) -> Manifest | None:
    if given.replaces is None:
        return None
    if given.replaces not in roots or given.replaces == given.manifest:
        raise _refused("not-found", "no-such-manifest", "There is no such manifest.", "replacesManifestUrl")
    return roots[given.replaces]


def _polled(tx: Transaction, call: Call) -> Submission:
    asked = requests.read(tx, call.path["id"], _owner(call))
    if asked.kind != KIND:
        raise UnknownResource("there is no such request")
    return submissions.read(tx, asked.content["submission"], asked.owner)


def _waiting(tx: Transaction, found: Submission) -> str | None:
    """What there is still to do; None when all is done."""
    done = submissions.progress(tx, found.id)
    unread = submissions.unread(tx, found.id)
    if not found.busy and not unread and found.state != submissions.IN_PROGRESS:
        return None
    told = f"{done.ended} of {done.files} files, {done.accepted} documents accepted, {unread} waiting"
    if found.state == submissions.IN_PROGRESS and not found.busy and not unread:
        told += "; more may be submitted"
    return told[:99]


def _manifest(tx: Transaction, call: Call, found: Submission) -> Resource:
    """The status manifest: a file of Bundles and one of outcomes for each manifest."""
    base = f"{call.base}/$bulk-files/{found.id}"
    output, outcomes = [], []
    known = submissions.manifests(tx, found.id)
    for root in (one for one in known if one.number == one.root):
        numbers = [one.number for one in known if one.root == root.number]
        count = submissions.derived(tx, found.id, numbers) if root.state not in submissions.GONE else 0
        own = {"manifestUrl": root.url}
        if count:
            url = f"{base}/output-{root.number}.ndjson"
            output.append({"type": "Bundle", "url": url, "count": count, **own})
        url = f"{base}/outcome-{root.number}.ndjson"
        outcomes.append({"type": "OperationOutcome", "url": url, **own})
    return {
        "manifestType": TYPE,
        "submissionId": found.name,
        "transactionTime": instant(datetime.now(UTC)),
        "requiresAccessToken": isinstance(call.service.authenticator, Authenticator),
        "outputFormat": NDJSON,
        "output": output,
        "outcome": outcomes,
        "error": outcomes,
    }


def _summary(tx: Transaction, pages: tuple[Manifest, ...]) -> Resource:
    """How a manifest went, as an outcome."""
    numbers = [page.number for page in pages]
    done = submissions.progress(tx, pages[0].submission, numbers)
    unreadable = submissions.unreadable(tx, pages[0].submission, numbers)
    told = (
        f"files: {done.files}, not read: {done.failed}; lines accepted: {done.accepted}, "
        f"refused: {done.refused}; documents that nothing could be read from: {unreadable}"
    )
    reason = "manifest-discarded" if pages[0].state in submissions.GONE else "manifest-read"
    issue = Issue(code="informational", reason=reason, message=told, severity="information")
    return outcome.of([issue])


def _lines(database: Database, id: str, numbers: list[int]) -> Iterator[Line]:
    """All lines of some manifests, a page at a time, so that no transaction waits for the one who reads."""
    after: Place = (0, -1, -1)
    while True:
        with database.reading() as tx:
            page = submissions.lines(tx, id, numbers, after=after, limit=PAGE)
        yield from page
        if len(page) < PAGE:
            return
        after = page[-1].place


def _outputs(lines: Iterator[Line], version: Version) -> Iterator[bytes]:
    for line in lines:
        bundle = (line.bundles or {}).get(version) if line.state == work.EXTRACTED else None
        if bundle is not None:
            yield write_json(bundle) + b"\n"


def _outcomes(lines: Iterator[Line], first: Resource) -> Iterator[bytes]:
    yield write_json(first) + b"\n"
    for line in lines:
        if line.outcome is not None:
            yield write_json(line.outcome) + b"\n"
        elif line.told is not None and _serious(line.told):
            yield write_json(_of_line(line, line.told)) + b"\n"


def _serious(told: Resource) -> bool:
    return any(one.get("severity") in ("error", "fatal") for one in told.get("issue", []))


def _of_line(line: Line, told: Resource) -> Resource:
    """What was said of a document, with where it came from."""
    _, number, place = line.place
    where = f"output[{number - 1}], line {place}: "
    issues: list[dict[str, Any]] = [
        {**one, "diagnostics": where + str(one.get("diagnostics", ""))} for one in told["issue"]
    ]
    return {**told, "issue": issues}


def _refused(code: str, reason: str, message: str, name: str) -> Invalid:
    path = f"Parameters.parameter({name})"
    return Invalid([Issue(code=code, reason=reason, message=message, severity="error", path=path)])
