"""Calls to servers on the loopback, and how they are to end."""

import time
from contextlib import contextmanager

import pytest
from loopback import Names

from adapter import egress
from adapter.errors import EgressFailed, EgressRefused

LIMIT = 100_000


def policy(*ports, **bounds):
    """A policy that allows three names on some ports of the loopback."""
    hosts = [f"http://{name}.example:{port}" for port in ports for name in ("files", "mirror", "*.cdn")]
    given = {"types": frozenset({"text/plain"}), "max_bytes": LIMIT, "total_seconds": 3} | bounds
    return egress.allowing(hosts, ["127.0.0.0/8"], **given)


def fetch(peer, path="/", **bounds):
    return egress.fetch(
        f"http://files.example:{peer.port}{path}", policy(peer.port, **bounds), resolver=Names()
    )


@contextmanager
def refusing(rule):
    with pytest.raises(EgressRefused) as error:
        yield
    assert error.value.rule == rule


@contextmanager
def failing(words, retryable=True):
    with pytest.raises(EgressFailed) as error:
        yield
    assert words in str(error.value)
    assert "example" not in str(error.value)
    assert error.value.retryable == retryable


@contextmanager
def within(seconds):
    """Fails what lasts longer; with room for a busy machine."""
    start = time.monotonic()
    yield
    assert time.monotonic() - start < seconds
