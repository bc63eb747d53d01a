"""Confidences are honest, in order, and never leave the unit interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import extraction
from adapter.extraction.sureness import Sureness
from training import sureness

inside = st.floats(0, 1)


@given(inside, inside)
def test_the_more_probable_is_never_less_sure(one, other):
    honest = Sureness(slope=0.7, shift=-0.9)
    low, high = honest.of(min(one, other)), honest.of(max(one, other))
    assert 0 <= low <= high <= 1


def test_what_was_always_too_sure_is_mended():
    chance = np.random.default_rng(3)
    sure = chance.uniform(0.3, 0.999, 5000)
    right = (chance.random(5000) < sure**2).astype(float)
    slope, shift = sureness.fitted(sure, right)
    honest = Sureness(slope=float(slope), shift=float(shift))
    mended = np.array([honest.of(value) for value in sure])
    assert sureness.error(mended, right) < 0.03 < sureness.error(sure, right)


def test_every_number_that_ships_keeps_the_order():
    for honest in extraction.arbiter.load().sureness.values():
        assert honest.slope > 0


def test_one_is_as_sure_as_nearly_one():
    assert Sureness(slope=1, shift=0).of(1.0) == pytest.approx(0.9999)
