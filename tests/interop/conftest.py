"""What the interoperability tests share: peers that nobody here wrote, and what is sent to them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapter.pipeline import Pipeline
from tests.interop import programs

DOCUMENTS = Path(__file__).parents[2] / "fixtures" / "documents"
SENT = ("discharge-summary", "continuity-of-care", "progress-note-pdf")


@pytest.fixture(scope="session")
def medplum_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return programs.packages("medplum", tmp_path_factory.mktemp)


@pytest.fixture(scope="session")
def client_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return programs.packages("client", tmp_path_factory.mktemp)


@pytest.fixture(scope="session")
def documents(medplum_packages: Path) -> list[dict]:
    """Three fixtures."""
    return [json.loads((DOCUMENTS / f"{name}.json").read_text()) for name in SENT]


@pytest.fixture(scope="session")
def bundles(documents: list[dict], pipeline: Pipeline) -> list[dict]:
    """The Bundle of each, as the pipeline makes it."""
    return [pipeline.run(one).bundle for one in documents]


@pytest.fixture(scope="session")
def large(documents: list[dict], pipeline: Pipeline) -> dict:
    """One Bundle of all three: more than fifty findings."""
    entries = [{"resource": one} for one in documents]
    return pipeline.run({"resourceType": "Bundle", "type": "collection", "entry": entries}).bundle


@pytest.fixture(scope="session")
def endpoint(core_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of `notewright serve` without targets, for clients."""
    with programs.notewright(tmp_path_factory.mktemp("endpoint"), core_store) as base:
        yield base
