"""How we show a target who we are: SMART Backend Services, Basic, bearer token, API key, mutual TLS.

Must not send a secret over plain http or let one into an error, a log line or a file of ours.
"""

from adapter.delivery.credentials.fixed import ApiKey, Basic, Bearer
from adapter.delivery.credentials.keyfile import read, read_all, write
from adapter.delivery.credentials.keys import ALGORITHMS, Key, KeyRing, generate, jwks
from adapter.delivery.credentials.scheme import Credentials
from adapter.delivery.credentials.smart import SmartBackend
from adapter.delivery.credentials.tls import Tls, context

__all__ = [
    "ALGORITHMS",
    "ApiKey",
    "Basic",
    "Bearer",
    "Credentials",
    "Key",
    "KeyRing",
    "SmartBackend",
    "Tls",
    "context",
    "generate",
    "jwks",
    "read",
    "read_all",
    "write",
]
