"""Who is signed in through a browser: what the browser holds, and what it stands for.

The browser holds 256 random bits and nothing else. The ledger holds their hash, and who it is sealed by a key
made of the same bits: every process of the service can read a session, sign-out ends it in all of them, and
who has a copy of the database has neither a session nor the names of people.
"""

import base64
import hashlib
import hmac
import json
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from adapter.ledger import Database, Transaction, sessions
from adapter.ledger.database import instant

TOUCH: Final = timedelta(minutes=1)  # how exactly it is known when a session was last used
_LONGEST: Final = 64  # characters of what a browser sends
_NONCE: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Whose session it is."""

    id: str  # as the audit has it
    name: str  # for people
    roles: tuple[str, ...]
    hint: str = ""  # the ID token, for signing out at the provider


class Sessions:
    """The sessions of a service. Safe to use from several threads and processes."""

    def __init__(self, database: Database, *, idle: timedelta, longest: timedelta) -> None:
        self._database, self._idle, self._longest = database, idle, longest

    def begin(self, holder: Holder, once: str) -> str | None:
        """What the browser is to hold from now on; None when this sign-in (`once`) began one before."""
        held = secrets.token_urlsafe(32)
        with self._database.writing() as tx:
            sessions.forget(tx)
            added = sessions.add(
                tx,
                _key(held),
                once=hashlib.sha256(once.encode()).hexdigest(),
                ends=instant(tx.moment + self._longest),
                sealed=_sealed(holder, held),
            )
        return held if added else None

    def find(self, held: str) -> Holder | None:
        """Whose session it is; None when there is none, or it is over."""
        if not 0 < len(held) <= _LONGEST:
            return None
        with self._database.reading() as tx:
            found = sessions.read(tx, _key(held))
            if found is None or not self._open(tx, found):
                return None
            unused = tx.moment - datetime.fromisoformat(found.seen)
        if unused >= min(TOUCH, self._idle / 4):
            with self._database.writing(lasting=False) as tx:
                sessions.touch(tx, _key(held))
        return _opened(found.sealed, held)

    def end(self, held: str) -> Holder | None:
        """Whose session it was, which is over now; None when there was none."""
        holder = self.find(held)
        if holder is not None:
            with self._database.writing() as tx:
                sessions.close(tx, _key(held))
        return holder

    def _open(self, tx: Transaction, found: sessions.Session) -> bool:
        return tx.now < found.ends and tx.now < instant(datetime.fromisoformat(found.seen) + self._idle)


def _key(held: str) -> str:
    return hashlib.sha256(held.encode("utf-8", "replace")).hexdigest()


def _cipher(held: str) -> AESGCM:
    return AESGCM(hmac.new(held.encode(), b"notewright session", hashlib.sha256).digest())


def _sealed(holder: Holder, held: str) -> str:
    told = {"id": holder.id, "name": holder.name, "roles": list(holder.roles), "hint": holder.hint}
    nonce = os.urandom(_NONCE)
    return base64.b64encode(nonce + _cipher(held).encrypt(nonce, json.dumps(told).encode(), None)).decode()


def _opened(sealed: str, held: str) -> Holder | None:
    """What was sealed; None when it is another's, or was changed."""
    content = base64.b64decode(sealed)
    try:
        told: dict[str, Any] = json.loads(_cipher(held).decrypt(content[:_NONCE], content[_NONCE:], None))
    except (InvalidTag, ValueError):
        return None
    return Holder(id=told["id"], name=told["name"], roles=tuple(told["roles"]), hint=told["hint"])
