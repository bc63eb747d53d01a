"""The time one exchange may take, from the resolution of the name to the last byte."""

import time
from dataclasses import dataclass

import httpcore


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant after which an exchange is given up, however busily the other side drips."""

    instant: float  # of the monotonic clock

    @classmethod
    def after(cls, seconds: float) -> "Deadline":
        """The deadline so many seconds from now."""
        return cls(time.monotonic() + seconds)

    def left(self, timeout: float | None = None) -> float:
        """The seconds left, or the timeout if that is less; httpcore.ReadTimeout when there are none."""
        seconds = self.instant - time.monotonic()
        if seconds <= 0:
            raise httpcore.ReadTimeout
        return seconds if timeout is None else min(seconds, timeout)

    def sooner(self, seconds: float) -> "Deadline":
        """The earlier of this one and so many seconds from now."""
        return Deadline(min(self.instant, time.monotonic() + seconds))
