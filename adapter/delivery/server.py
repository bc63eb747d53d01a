"""A FHIR server as a sink: transaction POST with retry. https://hl7.org/fhir/R4/http.html#transaction

Sending again is safe: every entry is created only where its identifier is not yet known (ifNoneExist), and a
transaction is whole or nothing. Redirects are not followed, so neither Bundle nor token reaches
another host.
"""

import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx

from adapter.delivery import answers, retry
from adapter.delivery.retry import Failure, Policy
from adapter.errors import TargetRefused, TargetUnavailable
from adapter.model import Receipt, Resource

Answer = httpx.Response | httpx.RequestError | TargetUnavailable  # the last: there was no token to be had

_TYPE = "application/fhir+json"


def _now() -> datetime:
    return datetime.now(UTC)


class Server:
    """A FHIR server that takes transactions.

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
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._url = httpx.URL(base_url.rstrip("/"))
        if self._url.scheme not in ("http", "https") or not self._url.host or self._url.userinfo:
            raise ValueError("base_url must be an http or https URL without a user")
        self._client = client
        self._headers = dict(headers or {})
        self._auth = auth or httpx.USE_CLIENT_DEFAULT
        self._policy = policy or Policy()
        self._sleep = sleep
        self._now = now

    def send(self, bundle: Resource) -> Receipt:
        """The server has taken the whole Bundle.

        TargetUnavailable when it could not be reached or stayed busy, TargetRefused when it said no.
        """
        content = json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode()
        attempt = 1
        while True:
            answer = self._post(content)
            if isinstance(answer, httpx.Response) and answer.is_success:
                answers.accepted(_body(answer), bundle)
                return Receipt(sink=str(self._url), status="sent", location=str(self._url), attempts=attempt)
            wait = retry.delay(_failure(answer), attempt, self._policy, self._now())
            if wait is None:
                raise _refused(answer, attempt)
            self._sleep(wait)
            attempt += 1

    def _post(self, content: bytes) -> Answer:
        try:
            return self._client.post(
                self._url,
                content=content,
                headers=self._sent_headers(),
                auth=self._auth,
                follow_redirects=False,
            )
        except (httpx.RequestError, TargetUnavailable) as error:
            return error

    def _sent_headers(self) -> dict[str, str]:
        return {**self._headers, "Content-Type": _TYPE, "Accept": _TYPE, "Prefer": "return=minimal"}


def _failure(answer: Answer) -> Failure:
    if isinstance(answer, httpx.Response):
        return Failure(status=answer.status_code, retry_after=answer.headers.get("Retry-After"))
    return Failure()


def _refused(answer: Answer, attempt: int) -> TargetRefused | TargetUnavailable:
    """The error that says why there is no further attempt."""
    tries = "after one attempt" if attempt == 1 else f"after {attempt} attempts"
    if isinstance(answer, TargetUnavailable):
        return TargetUnavailable(f"{answer}, {tries}")
    if not isinstance(answer, httpx.Response):
        return TargetUnavailable(f"The server cannot be reached ({type(answer).__name__}), {tries}")
    if answer.is_redirect:
        return TargetRefused(f"The server answered {answer.status_code}; redirects are not followed")
    why = answers.refusal(answer.status_code, _json(answer))
    return TargetUnavailable(f"{why}, {tries}") if retry.passing(answer.status_code) else TargetRefused(why)


def _body(answer: httpx.Response) -> Any:
    """The answer's JSON; a proxy's empty or foreign "200 OK" is not a transaction done."""
    parsed = _json(answer)
    if parsed is None:
        raise TargetRefused("The server's answer to the transaction is not JSON")
    return parsed


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        return None
