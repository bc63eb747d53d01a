"""Whether and when to try again: a pure function of what happened. No clock and no network here.

429, 5xx (but 501), lost connections and timeouts are worth trying again; every other answer is final.
The wait doubles each time, with jitter lest workers knock together; Retry-After is honoured.
https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How patient a client is."""

    attempts: int = 6  # in all, the first included
    first: float = 0.5  # seconds before the second attempt
    longest: float = 60.0  # seconds one wait may last, a server's wish included
    jitter: Callable[[], float] = random.random  # 0..1


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What happened to one attempt."""

    status: int | None = None  # None when there was no answer
    retry_after: str | None = None  # the header, as received


def delay(failure: Failure, attempt: int, policy: Policy, now: datetime) -> float | None:
    """Seconds to wait before the next attempt, or None when there is to be none.

    `attempt` counts from 1. A server that asks for longer than we wait is left alone: None.
    """
    if attempt >= policy.attempts or not passing(failure.status):
        return None
    asked = seconds(failure.retry_after, now)
    if asked is not None:
        return asked if asked <= policy.longest else None
    grown = min(policy.longest, policy.first * 2.0 ** (attempt - 1))
    return grown * (0.5 + 0.5 * policy.jitter())


def passing(status: int | None) -> bool:
    """Whether a failure may pass by itself: no answer, too busy, or the server's own trouble."""
    return status is None or status == 429 or (500 <= status <= 599 and status != 501)


def seconds(header: str | None, now: datetime) -> float | None:
    """The seconds a Retry-After header asks for: a number or a date; None if absent or unreadable."""
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return float(header.strip())
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - now).total_seconds())
