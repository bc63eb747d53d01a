"""What keeps the work going: signs of life, recovery of what the dead left, what nobody took up, the past.

The ledger is right and workflows follow it: whatever the ledger holds and no workflow has is put up again.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from dbos import DBOS
from sqlalchemy import delete, func, insert, select, update

from adapter.jobs.options import Options
from adapter.ledger import Database, Transaction, deliveries, submissions, work
from adapter.ledger.database import instant
from adapter.ledger.deliveries import Delivery
from adapter.ledger.submissions import Submission
from adapter.ledger.tables import worker
from adapter.ledger.work import Work

ALIVE = ("ENQUEUED", "DELAYED", "PENDING")
DONE = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
PAGE = 200  # workflows looked up, or deleted, at once
MISSED = 3  # signs of life missed by a worker that counts as dead

R = TypeVar("R")


class Keeper:
    """Looks after the work of all processes, beside the work itself. One in a process.

    `works`: whether this process works on queues, and so must be known to the others.
    """

    def __init__(
        self,
        database: Database,
        options: Options,
        *,
        name: str,
        works: bool,
        accept: Callable[[Work], None],
        deliver: Callable[[Delivery], None],
        fetch: Callable[[Submission], None],
        remind: Callable[[], None] = lambda: None,
    ) -> None:
        self._database, self._options = database, options
        self._name, self._works = name, works
        self._accept, self._deliver, self._fetch, self._remind = accept, deliver, fetch, remind
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="nw-keeper", daemon=True)

    def start(self) -> None:
        """Begins, once workflows run."""
        self.adopt()
        self.sweep(everything=not self._database.shared)
        self._thread.start()

    def stop(self) -> None:
        """No longer keeps; returns when it does nothing more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def beat(self) -> None:
        """This process is known to be alive; who was not heard of for long is forgotten."""
        with self._database.writing(lasting=False) as tx:
            now = _now(tx)
            if self._works:
                seen = update(worker).where(worker.c.id == self._name).values(seen=instant(now))
                if not tx.connection.execute(seen).rowcount:
                    tx.connection.execute(insert(worker).values(id=self._name, seen=instant(now)))
            old = instant(now - timedelta(seconds=MISSED * self._options.beat))
            tx.connection.execute(delete(worker).where(worker.c.seen < old, worker.c.id != self._name))

    def leave(self) -> None:
        """This process is not there any more; what it has not finished is for the others."""
        with self._database.writing() as tx:
            tx.connection.execute(delete(worker).where(worker.c.id == self._name))

    def adopt(self) -> None:
        """What was begun by a process that is not alive is begun again.

        A process is known before it begins anything: workflows are looked at first, processes then.
        """
        pending = DBOS.list_workflows(status="PENDING", load_input=False, load_output=False)
        owners = {one.executor_id for one in pending if one.executor_id}
        with self._database.reading() as tx:
            alive: set[str] = set(tx.connection.execute(select(worker.c.id)).scalars())
        if strangers := owners - alive - {self._name}:
            DBOS._recover_pending_workflows(sorted(strangers))

    def sweep(self, *, everything: bool = False) -> None:
        """Puts up again what the ledger holds and no workflow has.

        A process may end between the two, or a workflow break off.
        """
        with self._database.reading() as tx:
            before = instant(tx.moment - timedelta(seconds=0 if everything else self._options.overdue))
            accepted = work.waiting(tx, before)
            states = (deliveries.WAITING, deliveries.SENDING)
            waiting = [one for one in deliveries.listed(tx, states) if (one.due or one.at) < before]
        for todo in _orphans(accepted, document_id):
            with self._database.writing() as tx:
                taken = work.hop(tx, todo)
            if taken:
                self._accept(todo)
        for one in _orphans(waiting, delivery_id):
            with self._database.writing() as tx:
                taken = deliveries.hop(tx, one)
            if taken:
                self._deliver(one)
        self._sweep_submissions(before)

    def _sweep_submissions(self, before: str) -> None:
        with self._database.reading() as tx:
            busy = submissions.busy(tx, before)
        for one in _orphans(busy, lambda one: f"submission:{one.id}:{one.hop}"):
            with self._database.writing() as tx:
                submissions.lock(tx, one.id)
                same = submissions.read(tx, one.id) == one
                now = submissions.woken(tx, one.id) if same else one
            if same:
                self._fetch(now)

    def forget(self) -> None:
        """Workflows that came to an end longer ago than `retention` are deleted, a page at a time.

        One process at a time does so.
        """
        before = datetime.now(UTC) - timedelta(seconds=self._options.retention)
        with self._database.reading() as tx:
            if not tx.taken("forget"):
                return
            while not self._stopped.is_set():
                found = DBOS.list_workflows(
                    status=DONE,
                    completed_before=before.isoformat(),
                    limit=PAGE,
                    load_input=False,
                    load_output=False,
                )
                if found:
                    DBOS.delete_workflows([one.workflow_id for one in found])
                if len(found) < PAGE:
                    return

    def _keep(self) -> None:
        last = time.monotonic()
        while not self._stopped.wait(self._options.beat):
            try:
                self.beat()
                self.adopt()
                self._remind()
                if time.monotonic() - last > self._options.overdue:
                    last = time.monotonic()
                    self.sweep()
                    self.forget()
            except Exception as error:  # the keeper must outlive a database that is away
                logging.getLogger("notewright.jobs").warning("keeper", extra={"error": type(error).__name__})


def document_id(one: Work) -> str:
    """The id of the workflow in charge of a document version."""
    return f"document:{one.document}:{one.version}:{one.hop}"


def delivery_id(one: Delivery) -> str:
    """The id of the workflow in charge of a delivery."""
    return f"delivery:{one.document}:{one.version}:{one.target}:{one.hop}"


def _orphans(rows: Sequence[R], id_of: Callable[[R], str]) -> Iterator[R]:
    """The rows whose workflow is not there, or came to an end without them."""
    for start in range(0, len(rows), PAGE):
        page = {id_of(row): row for row in rows[start : start + PAGE]}
        known = DBOS.list_workflows(workflow_ids=list(page), load_input=False, load_output=False)
        alive = {one.workflow_id for one in known if one.status in ALIVE}
        yield from (row for id, row in page.items() if id not in alive)


def _now(tx: Transaction) -> datetime:
    """The time by the database's clock, where several machines have their own."""
    if tx.connection.dialect.name == "postgresql":
        found: datetime = tx.connection.execute(select(func.clock_timestamp())).scalar_one()
        return found
    return tx.moment
