"""One document version -> one target: sent, tried again later, or kept for somebody to look at.

That something is about to be sent is on disk before it is; what came of it need not be, for it is sent again.

A version is not sent while an older one is under way to the same target, and an older one not at all once
a newer one stands; what the older one made there is withdrawn with the newer one. A delivery is a chain of
workflows ("hops"), one an attempt; the ledger says which is in charge, so that a step
done twice is done once.
"""

import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from adapter.delivery import Sink, retry
from adapter.delivery.retry import Failure, Policy
from adapter.errors import DeliveryError, EmissionError, NotewrightError, TargetRefused
from adapter.fhir import outcome
from adapter.fhir.systems import Version
from adapter.jobs.breaker import Breaker
from adapter.jobs.withdrawal import Earlier, difference
from adapter.ledger import Database, Transaction, deliveries, work
from adapter.ledger.database import instant
from adapter.ledger.deliveries import Delivery
from adapter.model import Issue, Receipt, Resource

TURN = 0.5  # seconds until a version that waits for an older one is looked at again
RATE = 20.0  # deliveries a second that knock again at a target that was left alone for a while


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A target as the courier sees it."""

    name: str
    sink: Sink
    fhir: Version = "r4"
    adapt: Callable[[Resource], Resource | None] = field(default=lambda bundle: bundle)
    policy: Policy = field(default_factory=lambda: Policy(attempts=12, first=1.0, longest=3600.0))
    breaker: Breaker = field(default_factory=Breaker)
    searched: Callable[[Resource], bool] = field(default=lambda bundle: False)  # before it is written to


class Courier:
    """Brings what was derived to the targets."""

    def __init__(
        self,
        database: Database,
        targets: Mapping[str, Posted],
        *,
        told: Callable[[str, str], None] | None = None,
    ) -> None:
        self._database, self._targets = database, targets
        self._told = told or (lambda target, what: None)
        self._turns = {target: threading.Lock() for target in targets}
        self._reached: set[str] = set()

    def attempt(self, document: str, version: int, target: str, hop: int) -> float | None:
        """Seconds until the next hop; None when there is to be none: sent, given up, no longer wanted."""
        posted = self._targets.get(target)
        with self._database.writing() as tx:
            tx.lock(f"delivery/{document}/{target}")
            one = deliveries.read(tx, document, version, target)
            if one.state not in (deliveries.WAITING, deliveries.SENDING) or one.hop != hop:
                return self._left(tx, one, hop)
            if posted is None:
                self._unknown(tx, one)
                return None
            wait = self._turn(tx, one)
            wait = self._rest(tx, one, posted) if wait == 0 else wait
            if wait is None:
                deliveries.mark(tx, one, deliveries.SUPERSEDED, due=None)
                return None
            if wait:
                return self._later(tx, one, wait)
            try:
                bundle = self._bundle(tx, one, posted)
            except EmissionError as error:  # our defect, and the same at every attempt: somebody has to look
                deliveries.mark(tx, one, deliveries.DEAD, outcome=outcome.of([error.issue()]), due=None)
                return None
            deliveries.mark(tx, one, deliveries.SENDING, attempts=one.attempts + 1, due=None)
        return self._send(one, bundle, posted)

    def _left(self, tx: Transaction, one: Delivery, hop: int) -> float | None:
        """What is left to wait, where a step that was cut off had decided so already."""
        if one.state != deliveries.WAITING or one.hop != hop + 1 or one.due is None:
            return None
        return max(0.0, (datetime.fromisoformat(one.due) - tx.moment).total_seconds())

    def _turn(self, tx: Transaction, one: Delivery) -> float | None:
        """0: it may go. None: a newer version goes instead. Else seconds to wait for an older one."""
        others = [other for other in deliveries.of(tx, one.document) if other.target == one.target]
        if any(other.version > one.version for other in others):
            return None
        under_way = any(o.version < one.version and o.state == deliveries.SENDING for o in others)
        return TURN if under_way else 0.0

    def _rest(self, tx: Transaction, one: Delivery, posted: Posted) -> float:
        """Seconds a target is left alone; those who wait come back one after the other, not all at once."""
        wait = posted.breaker.wait()
        if not wait:
            return 0.0
        return wait + random.random() * deliveries.count(tx, deliveries.WAITING, one.target) / RATE

    def _later(self, tx: Transaction, one: Delivery, wait: float, **values: Any) -> float:
        """The next hop is in charge from then on."""
        due = instant(tx.moment + timedelta(seconds=wait))
        deliveries.mark(tx, one, deliveries.WAITING, hop=one.hop + 1, due=due, **values)
        return wait

    def _bundle(self, tx: Transaction, one: Delivery, posted: Posted) -> Resource | None:
        def derived(done: work.Work) -> Resource | None:
            bundle = (done.bundles or {}).get(posted.fhir)
            return posted.adapt(bundle) if bundle else None

        earlier = [
            Earlier(
                bundle=derived(work.read(tx, one.document, other.version)),
                sent=other.state == deliveries.SENT,
            )
            for other in deliveries.of(tx, one.document)
            if other.target == one.target and other.version < one.version and other.reached
        ]
        now = work.read(tx, one.document, one.version)
        return difference(earlier, derived(now), posted.fhir, now.at)

    def _send(self, one: Delivery, bundle: Resource | None, posted: Posted) -> float | None:
        try:
            receipt = self._handed(bundle, posted) if bundle else Receipt(sink=one.target, status="unchanged")
        except DeliveryError as error:
            return self._failed(one, error, posted)
        except Exception as error:  # a defect: its message may hold words of the note
            return self._failed(one, TargetRefused(f"This is a defect ({type(error).__name__})"), posted)
        posted.breaker.succeeded()
        self._told(one.target, "sent")
        with self._database.writing(lasting=False) as tx:
            deliveries.mark(tx, one, deliveries.SENT, receipt=_plain(receipt), outcome=None)
        return None

    def _handed(self, bundle: Resource, posted: Posted) -> Receipt:
        """Bundles have the Device in common: where it is not there for certain they go one after the other.

        It is for certain once a Bundle arrived, at a server that does not have to be searched first.
        """
        if posted.name in self._reached and not posted.searched(bundle):
            return posted.sink.send(bundle)
        with self._one_at_a_time(posted.name):
            receipt = posted.sink.send(bundle)
        self._reached.add(posted.name)
        return receipt

    @contextmanager
    def _one_at_a_time(self, target: str) -> Iterator[None]:
        """Nobody else sends to the target, in no process."""
        with self._turns[target], self._database.reading() as tx:
            tx.lock(f"target/{target}")
            yield

    def _failed(self, one: Delivery, error: DeliveryError, posted: Posted) -> float | None:
        self._told(one.target, "failed")
        if error.retryable:
            posted.breaker.failed()
        else:
            posted.breaker.succeeded()
        with self._database.writing(lasting=False) as tx:
            tx.lock(f"delivery/{one.document}/{one.target}")
            now = deliveries.read(tx, one.document, one.version, one.target)
            if (now.state, now.hop) != (deliveries.SENDING, one.hop):
                return None  # it was sent from two places, and the other one knows more
            wait = self._wait(tx, one, error, posted)
            if wait is not None:
                return self._later(tx, one, wait, outcome=_answer(error))
            deliveries.mark(tx, one, deliveries.DEAD, outcome=_answer(error), due=None)
        return None

    def _wait(self, tx: Transaction, one: Delivery, error: DeliveryError, posted: Posted) -> float | None:
        if not error.retryable:
            return None
        failure = Failure(retry_after=getattr(error, "retry_after", None))
        return retry.delay(failure, one.attempts + 1, posted.policy, tx.moment)

    def _unknown(self, tx: Transaction, one: Delivery) -> None:
        """A target that is no longer configured: kept for somebody to decide."""
        issue = Issue(
            code="not-found",
            reason="no-such-target",
            message="This target is not configured.",
            severity="error",
        )
        deliveries.mark(tx, one, deliveries.DEAD, outcome=outcome.of([issue]), due=None)


def _plain(receipt: Receipt) -> Resource:
    return {name: value for name, value in asdict(receipt).items() if value not in (None, ())}


def _answer(error: NotewrightError) -> Resource:
    """The server's own OperationOutcome where it gave one, else ours."""
    return getattr(error, "outcome", None) or outcome.of([error.issue()])
