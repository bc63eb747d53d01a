"""A FHIR server to deliver to, as a process of its own, that keeps what it takes and misbehaves on purpose.

python benchmarks/service_target.py --port 9001 --manner busy|dropping|plain|sound [--seed 1] [--share 0.3]

busy      answers 429, 500 and 503 at random
dropping  closes the connection or keeps silent at random, before or after it did what it was asked
plain     knows no conditional interactions: whoever delivers must search first
sound     none of it

GET /_tally tells what it has: identifiers per document, what it has twice, how often it misbehaved.
GET /_arrivals?N tells when each document came, from the Nth on.
"""

import argparse
import json
import random
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Resource = dict[str, Any]

SILENCE = 4.0  # seconds a silent server stays silent; longer than its client waits
TYPES = ("Condition", "Observation", "MedicationStatement", "AllergyIntolerance", "Procedure",
         "FamilyMemberHistory", "Device", "Provenance")  # fmt: skip


def names(resource: Resource) -> Iterator[str]:
    """What a resource is searched by: its identifiers, or its tags."""
    for name, listed, key in (
        ("identifier", resource.get("identifier") or [], "value"),
        ("_tag", (resource.get("meta") or {}).get("tag") or [], "code"),
    ):
        for one in listed:
            yield f"{name}={one.get('system', '')}|{one.get(key)}"


def document(resource: Resource) -> str | None:
    """The document a finding or a Provenance was derived from: a reference, or an identifier."""
    for extension in resource.get("extension") or []:
        for inner in extension.get("extension") or []:
            if "valueReference" in inner:
                return _name(inner["valueReference"])
    for entity in resource.get("entity") or []:
        if entity.get("role") == "source":
            return _name(entity["what"])
    return None


def _name(reference: Resource) -> str:
    return str(reference.get("reference") or reference.get("identifier", {}).get("value"))


class Kept:
    """What the server has. One transaction at a time, whole or not at all."""

    def __init__(self, *, conditional: bool) -> None:
        self.conditional = conditional
        self.lock = threading.Lock()
        self.resources: dict[str, list[Resource]] = defaultdict(list)
        self.found: dict[tuple[str, str], list[Resource]] = defaultdict(list)
        self.counted: Counter[str] = Counter()
        self.arrivals: list[tuple[str, float]] = []  # document, Unix time

    def search(self, kind: str, query: str) -> list[Resource]:
        """The resources of a type that bear the identifier or tag."""
        (name, value), *_ = parse_qsl(query)
        return self.found[kind, f"{name}={value}"]

    def transaction(self, bundle: Resource) -> Resource:
        """The transaction-response."""
        with self.lock:
            self.counted["transactions"] += 1
            return {
                "resourceType": "Bundle",
                "type": "transaction-response",
                "entry": [{"response": self._entry(entry)} for entry in bundle["entry"]],
            }

    def _entry(self, entry: Resource) -> Resource:
        resource, request = entry["resource"], entry["request"]
        kind = resource["resourceType"]
        condition = request.get("ifNoneExist") or request["url"].partition("?")[2]
        if condition and self.conditional:
            known = self.search(kind, condition)
            if len(known) > 1:
                return {"status": "412 Precondition Failed"}
            if known and request["method"] == "POST":
                return {"status": "200 OK", "location": f"{kind}/{known[0]['id']}/_history/1"}
            if known:
                known[0].update(resource)
                return {"status": "200 OK", "location": f"{kind}/{known[0]['id']}/_history/2"}
        return self._create(kind, resource)

    def _create(self, kind: str, resource: Resource) -> Resource:
        kept = {**resource, "id": f"{kind[:3].lower()}{len(self.resources[kind])}"}
        self.resources[kind].append(kept)
        if kind == "Provenance":
            self.arrivals.append((document(kept) or "", time.time()))
        for name in names(kept):
            self.found[kind, name].append(kept)
        self.counted["created"] += 1
        return {"status": "201 Created", "location": f"{kind}/{kept['id']}/_history/1"}

    def tally(self) -> Resource:
        """What is here, by document."""
        with self.lock:
            documents: dict[str, list[str]] = defaultdict(list)
            for kept in self.resources.values():
                for one in kept:
                    if (owner := document(one)) is not None:
                        documents[owner].append(next(names(one)).rpartition("|")[2])
            twice = [name for (_, name), found in self.found.items() if len(found) > 1]
            return {"documents": documents, "twice": _ours(twice), "counted": dict(self.counted)}

    def capabilities(self) -> Resource:
        """The CapabilityStatement."""
        told = {"conditionalCreate": self.conditional, "conditionalUpdate": self.conditional}
        return {
            "resourceType": "CapabilityStatement",
            "rest": [
                {
                    "mode": "server",
                    "interaction": [{"code": "transaction"}],
                    "resource": [{"type": kind, **told} for kind in TYPES],
                }
            ],
        }


def _ours(listed: list[str]) -> list[str]:
    """Without the digests of a model, which are no identifiers of one resource."""
    return [name for name in listed if "sha256" not in name]


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    kept: Kept
    manner: str
    share: float
    dice: random.Random

    def do_GET(self) -> None:
        """Search, metadata, tally."""
        url = urlsplit(self.path)
        if url.path == "/_tally":
            self._answer(200, self.kept.tally())
        elif url.path == "/_arrivals":
            self._answer(200, {"arrivals": self.kept.arrivals[int(url.query) :]})
        elif url.path == "/metadata":
            self._answer(200, self.kept.capabilities())
        else:
            with self.kept.lock:
                found = list(self.kept.search(url.path.strip("/"), url.query))
            entries = [{"resource": one} for one in found]
            self._answer(200, {"resourceType": "Bundle", "type": "searchset", "entry": entries})

    def do_POST(self) -> None:
        """A transaction, unless the server is in one of its moods."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        bad = self.dice.random() < self.share
        if bad and self.manner == "busy":
            self.kept.counted["refused"] += 1
            status = self.dice.choice((429, 500, 503))
            outcome = {
                "resourceType": "OperationOutcome",
                "issue": [{"severity": "error", "code": "transient"}],
            }
            self._answer(status, outcome, {"Retry-After": "1"} if status != 500 else {})
        elif bad and self.manner == "dropping":
            self._drop(body)
        else:
            self._answer(200, self.kept.transaction(json.loads(body)))

    def _drop(self, body: bytes) -> None:
        after, silent = self.dice.random() < 0.5, self.dice.random() < 0.2
        if after:
            self.kept.transaction(json.loads(body))
        self.kept.counted["applied, not answered" if after else "neither applied nor answered"] += 1
        if silent:
            time.sleep(SILENCE)
        self.close_connection = True

    def _answer(self, status: int, resource: Resource, headers: Mapping[str, str] | None = None) -> None:
        data = json.dumps(resource).encode()
        self.send_response(status)
        fields = {
            "Content-Type": "application/fhir+json",
            "Content-Length": str(len(data)),
            **(headers or {}),
        }
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


class Server(ThreadingHTTPServer):
    """A client that was killed in the middle of an answer is nothing to speak of."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing is printed."""


def main() -> None:
    """Serves until it is ended."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--manner", choices=("busy", "dropping", "plain", "sound"), default="sound")
    parser.add_argument("--share", type=float, default=0.3, help="of requests that are treated badly")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    members = {
        "kept": Kept(conditional=args.manner != "plain"),
        "manner": args.manner,
        "share": args.share,
        "dice": random.Random(args.seed),
    }
    Server(("127.0.0.1", args.port), type("Here", (Handler,), members)).serve_forever()


if __name__ == "__main__":
    main()
