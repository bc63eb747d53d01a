"""How long an answer is waited for: as a whole, until its first token, and between two tokens."""

import time
from dataclasses import dataclass, field

from adapter.egress.clock import Deadline


@dataclass(slots=True)
class Sign:
    """Until when the next sign of life is waited for."""

    instant: float  # of the monotonic clock


@dataclass(frozen=True, slots=True)
class Patience(Deadline):
    """A deadline with a nearer one in it that every token moves on."""

    sign: Sign = field(kw_only=True)

    @classmethod
    def of(cls, whole: Deadline, first_seconds: float) -> "Patience":
        """The patience of one try."""
        return cls(whole.instant, sign=Sign(time.monotonic() + first_seconds))

    def left(self, timeout: float | None = None) -> float:
        """The seconds left until the nearer of the two; httpcore.ReadTimeout when there are none."""
        return Deadline(min(self.instant, self.sign.instant)).left(timeout)

    def heard(self, seconds: float) -> None:
        """Notes a sign of life; the next must come within so many seconds."""
        self.sign.instant = time.monotonic() + seconds

    @property
    def over(self) -> bool:
        """Whether the time for the whole is up."""
        return time.monotonic() >= self.instant
