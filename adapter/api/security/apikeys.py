"""API keys for sites without an authorization server: `nw_<id>.<secret>`, kept hashed in one JSON file.

The secret is 256 random bits, so a single SHA-256 is enough: there is no dictionary to try, and a slow hash
(scrypt, Argon2) would only let strangers make us work for every wrong key they send.
"""

import hashlib
import hmac
import json
import os
import re
import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from adapter.api.security.scopes import parse_one
from adapter.errors import SettingsError

PREFIX: Final = "nw_"
VERSION: Final = 1
_SHAPE = re.compile(r"nw_(?P<id>[a-z0-9]{12})\.(?P<secret>[A-Za-z0-9_-]{43})")
_NAME = re.compile(r"[\w .@/-]{1,80}")
_HASH = re.compile(r"sha256:[0-9a-f]{64}")
_NOBODY: Final = "sha256:" + "0" * 64  # what an unknown id is compared with: no secret hashes to it


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is kept of one key: everything but its secret."""

    id: str
    name: str  # whom it was given to, for people
    hash: str  # "sha256:" and 64 hex digits, of the secret
    scopes: str  # SMART scopes, blank between
    created: str  # instant
    expires: str | None = None  # instant; None: never
    revoked: str | None = None  # instant; None: not

    def valid(self, now: datetime) -> bool:
        """Whether it opens anything at this time."""
        return self.revoked is None and (self.expires is None or now < datetime.fromisoformat(self.expires))


class KeyFile:
    """The keys of a site. A change of the file is seen at the next request, so revoking needs no restart."""

    def __init__(self, path: Path, *, now: Callable[[], datetime] = _now) -> None:
        self._path, self._now = path, now
        self._seen: tuple[int, int, int] | None = None
        self._keys: dict[str, ApiKey] = {}
        self._lock = threading.Lock()

    def listed(self) -> tuple[ApiKey, ...]:
        """All keys, oldest first. SettingsError when the file cannot be read or others may write it."""
        return tuple(self._current().values())

    def verify(self, text: str) -> ApiKey | None:
        """The key a caller presents, or None. The secret is compared in constant time."""
        match = _SHAPE.fullmatch(text)
        if match is None:
            return None
        key = self._current().get(match["id"])
        same = hmac.compare_digest(_hashed(match["secret"]), key.hash if key else _NOBODY)
        return key if key and same and key.valid(self._now()) else None

    def add(self, name: str, scopes: str, expires: datetime | None = None) -> tuple[ApiKey, str]:
        """A new key and its text, which can be shown this once only."""
        secret, now = secrets.token_urlsafe(32), self._now()
        key = ApiKey(
            id=secrets.token_hex(6),
            name=name,
            hash=_hashed(secret),
            scopes=scopes,
            created=_instant(now),
            expires=_instant(expires) if expires else None,
        )
        _check(key)
        if expires and expires <= now:
            raise SettingsError("expires is in the past")
        self._change(lambda keys: {**keys, key.id: key})
        return key, f"{PREFIX}{key.id}.{secret}"

    def revoke(self, id: str) -> ApiKey:
        """The key, which opens nothing any more. SettingsError when there is none of this id."""

        def revoked(keys: dict[str, ApiKey]) -> dict[str, ApiKey]:
            if id not in keys:
                raise SettingsError("there is no API key of this id")
            return {**keys, id: replace(keys[id], revoked=keys[id].revoked or _instant(self._now()))}

        return self._change(revoked)[id]

    def _current(self) -> dict[str, ApiKey]:
        with self._lock:
            stamp = _stamp(self._path)
            if stamp != self._seen:
                self._keys = _read(self._path) if stamp else {}
                self._seen = stamp
            return self._keys

    def _change(self, how: Callable[[dict[str, ApiKey]], dict[str, ApiKey]]) -> dict[str, ApiKey]:
        """Write the file anew, whole or not at all. The file being written keeps other writers out."""
        draft = self._path.with_name(self._path.name + ".new")
        try:
            file = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError as error:
            raise SettingsError(f"{draft.name} exists: another change is under way or was cut off") from error
        except OSError as error:
            raise SettingsError("the API key file cannot be written") from error
        try:
            with os.fdopen(file, "w", encoding="utf-8") as stream:
                keys = how(_read(self._path) if self._path.exists() else {})
                json.dump(
                    {"version": VERSION, "keys": [asdict(key) for key in keys.values()]}, stream, indent=1
                )
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(draft, self._path)
        except BaseException:
            draft.unlink(missing_ok=True)
            raise
        return keys


def _hashed(secret: str) -> str:
    return "sha256:" + hashlib.sha256(secret.encode()).hexdigest()


def _instant(time: datetime) -> str:
    if time.tzinfo is None:
        raise SettingsError("an instant needs a time zone")
    return time.astimezone(UTC).isoformat(timespec="seconds")


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError("the API key file cannot be read") from error
    if os.name == "posix" and status.st_mode & 0o022:
        raise SettingsError("the API key file may be written by others than its owner")
    return status.st_mtime_ns, status.st_size, status.st_ino


def _read(path: Path) -> dict[str, ApiKey]:
    try:
        document = json.loads(path.read_bytes())
        if document["version"] != VERSION:
            raise SettingsError("the API key file is of another version")
        keys = [ApiKey(**row) for row in document["keys"]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SettingsError("the API key file cannot be read") from error
    for key in keys:
        _check(key)
    if len({key.id for key in keys}) != len(keys):
        raise SettingsError("the API key file has an id twice")
    return {key.id: key for key in keys}


def _check(key: ApiKey) -> None:
    values: list[tuple[str, Any, re.Pattern[str]]] = [
        ("id", key.id, re.compile(r"[a-z0-9]{12}")),
        ("name", key.name, _NAME),
        ("hash", key.hash, _HASH),
    ]
    for element, value, shape in values:
        if not isinstance(value, str) or not shape.fullmatch(value):
            raise SettingsError(f"{element} of an API key is not well-formed")
    for element, value in (("created", key.created), ("expires", key.expires), ("revoked", key.revoked)):
        _check_instant(element, value)
    _check_scopes(key.scopes)


def _check_instant(element: str, value: Any) -> None:
    if value is None and element != "created":
        return
    try:
        aware = datetime.fromisoformat(value).tzinfo is not None
    except (TypeError, ValueError):
        aware = False
    if not aware:
        raise SettingsError(f"{element} of an API key is not an instant")


def _check_scopes(scopes: Any) -> None:
    words = scopes.split() if isinstance(scopes, str) else []
    read = [parse_one(word) for word in words]
    if not read or any(scope is None or scope.context != "system" for scope in read):
        raise SettingsError("scopes of an API key must be system/ scopes that can be enforced")
