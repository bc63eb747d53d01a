"""SMART Backend Services: an access token for a FHIR server, kept and renewed. (SMART App Launch 2.2)

One token is shared by all threads. One thread renews it while it still holds, and the others go on with it;
only when it holds no more do they wait, and what that one learns, a failure too, is the answer for all.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import httpx

from adapter.delivery import retry
from adapter.delivery.credentials import discovery, grant
from adapter.delivery.credentials.discovery import Authority
from adapter.delivery.credentials.exchange import Answer, ask
from adapter.delivery.credentials.keys import KeyRing
from adapter.delivery.credentials.scheme import Credentials
from adapter.errors import DeliveryError, SettingsError, TargetRefused, TargetUnavailable

EARLY = 30.0  # seconds before its end that a token is renewed, but at most a fifth of its life
AGAIN = 5.0  # seconds until an early renewal that failed is tried again
HOLD = 0.2  # seconds a failure is the answer to others who asked for the same
LONGEST_HOLD = 300.0  # seconds of a Retry-After that are honoured
PATIENCE = 90.0  # seconds to wait for the thread that renews
DISCOVERED = 3600.0  # seconds what was discovered is kept


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A token and its times, by the clock that only runs."""

    token: str = field(repr=False)
    renew: float
    end: float


class SmartBackend(Credentials):
    """Tokens of the authorization server of a FHIR server, for one client id.

    `client` asks the authorization server, with its timeouts and certificates; it is closed by who made it.
    `token_url` is for servers that do not say where it is; it is then taken from nowhere else. `clock` is the
    time of day, `elapsed` a clock that only runs.
    """

    def __init__(
        self,
        base_url: str,
        client: httpx.Client,
        *,
        client_id: str,
        keys: KeyRing,
        scopes: Sequence[str],
        jku: str | None = None,
        token_url: str | None = None,
        clock: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        if not client_id or not scopes or any(not one or one.split() != [one] for one in scopes):
            raise SettingsError("SMART Backend Services need a client id and scopes without spaces")
        self._base = discovery.base(base_url)
        self._client = client
        self._client_id = client_id
        self._keys = keys
        self._scopes = " ".join(scopes)
        self._jku = jku
        self._fixed = Authority(token_url=_pinned(token_url, self._base)) if token_url else None
        self._clock = clock
        self._elapsed = elapsed
        self._lock = threading.Lock()  # held by the thread that renews
        self._held: _Held | None = None
        self._authority: tuple[Authority, float] | None = None
        self._failure: tuple[DeliveryError, float] | None = None

    def headers(self) -> Mapping[str, str]:
        """Authorization: Bearer, with a token that still holds."""
        return {"Authorization": f"Bearer {self._token(None)}"}

    def renewed(self, refused: Mapping[str, str]) -> Mapping[str, str] | None:
        """Authorization: Bearer, with another token than the refused one."""
        scheme, _, token = refused["Authorization"].partition(" ")
        return {"Authorization": f"{scheme} {self._token(token)}"}

    def check(self, url: httpx.URL) -> None:
        """Raises TargetRefused unless a URL is of the server the tokens are for."""
        if (url.scheme, url.host, url.port) != (self._base.scheme, self._base.host, self._base.port):
            raise TargetRefused("A token is sent to no other server than its own")

    def _token(self, refused: str | None) -> str:
        """A token that is not the refused one."""
        held = self._good(refused)
        if held is not None and self._elapsed() < held.renew:
            return held.token
        if not self._lock.acquire(blocking=held is None, timeout=PATIENCE if held is None else -1):
            if held is not None:
                return held.token
            raise TargetUnavailable("Another thread is still asking for a token")
        try:
            return self._renew(refused)
        finally:
            self._lock.release()

    def _good(self, refused: str | None) -> _Held | None:
        """The token held, if it still holds and is not the refused one."""
        held = self._held
        return held if held and held.token != refused and self._elapsed() < held.end else None

    def _renew(self, refused: str | None) -> str:
        """A token, asked for unless another thread has done so in between. The lock is held."""
        held = self._good(refused)
        if held is not None and self._elapsed() < held.renew:
            return held.token
        try:
            self._held = self._asked()
        except DeliveryError:
            if held is None:
                raise
            self._held = replace(held, renew=self._elapsed() + AGAIN)
        return self._held.token

    def _asked(self) -> _Held:
        """A new token; or the failure of just now once more."""
        if self._failure and self._elapsed() < self._failure[1]:
            raise _again(self._failure[0])
        asked, hold = self._elapsed(), HOLD
        try:
            answer = self._answer()
            hold = max(HOLD, min(LONGEST_HOLD, self._asked_to_wait(answer)))
            given = grant.granted(answer, self._clock())
        except DeliveryError as error:
            self._authority = None
            self._failure = (_again(error), self._elapsed() + hold)
            raise
        self._failure = None
        early = min(EARLY, given.seconds / 5)
        return _Held(token=given.token, renew=asked + given.seconds - early, end=asked + given.seconds)

    def _answer(self) -> Answer:
        authority = self._found()
        signer = self._keys.signing(self._clock(), authority.algorithms)
        if signer is None:
            raise TargetRefused("The authorization server takes no signature that our keys can make")
        signed = grant.assertion(
            signer,
            client_id=self._client_id,
            audience=authority.token_url,
            now=self._clock(),
            jku=self._jku,
        )
        request = self._client.build_request(
            "POST",
            authority.token_url,
            data=grant.form(signed, self._scopes),
            headers={"Accept": "application/json"},
        )
        return ask(self._client, request, elapsed=self._elapsed)

    def _found(self) -> Authority:
        """Where tokens are asked for: as set, as known, or as the server says now."""
        if self._fixed is not None:
            return self._fixed
        if self._authority is None or self._elapsed() >= self._authority[1]:
            found = discovery.discover(self._base, self._client)
            self._authority = (found, self._elapsed() + DISCOVERED)
        return self._authority[0]

    def _asked_to_wait(self, answer: Answer) -> float:
        """The seconds of a Retry-After that can be read."""
        now = datetime.fromtimestamp(self._clock(), UTC)
        try:
            return retry.seconds(answer.retry_after, now) or 0.0
        except (ValueError, OverflowError):
            return 0.0


def _again(error: DeliveryError) -> DeliveryError:
    """The same error without where it came from: tracebacks keep tokens alive."""
    return type(error)(str(error), path=error.path)


def _pinned(token_url: str, base: httpx.URL) -> str:
    try:
        return discovery.checked(token_url, base)
    except TargetRefused:
        raise SettingsError("The token URL must be https, without user and fragment") from None
