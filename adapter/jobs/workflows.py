"""The workflows, on DBOS: queues, retries that outlive the process, and recovery of what a dead worker left.

https://docs.dbos.dev/python/reference . A queue is polled; at 20 ms a queue is no slower than its work.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from dbos import DBOS, DBOSConfig
from sqlalchemy import delete, insert, select, update

from adapter.errors import LedgerError
from adapter.ledger import Database, deliveries, work
from adapter.ledger.database import instant
from adapter.ledger.tables import worker

VERSION = "notewright-1"  # of the workflows' steps: work begun under another version would not be taken up
ALIVE = ("ENQUEUED", "DELAYED", "PENDING")
PAGE = 200  # workflows looked up at once
DOCUMENTS, DELIVERIES, NOTICES = "nw-documents", "nw-deliveries", "nw-notices"

T = TypeVar("T")
R = TypeVar("R")

Derive = Callable[[str, int], tuple[str, ...]]
Deliver = Callable[[str, int, str, int], float | None]
Notice = Callable[[str, int], float | None]
Publish = Callable[[str, int], tuple[tuple[str, int], ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How much at once, and how patient."""

    derive: int = 3  # documents at once in this process
    deliver: int = 4  # deliveries at once to one target from this process
    polling: float = 0.05  # seconds between two looks at a queue
    beat: float = 5.0  # seconds between two signs of life; three missed and a worker counts as dead
    overdue: float = 30.0  # seconds after which what nobody took up is put up again
    retention: float = 3600.0  # seconds finished workflows are kept


