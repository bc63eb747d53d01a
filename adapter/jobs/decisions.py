"""What people decide about what is in the ledger, at every door: tried again, given up, taken back."""

from typing import Final, Protocol

from adapter.ledger import Database, Transaction, deliveries, resources, work
from adapter.ledger.deliveries import Delivery
from adapter.ledger.resources import Stored
from adapter.ledger.work import Work
from adapter.model import Resource

KIND: Final = "DocumentReference"
WRONG: Final = "entered-in-error"


class Jobs(Protocol):
    """Who does what was decided: the workflows."""

    def accept(self, document: str, version: int, *, priority: int = work.NORMAL, hop: int = 0) -> None:
        """A document version is worked on."""

    def deliver(self, one: Delivery) -> None:
        """A delivery is worked on."""


class Decisions:
    """Carries out what somebody decided; what is on disk first is begun at once."""

    def __init__(self, database: Database, jobs: Jobs) -> None:
        self._database, self._jobs = database, jobs

    def deliver_again(self, document: str, version: int, target: str) -> Delivery:
        """A dead or discarded delivery, waiting again. Raises UnknownResource or PreconditionFailed."""
        with self._database.writing() as tx:
            one = deliveries.again(tx, document, version, target)
        self._jobs.deliver(one)
        return one

    def discard(self, document: str, version: int, target: str) -> Delivery:
        """A dead delivery, given up for good. Raises UnknownResource or PreconditionFailed."""
        with self._database.writing() as tx:
            return deliveries.discard(tx, document, version, target)

    def read_again(self, document: str, version: int) -> Work:
        """A document that could not be read, to be read again. Raises UnknownResource."""
        with self._database.writing() as tx:
            anew = work.again(tx, document, version)
        self._jobs.accept(anew.document, anew.version, priority=anew.priority, hop=anew.hop)
        return anew

    def retract(self, document: str, expected: int) -> Stored:
        """The document entered in error: what was derived from it is taken back wherever it went.

        One that is so already stays as it is. Raises UnknownResource, Gone, or PreconditionFailed when
        `expected` is not its version.
        """
        with self._database.writing() as tx:
            stored = resources.change(tx, KIND, document, wrong, expected)
            new = stored.version != expected
            if new:
                to_do(tx, stored)
        if new:
            self._jobs.accept(stored.id, stored.version)
        return stored


def wrong(document: Resource) -> Resource:
    """A document that says it was entered in error."""
    return {**document, "status": WRONG}


def to_do(tx: Transaction, stored: Stored, priority: int = work.NORMAL) -> Stored:
    """A changed document, with its work: of one that no longer holds, what was derived is withdrawn."""
    retracts = stored.content.get("status") in (WRONG, "superseded")
    work.add(tx, stored.id, stored.version, priority=priority, retracts=retracts)
    return stored
