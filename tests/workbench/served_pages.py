"""The pages on a loopback port, served as `notewright workbench` serves them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from adapter import workbench
from adapter.cli import workbench as command
from adapter.pipeline import Pipeline


@contextmanager
def serving(pipeline: Pipeline | None, admit: workbench.Admit | None = None) -> Iterator[str]:
    """The origin at which the pages answer."""
    bench = workbench.Bench(admit=admit or command.everybody(), version="test", pipeline=pipeline)
    server = command.server(bench)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
