from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.delivery.retry import Failure, Policy, delay, seconds

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
POLICY = Policy(attempts=5, first=2.0, longest=30.0, jitter=lambda: 1.0)


@pytest.mark.parametrize(
    ("status", "attempt", "expected"),
    [
        (None, 1, 2.0),
        (503, 1, 2.0),
        (500, 2, 4.0),
        (429, 3, 8.0),
        (504, 4, 16.0),
        (504, 5, None),
        (501, 1, None),
        (400, 1, None),
        (404, 1, None),
        (408, 1, None),
        (307, 1, None),
    ],
)
def test_delay(status, attempt, expected):
    assert delay(Failure(status=status), attempt, POLICY, NOW) == expected


def test_the_wait_has_an_upper_end():
    policy = Policy(attempts=99, first=1.0, longest=30.0, jitter=lambda: 1.0)
    assert delay(Failure(status=503), 60, policy, NOW) == 30.0


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("0", 0.0),
        (" 12 ", 12.0),
        ("Sun, 01 Mar 2026 12:00:20 GMT", 20.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        (None, None),
    ],
)
def test_retry_after(header, expected):
    assert seconds(header, NOW) == expected


def test_a_server_that_asks_for_longer_than_we_wait_is_left_alone():
    assert delay(Failure(status=429, retry_after="31"), 1, POLICY, NOW) is None
    assert delay(Failure(status=429, retry_after="30"), 1, POLICY, NOW) == 30.0


@given(st.integers(1, 4), st.floats(0, 1))
def test_jitter_stays_between_half_and_whole(attempt, jitter):
    policy = Policy(attempts=5, first=2.0, longest=30.0, jitter=lambda: jitter)
    whole = 2.0 * 2 ** (attempt - 1)
    assert whole / 2 <= delay(Failure(status=503), attempt, policy, NOW) <= whole
