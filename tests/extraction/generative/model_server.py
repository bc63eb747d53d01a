"""A real server on the loopback that answers chats from a script, well or badly.

Run as a program it says its port, then writes an answer without end, saying each token it sent.
"""

import json
import sys
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MODELS = {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": "someone"}]}
DONE = "[DONE]"


def part(content=None, finish=None, usage=None, logprobs=None, **delta):
    """The JSON of one event."""
    said = {"content": content, **delta} if content is not None else delta
    choice = {"index": 0, "delta": said, "finish_reason": finish}
    if logprobs is not None:
        choice["logprobs"] = {"content": logprobs}
    event = {"id": "c", "object": "chat.completion.chunk", "model": "m", "choices": [choice]}
    return json.dumps(event | ({"usage": usage} if usage else {}))


def usage(prompt=7, completion=3, cached=0):
    """The last event, which has the counts and no choice."""
    told = {"prompt_tokens": prompt, "completion_tokens": completion}
    told["prompt_tokens_details"] = {"cached_tokens": cached}
    return json.dumps({"choices": [], "usage": told})


class Talk(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.seen.append((self.path, dict(self.headers), None))
        self.plain(self.server.routes.get(self.path))

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.seen.append((self.path, dict(self.headers), body))
        if not self.path.endswith("/chat/completions"):
            route = self.server.routes.get(self.path)
            return self.plain(route(body) if callable(route) else route)
        with self.server.lock:
            number = self.server.asked
            self.server.asked += 1
        with suppress(OSError):  # the client went away
            self.server.script(self, body, number)

    def plain(self, told):
        content = json.dumps(told).encode()
        self.send_response(404 if told is None else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def start(self, status=200, kind="text/event-stream", **headers):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()

    def say(self, *events):
        for event in events:
            self.raw(f"data: {event}\n\n".encode())

    def raw(self, content):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
        self.wfile.flush()

    def end(self):
        self.wfile.write(b"0\r\n\r\n")

    def give(self, *events):
        """A whole stream."""
        self.start()
        self.say(*events)
        self.end()

    def reply(self, status=200, content=b"", kind="application/json", **headers):
        """A whole answer that is no stream."""
        self.start(status, kind, **headers)
        if content:
            self.raw(content)
        self.end()

    def log_message(self, *_):
        pass


def good(text="[1]", finish="stop"):
    """A script that always gives a text, letter by letter."""

    def script(talk, body, number):
        talk.give(*map(part, text), part(finish=finish), usage(completion=len(text) + 1), DONE)

    return script


class Server(ThreadingHTTPServer):
    """Counts and remembers what it is asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, script, routes, port=0, tls=None):
        super().__init__(("127.0.0.1", port), Talk)
        if tls is not None:
            self.socket = tls.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
        self.script, self.routes = script, {"/v1/models": MODELS} | (routes or {})
        self.seen, self.asked, self.lock = [], 0, threading.Lock()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"

    @property
    def bodies(self):
        return [body for path, _, body in self.seen if path.endswith("/chat/completions")]

    def handle_error(self, request, client_address):
        pass


@contextmanager
def serving(script, routes=None, port=0, tls=None):
    """A server that calls `script(talk, body, number of the chat)` for each chat."""
    server = Server(script, routes, port, tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def tell(what):
    """Says something to whoever started this program."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def _endless(talk, body, number):
    talk.start()
    for token in range(100_000):
        talk.say(part(f"{token} "))
        tell(token)
        time.sleep(0.02)


if __name__ == "__main__":
    with serving(_endless) as endless:
        tell(endless.server_port)
        threading.Event().wait()
