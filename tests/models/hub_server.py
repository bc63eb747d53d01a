"""A hub on loopback: one repository with one file, as a Hugging Face hub serves it, slow and breakable."""

import hashlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
FILE = "/owner/repo/resolve/main/tiny.gguf"


@dataclass
class Hub:
    """What the hub has, and what it was asked."""

    data: bytes
    pause: float = 0.0  # seconds between pieces
    digest: str = ""  # told instead of the true one
    url: str = ""
    ranges: list[str] = field(default_factory=list)  # of every GET
    sent: int = 0

    @property
    def etag(self) -> str:
        """The digest it tells."""
        return self.digest or hashlib.sha256(self.data).hexdigest()


@contextmanager
def served(hub: Hub) -> Iterator[Hub]:
    """The hub, listening for as long as the context lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            """Says nothing."""

        def do_HEAD(self) -> None:
            self._begin()

        def do_GET(self) -> None:
            start = self._begin()
            if start is None:
                return
            for at in range(start, len(hub.data), 20_000):
                piece = hub.data[at : at + 20_000]
                try:
                    self.wfile.write(piece)
                except OSError:
                    self.close_connection = True
                    return
                hub.sent += len(piece)
                time.sleep(hub.pause)

        def _begin(self) -> int | None:
            if self.path != FILE:
                self.send_response(404)
                self.send_header("X-Error-Code", "EntryNotFound")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return None
            asked = self.headers.get("Range", "")
            start = int(asked.removeprefix("bytes=").partition("-")[0]) if asked else 0
            if self.command == "GET":
                hub.ranges.append(asked)
            self.send_response(206 if asked else 200)
            size = len(hub.data)
            if asked:
                self.send_header("Content-Range", f"bytes {start}-{size - 1}/{size}")
            self.send_header("Content-Length", str(size - start))
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("ETag", f'"{hub.etag}"')
            self.send_header("X-Linked-Etag", f'"{hub.etag}"')
            self.send_header("X-Linked-Size", str(size))
            self.send_header("X-Repo-Commit", COMMIT)
            self.end_headers()
            return start

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
