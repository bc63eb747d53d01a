"""A site with one subscriber, on each of the two databases."""

import pytest

from adapter.ledger import opened
from tests.delivery.subscriptions import subscriber
from tests.delivery.subscriptions.site import Clock, Site


@pytest.fixture
def hook():
    with subscriber.listening() as one:
        yield one


@pytest.fixture
def site(database_url, hook):
    clock = Clock()
    with opened(database_url, clock) as database:
        yield Site(database, clock, hook)