class Workflows:
    """Does what the ledger says is to be done. One in a process: DBOS is one in a process."""

    def __init__(
        self,
        database: Database,
        *,
        derive: Derive | None = None,
        deliver: Deliver | None = None,
        publish: Publish | None = None,
        notice: Notice | None = None,
        options: Options | None = None,
        name: str | None = None,
    ) -> None:
        self._database, self._options = database, options or Options()
        self._derive, self._deliver = derive, deliver
        self._publish, self._notice = publish, notice
        self._name = name or (f"{uuid.uuid4()}" if database.shared else "local")
        self._stopped = threading.Event()

    @contextmanager
    def running(self, *, patience: int = 10) -> Iterator["Workflows"]:
        """The queues are worked on; at the end what is under way may finish for `patience` seconds."""
        logging.getLogger("dbos").setLevel(logging.WARNING)
        DBOS(config=self._config())
        self._register()
        if self._derive is None:
            DBOS.listen_queues([])
        keeper = threading.Thread(target=self._keep, name="nw-keeper", daemon=True)
        try:
            DBOS.launch()
            self._queues()
            self._sweep(everything=not self._database.shared)
            keeper.start()
            yield self
        finally:
            self._stopped.set()
            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=patience)
            if keeper.is_alive():
                keeper.join()
            self._leave()

    def accept(self, document: str, version: int, *, priority: int = work.NORMAL, hop: int = 0) -> None:
        """A document version of the ledger is worked on. Asking again is harmless."""
        id = f"document:{document}:{version}:{hop}"
        self._enqueue("nw_document", DOCUMENTS, id, (document, version), priority=priority)

    def deliver(self, one: deliveries.Delivery) -> None:
        """A delivery of the ledger is worked on. Asking again is harmless."""
        self._send((one.document, one.version, one.target, one.hop))

    def _config(self) -> DBOSConfig:
        return {
            "name": "notewright",
            "system_database_engine": self._database.engine,
            "system_database_url": self._database.engine.url.render_as_string(hide_password=False),
            "application_version": VERSION,
            "executor_id": self._name,
            "log_level": "WARNING",
            "use_listen_notify": False,
        }

    def _register(self) -> None:
        """The workflows by name. They are closures, so that nothing is registered when modules are read."""
        step = DBOS.run_step

        def nw_document(document: str, version: int) -> None:
            for target in step({"name": "derive"}, self._derived, document, version):
                self._send((document, version, target, 0))
            for subscription, number in step({"name": "publish"}, self._published, document, version):
                self._tell(subscription, number, 0, None)

        def nw_delivery(document: str, version: int, target: str, hop: int) -> None:
            wait = step({"name": "deliver"}, self._delivered, document, version, target, hop)
            if wait is not None:
                self._send((document, version, target, hop + 1), wait)

        def nw_notice(subscription: str, number: int, attempt: int) -> None:
            wait = step({"name": "notice"}, self._noticed, subscription, number)
            if wait is not None:
                self._tell(subscription, number, attempt + 1, wait)

        for function in (nw_document, nw_delivery, nw_notice):
            DBOS.workflow(name=function.__name__, max_recovery_attempts=None)(function)

    def _queues(self) -> None:
        options = self._options
        polling = {"polling_interval_sec": options.polling, "on_conflict": "always_update"}
        DBOS.register_queue(DOCUMENTS, worker_concurrency=options.derive, **polling)  # type: ignore[arg-type]
        DBOS.register_queue(DELIVERIES, partition_worker_concurrency=options.deliver, **polling)  # type: ignore[arg-type]
        DBOS.register_queue(NOTICES, partition_concurrency=1, **polling)  # type: ignore[arg-type]

    def _derived(self, document: str, version: int) -> tuple[str, ...]:
        derive = self._derive
        return self._patient(lambda: derive(document, version) if derive else ())

    def _delivered(self, document: str, version: int, target: str, hop: int) -> float | None:
        deliver = self._deliver
        return self._patient(lambda: deliver(document, version, target, hop) if deliver else None)

    def _published(self, document: str, version: int) -> tuple[tuple[str, int], ...]:
        publish = self._publish
        return self._patient(lambda: publish(document, version) if publish else ())

    def _noticed(self, subscription: str, number: int) -> float | None:
        notice = self._notice
        return self._patient(lambda: notice(subscription, number) if notice else None)

    def _patient(self, act: Callable[[], T]) -> T:
        """What `act` gives, however long the database is away."""
        wait = 0.1
        while True:
            try:
                return act()
            except LedgerError as error:
                if not error.retryable or self._stopped.is_set():
                    raise
                time.sleep(wait)
                wait = min(10.0, wait * 2)

    def _send(self, given: tuple[str, int, str, int], delay: float | None = None) -> None:
        id = "delivery:" + ":".join(str(part) for part in given)
        self._enqueue("nw_delivery", DELIVERIES, id, given, partition=given[2], delay=delay)

    def _tell(self, subscription: str, number: int, attempt: int, delay: float | None) -> None:
        id = f"notice:{subscription}:{number}:{attempt}"
        self._enqueue(
            "nw_notice", NOTICES, id, (subscription, number, attempt), partition=subscription, delay=delay
        )

    def _enqueue(
        self,
        name: str,
        queue: str,
        id: str,
        given: tuple[Any, ...],
        *,
        priority: int | None = None,
        partition: str | None = None,
        delay: float | None = None,
    ) -> None:
        options: dict[str, Any] = {
            "workflow_name": name,
            "queue_name": queue,
            "workflow_id": id,
            "app_version": VERSION,
            "priority": priority,
            "queue_partition_key": partition,
            "delay_seconds": delay,
        }
        chosen = {key: value for key, value in options.items() if value is not None}
        DBOS.enqueue_workflow_with_options(chosen, *given)  # type: ignore[arg-type]

    def _keep(self) -> None:
        """Gives signs of life, takes over from the dead, puts up what nobody took up. Runs until the end."""
        last = time.monotonic()
        while not self._stopped.wait(self._options.beat):
            try:
                self._beat()
                if time.monotonic() - last > self._options.overdue:
                    last = time.monotonic()
                    self._sweep()
            except Exception as error:  # the keeper must outlive a database that is away
                logging.getLogger("notewright.jobs").warning("keeper", extra={"error": type(error).__name__})

    def _beat(self) -> None:
        if self._derive is None:
            return
        with self._database.writing() as tx:
            seen = update(worker).where(worker.c.id == self._name).values(seen=tx.now)
            if not tx.connection.execute(seen).rowcount:
                tx.connection.execute(insert(worker).values(id=self._name, seen=tx.now))
            old = instant(tx.moment - timedelta(seconds=3 * self._options.beat))
            silent = select(worker.c.id).where(worker.c.seen < old, worker.c.id != self._name)
            dead: list[str] = list(tx.connection.execute(silent).scalars())
        if dead:
            DBOS._recover_pending_workflows(dead)
            with self._database.writing() as tx:
                tx.connection.execute(delete(worker).where(worker.c.id.in_(dead), worker.c.seen < old))

    def _sweep(self, *, everything: bool = False) -> None:
        """Puts up again what the ledger holds and no workflow has.

        A process may end between the two, or a workflow break off.
        """
        with self._database.reading() as tx:
            before = instant(tx.moment - timedelta(seconds=0 if everything else self._options.overdue))
            accepted = work.waiting(tx, before)
            states = (deliveries.WAITING, deliveries.SENDING)
            waiting = [one for one in deliveries.listed(tx, states) if (one.due or one.at) < before]
        for todo in self._orphans(accepted, lambda one: f"document:{one.document}:{one.version}:{one.hop}"):
            with self._database.writing() as tx:
                now = work.hop(tx, todo.document, todo.version)
            self.accept(now.document, now.version, priority=now.priority, hop=now.hop)
        for one in self._orphans(
            waiting, lambda one: f"delivery:{one.document}:{one.version}:{one.target}:{one.hop}"
        ):
            with self._database.writing() as tx:
                deliveries.mark(tx, one, deliveries.WAITING, hop=one.hop + 1, due=None)
            self.deliver(replace(one, hop=one.hop + 1))

    def _orphans(self, rows: Sequence[R], id_of: Callable[[R], str]) -> Iterator[R]:
        """The rows whose workflow is not there, or came to an end without them."""
        for start in range(0, len(rows), PAGE):
            page = {id_of(row): row for row in rows[start : start + PAGE]}
            known = DBOS.list_workflows(workflow_ids=list(page), load_input=False, load_output=False)
            alive = {one.workflow_id for one in known if one.status in ALIVE}
            yield from (row for id, row in page.items() if id not in alive)

    def _leave(self) -> None:
        with self._database.writing() as tx:
            tx.connection.execute(delete(worker).where(worker.c.id == self._name))
