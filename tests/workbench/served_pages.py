"""The pages on a loopback port, served as `notewright workbench` serves them."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from adapter import workbench
from adapter.cli import workbench as command
from adapter.cli.bench import furnished
from adapter.pipeline import Pipeline
from adapter.settings import Settings
from tests import loopback


@contextmanager
def serving(
    pipeline: Pipeline | None,
    admit: workbench.Admit | None = None,
    settings: Settings | None = None,
    **more: Any,
) -> Iterator[str]:
    """The origin at which the pages answer; `more` is of the Bench, and with settings it is furnished."""
    bench = workbench.Bench(admit=admit or command.everybody(), version="test", pipeline=pipeline, **more)
    with furnished(settings, bench) if settings else nullcontext(bench) as whole, _served(whole) as origin:
        yield origin


@contextmanager
def _served(bench: workbench.Bench) -> Iterator[str]:
    server = command.server(bench)
    with loopback.running(server) as origin:
        yield origin
