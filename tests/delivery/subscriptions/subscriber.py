"""A real subscriber on the loopback: keeps what it is sent, and answers as it is told."""

import json
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from lxml import etree


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    path: str
    headers: dict
    body: bytes
    status: int

    @property
    def bundle(self):
        return json.loads(self.body)

    @property
    def said(self):
        """The first entry as a plain dict: type, status, numbers, focus, error."""
        first = self.bundle["entry"][0]["resource"]
        return _of_r5(first) if first["resourceType"] == "SubscriptionStatus" else _of_r4(first)


class Subscriber:
    """Answers with `answers` in turn, then 200: a status, or a float to wait for so many seconds."""

    def __init__(self, url, server):
        self.url, self._server = url, server
        self.answers, self.calls, self.lock = [], [], threading.Lock()
        self.retry_after = None

    @property
    def numbers(self):
        """The numbers of the events it took, in order of arrival."""
        taken = [one for one in self.calls if one.status == 200]
        return [number for one in taken for number in one.said["numbers"]]

    @property
    def kinds(self):
        return [one.said["type"] for one in self.calls]

    def events(self):
        return [one for one in self.calls if one.said["type"] == "event-notification"]


def _of_r5(status):
    events = status.get("notificationEvent", [])
    return {
        "type": status["type"],
        "status": status["status"],
        "count": int(status["eventsSinceSubscriptionStart"]),
        "numbers": [int(one["eventNumber"]) for one in events],
        "focus": [one.get("focus", {}).get("reference") for one in events],
    }


def _of_r4(parameters):
    given = {}
    for one in parameters["parameter"]:
        value = next((one[key] for key in one if key.startswith("value")), one.get("part"))
        given.setdefault(one["name"], []).append(value)
    events = [
        {part["name"]: next(part[key] for key in part if key.startswith("value")) for part in parts}
        for parts in given.get("notification-event", [])
    ]
    return {
        "type": given["type"][0],
        "status": given["status"][0],
        "count": int(given["events-since-subscription-start"][0]),
        "numbers": [int(one["event-number"]) for one in events],
        "focus": [one.get("focus", {}).get("reference") for one in events],
    }


@contextmanager
def listening():
    """A subscriber that answers until the context ends."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self):
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            with one.lock:
                todo = one.answers.pop(0) if one.answers else 200
            status = todo if isinstance(todo, int) else 200
            with one.lock:
                one.calls.append(Call(self.command, self.path, dict(self.headers), body, status))
            if isinstance(todo, float):
                time.sleep(todo)
            self.send_response(status)
            if one.retry_after is not None and status == 503:
                self.send_header("Retry-After", str(one.retry_after))
            if status in (301, 307):
                self.send_header("Location", "http://127.0.0.1:9/")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_PUT = answer

        def log_message(self, *args):
            pass

        def handle(self):
            with suppress(OSError):
                super().handle()

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    one = Subscriber(f"http://127.0.0.1:{server.server_port}/hook", server)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def xml(body):
    """The root element's name of an XML body."""
    return etree.QName(etree.fromstring(body)).localname
