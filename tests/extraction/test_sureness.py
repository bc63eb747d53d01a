"""Confidences are honest, in order, and never leave the unit interval."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter import extraction
from adapter.extraction.sureness import Sureness, found_by
from training import sureness

inside = st.floats(0, 1)


def told(sure, right, sources=None):
    who = np.zeros((len(sure), 2)) if sources is None else sources
    found = sureness.fitted(sureness.points(sure, who), right)
    return dict(zip(sureness.NAMES, map(float, found), strict=True))


@given(inside, inside)
def test_the_more_probable_is_never_less_sure(one, other):
    honest = Sureness(slope=0.7, shift=-0.9, below=-0.5)
    low, high = honest.of(min(one, other)), honest.of(max(one, other))
    assert 0 <= low <= high <= 1


def test_what_was_always_too_sure_is_mended():
    chance = np.random.default_rng(3)
    sure = chance.uniform(0.3, 0.999, 5000)
    right = (chance.random(5000) < sure**2).astype(float)
    honest = Sureness(**told(sure, right))
    mended = np.array([honest.of(value) for value in sure])
    assert sureness.error(mended, right) < 0.03 < sureness.error(sure, right)


def test_what_is_almost_certain_may_keep_its_own_slope():
    chance = np.random.default_rng(4)
    odds = chance.uniform(-2, 8, 20_000)
    right = (chance.random(20_000) < sureness.sigmoid(np.where(odds < 3, 0.2 * odds, odds - 2.4))).astype(
        float
    )
    found = told(sureness.sigmoid(odds), right)
    assert found["slope"] == pytest.approx(1, abs=0.1)
    assert found["slope"] + found["below"] == pytest.approx(0.2, abs=0.1)
    assert found["shift"] == pytest.approx(-2.4, abs=0.4)


def test_who_found_a_mention_counts():
    chance = np.random.default_rng(5)
    odds, who = chance.uniform(-1, 3, 20_000), chance.integers(0, 3, 20_000)
    right = (chance.random(20_000) < sureness.sigmoid(odds + np.array([0, 1.5, -1.5])[who])).astype(float)
    sources = [["encoder"], ["encoder", "dictionary"], ["dictionary"]]
    found = told(sureness.sigmoid(odds), right, np.array([found_by(sources[one]) for one in who]))
    assert found["both"] == pytest.approx(1.5, abs=0.2)
    assert found["named"] == pytest.approx(-1.5, abs=0.2)
    alone, both, named = (Sureness(**found).of(0.6, one) for one in sources)
    assert named < alone < both


@pytest.mark.parametrize("bend", [{"slope": -0.1}, {"slope": 0.5, "below": -0.5}])
def test_no_numbers_may_turn_the_order_around(bend):
    with pytest.raises(ValueError, match="the more sure"):
        Sureness(shift=0, **bend)


def test_every_language_of_the_model_has_numbers():
    assert extraction.arbiter.load().sureness.keys() == {"en", "de", "fr", "nl"}


def test_one_is_as_sure_as_nearly_one():
    assert Sureness(slope=1, shift=0).of(1.0) == pytest.approx(0.9999)
