"""The pages on a loopback port, served as `notewright workbench` serves them."""

from collections.abc import Iterator
from contextlib import contextmanager

from adapter import workbench
from adapter.cli import workbench as command
from adapter.pipeline import Pipeline
from tests import loopback


@contextmanager
def serving(pipeline: Pipeline | None, admit: workbench.Admit | None = None) -> Iterator[str]:
    """The origin at which the pages answer."""
    bench = workbench.Bench(admit=admit or command.everybody(), version="test", pipeline=pipeline)
    server = command.server(bench)
    with loopback.running(server) as origin:
        yield origin
