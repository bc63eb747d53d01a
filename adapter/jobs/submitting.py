"""A bulk submission -> its documents in the ledger: manifests and files fetched, lines accepted in batches.

A step does what can be done in some seconds and says when the next one is due. What a batch brings and how
far its file is are one transaction, so a step that is cut off anywhere goes on where it was; a document's id
follows from its line. Steps of another hop than the one in charge do nothing.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy.exc import InterfaceError, OperationalError

from adapter.egress import Fetched, Policy, fetch
from adapter.errors import EgressFailed, EgressRefused, InputError, NotewrightError, RestError
from adapter.fhir import ids, outcome
from adapter.fhir.wire.json_reader import read_json
from adapter.fhir.wire.limits import Limits
from adapter.jobs import listing
from adapter.jobs.decisions import WRONG, to_do, wrong
from adapter.jobs.lines import issue_of, placed, told
from adapter.jobs.listing import KIND, Listing
from adapter.jobs.spool import Spool
from adapter.ledger import Database, Transaction, resources, submissions, work
from adapter.ledger.resources import Stored
from adapter.ledger.submissions import File, Manifest, Place
from adapter.model import Issue, Resource

PATIENCE = 6  # attempts at a manifest or file
PAUSE = 1.0  # seconds until it is looked again whether there is room
KEPT = 4  # fetched files that wait for room, in this process
PLAIN = frozenset({"application/octet-stream", "binary/octet-stream", "text/plain"})
JSON = frozenset({"application/json", "application/fhir+json", "text/json"}) | PLAIN
NDJSON = frozenset({"application/fhir+ndjson", "application/ndjson", "application/x-ndjson"}) | JSON

Started = list[Stored]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much one submission may be, and how much of it is done at once."""

    manifest: int = 16 * 1024 * 1024  # bytes
    pages: int = 1_000  # of one manifest
    files: int = 10_000  # of one page
    file: int = 1024 * 1024 * 1024  # bytes, unpacked
    line: int = 16 * 1024 * 1024  # bytes
    lines: int = 1_000_000  # of one file
    seconds: float = 900.0  # to fetch one file
    waiting: int = 5_000  # documents that wait to be read while more are accepted
    batch: int = 50  # lines of one transaction
    turn: float = 5.0  # seconds of one step


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of one document in a transaction."""

    stored: Stored
    created: bool
    todo: tuple[Stored, ...] = ()  # versions there is work for now


Accept = Callable[[Transaction, Resource, Manifest, str], Taken]


class Submitter:
    """Works on bulk submissions. `accept` takes one document; `start` begins the work on a version."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        *,
        accept: Accept,
        start: Callable[[Stored], None],
        bounds: Bounds | None = None,
    ) -> None:
        self._database, self._accept, self._start = database, accept, start
        self._bounds = bounds or Bounds()
        limits = self._bounds
        self.policy = replace(policy, types=JSON, max_bytes=limits.manifest)
        self._files = replace(policy, types=NDJSON, max_bytes=limits.file, total_seconds=limits.seconds)
        self._spools: dict[tuple[str, int, int], Spool] = {}
        self._lock = threading.Lock()

    def step(self, submission: str, hop: int) -> float | None:
        """Seconds until the next step; None when there is nothing to do, or somebody else does it."""
        with self._database.reading() as tx:
            now = submissions.read(tx, submission)
        if now.hop != hop:
            return 0.0 if now.hop == hop + 1 else None
        end = time.monotonic() + self._bounds.turn
        wait = self._piece(submission, hop)
        while wait == 0.0 and time.monotonic() < end:
            wait = self._piece(submission, hop)
        return None if wait is None else self._further(submission, hop, wait)

    def close(self) -> None:
        """Fetched files are gone."""
        with self._lock:
            for spool in self._spools.values():
                spool.close()
            self._spools.clear()

    def _further(self, id: str, hop: int, wait: float) -> float | None:
        with self._database.writing() as tx:
            if not _mine(tx, id, hop):
                return None
            submissions.change(tx, id, hop=hop + 1)
        return wait

    def _piece(self, id: str, hop: int) -> float | None:
        """One thing done: 0 to go on, seconds to wait, None when there is nothing to do for this hop."""
        with self._database.writing() as tx:
            if not _mine(tx, id, hop):
                return None
            one = _chosen(tx, id)
            if one is None:
                submissions.change(tx, id, busy=False)
                return None
            file = submissions.next_file(tx, one) if one.state == submissions.READING else None
            headers = submissions.headers(tx, one)
        if one.state == submissions.DISCARDING:
            return self._take_back(one, hop)
        if one.state == submissions.WAITING:
            return self._listed(one, hop, headers)
        return self._read(one, file, hop, headers) if file else self._close(one, hop)

    def _listed(self, one: Manifest, hop: int, headers: Mapping[str, str]) -> float | None:
        """The manifest fetched, its files and next page put down."""
        found, wrong = None, None
        try:
            get = self._get(one, one.url, self.policy, headers)
            found = listing.read(get(accept="application/json").content, self._bounds.files)
        except EgressFailed as error:
            if error.retryable and one.attempts < PATIENCE:
                return self._again(one, None, hop)
            wrong = error.issue()
        except InputError as error:
            wrong = error.issue()
        with self._database.writing() as tx:
            if not _mine(tx, one.submission, hop):
                return None
            issues = [wrong] if wrong else self._put_down(tx, one, found)
            if issues:
                submissions.keep_line(
                    tx, one.submission, (one.number, 0, 0), outcome=told(issues, "manifest")
                )
            submissions.mark_manifest(tx, one, state=submissions.READING)
        return 0.0

    def _put_down(self, tx: Transaction, one: Manifest, found: Listing | None) -> list[Issue]:
        assert found is not None
        submissions.add_files(tx, one, found.files)
        for number, issue in found.skipped.items():
            outcome_now = told([issue], f"output[{number - 1}]")
            submissions.keep_line(tx, one.submission, (one.number, number, 0), outcome=outcome_now)
        if found.following is None:
            return []
        known = submissions.manifests(tx, one.submission, one.root)
        if len(known) >= self._bounds.pages or found.following in {page.url for page in known}:
            message = "The next page is one that was read already, or one too many."
            return [issue_of("too-costly", "next-page", message, "link")]
        submissions.add_manifest(
            tx, one.submission, found.following, fhir=one.fhir, base=one.base, root=one.root
        )
        return []

    def _close(self, one: Manifest, hop: int) -> float | None:
        """A manifest whose files came to an end; the last page takes secrets and what it replaces along."""
        with self._database.writing() as tx:
            if not _mine(tx, one.submission, hop):
                return None
            submissions.mark_manifest(tx, one, state=submissions.DONE)
            pages = submissions.manifests(tx, one.submission, one.root)
            if all(page.state == submissions.DONE for page in pages):
                submissions.forget_headers(tx, one.submission, one.root)
                if pages[0].replaces is not None:
                    submissions.discard(tx, one.submission, pages[0].replaces)
        return 0.0

    def _read(self, one: Manifest, file: File, hop: int, headers: Mapping[str, str]) -> float | None:
        """A batch of lines accepted, when there is room."""
        with self._database.reading() as tx:
            if work.counts(tx).get(work.ACCEPTED, 0) >= self._bounds.waiting:
                return PAUSE
        try:
            spool = self._spool(one, file, headers)
        except EgressFailed as error:
            if error.retryable and file.attempts < PATIENCE:
                return self._again(one, file, hop)
            return self._broken(file, hop, error.issue())
        except EgressRefused as error:
            return self._broken(file, hop, error.issue())
        if file.digest not in (None, spool.digest):
            spool.close()
            message = "The file is not the one that was begun to be read."
            return self._broken(file, hop, issue_of("conflict", "file-changed", message))
        try:
            return self._batch(one, file, hop, spool)
        except BaseException:
            spool.close()
            raise

    def _batch(self, one: Manifest, file: File, hop: int, spool: Spool) -> float | None:
        batch = spool.batch(file.lines, self._bounds.batch)
        if file.lines >= self._bounds.lines and not (batch.ended and not batch.lines):
            spool.close()
            message = f"Only {self._bounds.lines} lines of a file are read."
            return self._broken(file, hop, issue_of("too-long", "too-many-lines", message))
        read = [(number, self._document(content, one.base)) for number, content in batch.lines]
        started: Started = []
        with self._database.writing() as tx:
            if not _mine(tx, one.submission, hop):
                spool.close()
                return None
            if submissions.file(tx, file) != file:
                spool.close()
                return 0.0
            taken = sum(self._line(tx, one, (one.number, file.number, n), what, started) for n, what in read)
            submissions.mark_file(
                tx,
                file,
                lines=batch.last,
                accepted=file.accepted + taken,
                refused=file.refused + len(read) - taken,
                digest=spool.digest,
                state=submissions.DONE if batch.ended else submissions.WAITING,
            )
        self._keep(file, spool, batch.ended)
        self._begin(started)
        return 0.0

    def _document(self, content: bytes | None, base: str) -> Resource | Issue:
        if content is None:
            return issue_of("too-long", "line-too-long", f"The line is over {self._bounds.line} bytes.")
        try:
            return placed(read_json(content.strip(), Limits(size=self._bounds.line)), base)
        except NotewrightError as error:
            return error.issue()

    def _line(
        self, tx: Transaction, one: Manifest, place: Place, what: Resource | Issue, started: Started
    ) -> bool:
        """Whether a line was accepted; what became of it is kept."""
        issues: tuple[Issue, ...] = (what,) if isinstance(what, Issue) else ()
        taken = None
        if not isinstance(what, Issue):
            try:
                with tx.connection.begin_nested():
                    taken = self._taken(tx, one, place, what)
            except NotewrightError as error:
                issues = tuple(getattr(error, "issues", ())) or (error.issue(),)
            except (OperationalError, InterfaceError):
                raise
            except Exception as error:  # a defect: its message may hold words of the note
                message = f"This is a defect ({type(error).__name__})."
                issues = (issue_of("exception", "defect", message),)
        if taken is None:
            outcome_now = told(issues, f"output[{place[1] - 1}]", place[2])
            submissions.keep_line(tx, one.submission, place, outcome=outcome_now)
            return False
        started.extend(taken.todo)
        stored = taken.stored
        submissions.keep_line(
            tx, one.submission, place, document=stored.id, version=stored.version, brought=taken.created
        )
        return True

    def _taken(self, tx: Transaction, one: Manifest, place: Place, document: Resource) -> Taken:
        id = ids.stable("bulk", one.submission, *place)
        try:
            return Taken(stored=resources.read(tx, KIND, id, 1), created=True)
        except RestError:
            return self._accept(tx, document, one, id)

    def _take_back(self, one: Manifest, hop: int) -> float | None:
        """Some of the documents a manifest brought, entered in error from now on."""
        started: Started = []
        with self._database.writing() as tx:
            if not _mine(tx, one.submission, hop):
                return None
            found = submissions.brought(tx, one, self._bounds.batch)
            for place, document, version in found:
                if not submissions.hand_on(tx, one.submission, place, document):
                    started += _withdrawn(tx, document, version)
            if not found:
                submissions.mark_manifest(tx, one, state=submissions.DISCARDED)
        self._begin(started)
        return 0.0

    def _begin(self, started: Started) -> None:
        for stored in started:
            self._start(stored)

    def _spool(self, one: Manifest, file: File, headers: Mapping[str, str]) -> Spool:
        """The file, fetched now unless it was a moment ago."""
        with self._lock:
            known = self._spools.pop((file.submission, file.manifest, file.number), None)
        if known is not None:
            return known
        get = self._get(one, file.url, self._files, headers)
        accept = "application/fhir+ndjson, application/ndjson;q=0.9, */*;q=0.1"
        return Spool(lambda into: get(accept=accept, into=into), line=self._bounds.line)

    def _keep(self, file: File, spool: Spool, ended: bool) -> None:
        """The fetched file is kept for the next batch, the oldest of others given up for it."""
        with self._lock:
            if ended:
                spool.close()
                return
            while len(self._spools) >= KEPT:
                self._spools.pop(next(iter(self._spools))).close()
            self._spools[(file.submission, file.manifest, file.number)] = spool

    def _get(
        self, one: Manifest, url: str, policy: Policy, headers: Mapping[str, str]
    ) -> Callable[..., Fetched]:
        """The call; EgressRefused when it would carry what came by https over http."""
        if one.url.lower().startswith("https:") and url.lower().startswith("http:"):
            raise EgressRefused("a manifest that came by https names a file by http", rule="redirect-http")
        return partial(fetch, url, policy, headers=headers)

    def _again(self, one: Manifest, file: File | None, hop: int) -> float | None:
        """The seconds until a manifest or file is tried again."""
        with self._database.writing() as tx:
            if not _mine(tx, one.submission, hop):
                return None
            if file is None:
                submissions.mark_manifest(tx, one, attempts=one.attempts + 1)
            else:
                submissions.mark_file(tx, file, attempts=file.attempts + 1)
        return float(2 ** (file or one).attempts)

    def _broken(self, file: File, hop: int, issue: Issue) -> float | None:
        with self._database.writing() as tx:
            if not _mine(tx, file.submission, hop):
                return None
            outcome_now = told([issue], f"output[{file.number - 1}]")
            submissions.keep_line(tx, file.submission, (file.manifest, file.number, 0), outcome=outcome_now)
            submissions.mark_file(tx, file, state=submissions.BROKEN)
        return 0.0


def _mine(tx: Transaction, id: str, hop: int) -> bool:
    """Whether this hop is in charge; nobody else changes the submission from here on."""
    submissions.lock(tx, id)
    return submissions.read(tx, id).hop == hop


def _chosen(tx: Transaction, id: str) -> Manifest | None:
    """What is next: something to read, else something to take back."""
    known = submissions.manifests(tx, id)
    for states in ((submissions.WAITING, submissions.READING), (submissions.DISCARDING,)):
        for one in known:
            if one.state in states:
                return one
    return None


def _withdrawn(tx: Transaction, document: str, version: int) -> Started:
    """The document entered in error, unless somebody changed it since."""
    try:
        now = resources.read(tx, KIND, document)
    except RestError:
        return []
    if now.version != version or now.content.get("status") == WRONG:
        return []
    if work.read(tx, document, version).state == work.ACCEPTED:
        work.finish(tx, document, version, work.RETRACTED, bundles={}, outcome=outcome.of([]))
    return [to_do(tx, resources.change(tx, KIND, document, wrong), work.BATCH)]
