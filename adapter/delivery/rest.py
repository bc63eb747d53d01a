"""One FHIR server over HTTP: single requests, and the patience to try them again.

Redirects are not followed, so neither Bundle nor token reaches another host.
"""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from adapter.delivery import answers, refusals, retry
from adapter.delivery.refusals import ServerRefused, ServerUnavailable
from adapter.delivery.retry import Failure, Policy
from adapter.errors import TargetUnavailable
from adapter.model import Resource

FHIR_JSON = "application/fhir+json"

Answer = httpx.Response | httpx.RequestError | TargetUnavailable  # the last: there was no token to be had


def now() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)


class Patience:
    """How often one thing was tried; counts from 1."""

    def __init__(self, policy: Policy, sleep: Callable[[float], None], now: Callable[[], datetime]) -> None:
        self._policy, self._sleep, self._now = policy, sleep, now
        self.attempt = 1

    def again(self, answer: Answer) -> bool:
        """Whether to try again, after the wait; False when the answer is final.

        Raises ServerUnavailable when the failure may pass but there is no further attempt.
        """
        status = answer.status_code if isinstance(answer, httpx.Response) else None
        if status is not None and not retry.passing(status):
            return False
        wait = retry.delay(_failure(answer), self.attempt, self._policy, self._now())
        if wait is None:
            raise _gave_up(answer, self.attempt)
        self._sleep(wait)
        self.attempt += 1
        return True


class Rest:
    """A FHIR server's REST interface.

    `auth` signs each attempt (adapter.delivery.credentials), so that a token that expired is not sent twice.
    The client brings timeouts and certificates; it is closed by who made it.
    """

    def __init__(
        self,
        base_url: str,
        client: httpx.Client,
        *,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
        policy: Policy | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = now,
    ) -> None:
        url = httpx.URL(base_url.rstrip("/"))
        if url.scheme not in ("http", "https") or not url.host or url.userinfo:
            raise ValueError("base_url must be an http or https URL without a user")
        self.url = str(url)
        self._client = client
        self._headers = dict(headers or {})
        self._auth = auth or httpx.USE_CLIENT_DEFAULT
        self._policy = policy or Policy()
        self._sleep = sleep
        self._now = now

    def patience(self) -> Patience:
        """A fresh count of attempts."""
        return Patience(self._policy, self._sleep, self._now)

    def once(
        self,
        method: str,
        path: str = "",
        *,
        resource: Resource | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """The answer to one attempt, or why there was none."""
        content = None
        sent = {**self._headers, "Accept": FHIR_JSON, **(headers or {})}
        if resource is not None:
            content = json.dumps(resource, ensure_ascii=False, separators=(",", ":")).encode()
            sent |= {"Content-Type": FHIR_JSON, "Prefer": "return=minimal"}
        url = f"{self.url}/{path}" if path else self.url
        try:
            return self._client.request(
                method,
                url,
                content=content,
                params=params,
                headers=sent,
                auth=self._auth,
                follow_redirects=False,
            )
        except (httpx.RequestError, TargetUnavailable) as error:
            return error

    def get(
        self, path: str, *, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """The final answer to a GET, whatever its status. Raises ServerUnavailable."""
        patience = self.patience()
        while True:
            answer = self.once("GET", path, params=params, headers=headers)
            if not patience.again(answer) and isinstance(answer, httpx.Response):
                return answer


def parsed(answer: httpx.Response) -> Any:
    """The answer's JSON, None when it has none."""
    try:
        return answer.json()
    except (ValueError, RecursionError):
        return None


def success(answer: httpx.Response, path: str | None = None) -> Any:
    """The JSON of an answer of success. Raises ServerRefused for any other."""
    if answer.is_redirect:
        raise ServerRefused(
            f"The server answered {answer.status_code}; redirects are not followed",
            path=path,
            status=answer.status_code,
        )
    if not answer.is_success:
        raise answers.refused(answer.status_code, parsed(answer), path)
    return parsed(answer)


def _failure(answer: Answer) -> Failure:
    if isinstance(answer, httpx.Response):
        return Failure(status=answer.status_code, retry_after=answer.headers.get("Retry-After"))
    return Failure()


def _gave_up(answer: Answer, attempt: int) -> ServerUnavailable:
    tries = "after one attempt" if attempt == 1 else f"after {attempt} attempts"
    if isinstance(answer, TargetUnavailable):
        return ServerUnavailable(f"{answer}, {tries}")
    if not isinstance(answer, httpx.Response):
        return ServerUnavailable(f"The server cannot be reached ({type(answer).__name__}), {tries}")
    body = parsed(answer)
    return ServerUnavailable(
        f"{answers.refusal(answer.status_code, body)}, {tries}",
        status=answer.status_code,
        outcome=refusals.kept(body),
        issues=answers.detailed(body),
        retry_after=answer.headers.get("Retry-After"),
    )
