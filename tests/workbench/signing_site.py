"""A workbench that people sign in to, on loopback, and a browser that follows as browsers do."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import randrange
from typing import Any
from urllib.parse import urljoin

import httpx

from adapter import workbench
from adapter.api import authority
from adapter.api.admission import admission
from adapter.api.security.apikeys import KeyFile
from adapter.api.security.authenticator import Authenticator
from adapter.api.security.signin import SignIn
from adapter.api.site import Site
from adapter.api.watching import audit
from adapter.cli import workbench as command
from adapter.ledger import Database, audits
from adapter.ledger import opened as open_database
from adapter.settings import Settings
from tests import loopback
from tests.openid_provider import CLIENT, SECRET, Provider
from tests.services import free_port

SESSION, BEGUN = "__Host-notewright", "__Host-notewright-sign-in"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(kw_only=True)
class Signing:
    """What is open."""

    origin: str
    database: Database
    sign_in: SignIn
    keys: KeyFile
    provider: Provider

    def forget(self) -> None:
        """Nobody is signed in, and nothing was."""
        with self.database.writing() as tx:
            for table in ("nw_session", "nw_audit"):
                tx.connection.exec_driver_sql(f"DELETE FROM {table}")

    def audited(self) -> list[dict[str, Any]]:
        with self.database.reading() as tx:
            return list(audits.every(tx))


@contextmanager
def opened(
    provider: Provider,
    folder: Path,
    *,
    database: str = "",
    clock: Callable[[], datetime] = _now,
    pipeline: Any = None,
    **row: Any,
) -> Iterator[Signing]:
    """The workbench with signing in; `row` is of the site's `security.sign_in`."""
    port = free_port()
    (folder / "secret").write_text(SECRET)
    chosen = {
        "issuer": provider.url,
        "client_id": CLIENT,
        "client_secret": {"file": folder / "secret"} if provider.secret else None,
        "name": "Hospital login",
        **row,
    }
    base = f"http://127.0.0.1:{port}/fhir"
    site = Site.model_validate({"server": {"base_url": base}, "security": {"sign_in": chosen}})
    with open_database(database or f"sqlite:///{folder}/ledger.sqlite", clock) as ledger:

        def append(event: dict[str, Any]) -> None:
            with ledger.writing() as tx:
                audits.append(tx, event)

        trail = audit.Trail(append, site=audit.Site(name="test", base=base), chain="test")
        sign_in = authority.sign_in(Settings(), site, ledger, trail)
        assert sign_in is not None
        keys = KeyFile(folder / "keys.json")
        admit = command.people(admission(Authenticator(keys=keys)), sign_in)
        bench = workbench.Bench(admit=admit, version="test", pipeline=pipeline, sign_in=sign_in)
        with loopback.running(command.server(bench, port)) as origin:
            yield Signing(origin=origin, database=ledger, sign_in=sign_in, keys=keys, provider=provider)


@dataclass
class Browser:
    """Keeps cookies as a browser does on a host it trusts, and follows where it is sent."""

    origin: str
    cookies: dict[str, str] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)  # addresses, in their order
    home: str = field(default_factory=lambda: f"127.{randrange(1, 255)}.{randrange(255)}.{randrange(1, 255)}")

    def get(self, address: str, *, follow: bool = True, **headers: str) -> httpx.Response:
        return self.ask("GET", address, follow=follow, **headers)

    def post(self, path: str, site: str = "same-origin") -> httpx.Response:
        return self.ask("POST", path, follow=False, **{"Sec-Fetch-Site": site})

    def ask(self, method: str, address: str, *, follow: bool, **headers: str) -> httpx.Response:
        url = urljoin(f"{self.origin}/workbench/", address)
        while True:
            self.seen.append(url)
            ours = url.startswith(self.origin + "/")
            kept = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            sent = headers | ({"Cookie": kept} if ours and kept else {})
            answer = asked_for(method, url, sent, self.home)
            if ours:
                self.keep(answer)
            if not follow or not answer.has_redirect_location:
                return answer
            url, method = urljoin(url, answer.headers["location"]), "GET"

    def keep(self, answer: httpx.Response) -> None:
        for line in answer.headers.get_list("set-cookie"):
            found = re.fullmatch(
                r"(__Host-[a-z-]+)=([\w.-]*); Path=/; Secure; HttpOnly; SameSite=Lax(.*)", line
            )
            assert found, "a cookie is not as it must be"
            if found[3] == "; Max-Age=0":
                self.cookies.pop(found[1], None)
            else:
                self.cookies[found[1]] = found[2]

    def sign_in(self, to: str = "") -> httpx.Response:
        """The page one ends at."""
        return self.get("sign-in" + (f"?to={to}" if to else ""))

    def begun(self) -> str:
        """The address the provider sends this browser back to; it was not followed yet."""
        asked = self.get("sign-in", follow=False).headers["location"]
        return asked_for("GET", asked).headers["location"]


def asked_for(method: str, url: str, headers: Any = None, home: str = "127.0.0.1") -> httpx.Response:
    """The answer to one request, sent from an address of this machine; no cookies are kept."""
    transport = httpx.HTTPTransport(local_address=home, verify=False)
    with httpx.Client(transport=transport, timeout=20) as client:
        return client.request(method, url, headers=headers, data={} if method == "POST" else None)
