"""Questions to a FHIR server over HTTP: sent, sent again when that may help, and the answer's JSON checked.

No message repeats what was asked, nor what the server says of it: a search text may name a patient. For the
same reason a question with a text is posted, so that the text stands in no URL and in no access log.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from random import random
from typing import Any

import httpx

from terminology.errors import TerminologyError

JSON = "application/fhir+json"
LARGEST = 64 << 20  # bytes of one answer
KINDS = {"url": "Uri", "displayLanguage": "Code"}  # of texts in a posted question; the others are strings
ISSUE = re.compile(r"[a-z][a-z-]{1,31}")
NOTHING = frozenset({"not-found", "code-invalid"})
NOT_DONE = frozenset({405, 501})

Resource = dict[str, Any]
Value = str | int | bool


class Unsupported(TerminologyError):
    """The server does not do what it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How long a server is waited for, and how often it is asked. Times are seconds."""

    timeout: float = 10.0  # for one attempt, from the request to the answer's last byte
    attempts: int = 4
    first: float = 0.5  # wait before the second attempt; doubled before each further one
    longest: float = 30.0  # wait; a server that asks for more is not waited for


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a server is asked."""

    path: str  # below the base URL: "CodeSystem/$lookup"
    given: tuple[tuple[str, Value], ...] = ()
    posted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """An answer as it came."""

    status: int
    body: bytes
    retry_after: str | None


