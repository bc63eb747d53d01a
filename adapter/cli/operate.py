"""Commands of who runs the service: deliveries, failed documents, keys, the audit. They work on the ledger.

What is put up again here is taken up by a running `serve` or `worker` at its next sweep.
"""

import json
import os
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from adapter.api import opening
from adapter.api.security.apikeys import KeyFile
from adapter.api.watching import audit
from adapter.cli.streams import say
from adapter.delivery import credentials
from adapter.errors import SettingsError
from adapter.ledger import audits, deliveries, opened, work
from adapter.settings import Settings


def deliveries_list(settings: Settings, *, state: str, target: str | None) -> int:
    """The deliveries of a state, one JSON line each."""
    with opened(_database(settings)) as database, database.reading() as tx:
        for one in deliveries.listed(tx, (state,), target=target):
            _line(asdict(one))
    return 0


def deliveries_retry(settings: Settings, *, document: str, version: int, target: str) -> int:
    """A dead or discarded delivery is tried again."""
    with opened(_database(settings)) as database, database.writing() as tx:
        _line(asdict(deliveries.again(tx, document, version, target)))
    return 0


def deliveries_discard(settings: Settings, *, document: str, version: int, target: str) -> int:
    """A dead delivery is given up."""
    with opened(_database(settings)) as database, database.writing() as tx:
        _line(asdict(deliveries.discard(tx, document, version, target)))
    return 0


def documents_list(settings: Settings) -> int:
    """The documents that could not be read, one JSON line each, without their Bundles."""
    with opened(_database(settings)) as database, database.reading() as tx:
        for one in work.failed(tx):
            told = asdict(one)
            told.pop("bundles")
            _line(told)
    return 0


def documents_retry(settings: Settings, *, document: str, version: int) -> int:
    """A document that could not be read is read again."""
    with opened(_database(settings)) as database, database.writing() as tx:
        _line({"document": document, "version": version, "state": work.again(tx, document, version).state})
    return 0


def keys_add(settings: Settings, *, keys: Path, name: str, scopes: str, days: int | None) -> int:
    """A new API key, shown this once."""
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    key, text = KeyFile(keys).add(name, scopes, expires)
    say(f"key {key.id} of {key.name}; it is shown this once")
    sys.stdout.write(text + "\n")
    return 0


def keys_list(settings: Settings, *, keys: Path) -> int:
    """The API keys of a file, without their hashes."""
    for one in KeyFile(keys).listed():
        told = asdict(one)
        told.pop("hash")
        _line(told)
    return 0


def keys_revoke(settings: Settings, *, keys: Path, id: str) -> int:
    """An API key opens nothing any more."""
    _line({"id": KeyFile(keys).revoke(id).id, "revoked": True})
    return 0


def keys_new(settings: Settings, *, output: Path, algorithm: Literal["ES384", "RS384"]) -> int:
    """A private key of ours for signing in to other servers."""
    key = credentials.generate(algorithm, time.time())
    credentials.write(key, output)
    _line({"kid": key.kid, "file": output.name})
    return 0


def audit_export(settings: Settings, *, since: str, until: str) -> int:
    """The AuditEvents of a time, one JSON line each."""
    with opened(_database(settings)) as database, database.reading() as tx:
        for one in audits.every(tx, _instant(since), _instant(until)):
            _line(one)
    return 0


def audit_verify(settings: Settings) -> int:
    """Whether the audit is as it was written; exit code 1 when something was changed, removed or added."""
    chosen = opening.read_site(settings).security.audit_key
    key = chosen.secret(os.environ).reveal().encode() if chosen else b""
    with opened(_database(settings)) as database, database.reading() as tx:
        found = audit.verify(audits.every(tx), key=key)
    for issue in found:
        _line({"reason": issue.reason, "at": issue.path, "message": issue.message})
    say("the audit is as it was written" if not found else f"{len(found)} faults in the audit")
    return 1 if found else 0


def _database(settings: Settings) -> str:
    return settings.database or opening.default_database()


def _instant(text: str) -> str:
    """An instant as the ledger keeps it; the ends of time stay as they are."""
    if text in ("", "~"):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError("since and until are instants such as 2026-03-07T14:05:00Z") from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _line(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
