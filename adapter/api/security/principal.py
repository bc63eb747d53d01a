"""Who calls: what authentication found out, and nothing that must not be written down."""

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

from adapter.api.security import scopes as smart
from adapter.api.security.interactions import Interaction
from adapter.api.security.scopes import Grant, Scope
from adapter.errors import NotAllowed

ALL_SCOPES: Final = (
    "system/*.cruds system/bulk-submit system/deliveries system/engineer system/reviewer system/administrator"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """One caller, as the API and its audit trail know them."""

    kind: str  # "token", "introspected", "key", "insecure", "person" or "anonymous"
    id: str  # stands for the caller in audit and rate limits; a hash, the same for the same caller
    scopes: tuple[Scope, ...] = ()
    patient: str | None = None  # id of the Patient in context
    issuer: str | None = None  # who vouches for the caller; None: ourselves

    def grant(self, interaction: Interaction) -> Grant:
        """The grant for an interaction; NotAllowed when the scopes do not give it."""
        found = self.may(interaction)
        if found is None:
            raise NotAllowed
        return found

    def may(self, interaction: Interaction) -> Grant | None:
        """The grant for an interaction, None when refused: for the entries of a batch, each by itself."""
        return smart.allows(self.scopes, interaction, self.patient)


ANONYMOUS: Final = Principal(kind="anonymous", id="anonymous")
"""Somebody at a path that is open to everybody."""


def identify(kind: str, issuer: str | None, subject: str, *, key: bytes = b"") -> str:
    """The id of a caller for audit: 128 bits of a keyed hash.

    Without a key anybody who knows the client ids of a site can tell which hash is whose.
    """
    named = "\0".join((kind, issuer or "", subject)).encode()
    return hmac.new(key, named, hashlib.sha256).hexdigest()[:32]
