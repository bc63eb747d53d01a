"""What every test may use. Project settings of the person who runs the tests never leak in."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, text

import terminology
from adapter import assembly, engines, extraction
from adapter.pipeline import Pipeline
from adapter.settings import Settings
from tests import services

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
MODEL = engines.encoder_path()

settings.register_profile("notewright", deadline=None, max_examples=60)
settings.load_profile("notewright")

for name in [name for name in os.environ if name.startswith("NOTEWRIGHT_")]:
    del os.environ[name]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rewrite-golden", action="store_true", help="rewrite the expected golden results")


@pytest.fixture(scope="session")
def core_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of Notewright Core alone: builds in a second."""
    path = tmp_path_factory.mktemp("store") / "core.sqlite"
    terminology.build([terminology.parse_source("core")], path)
    return path


@pytest.fixture(scope="session")
def classifier() -> Iterator[extraction.Classifier]:
    """The shipped model."""
    found = extraction.Classifier(MODEL, threads=2)
    yield found
    found.close()


@pytest.fixture(scope="session")
def pipeline(core_store: Path) -> Iterator[Pipeline]:
    """The whole line with the shipped model and the Core store."""
    with assembly.opened(Settings(terminology=core_store, threads=2, language="en")) as line:
        yield line


@pytest.fixture(scope="session")
def shared() -> Path:
    """The reference material beside the checkout; tests that use it are skipped without it."""
    if not SHARED.is_dir():
        pytest.skip("reference material (../shared) is not here")
    return SHARED


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A PostgreSQL server of our own."""
    programs = services.postgres_programs()
    if programs is None:
        pytest.skip("PostgreSQL is not installed (Debian's package postgresql)")
    with services.postgres(programs) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database, of each of the two kinds."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/ledger.sqlite"
    server, name = request.getfixturevalue("postgres"), f"nw_{abs(hash(tmp_path)) % 10**12}"
    engine = create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{server}/{name}"
