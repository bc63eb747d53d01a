"""A service with a real ledger, workflows and a target, and its pages on a loopback port."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from adapter import workbench
from adapter.api.app import application
from adapter.api.service import Service
from adapter.cli import serve
from adapter.settings import Settings
from tests import loopback
from tests.api import served


@contextmanager
def opened(store: Path, folder: Path, *targets: str) -> Iterator[Service]:
    """The open service; targets are FHIR servers, tried twice."""
    file = folder / "targets.toml"
    retry = "attempts = 2, first = 0.05, longest = 0.05"
    file.write_text(
        "".join(
            f'[targets.{name}]\nurl = "{url}"\nretry = {{ {retry} }}\n'
            for name, url in (one.split("=", 1) for one in targets)
        )
    )
    with served.opened(store, f"sqlite:///{folder}/ledger.sqlite", targets=file) as service:
        yield service


@contextmanager
def listening(service: Service, **changes: object) -> Iterator[str]:
    """The origin at which endpoint and pages answer."""
    from dataclasses import replace

    bench = replace(serve.bench(Settings(), service), **changes)  # type: ignore[arg-type]
    config = uvicorn.Config(
        application(service, more=workbench.routes(bench)),
        host="127.0.0.1",
        port=0,
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
    )
    with loopback.running(uvicorn.Server(config)) as origin:
        yield origin
