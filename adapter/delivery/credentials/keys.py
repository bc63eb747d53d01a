"""Keys of ours that sign assertions, and the document that makes their public halves known.

To rotate: make a new key beside the old one, let both be published, and take the old one away when no server
asks for it any more. The newest key whose time has come signs; all of them are published from the start, so a
key made with a later `since` is known to the servers before it is first used.
https://hl7.org/fhir/smart-app-launch/client-confidential-asymmetric.html
"""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from adapter.errors import SettingsError

Algorithm = Literal["ES384", "RS384"]
Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
ALGORITHMS: tuple[Algorithm, ...] = ("ES384", "RS384")
RSA_BITS = 3072
_REQUIRED = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}  # RFC 7638 3.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A private key; it shows itself by its kid only."""

    kid: str  # its RFC 7638 thumbprint
    algorithm: Algorithm
    since: float  # seconds since 1970 from which it signs
    private: Private = field(repr=False, compare=False)


def generate(algorithm: Algorithm, since: float) -> Key:
    """A new key that signs from an instant on."""
    if algorithm not in ALGORITHMS:
        raise SettingsError("The algorithm of a key must be ES384 or RS384")
    if algorithm == "ES384":
        return key(ec.generate_private_key(ec.SECP384R1()), since)
    return key(rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS), since)


def key(private: Any, since: float) -> Key:
    """A private key with its name. SettingsError if it fits neither ES384 nor RS384."""
    if isinstance(private, ec.EllipticCurvePrivateKey) and isinstance(private.curve, ec.SECP384R1):
        return Key(kid=thumbprint(_public(private)), algorithm="ES384", since=since, private=private)
    if isinstance(private, rsa.RSAPrivateKey) and private.key_size >= 2048:
        return Key(kid=thumbprint(_public(private)), algorithm="RS384", since=since, private=private)
    raise SettingsError("A signing key must be EC P-384 (ES384) or RSA of at least 2048 bits (RS384)")


def thumbprint(jwk: dict[str, Any]) -> str:
    """The RFC 7638 thumbprint (SHA-256) of an EC or RSA key."""
    members = {name: jwk[name] for name in _REQUIRED[jwk["kty"]]}
    written = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    return urlsafe_b64encode(hashlib.sha256(written).digest()).rstrip(b"=").decode()


def jwks(keys: Iterable[Key]) -> dict[str, Any]:
    """The public halves of keys, newest first, as the JWK Set for /.well-known/jwks.json."""
    newest = sorted(keys, key=lambda one: (-one.since, one.kid))
    return {"keys": [_published(one) for one in newest]}


class KeyRing:
    """All keys of ours. SettingsError if there is none or one is there twice."""

    def __init__(self, keys: Iterable[Key]) -> None:
        self.keys = tuple(keys)
        if not self.keys:
            raise SettingsError("There is no signing key")
        if len({one.kid for one in self.keys}) < len(self.keys):
            raise SettingsError("A signing key is given twice")

    def signing(self, now: float, algorithms: Collection[str] | None = None) -> Key | None:
        """The newest key whose time has come, else the next to come; None if no algorithm is supported."""
        fit = [one for one in self.keys if algorithms is None or one.algorithm in algorithms]
        ripe = [one for one in fit if one.since <= now]
        if ripe:
            return max(ripe, key=lambda one: one.since)
        return min(fit, key=lambda one: one.since, default=None)

    def public(self) -> dict[str, Any]:
        """The JWK Set to publish."""
        return jwks(self.keys)

    def __repr__(self) -> str:
        return f"KeyRing({', '.join(one.kid for one in self.keys)})"


def _public(private: Private) -> dict[str, Any]:
    """The public half as a JWK of the required members alone."""
    public = private.public_key()
    made = (
        ECAlgorithm.to_jwk(public, as_dict=True)
        if isinstance(public, ec.EllipticCurvePublicKey)
        else RSAAlgorithm.to_jwk(public, as_dict=True)
    )
    return {name: made[name] for name in _REQUIRED[made["kty"]]}


def _published(one: Key) -> dict[str, Any]:
    return {**_public(one.private), "kid": one.kid, "alg": one.algorithm, "key_ops": ["verify"]}
