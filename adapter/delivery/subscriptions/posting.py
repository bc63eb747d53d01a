"""Parcels -> a subscriber's endpoint: taken, or why not. Nothing of an answer but its status is read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import httpx

from adapter.delivery import retry
from adapter.delivery.retry import Failure
from adapter.egress.clock import Deadline
from adapter.egress.guard import DEADLINE, Guard
from adapter.egress.policy import Policy
from adapter.errors import EgressRefused

ANSWERS = ("too-long", "content-encoding")  # rules an answer breaks, and not the call

Clients = Callable[[], httpx.Client]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One request to a subscriber."""

    method: str
    url: str
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """How the subscriber took it."""

    error: str = ""  # "no-response", "error-response", "not-allowed", ...; empty: all was taken
    failure: Failure = field(default_factory=Failure)
    lasting: bool = False  # trying again will not help


def clients(policy: Policy) -> Clients:
    """What opens the clients that call subscribers: within a policy, through no proxy, to no redirect."""
    return lambda: httpx.Client(transport=Guard(policy), trust_env=False, follow_redirects=False)


def post(
    client: httpx.Client,
    parcels: Sequence[Parcel],
    headers: Sequence[tuple[str, str]],
    *,
    timeout: float,
    budget: float,
) -> Answered:
    """What became of these, sent one after the other until one is not taken.

    `timeout` is for each, `budget` for all together, in seconds.
    """
    whole = Deadline.after(budget)
    for parcel in parcels:
        answered = _one(client, parcel, headers, timeout, whole.sooner(timeout))
        if answered.error:
            return answered
    return Answered()


def _one(
    client: httpx.Client,
    parcel: Parcel,
    headers: Sequence[tuple[str, str]],
    timeout: float,
    deadline: Deadline,
) -> Answered:
    try:
        request = client.build_request(
            parcel.method,
            parcel.url,
            content=parcel.body,
            headers=[*headers, ("User-Agent", "Notewright")],
            timeout=timeout,
            extensions={DEADLINE: deadline},
        )
        answer = client.send(request, stream=True)
        answer.close()
    except EgressRefused as error:
        told = "error-response" if error.rule in ANSWERS else "not-allowed"
        return Answered(error=told, lasting=True)
    except (httpx.HTTPError, httpx.InvalidURL):
        return Answered(error="no-response")
    if answer.is_success:
        return Answered()
    failure = Failure(status=answer.status_code, retry_after=answer.headers.get("Retry-After"))
    return Answered(error="error-response", failure=failure, lasting=not retry.passing(answer.status_code))
