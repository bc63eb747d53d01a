"""Credentials that a site was given: user and password, a bearer token, an API key.

A secret in a file is read for each request. When the target answers 401 and the file has changed since, the
request is made once more.
"""

import re
from abc import abstractmethod
from base64 import b64encode
from collections.abc import Mapping

from adapter.delivery.credentials.scheme import Credentials, field
from adapter.errors import SettingsError
from adapter.secret import Secret

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]+")  # token, RFC 9110 5.6.2
_NOT_A_KEY = {"host", "content-length", "content-type", "transfer-encoding", "connection", "cookie"}


class Fixed(Credentials):
    """Credentials that stay the same until their secret is changed on disk."""

    @abstractmethod
    def headers(self) -> Mapping[str, str]:
        """The headers made of the secret as it is now."""

    def renewed(self, refused: Mapping[str, str]) -> Mapping[str, str] | None:
        """The headers if the secret has changed in between, else None."""
        current = self.headers()
        return current if current != refused else None


class Basic(Fixed):
    """HTTP Basic authentication (RFC 7617), in UTF-8."""

    def __init__(self, user: str, password: Secret) -> None:
        if not user or ":" in user or any(ord(one) < 32 or ord(one) == 127 for one in user):
            raise SettingsError("A user name must not be empty or hold a colon or control characters")
        self._user = user
        self._password = password

    def headers(self) -> Mapping[str, str]:
        """Authorization: Basic."""
        pair = f"{self._user}:{self._password.reveal()}".encode()
        return {"Authorization": f"Basic {b64encode(pair).decode()}"}


class Bearer(Fixed):
    """A bearer token (RFC 6750) that somebody else renews."""

    def __init__(self, token: Secret) -> None:
        self._token = token

    def headers(self) -> Mapping[str, str]:
        """Authorization: Bearer."""
        return {"Authorization": f"Bearer {field(self._token.reveal(), self._token.origin)}"}


class ApiKey(Fixed):
    """A key in a header of its own, such as X-API-Key."""

    def __init__(self, header: str, key: Secret) -> None:
        if not _NAME.fullmatch(header) or header.lower() in _NOT_A_KEY:
            raise SettingsError("The name of the API key's header cannot be used")
        self._header = header
        self._key = key

    def headers(self) -> Mapping[str, str]:
        """The header with the key."""
        return {self._header: field(self._key.reveal(), self._key.origin)}
