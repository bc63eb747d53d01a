"""How often a caller may call: a token bucket for each, in bounded memory."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from adapter.errors import TooManyRequests


class Limiter:
    """Token buckets by key. A key may spend `burst` at once and `rate` per second for ever.

    At most `keys` buckets are kept; the one unused for longest is forgotten first, which gives its owner a
    full bucket again: under a flood from more addresses than that the limit gives way before memory does.
    """

    def __init__(
        self,
        *,
        rate: float,
        burst: float,
        keys: int = 10_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if not (rate > 0 and burst >= 1 and keys >= 1):
            raise ValueError("rate, burst and keys must be positive, burst and keys at least 1")
        self._rate, self._burst, self._most, self._clock = rate, burst, keys, clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()  # tokens left, as of when
        self._lock = threading.Lock()

    def spend(self, key: str, cost: float = 1.0) -> float:
        """Zero when the bucket of a key had enough, and has paid; else the seconds until it will have."""
        with self._lock:
            now = self._clock()
            left = self._level(key, now)
            short = min(cost, self._burst) - left
            if short <= 0:
                self._keep(key, left - min(cost, self._burst), now)
                return 0.0
            return short / self._rate

    def wait(self, key: str) -> float:
        """The seconds until a key may spend one; zero when it may now. Spends nothing."""
        with self._lock:
            return max(0.0, (1.0 - self._level(key, self._clock())) / self._rate)

    def check(self, key: str, cost: float = 1.0) -> None:
        """Nothing, having spent; TooManyRequests with the seconds to wait when the bucket is short."""
        seconds = self.spend(key, cost)
        if seconds > 0:
            raise TooManyRequests(math.ceil(seconds))

    @property
    def size(self) -> int:
        """The number of buckets kept."""
        return len(self._buckets)

    def _level(self, key: str, now: float) -> float:
        left, then = self._buckets.get(key, (self._burst, now))
        return min(self._burst, left + max(0.0, now - then) * self._rate)

    def _keep(self, key: str, left: float, now: float) -> None:
        self._buckets[key] = (left, now)
        self._buckets.move_to_end(key)
        while len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
