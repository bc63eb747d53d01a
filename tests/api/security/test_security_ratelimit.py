"""Token buckets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.api.security.ratelimit import Limiter
from adapter.errors import TooManyRequests


def test_burst_then_rate(clock):
    limiter = Limiter(rate=2, burst=3, clock=clock)
    assert [limiter.spend("a") for _ in range(4)] == [0, 0, 0, 0.5]
    assert limiter.wait("a") == 0.5
    assert limiter.wait("b") == 0
    assert limiter.spend("b") == 0
    clock.time += 0.5
    assert [limiter.spend("a"), limiter.spend("a")] == [0, 0.5]
    clock.time += 1000
    assert [limiter.spend("a") for _ in range(4)] == [0, 0, 0, 0.5]


def test_check_says_when_in_whole_seconds(clock):
    limiter = Limiter(rate=1 / 90, burst=1, clock=clock)
    limiter.check("a")
    clock.time += 0.5
    with pytest.raises(TooManyRequests) as caught:
        limiter.check("a")
    assert caught.value.retry_after == 90


def test_a_cost_larger_than_the_burst_can_be_paid(clock):
    limiter = Limiter(rate=1, burst=5, clock=clock)
    assert limiter.spend("a", 100) == 0
    assert limiter.spend("a", 100) == 5


def test_memory_is_bounded_and_the_longest_unused_goes_first(clock):
    limiter = Limiter(rate=1, burst=1, keys=100, clock=clock)
    for number in range(1000):
        limiter.spend(str(number))
    assert limiter.size == 100
    assert limiter.wait("999") > 0
    assert limiter.wait("1") == 0


def test_a_clock_that_goes_back_gives_nothing(clock):
    limiter = Limiter(rate=1, burst=1, clock=clock)
    limiter.spend("a")
    clock.time -= 100
    assert limiter.spend("a") == 1


@pytest.mark.parametrize("wrong", [{"rate": 0}, {"burst": 0.5}, {"keys": 0}, {"rate": -1}])
def test_a_limiter_needs_sense(wrong):
    with pytest.raises(ValueError, match="must be positive"):
        Limiter(**{"rate": 1, "burst": 1, **wrong})


@given(st.lists(st.tuples(st.floats(0, 10), st.floats(0.1, 3)), max_size=50))
def test_nobody_gets_more_than_burst_and_rate(steps):
    now = [0.0]
    limiter = Limiter(rate=2, burst=4, clock=lambda: now[0])
    spent = 0.0
    for pause, cost in steps:
        now[0] += pause
        if limiter.spend("a", cost) == 0:
            spent += cost
        assert spent <= 4 + 2 * now[0] + 1e-6
