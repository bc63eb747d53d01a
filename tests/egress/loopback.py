"""Real servers on the loopback that answer from a script, and resolvers that answer from a table."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress


class Peer:
    """A listening server: counts its connections and keeps the heads of its requests."""

    def __init__(self, script, address, tls, patience):
        self.script, self.tls, self.patience = script, tls, patience
        self.connections, self.requests = 0, []
        self.ending = threading.Event()
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self.socket = socket.create_server((address, 0), family=family, backlog=64)
        self.port = self.socket.getsockname()[1]
        self.threads = [threading.Thread(target=self.accept)]
        self.threads[0].start()

    def accept(self):
        while not self.ending.is_set():
            try:
                line, _ = self.socket.accept()
            except OSError:  # closed
                return
            self.connections += 1
            self.threads.append(threading.Thread(target=self.serve, args=(line,)))
            self.threads[-1].start()

    def serve(self, line):
        line.settimeout(self.patience)
        try:
            with self.tls.wrap_socket(line, server_side=True) if self.tls else line as stream:
                head = b""
                with suppress(TimeoutError):
                    while b"\r\n\r\n" not in head and (part := stream.recv(65536)):
                        head += part
                self.requests.append(head.decode("latin-1"))
                self.script(self, stream, self.requests[-1])
        except OSError:
            line.close()

    def close(self):
        self.ending.set()
        self.socket.shutdown(socket.SHUT_RDWR)  # wakes who waits for a connection
        for thread in self.threads:
            thread.join(5)
        self.socket.close()

    def header(self, name, request=-1):
        """The value of a header of a request, or None."""
        for text in self.requests[request].split("\r\n")[1:]:
            key, _, value = text.partition(":")
            if key.lower() == name.lower():
                return value.strip()
        return None


@contextmanager
def serving(script, address="127.0.0.1", tls=None, patience=5):
    """A server that calls `script(peer, stream, request head)` for each request."""
    peer = Peer(script, address, tls, patience)
    try:
        yield peer
    finally:
        peer.close()


def answer(body=b"hello", status="200 OK", **headers):
    """The bytes of an answer; `Content_Length=None` leaves the header out."""
    fields = {"Content-Type": "text/plain", "Content-Length": len(body)} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    lines = [
        f"HTTP/1.1 {status}",
        *(f"{name}: {value}" for name, value in fields.items() if value is not None),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def giving(*answers):
    """A script that gives these in turn, the last for ever."""
    left = list(answers)

    def script(peer, stream, request):
        stream.sendall(left.pop(0) if len(left) > 1 else left[0])

    return script


def dripping(start, drop, every=0.03):
    """A script that sends a start and then a drop again and again until the other side gives up."""

    def script(peer, stream, request):
        stream.sendall(start)
        while not peer.ending.wait(every):
            stream.sendall(drop)

    return script


class Names:
    """A resolver: each host has answers in turn, the last for ever; unknown names are at the loopback."""

    def __init__(self, **answers):
        self.answers = {host.replace("_", "."): list(given) for host, given in answers.items()}
        self.asked = []

    def addresses(self, host, port):
        self.asked.append(host)
        given = self.answers.get(host, [["127.0.0.1"]])
        return given.pop(0) if len(given) > 1 else given[0]


def client_tls(authority):
    """A context that trusts a certificate alone."""
    return ssl.create_default_context(cadata=authority)
