"""The public keys of an issuer: read, kept, renewed. https://www.rfc-editor.org/rfc/rfc7517"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from adapter.api.security.issuers import ALGORITHMS, Fetch, Issuer, discover, document_of, web_address
from adapter.errors import NotewrightError, TargetUnavailable

MAX_AGE: Final = 600.0  # seconds after which keys are fetched again
MAX_STALE: Final = 6 * 3600.0  # seconds that keys serve while they cannot be fetched again
BETWEEN: Final = 30.0  # seconds between two fetches, however many unknown kids are presented
RETRY: Final = 5.0  # the same while there are no keys at all
MOST: Final = 100  # keys in a set
RSA_BITS: Final = (2048, 8192)
_READERS: Final[Mapping[str, Any]] = {"RSA": RSAAlgorithm, "EC": ECAlgorithm, "OKP": OKPAlgorithm}
_PUBLIC: Final = ("kty", "crv", "n", "e", "x", "y")
_PRIVATE: Final = ("d", "k", "p", "q")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One public key of an issuer."""

    kid: str
    kind: tuple[str, str | None]  # key type and curve
    algorithm: str | None  # the only one it may be used with, when the issuer says so
    public: Any  # of `cryptography`

    def fits(self, algorithm: str) -> bool:
        """Whether it may verify signatures of an algorithm."""
        return ALGORITHMS[algorithm] == self.kind and self.algorithm in (None, algorithm)


class KeySet:
    """The keys of one issuer, fetched when first needed and kept for MAX_AGE."""

    def __init__(self, issuer: Issuer, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer, self._fetch, self._clock = issuer, fetch, clock
        self._held: Mapping[str, tuple[Key, ...]] | None = None
        self._since = 0.0  # when they were fetched
        self._tried: float | None = None  # when they were last asked for
        self._lock = threading.Lock()

    def find(self, kid: str, algorithm: str) -> tuple[Key, ...]:
        """The keys of this id that fit an algorithm; usually one, none when there is no such key.

        TargetUnavailable, or what the fetch raised, when there are no keys to look in.
        """
        held = self._held
        if not self._serves(held, kid):
            held = self._renewed(kid)
        return tuple(key for key in (held or {}).get(kid, ()) if key.fits(algorithm))

    def _serves(self, held: Mapping[str, tuple[Key, ...]] | None, kid: str) -> bool:
        return held is not None and kid in held and self._clock() - self._since <= MAX_AGE

    def _renewed(self, kid: str) -> Mapping[str, tuple[Key, ...]]:
        held = self._held
        known = held is not None and kid in held and not self._stale()
        if not self._lock.acquire(blocking=not known):
            return held or {}  # somebody else is asking, and the old keys do meanwhile
        try:
            if not self._serves(self._held, kid) and self._may_ask():
                self._ask()
            if self._held is None or self._stale():
                raise TargetUnavailable("the keys of the issuer cannot be fetched")
            return self._held
        finally:
            self._lock.release()

    def _stale(self) -> bool:
        return self._clock() - self._since > MAX_STALE

    def _may_ask(self) -> bool:
        between = RETRY if self._held is None else BETWEEN
        return self._tried is None or self._clock() - self._tried >= between

    def _ask(self) -> None:
        self._tried = self._clock()
        try:
            self._held = read_keys(self._content())
            self._since = self._tried
        except NotewrightError as error:
            if self._held is None:
                raise
            log.warning("the keys of an issuer could not be renewed: %s", type(error).__name__)

    def _content(self) -> bytes:
        if self._issuer.jwks_file:
            try:
                return self._issuer.jwks_file.read_bytes()
            except OSError as error:
                raise TargetUnavailable("the issuer's key file cannot be read") from error
        url = self._issuer.jwks_url or discover(self._issuer.url, self._fetch).get("jwks_uri")
        if not isinstance(url, str) or not web_address(url):
            raise TargetUnavailable("the issuer publishes no key set over https")
        return self._fetch(url)


def read_keys(content: bytes) -> Mapping[str, tuple[Key, ...]]:
    """The usable keys of a JWK Set by id. Private, weak, unnamed and other kinds are left out."""
    listed = document_of(content).get("keys")
    if not isinstance(listed, list) or len(listed) > MOST:
        raise TargetUnavailable("the issuer's key set is not one, or too large")
    found: dict[str, tuple[Key, ...]] = {}
    for key in filter(None, map(read_key, listed)):
        found[key.kid] = (*found.get(key.kid, ()), key)
    return found


def read_key(jwk: Any) -> Key | None:
    """One key of a set, or None when it is not usable to verify a token."""
    if not isinstance(jwk, dict) or not _for_verifying(jwk):
        return None
    try:
        public = _READERS[jwk["kty"]].from_jwk({name: jwk[name] for name in _PUBLIC if name in jwk})
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if isinstance(public, RSAPublicKey) and not _strong(public):
        return None
    kind = (jwk["kty"], None if jwk["kty"] == "RSA" else jwk["crv"])
    return Key(kid=jwk["kid"], kind=kind, algorithm=jwk.get("alg"), public=public)


def _for_verifying(jwk: dict[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return (
        isinstance(jwk.get("kid"), str)
        and isinstance(jwk.get("kty"), str)
        and jwk.get("kty") in _READERS
        and jwk.get("use", "sig") == "sig"
        and isinstance(operations, list)
        and "verify" in operations
        and isinstance(jwk.get("alg", ""), str)
        and jwk.get("alg", "RS256") in ALGORITHMS
        and not any(name in jwk for name in _PRIVATE)
    )


def _strong(public: RSAPublicKey) -> bool:
    return RSA_BITS[0] <= public.key_size <= RSA_BITS[1] and 3 <= public.public_numbers().e < 2**32
