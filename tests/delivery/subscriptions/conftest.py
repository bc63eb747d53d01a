"""A site with one subscriber, on each of the two databases."""

import uuid

import pytest
from sqlalchemy import create_engine, text

from adapter.ledger import opened
from adapter.ledger.tables import METADATA
from tests.delivery.subscriptions import subscriber
from tests.delivery.subscriptions.site import Clock, Site


@pytest.fixture
def hook():
    with subscriber.listening() as one:
        yield one


@pytest.fixture(scope="module")
def postgres_url(postgres):
    """One database for a module: making one for each test takes longer than the test."""
    name = f"nw_{uuid.uuid4().hex}"
    engine = create_engine(f"{postgres}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return f"{postgres}/{name}"


@pytest.fixture(params=["sqlite", "postgresql"])
def site(request, tmp_path, hook):
    sqlite = f"sqlite:///{tmp_path}/ledger.sqlite"
    url = sqlite if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    clock = Clock()
    with opened(url, clock) as database:
        yield Site(database, clock, hook)
        with database.writing() as tx:
            for table in METADATA.sorted_tables:
                if table.name != "nw_about":
                    tx.connection.execute(table.delete())
