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
    honest = Sureness(slope=0.7, shift=-0.9, below=-0.5)
    low, high = honest.of(min(one, other)), honest.of(max(one, other))
    assert 0 <= low <= high <= 1


def test_what_was_always_too_sure_is_mended():
    chance = np.random.default_rng(3)
    sure = chance.uniform(0.3, 0.999, 5000)
    right = (chance.random(5000) < sure**2).astype(float)
    slope, shift, below = map(float, sureness.fitted(sure, right))
    honest = Sureness(slope=slope, shift=shift, below=below)
    mended = np.array([honest.of(value) for value in sure])
    assert sureness.error(mended, right) < 0.03 < sureness.error(sure, right)


def test_what_is_almost_certain_may_keep_its_own_slope():
    chance = np.random.default_rng(4)
    odds = chance.uniform(-2, 8, 20_000)
    right = (chance.random(20_000) < sureness.sigmoid(np.where(odds < 3, 0.2 * odds, odds - 2.4))).astype(
        float
    )
    slope, shift, below = sureness.fitted(sureness.sigmoid(odds), right)
    assert slope == pytest.approx(1, abs=0.1)
    assert slope + below == pytest.approx(0.2, abs=0.1)
    assert shift == pytest.approx(-2.4, abs=0.4)


@pytest.mark.parametrize("bend", [{"slope": -0.1}, {"slope": 0.5, "below": -0.5}])
def test_no_numbers_may_turn_the_order_around(bend):
    with pytest.raises(ValueError, match="the more sure"):
        Sureness(shift=0, **bend)


def test_every_language_of_the_model_has_numbers():
    assert extraction.arbiter.load().sureness.keys() == {"en", "de", "fr", "nl"}


def test_one_is_as_sure_as_nearly_one():
    assert Sureness(slope=1, shift=0).of(1.0) == pytest.approx(0.9999)
