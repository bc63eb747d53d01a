"""When a target is left alone, and for how long."""

from adapter.jobs import Breaker


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_it_opens_after_failures_in_a_row_and_lets_one_try():
    clock = Clock()
    breaker = Breaker(failures=2, first=2.0, longest=5.0, clock=clock)
    breaker.failed()
    assert breaker.wait() == 0.0
    breaker.failed()
    assert breaker.open and breaker.wait() == 2.0
    clock.now = 2.0
    assert breaker.wait() == 0.0 and breaker.wait() == 2.0
    breaker.succeeded()
    assert breaker.wait() == 0.0 == breaker.wait()


def test_it_waits_longer_each_time_but_not_for_those_that_were_under_way():
    clock = Clock()
    breaker = Breaker(failures=2, first=2.0, longest=5.0, clock=clock)
    for _ in range(6):
        breaker.failed()
    assert breaker.wait() == 2.0
    for wait in (4.0, 5.0, 5.0):
        clock.now += breaker.wait()
        assert breaker.wait() == 0.0
        breaker.failed()
        assert breaker.wait() == wait


def test_a_trial_that_is_never_heard_of_again_does_not_block_for_ever():
    clock = Clock()
    breaker = Breaker(failures=1, first=2.0, longest=5.0, clock=clock)
    breaker.failed()
    clock.now = 2.0
    assert breaker.wait() == 0.0 and breaker.wait() == 2.0
    clock.now = 7.0
    assert breaker.wait() == 0.0 and breaker.wait() == 2.0
