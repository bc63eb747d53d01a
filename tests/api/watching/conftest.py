"""A real server on a free port of loopback."""

import asyncio
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import uvicorn

from adapter.api.watching.metrics import Metrics, Queue


@contextmanager
def served(app, **options) -> Iterator[int]:
    """The port at which uvicorn serves an application meanwhile."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=2, **options)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=asyncio.run, args=(server.serve(sockets=[listener]),), daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()


@pytest.fixture
def server() -> Callable:
    return served


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(documents=lambda: {"done": 3}, queue=lambda: Queue(depth=2, age=1.5), targets=("ehr",))


@pytest.fixture(autouse=True)
def quiet_after() -> Iterator[None]:
    """Logging as it was, whatever a test did to it."""
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers = handlers
    root.setLevel(level)
