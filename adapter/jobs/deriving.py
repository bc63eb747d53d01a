"""One document version -> what is derived from it, in the ledger, with the deliveries that follow."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

from adapter.errors import EngineError, LedgerError, NotewrightError
from adapter.fhir import ids, outcome, systems
from adapter.fhir.systems import Version
from adapter.jobs.gate import Gate
from adapter.ledger import Database, Transaction, deliveries, resources, work
from adapter.ledger.database import instant
from adapter.ledger.resources import Stored
from adapter.ledger.work import Work
from adapter.model import Issue, Note, Resource
from adapter.pipeline import Pipeline, Understood

CAREFUL = 3  # attempts at one document after which it is derived alone, lest others be blamed for it
PATIENT = 5  # attempts for the sake of an attachment that cannot be fetched just now
MOST = 10  # attempts: a document that ends the process each time must not do so for ever

Fetch = Callable[[Resource], tuple[Resource, Sequence[Issue]]]


class Judged(Protocol):
    """What was found in a document, with what reviewers say of it."""

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What of that has no effect."""

    def bundle(self, fhir: Version, recorded: str) -> Resource:
        """What is derived from the document."""

    def keep(self, tx: Transaction) -> None:
        """It is there for those who judge it."""


class Review(Protocol):
    """Those who judge what was found."""

    def judged(self, document: str, version: int, understood: Understood) -> Judged:
        """What they say of a document version."""

    def forget(self, tx: Transaction, document: str) -> None:
        """There is nothing to judge in a document any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """What a document gave."""

    bundles: Mapping[str, Resource] | None = None  # by FHIR version; None where it could not be read at all
    issues: tuple[Issue, ...] = ()  # what was left out, or why it could not be read
    judged: Judged | None = None


class Deriver:
    """Derives documents. `fetch` brings attachments that lie elsewhere; `targets` are planned for."""

    def __init__(
        self,
        database: Database,
        pipeline: Pipeline,
        gate: Gate,
        *,
        targets: Iterable[str] = (),
        versions: Iterable[Version] = ("r4",),
        fetch: Fetch | None = None,
        timed: Callable[[str, float], None] | None = None,
        review: Review | None = None,
    ) -> None:
        self._database, self._pipeline, self._gate, self._review = database, pipeline, gate, review
        self._targets, self.versions = tuple(targets), tuple(dict.fromkeys(versions))
        self._fetch = fetch
        self._timed = timed or (lambda stage, seconds: None)

    def derive(self, document: str, version: int) -> tuple[str, ...]:
        """The targets to deliver to; the Bundles are in the ledger.

        Whatever goes wrong with the document is written there too: nothing that was accepted disappears.
        Raises what may pass by itself (LedgerUnavailable, an engine that is busy).
        """
        with self._database.reading() as tx:
            todo = work.read(tx, document, version)
        if todo.state != work.ACCEPTED:
            return self._planned(document, version)
        if todo.retracts:
            return self._finish(todo, work.RETRACTED, Derived(bundles={}))
        if todo.attempts >= MOST:
            return self._finish(todo, work.FAILED, Derived(issues=(_given_up(),)))
        with self._gate.alone() if todo.attempts >= CAREFUL else self._gate.ordinary():
            return self._begun(document, version)

    def _begun(self, document: str, version: int) -> tuple[str, ...]:
        """An attempt counts from here on: whoever waits for a place has nothing to do with a crash."""
        with self._database.writing(lasting=False) as tx:
            todo = work.begin(tx, document, version)
            stored = resources.read(tx, "DocumentReference", document, version)
        if todo.state != work.ACCEPTED:
            return self._planned(document, version)
        begun = time.monotonic()
        patient = todo.attempts < PATIENT
        derived = self._run(
            _as_known(stored), self.versions, recorded=todo.at, patient=patient, of=(document, version)
        )
        state = work.FAILED if derived.bundles is None else work.EXTRACTED
        return self._finish(todo, state, derived, time.monotonic() - begun)

    def reviewable(self, document: str) -> None:
        """What is found in a document is there for those who judge it; nothing is derived.

        Raises UnknownResource, Gone, InputError or EngineError.
        """
        if self._review is None:
            return
        with self._database.reading() as tx:
            stored = resources.read(tx, "DocumentReference", document)
        whole, _ = self._fetch(_as_known(stored)) if self._fetch else (_as_known(stored), ())
        with self._gate.urgent():
            understood = self._pipeline.understand(whole)
        judged = self._review.judged(document, stored.version, understood)
        with self._database.writing(lasting=False) as tx:
            judged.keep(tx)

    def understand(self, document: Resource, version: Version) -> Derived:
        """What is derived from a document for somebody who waits; nothing is kept."""
        with self._gate.urgent():
            return self._run(document, (version,), recorded=instant(datetime.now(UTC)))

    def notes(self, document: Resource) -> tuple[tuple[Note, ...], tuple[Issue, ...]]:
        """The texts of a document, and which of them could not be had."""
        whole, fetched = self._fetch(document) if self._fetch else (document, ())
        step = self._pipeline.notes(whole)
        return step.kept, (*fetched, *step.left_out)

    def _run(
        self,
        document: Resource,
        versions: Iterable[Version],
        *,
        recorded: str,
        patient: bool = False,
        of: tuple[str, int] | None = None,
    ) -> Derived:
        """What a document gives; with `patient`, EngineError where an attachment may be had later.

        `of` is the document version whose reviewers are heard; None: it has none.
        """
        try:
            whole, fetched = self._fetch(document) if self._fetch else (document, ())
            if patient and any(issue.code == "transient" for issue in fetched):
                raise EngineError("an attachment cannot be fetched yet")
            understood = self._pipeline.understand(whole)
            judged = self._review.judged(*of, understood) if self._review and of else None
            bundles = {str(one): self._written(understood, judged, one, recorded) for one in versions}
        except (LedgerError, EngineError) as error:
            if error.retryable:
                raise
            return Derived(issues=(error.issue(),))
        except NotewrightError as error:
            return Derived(issues=(error.issue(),))
        except (
            Exception
        ) as error:  # a defect: its message may hold words of the note, so only its class is told
            return Derived(issues=(_defect(error),))
        issues = (*fetched, *(issue for step in understood.steps for issue in step.left_out))
        unread = not understood.notes and any(issue.severity in ("error", "fatal") for issue in issues)
        issues += judged.issues if judged else ()
        return Derived(bundles=None if unread else bundles, issues=issues, judged=judged)

    def _written(
        self, understood: Understood, judged: Judged | None, fhir: Version, recorded: str
    ) -> Resource:
        if judged is not None:
            return judged.bundle(fhir, recorded)
        return self._pipeline.write(understood, fhir, recorded).bundle

    def _finish(
        self, todo: Work, state: str, derived: Derived, seconds: float | None = None
    ) -> tuple[str, ...]:
        told = outcome.of(_counted(derived.issues))
        with self._database.writing(lasting=False) as tx:
            first = work.finish(
                tx, todo.document, todo.version, state, bundles=derived.bundles, outcome=told, seconds=seconds
            )
            if first:
                self._reviewable(tx, todo.document, state, derived)
            if first and state != work.FAILED:
                deliveries.plan(tx, todo.document, todo.version, self._wanted(tx, todo.document, state))
        if seconds is not None:
            self._timed("derive", seconds)
        return self._planned(todo.document, todo.version)

    def _reviewable(self, tx: Transaction, document: str, state: str, derived: Derived) -> None:
        """Reviewers see what was found, and nothing of what was withdrawn."""
        if derived.judged is not None and state == work.EXTRACTED:
            derived.judged.keep(tx)
        elif self._review is not None and state == work.RETRACTED:
            self._review.forget(tx, document)

    def _wanted(self, tx: Transaction, document: str, state: str) -> tuple[str, ...]:
        """All targets; of a retraction, those that something may have reached."""
        if state != work.RETRACTED:
            return self._targets
        reached = {one.target for one in deliveries.of(tx, document) if one.reached}
        return tuple(target for target in self._targets if target in reached)

    def _planned(self, document: str, version: int) -> tuple[str, ...]:
        with self._database.reading() as tx:
            return tuple(
                one.target
                for one in deliveries.of(tx, document, version)
                if one.state in (deliveries.WAITING, deliveries.SENDING)
            )


def _as_known(stored: Stored) -> Resource:
    """The document as others know it: by its business identifier, for the id is ours alone.

    A target would look for a "DocumentReference/<our id>" of its own. Where there is none it gets one.
    """
    document = {key: value for key, value in stored.content.items() if key not in ("id", "meta")}
    if not (document.get("identifier") or document.get("masterIdentifier")):
        document["identifier"] = [ids.identifier(systems.DOCUMENT_ID, stored.id)]
    return document


def _counted(issues: Sequence[Issue]) -> list[Issue]:
    """The issues that concern the document: what stages left out for want of certainty is not among them."""
    return [issue for issue in issues if issue.severity in ("error", "fatal") or issue.start is None]


def _defect(error: Exception) -> Issue:
    return Issue(
        code="exception",
        reason="defect",
        message=f"This is a defect of Notewright ({type(error).__name__}); the document is kept.",
        severity="fatal",
    )


def _given_up() -> Issue:
    return Issue(
        code="exception",
        reason="given-up",
        message="The document was begun again and again and never finished; it is kept.",
        severity="fatal",
    )
