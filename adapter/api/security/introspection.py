"""Opaque bearer tokens: the authorization server is asked what they are. RFC 7662"""

import base64
import hashlib
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote_plus

from adapter.api.security.documents import seconds, strings
from adapter.api.security.issuers import audience, document_of, web_address
from adapter.api.security.tokens import LARGEST, LEEWAY, Verified, read_claims, refused
from adapter.errors import NotAuthenticated, SettingsError

Post = Callable[[str, Mapping[str, str], Mapping[str, str]], bytes]
"""POSTs a form (url, fields, headers). Bounds time and size itself and raises a NotewrightError when there
is no 200 answer."""

KEPT: Final = 60.0  # seconds an answer is believed
REFUSED: Final = 10.0  # seconds a "no" is believed
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Introspection:
    """Where opaque tokens are asked about, and as whom."""

    endpoint: str
    client: str
    secret: str = field(repr=False)
    issuer: str | None = None  # what answers must say in `iss`, when they say any
    audiences: tuple[str, ...] = ()  # one of which answers must name in `aud`, when they name any
    must_name_audience: bool = False  # refuse answers that name none

    def __post_init__(self) -> None:
        if not web_address(self.endpoint):
            raise SettingsError("the introspection endpoint must be https, or http on this machine")
        if not self.client or not self.secret:
            raise SettingsError("introspection needs a client and its secret")
        if self.must_name_audience and not self.audiences:
            raise SettingsError("introspection needs an audience: the base URL of this service")


class Introspector:
    """Asks about opaque tokens; remembers the answers, by hash, for KEPT seconds and never past their end."""

    def __init__(
        self,
        settings: Introspection,
        post: Post,
        *,
        size: int = 4096,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._post, self._size, self._now, self._clock = settings, post, size, now, clock
        self._answers: OrderedDict[bytes, tuple[float, Verified | None]] = OrderedDict()
        self._lock = threading.Lock()

    def verify(self, text: str) -> Verified:
        """What the authorization server says of a token.

        NotAuthenticated when it is not active or not for us; what `post` raised when nobody answered.
        """
        if len(text) > LARGEST or not _TOKEN.fullmatch(text):
            raise refused()
        name = hashlib.sha256(text.encode()).digest()
        known, found = self._remembered(name)
        if not known:
            found = self._asked(text)
            self._remember(name, found)
        if found is None or self._over(found, LEEWAY):
            raise refused()
        return found

    def knows(self, text: str) -> bool:
        """Whether a token can be judged without asking anybody."""
        return bool(_TOKEN.fullmatch(text)) and self._remembered(hashlib.sha256(text.encode()).digest())[0]

    def _asked(self, text: str) -> Verified | None:
        form = {"token": text, "token_type_hint": "access_token"}
        answer = document_of(self._post(self._settings.endpoint, form, self._headers()))
        try:
            return self._read(answer)
        except NotAuthenticated:
            return None

    def _headers(self) -> dict[str, str]:
        pair = f"{quote_plus(self._settings.client)}:{quote_plus(self._settings.secret)}"  # RFC 6749, 2.3.1
        basic = base64.b64encode(pair.encode()).decode()
        return {"Authorization": f"Basic {basic}", "Accept": "application/json"}

    def _read(self, answer: Mapping[str, Any]) -> Verified:
        bearer = str(answer.get("token_type", "Bearer")).lower() in ("bearer", "access_token")
        if answer.get("active") is not True or not bearer:
            raise refused()
        self._check_ours(answer)
        expires = seconds(answer["exp"]) if "exp" in answer else None
        starts = seconds(answer["nbf"]) if "nbf" in answer else 0.0
        if ("exp" in answer and expires is None) or starts is None or starts > self._now() + LEEWAY:
            raise refused()
        return read_claims(answer, issuer=self._settings.issuer, expires=expires)

    def _check_ours(self, answer: Mapping[str, Any]) -> None:
        settings = self._settings
        if settings.issuer is not None and answer.get("iss", settings.issuer) != settings.issuer:
            raise refused()
        if "aud" not in answer:
            if settings.must_name_audience:
                raise refused()
        elif settings.audiences:
            theirs = strings(answer["aud"]) or ()
            if not {audience(one) for one in theirs} & {audience(one) for one in settings.audiences}:
                raise refused()

    def _over(self, found: Verified, leeway: float = 0.0) -> bool:
        return found.expires is not None and self._now() >= found.expires + leeway

    def _remembered(self, name: bytes) -> tuple[bool, Verified | None]:
        with self._lock:
            until, found = self._answers.get(name, (0.0, None))
            if self._clock() < until and not (found and self._over(found)):
                self._answers.move_to_end(name)
                return True, found
            self._answers.pop(name, None)
            return False, None

    def _remember(self, name: bytes, found: Verified | None) -> None:
        with self._lock:
            self._answers[name] = (self._clock() + (KEPT if found else REFUSED), found)
            while len(self._answers) > self._size:
                self._answers.popitem(last=False)
