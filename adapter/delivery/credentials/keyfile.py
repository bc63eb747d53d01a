"""Private keys in files: JWK (JSON) or PEM, readable by their owner alone.

A JWK says in `nbf` from when it signs; a PEM file cannot, so the time it was last written counts.
"""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from adapter.delivery.credentials.keys import Key, KeyRing, key
from adapter.errors import SettingsError
from adapter.secret import Secret

LONGEST = 64 * 1024  # bytes
LATEST = 1e11  # seconds since 1970; a time beyond it was meant in milliseconds
_SUFFIXES = (".json", ".jwk", ".pem", ".key")


def write(made: Key, path: Path) -> None:
    """The key is in a new file, PEM if its name ends so, else JWK; mode 0600 from the first byte.

    SettingsError if there is a file already or it cannot be written.
    """
    content = _pem(made) if path.suffix in (".pem", ".key") else _jwk(made)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise SettingsError(f"The file {path} is there already; a key is never overwritten") from None
    except OSError as error:
        raise SettingsError(f"The file {path} cannot be made: {_why(error)}") from None
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise SettingsError(f"The file {path} cannot be written: {_why(error)}") from None


def read(path: Path, passphrase: Secret | None = None) -> Key:
    """The key in a file. SettingsError naming the file, and nothing that is in it."""
    content, written = _content(path)
    try:
        if content.lstrip().startswith(b"{"):
            return _of_jwk(json.loads(content), written)
        return key(load_pem_private_key(content, _password(content, passphrase)), written)
    except SettingsError as error:
        raise SettingsError(f"The key file {path} cannot be used: {error}") from None
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        UnsupportedAlgorithm,
        PyJWTError,
        RecursionError,
    ):
        raise SettingsError(f"The key file {path} holds no private key that can be read") from None


def read_all(paths: Iterable[Path], passphrase: Secret | None = None) -> KeyRing:
    """The keys in files, and in all key files (.json .jwk .pem .key) of folders."""
    return KeyRing(read(file, passphrase) for path in paths for file in _files(path))


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    shown = (one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
    yield from sorted(one for one in shown if one.suffix in _SUFFIXES)


def _content(path: Path) -> tuple[bytes, float]:
    """The bytes of a file and when they were written."""
    try:
        with path.open("rb") as stream:
            content, written = stream.read(LONGEST + 1), os.fstat(stream.fileno()).st_mtime
    except OSError as error:
        raise SettingsError(f"The key file {path} cannot be read: {_why(error)}") from None
    if len(content) > LONGEST:
        raise SettingsError(f"The key file {path} is larger than {LONGEST} bytes")
    return content, written


def _of_jwk(jwk: dict[str, Any], written: float) -> Key:
    since = jwk.get("nbf", written)
    if not isinstance(since, int | float) or not 0 <= since < LATEST:
        raise SettingsError("nbf must be a time in seconds since 1970")
    if "d" not in jwk:
        raise SettingsError("it is not a private key")
    private = ECAlgorithm.from_jwk(jwk) if jwk.get("kty") == "EC" else RSAAlgorithm.from_jwk(jwk)
    return key(private, float(since))


def _password(content: bytes, passphrase: Secret | None) -> bytes | None:
    """The passphrase where the key is encrypted; one that is not needed is no error."""
    if passphrase is None or b"ENCRYPTED" not in content:
        return None
    return passphrase.reveal().encode()


def _jwk(made: Key) -> bytes:
    private = made.private
    jwk = (
        ECAlgorithm.to_jwk(private, as_dict=True)
        if isinstance(private, ec.EllipticCurvePrivateKey)
        else RSAAlgorithm.to_jwk(private, as_dict=True)
    )
    named = {**jwk, "kid": made.kid, "alg": made.algorithm, "key_ops": ["sign"], "nbf": int(made.since)}
    return json.dumps(named, indent=2).encode() + b"\n"


def _pem(made: Key) -> bytes:
    return made.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _why(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else "unreadable"
