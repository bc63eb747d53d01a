"""A FHIR server as a sink: transaction POST with retry. https://hl7.org/fhir/R4/http.html#transaction

Sending again is safe: every entry is created only where its identifier is not yet known (ifNoneExist), and a
transaction is whole or nothing. `conditional` serves those that do not know one of the two.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime

import httpx

from adapter.delivery import rest
from adapter.delivery.conditional import Conditional
from adapter.delivery.rest import Rest
from adapter.delivery.retry import Policy
from adapter.model import Receipt, Resource


class Server:
    """A FHIR server that takes transactions.

    `auth` signs each attempt (adapter.delivery.credentials), so that a token that expired is not sent twice.
    The client brings timeouts and certificates; it is closed by who made it.
    """

    def __init__(
        self,
        base_url: str,
        client: httpx.Client,
        *,
        headers: Mapping[str, str] | None = None,
        auth: httpx.Auth | None = None,
        policy: Policy | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], datetime] = rest.now,
    ) -> None:
        server = Rest(base_url, client, headers=headers, auth=auth, policy=policy, sleep=sleep, now=now)
        self._sink = Conditional(server, "yes")

    def send(self, bundle: Resource) -> Receipt:
        """The server has taken the whole Bundle.

        TargetUnavailable when it could not be reached or stayed busy, TargetRefused when it said no.
        """
        return self._sink.send(bundle)
