"""A server's answers, asked for once and then kept for a while."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from terminology.errors import TerminologyError
from terminology.remote.cache import Cache
from terminology.remote.client import Client, Question, Resource, Unsupported

FORMAT = 1  # of what is kept; part of every key
HOUR = 3600.0
AGAIN = 60.0  # seconds after which a server that did not say what it is is asked again


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """For how many seconds answers are kept."""

    found: float = 7 * 24 * HOUR
    nothing: float = HOUR  # that there is no such code, or nothing of that name
    about: float = HOUR / 4  # what the server is: after an upgrade, nothing older is used for longer


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a server says it is."""

    name: str
    version: str
    fhir: str  # "4.0.1"
    content: str  # what it says of this installation
    licence: str

    @property
    def r5(self) -> bool:
        """Whether R5 is spoken."""
        return self.fhir.startswith("5")


class Server:
    """Asks a server, but for what it has told before."""

    def __init__(self, client: Client, cache: Cache, keeping: Keeping, clock: Callable[[], float]) -> None:
        self._client, self._cache, self._keeping, self._clock = client, cache, keeping, clock

    @property
    def name(self) -> str:
        """The server's URL."""
        return self._client.name

    def about(self) -> About:
        """What the server is, or was when it last answered, so that what is kept outlasts its absence.

        Raises TerminologyError when it never answered, or is no FHIR server.
        """
        key, now = self._key(Question(path="metadata"), ""), self._clock()
        kept = self._cache.get(key)
        if kept is not None and kept.value["until"] > now:
            return About(**kept.value["about"])
        try:
            about, until = self._asked(), now + self._keeping.about
        except TerminologyError:
            if kept is None:
                raise
            about, until = About(**kept.value["about"]), self._clock() + min(AGAIN, self._keeping.about)
        value = {"about": asdict(about), "until": until}
        self._cache.put(key, value, max(self._keeping.found, self._keeping.about))
        return about

    def ask(self, question: Question, read: Callable[[Resource], Any], *, optional: bool = False) -> Any:
        """What `read`, which gives JSON, makes of the answer; None where there is none.

        To an optional question there is none either where the server does not support it.
        """
        key = self._key(question, self.digest())
        kept = self._cache.get(key)
        if kept is not None:
            return kept.value
        try:
            told = self._client.ask(question)
        except Unsupported:
            if not optional:
                raise
            told = None
        value = None if told is None else read(told)
        self._cache.put(key, value, self._keeping.found if value else self._keeping.nothing)
        return value

    def digest(self) -> str:
        """A digest of what the server is: another after an upgrade."""
        return _digest(asdict(self.about())).hex()

    def close(self) -> None:
        """Gives the cache back."""
        self._cache.close()

    def _asked(self) -> About:
        told = self._client.ask(Question(path="metadata"))
        if told is None or told.get("resourceType") != "CapabilityStatement":
            raise TerminologyError(f"{self.name}: there is no FHIR server")
        return _about(told)

    def _key(self, question: Question, about: str) -> bytes:
        return _digest([FORMAT, self._client.base, about, question.path, question.given])


def _digest(value: Any) -> bytes:
    return sha256(json.dumps(value, sort_keys=True).encode()).digest()


def _about(told: Resource) -> About:
    software, place = told.get("software"), told.get("implementation")
    return About(
        name=_text(software, "name"),
        version=_text(software, "version"),
        fhir=_text(told, "fhirVersion"),
        content=_text(place, "description"),
        licence=_text(told, "copyright"),
    )


def _text(holder: Any, key: str) -> str:
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, str) else ""
