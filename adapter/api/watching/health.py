"""Named checks -> whether the process lives and whether it can take work.

The answer names the checks and says ok, failed or slow; why is in the log.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from adapter.api.watching.logs import Known

OK: Final = 200
UNAVAILABLE: Final = 503


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """An answer for a probe."""

    status: int  # HTTP
    body: Mapping[str, object]  # JSON


@dataclass(slots=True, kw_only=True)
class Check:
    """Something that must be there before work is taken.

    `run` gives back False, or raises, when it is not. It runs in a thread of its own; while it hangs, it is
    not started a second time, so that probes of a dead database do not pile up.
    """

    name: str  # "model", "store", "database"
    run: Callable[[], object]
    seconds: float = 2.0  # how long it may take
    _running: "_Run | None" = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self) -> "_Run":
        """The run under way, or a new one."""
        with self._lock:
            if self._running is None or self._running.done.is_set():
                self._running = _Run(Known(self.name), self.run)
            return self._running


def livez() -> Health:
    """That the process answers; asks nothing else, so that a dead database does not restart it."""
    return Health(status=OK, body={"status": "alive"})


def readyz(checks: Sequence[Check]) -> Health:
    """Whether all checks pass, each within its time.

    Blocks for the longest of these times at most: call it from a worker thread.
    """
    begun = time.monotonic()
    running = [(check, check.start()) for check in checks]
    told = {check.name: run.told(begun + check.seconds) for check, run in running}
    ready = all(word == "ok" for word in told.values())
    status = "ready" if ready else "not-ready"
    return Health(status=OK if ready else UNAVAILABLE, body={"status": status, "checks": told})


class _Run:
    """One run of a check."""

    def __init__(self, name: Known, run: Callable[[], object]) -> None:
        self.done = threading.Event()
        self._name, self._run, self._passed = name, run, False
        threading.Thread(target=self._work, name="health-check", daemon=True).start()

    def told(self, until: float) -> str:
        """What came of it by then."""
        if not self.done.wait(max(0.0, until - time.monotonic())):
            return "slow"
        return "ok" if self._passed else "failed"

    def _work(self) -> None:
        try:
            self._passed = self._run() is not False
        except Exception:  # whatever it is that fails, the service is not ready
            logging.getLogger(__name__).warning("check-failed", extra={"check": self._name}, exc_info=True)
        finally:
            self.done.set()
