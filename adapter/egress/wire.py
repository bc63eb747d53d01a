"""Connections that go to addresses already checked, and end at a deadline."""

import ssl
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

from adapter.egress.addresses import Address
from adapter.egress.clock import Deadline

PIECE = 16 * 1024  # written at once, so that a slow reader cannot stretch the deadline


class Pinned(httpcore.NetworkBackend):
    """Connects to the given addresses and to nothing else, whatever host it is asked for."""

    def __init__(self, addresses: Sequence[Address], deadline: Deadline, connect_seconds: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._connect_seconds = connect_seconds
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """A connection to the first address that takes one."""
        soon = self._deadline.sooner(self._connect_seconds)
        failed: Exception = httpcore.ConnectError("the host has no address")
        for address in self._addresses:
            try:
                stream = self._sockets.connect_tcp(str(address), port, timeout=soon.left(timeout))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return _Timed(stream, self._deadline)
        raise failed

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        """Never a connection."""
        raise httpcore.UnsupportedProtocol("only TCP is used")


class _Timed(httpcore.NetworkStream):
    """A stream of which every step has only what is left of the time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), PIECE):
            self._stream.write(buffer[start : start + PIECE], self._deadline.left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        try:
            left = self._deadline.left(timeout)
        except httpcore.TimeoutException:
            self._stream.close()
            raise
        return _Timed(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
