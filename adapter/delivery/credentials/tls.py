"""TLS towards a target: whom we trust, and who we are (mutual TLS).

`httpx.Client(verify=context(Tls(...)))` is all a caller needs.
"""

import os
import ssl
from dataclasses import dataclass
from pathlib import Path

import httpx

from adapter.errors import SettingsError
from adapter.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """What a site says about TLS."""

    certificate: Path | None = None  # ours, PEM, with the chain below it; None: no client certificate
    key: Path | None = None  # its private key, PEM; None: it is in the certificate's file
    passphrase: Secret | None = None  # of the key
    authorities: Path | None = None  # a PEM bundle: trusted, and nothing else; None: the public authorities


def context(tls: Tls) -> ssl.SSLContext:
    """The TLS context of a client: TLS 1.2 at least, host names checked.

    SettingsError naming the file that cannot be used.
    """
    made = httpx.create_ssl_context() if tls.authorities is None else _trusting(tls.authorities)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls.certificate is not None:
        _identify(made, tls.certificate, tls)
    elif tls.key is not None or tls.passphrase is not None:
        raise SettingsError("A client key needs a client certificate")
    return made


def _trusting(authorities: Path) -> ssl.SSLContext:
    _readable(authorities)
    try:
        return ssl.create_default_context(cafile=str(authorities))
    except (ssl.SSLError, OSError):
        raise SettingsError(f"The file {authorities} holds no certificates in PEM") from None


def _identify(made: ssl.SSLContext, certificate: Path, tls: Tls) -> None:
    """Loads our certificate; an encrypted key without a passphrase must not ask the terminal for one."""
    _readable(certificate)
    if tls.key is not None:
        _readable(tls.key)
    password = tls.passphrase.reveal() if tls.passphrase else ""
    try:
        made.load_cert_chain(certificate, tls.key, password=lambda: password)
    except (ssl.SSLError, ValueError, OSError):
        key = tls.key or certificate
        raise SettingsError(
            f"The certificate {certificate} and the key {key} do not go together or cannot be read"
        ) from None


def _readable(path: Path) -> None:
    try:
        path.open("rb").close()
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else "unreadable"
        raise SettingsError(f"The file {path} cannot be read: {why}") from None
