"""What the tests of the endpoint share: one service a module, since the workflows are one a process."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api import served
from tests.delivery import fhir_server


@pytest.fixture(scope="module")
def target() -> Iterator[Any]:
    """A FHIR server that what is derived is delivered to."""
    with fhir_server.running() as anew:
        yield anew()


@pytest.fixture(scope="module")
def service(core_store: Path, target: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The open service of a module, with one target."""
    folder = tmp_path_factory.mktemp("service")
    targets = folder / "targets.toml"
    targets.write_text(f'[targets.ehr]\nurl = "{target.url}"\n')
    with served.opened(core_store, f"sqlite:///{folder}/ledger.sqlite", targets=targets) as open_service:
        yield open_service


@pytest.fixture(scope="module")
def here(service: Any) -> Iterator[served.Endpoint]:
    """The endpoint without authentication."""
    with served.listening(service) as origin, httpx.Client(timeout=30) as client:
        yield served.Endpoint(service=service, client=client, origin=origin)
