"""What the endpoint works with: opened once, handed to every handler."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from adapter.api.security.authenticator import Authenticator
from adapter.api.security.insecure import Insecure
from adapter.api.security.ratelimit import Limiter
from adapter.api.watching.audit import Trail
from adapter.api.watching.health import Check
from adapter.api.watching.metrics import Metrics
from adapter.delivery.subscriptions import Desk
from adapter.engines import Questions
from adapter.errors import Busy
from adapter.fhir.systems import Version
from adapter.fhir.wire.shapes import Shapes
from adapter.jobs import Decisions, Deriver, Gate, Submitter, Workflows
from adapter.ledger import Database, work
from adapter.pipeline import Pipeline
from adapter.reviews import Desk as Reviews
from terminology.fhir.service import Service as Terminology


class Queue:
    """How much may wait. What is past the bound is refused, not kept waiting unsaid."""

    def __init__(
        self, most: int = 10_000, *, seconds: float = 1.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._clock = most, seconds, clock
        self._waiting, self._looked = 0, -seconds
        self._lock = threading.Lock()

    def check(self, database: Database, more: int = 1) -> None:
        """Raises Busy when `more` documents would be too many."""
        with self._lock:
            if self._clock() - self._looked >= self._seconds:
                with database.reading() as tx:
                    self._waiting = work.counts(tx).get(work.ACCEPTED, 0)
                self._looked = self._clock()
            if self._waiting + more > self._most:
                raise Busy("too many documents wait; try again later")
            self._waiting += more


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The open parts of the endpoint. Safe to use from several threads."""

    database: Database
    jobs: Workflows
    questions: Questions | None = None  # None: this process has no language model
    deriver: Deriver | None  # None: this process has no model; what needs an answer at once is refused
    authenticator: Authenticator | Insecure
    pipeline: Pipeline | None = None  # the line itself, for who looks at its steps
    gate: Gate | None = None  # who may use the model next
    trail: Trail
    metrics: Metrics
    version: str  # of the software
    fhir: Version = "r4"  # of what nobody names a version for
    base: str | None = None  # our FHIR base URL; None: as the request has it
    terminology: Mapping[Version, Terminology] = field(default_factory=dict)
    smart: Mapping[str, Any] = field(default_factory=dict)  # what the authorization server says of itself
    subscriptions: Desk | None = None  # None: nobody can subscribe here
    reviews: Reviews | None = None  # None: what was found cannot be judged here
    submitter: Submitter | None = None  # None: nothing is fetched for others here
    limiter: Limiter | None = None
    jwks: Mapping[str, Any] | None = None  # our public keys as a client of other servers
    checks: tuple[Check, ...] = ()
    queue: Queue = field(default_factory=Queue)
    shapes: dict[Version, Shapes] = field(default_factory=lambda: {"r4": Shapes("r4"), "r5": Shapes("r5")})

    @property
    def decisions(self) -> Decisions:
        """What somebody may decide about what is in the ledger."""
        return Decisions(self.database, self.jobs)
