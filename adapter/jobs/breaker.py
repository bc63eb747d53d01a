"""A circuit breaker: a target that fails again and again is left alone for a while, then tried once.

https://martinfowler.com/bliki/CircuitBreaker.html
"""

import threading
import time
from collections.abc import Callable


class Breaker:
    """Closed until `failures` in a row; then open for `first` seconds, doubled up to `longest`."""

    def __init__(
        self,
        *,
        failures: int = 5,
        first: float = 2.0,
        longest: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._first, self._longest, self._clock = failures, first, longest, clock
        self._failed = 0
        self._until = 0.0
        self._trial = 0.0  # until when somebody is taken to be trying
        self._lock = threading.Lock()

    def wait(self) -> float:
        """Seconds to wait before the next attempt; 0: try now, one at a time after a failure.

        Who was let try and never tells how it went holds the others up for `longest` seconds, not for ever.
        """
        with self._lock:
            now = self._clock()
            if self._until > now:
                return self._until - now
            if self._failed >= self._most:
                if self._trial > now:
                    return self._first
                self._trial = now + self._longest
            return 0.0

    def succeeded(self) -> None:
        """The target answers."""
        with self._lock:
            self._failed, self._until, self._trial = 0, 0.0, 0.0

    def failed(self) -> None:
        """The target cannot be reached or is in trouble."""
        with self._lock:
            if self._until > self._clock():
                return  # begun before the others failed: nothing new
            self._failed += 1
            self._trial = 0.0
            if self._failed >= self._most:
                wait = min(self._longest, self._first * 2.0 ** min(self._failed - self._most, 30))
                self._until = self._clock() + wait

    @property
    def open(self) -> bool:
        """Whether the target is left alone just now."""
        with self._lock:
            return self._until > self._clock()