class Client:
    """Asks one server."""

    def __init__(
        self,
        url: str,
        http: httpx.Client,
        *,
        headers: Mapping[str, str] | None = None,
        policy: Policy | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random,
    ) -> None:
        self.base = url.rstrip("/")
        parsed = _parsed(self.base)
        self.name = f"{parsed.scheme}://{parsed.netloc.decode('ascii')}{parsed.path}"
        self._http = http
        self._headers = {**(headers or {}), "Accept": JSON}
        self._policy = policy or Policy()
        self._sleep, self._clock, self._ticks, self._jitter = sleep, clock, ticks, jitter

    def ask(self, question: Question) -> Resource | None:
        """The resource that answers a question; None where the server has no such code, set or map.

        Raises TerminologyError when there is no answer, and Unsupported when the server never has one.
        """
        attempt = 1
        while True:
            raw = self._try(question)
            if isinstance(raw, Raw) and raw.status < 500 and raw.status != 429:
                return self._read(question, raw)
            if isinstance(raw, Raw) and raw.status in NOT_DONE:
                raise self._unsupported(question)
            wait = self._wait(raw, attempt)
            if attempt >= self._policy.attempts or wait > self._policy.longest:
                tries = "attempt" if attempt == 1 else "attempts"
                raise TerminologyError(
                    f"{self.name}: {question.path}: {_trouble(raw)}, after {attempt} {tries}"
                )
            self._sleep(wait)
            attempt += 1

    def _try(self, question: Question) -> Raw | httpx.TransportError:
        try:
            return self._send(question)
        except httpx.UnsupportedProtocol as error:
            raise TerminologyError(f"{self.name}: {type(error).__name__}") from None
        except httpx.TransportError as error:
            return error
        except httpx.HTTPError as error:
            raise TerminologyError(f"{self.name}: {question.path}: {type(error).__name__}") from None

    def _send(self, question: Question) -> Raw:
        start, body = self._ticks(), bytearray()
        with self._http.stream(**self._request(question)) as response:
            for chunk in response.iter_bytes():
                body += chunk
                if len(body) > LARGEST:
                    raise TerminologyError(
                        f"{self.name}: {question.path}: the answer is over {LARGEST} bytes"
                    )
                if self._ticks() - start > self._policy.timeout:
                    raise httpx.ReadTimeout("the answer comes too slowly")
            after = response.headers.get("Retry-After")
            return Raw(status=response.status_code, body=bytes(body), retry_after=after)

    def _request(self, question: Question) -> dict[str, Any]:
        request: dict[str, Any] = {
            "url": f"{self.base}/{question.path}",
            "headers": self._headers,
            "timeout": self._policy.timeout,
            "follow_redirects": False,
        }
        if question.posted:
            listed = [_parameter(name, value) for name, value in question.given]
            body = json.dumps({"resourceType": "Parameters", "parameter": listed})
            headers = {**self._headers, "Content-Type": JSON}
            return request | {"method": "POST", "content": body.encode(), "headers": headers}
        return request | {"method": "GET", "params": [(name, _text(v)) for name, v in question.given]}

    def _wait(self, raw: Raw | httpx.TransportError, attempt: int) -> float:
        """Seconds before the next attempt: what the server asks for, or twice as long each time."""
        most = min(self._policy.longest, self._policy.first * 2.0 ** (attempt - 1))
        own = most * (1 + self._jitter()) / 2
        asked = self._asked(raw.retry_after) if isinstance(raw, Raw) and raw.retry_after else None
        return own if asked is None else max(own, asked)

    def _asked(self, text: str) -> float | None:
        """What a Retry-After header says: seconds, or a date."""
        if text.strip().isdecimal():
            return float(text)
        try:
            date = parsedate_to_datetime(text)
        except ValueError:
            return None
        return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - self._clock())

    def _read(self, question: Question, raw: Raw) -> Resource | None:
        told = _json(raw.body)
        kind = told.get("resourceType") if told else None
        if told and kind == "OperationOutcome":
            self._check_nothing(question, raw.status, told)
            return None
        if raw.status in NOT_DONE:
            raise self._unsupported(question)
        if not 200 <= raw.status < 300:
            raise TerminologyError(f"{self.name}: {question.path}: answered {raw.status}")
        if told is None or not isinstance(kind, str):
            raise TerminologyError(f"{self.name}: {question.path}: the answer is no FHIR JSON")
        return told

    def _check_nothing(self, question: Question, status: int, outcome: Resource) -> None:
        """Refuses an outcome that says anything but that there is no such thing."""
        codes = _codes(outcome)
        if "not-supported" in codes or status in NOT_DONE:
            raise self._unsupported(question)
        if status == 404 or (400 <= status < 500 and codes & NOTHING):
            return
        told = f" ({', '.join(sorted(codes))})" if codes else ""
        raise TerminologyError(f"{self.name}: {question.path}: answered {status}{told}")

    def _unsupported(self, question: Question) -> Unsupported:
        return Unsupported(f"{self.name}: the server does not support this use of {question.path}")


def _parsed(base: str) -> httpx.URL:
    try:
        parsed = httpx.URL(base)
    except httpx.InvalidURL:
        raise TerminologyError("the terminology server's URL cannot be read") from None
    if parsed.scheme not in {"http", "https"} or not parsed.host or parsed.userinfo or parsed.query:
        raise TerminologyError("the terminology server needs an http or https URL, without user or query")
    return parsed


def _parameter(name: str, value: Value) -> Resource:
    if isinstance(value, bool):
        return {"name": name, "valueBoolean": value}
    if isinstance(value, int):
        return {"name": name, "valueInteger": value}
    return {"name": name, f"value{KINDS.get(name, 'String')}": value}


def _text(value: Value) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.encode("utf-8", "replace").decode()


def _json(body: bytes) -> Resource | None:
    try:
        told = json.loads(body.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) else None


def _codes(outcome: Resource) -> set[str]:
    """The codes of an outcome's issues, and nothing of its texts."""
    listed = outcome.get("issue")
    issues = [each for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
    codes = [each.get("code") for each in issues if each.get("severity") not in ("warning", "information")]
    return {code for code in codes if isinstance(code, str) and ISSUE.fullmatch(code)}


def _trouble(raw: Raw | httpx.TransportError) -> str:
    return f"answered {raw.status}" if isinstance(raw, Raw) else f"no answer ({type(raw).__name__})"
