"""The workflows, on DBOS: queues, retries that outlive the process, and recovery of what a dead worker left.

https://docs.dbos.dev/python/reference . A queue is polled, which costs CPU even when nothing is there.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeVar

from dbos import DBOS, DBOSConfig

from adapter.errors import LedgerError
from adapter.jobs.keeping import Keeper
from adapter.jobs.options import Options
from adapter.ledger import Database, work
from adapter.ledger.deliveries import Delivery

VERSION = "notewright-1"  # of the workflows' steps: work begun under another version would not be taken up
DOCUMENTS, DELIVERIES, NOTICES = "nw-documents", "nw-deliveries", "nw-notices"
SUBMISSIONS = "nw-submissions"

T = TypeVar("T")

Derive = Callable[[str, int], tuple[str, ...]]
Deliver = Callable[[str, int, str, int], float | None]
Notice = Callable[[str, int], float | None]
Publish = Callable[[str, int], tuple[tuple[str, int], ...]]
Submit = Callable[[str, int], float | None]
Remind = Callable[[], tuple[tuple[str, int], ...]]


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
        submit: Submit | None = None,
        remind: Remind | None = None,
        options: Options | None = None,
        name: str | None = None,
    ) -> None:
        self._database, self._options = database, options or Options()
        self._derive, self._deliver = derive, deliver
        self._publish, self._notice, self._submit, self._remind = publish, notice, submit, remind
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
        keeper = self._keeper()
        try:
            keeper.beat()
            DBOS.launch()
            self._queues()
            keeper.start()
            yield self
        finally:
            self._stopped.set()
            keeper.stop()
            DBOS.destroy(destroy_registry=True, workflow_completion_timeout_sec=patience)
            keeper.leave()

    def accept(self, document: str, version: int, *, priority: int = work.NORMAL, hop: int = 0) -> None:
        """A document version of the ledger is worked on. Asking again is harmless."""
        id = f"document:{document}:{version}:{hop}"
        self._enqueue("nw_document", DOCUMENTS, id, (document, version), priority=priority)

    def deliver(self, one: Delivery) -> None:
        """A delivery of the ledger is worked on. Asking again is harmless."""
        self._send((one.document, one.version, one.target, one.hop))

    def fetch(self, submission: str, hop: int, delay: float | None = None) -> None:
        """A bulk submission of the ledger is worked on. Asking again is harmless."""
        id = f"submission:{submission}:{hop}"
        self._enqueue("nw_submission", SUBMISSIONS, id, (submission, hop), delay=delay)

    def tell(self, subscription: str, number: int) -> None:
        """A notice to a subscriber is brought. Asking again is harmless."""
        self._tell(subscription, number, 0, None)

    def _reminded(self) -> None:
        for subscription, number in self._remind() if self._remind else ():
            self.tell(subscription, number)

    def _keeper(self) -> Keeper:
        def accept(one: work.Work) -> None:
            self.accept(one.document, one.version, priority=one.priority, hop=one.hop + 1)

        return Keeper(
            self._database,
            self._options,
            name=self._name,
            works=self._derive is not None,
            accept=accept,
            deliver=lambda one: self.deliver(replace(one, hop=one.hop + 1)),
            fetch=lambda one: self.fetch(one.id, one.hop),
            remind=self._reminded,
        )

    def _config(self) -> DBOSConfig:
        return {
            "name": "notewright",
            "system_database_engine": self._database.queues,
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

        def nw_submission(submission: str, hop: int) -> None:
            wait = step({"name": "submit"}, self._submitted, submission, hop)
            if wait is not None:
                self.fetch(submission, hop + 1, wait)

        for function in (nw_document, nw_delivery, nw_notice, nw_submission):
            DBOS.workflow(name=function.__name__, max_recovery_attempts=None)(function)

    def _queues(self) -> None:
        """How often each queue is looked at: looking costs, and not everything is in a hurry."""
        options = self._options

        def polled(name: str, slower: float = 1.0, **limits: int) -> None:
            interval = options.polling * slower
            DBOS.register_queue(name, on_conflict="always_update", polling_interval_sec=interval, **limits)  # type: ignore[arg-type]

        polled(DOCUMENTS, worker_concurrency=options.derive)
        polled(DELIVERIES, partition_worker_concurrency=options.deliver)
        polled(NOTICES, 2.0, partition_concurrency=1)
        polled(SUBMISSIONS, 5.0, worker_concurrency=2)

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

    def _submitted(self, submission: str, hop: int) -> float | None:
        submit = self._submit
        return self._patient(lambda: submit(submission, hop) if submit else None)

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
        priority = self._patient(lambda: self._priority(given[0], given[1]))
        self._enqueue(
            "nw_delivery", DELIVERIES, id, given, partition=given[2], delay=delay, priority=priority
        )

    def _priority(self, document: str, version: int) -> int:
        with self._database.reading() as tx:
            return work.priority(tx, document, version)

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
