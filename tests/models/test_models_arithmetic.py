import random

import numpy as np
import pytest

from adapter.models import arithmetic

SHAPE = (5, 8)


def made(*seeds):
    return [np.random.default_rng(seed).standard_normal(SHAPE).astype(np.float32) for seed in seeds]


def slow_ties(base, models, shares, density, scale):
    """TIES as the paper has it, number by number."""
    trimmed = []
    for model in models:
        change = [float(m) - float(b) for m, b in zip(model.flat, base.flat, strict=True)]
        kept = sorted(range(len(change)), key=lambda n: -abs(np.float32(change[n])))
        kept = set(kept[: round(density * len(change))])
        trimmed.append([value if n in kept else 0.0 for n, value in enumerate(change)])
    merged = []
    for n, start in enumerate(base.flat):
        sign = np.sign(sum(share * one[n] for share, one in zip(shares, trimmed, strict=True)))
        same = [
            (s, one[n]) for s, one in zip(shares, trimmed, strict=True) if one[n] and np.sign(one[n]) == sign
        ]
        mean = sum(s * v for s, v in same) / sum(s for s, _ in same) if same else 0.0
        merged.append(float(start) + scale * mean)
    return np.array(merged, np.float32).reshape(base.shape)


@pytest.mark.parametrize("density", [0.1, 0.5, 1.0])
@pytest.mark.parametrize("scale", [1.0, 0.6])
def test_ties_is_that_of_the_paper(density, scale):
    base, *models = made(0, 1, 2, 3)
    shares = (0.5, 0.3, 0.2)
    parts = arithmetic.changes(base, models)
    least = [arithmetic.threshold(np.abs(part).astype(np.float32).reshape(-1), density) for part in parts]
    parts = [arithmetic.trimmed(part, one) for part, one in zip(parts, least, strict=True)]
    found = arithmetic.elected(base, parts, shares, scale)
    np.testing.assert_allclose(found, slow_ties(base, models, shares, density, scale), rtol=1e-6)


def test_soup_is_the_weighted_mean():
    models = made(1, 2)
    slow = [0.25 * float(a) + 0.75 * float(b) for a, b in zip(models[0].flat, models[1].flat, strict=True)]
    np.testing.assert_allclose(arithmetic.soup(models, (0.25, 0.75)).reshape(-1), slow, rtol=1e-6)
    assert (arithmetic.soup(models, (1.0, 0.0)) == models[0]).all()
    assert (arithmetic.soup([models[0]] * 3, (0.2, 0.3, 0.5)) == models[0]).all()


@pytest.mark.parametrize("density", [0.2, 0.7])
def test_dare_drops_by_chance_and_scales_up(density):
    base, model = made(0, 1)
    (change,) = arithmetic.changes(base, [model])
    found = arithmetic.dropped(change, density, arithmetic.chance(3, 0, "t"))
    draws = arithmetic.chance(3, 0, "t").random(change.shape, np.float32)
    slow = [
        float(c) / density if draw < density else 0.0 for c, draw in zip(change.flat, draws.flat, strict=True)
    ]
    assert found.reshape(-1).tolist() == slow


def test_dare_keeps_the_mean_of_a_change():
    change = np.ones((400, 400))
    found = arithmetic.dropped(change, 0.3, arithmetic.chance(1, 0, "t"))
    assert abs(found.mean() - 1) < 0.02
    assert set(np.unique(found)) == {0.0, 1 / 0.3}


def test_chance_in_pieces_is_chance_at_once():
    whole = arithmetic.chance(5, 1, "x").random((7, 3), np.float32)
    pieces = arithmetic.chance(5, 1, "x")
    parts = [pieces.random((rows, 3), np.float32) for rows in (1, 4, 2)]
    assert (np.concatenate(parts) == whole).all()
    assert (arithmetic.chance(5, 2, "x").random(9) != arithmetic.chance(5, 1, "x").random(9)).any()


def test_one_model_of_density_one_is_itself():
    base, model = made(0, 1)
    parts = arithmetic.changes(base, [model])
    assert (arithmetic.elected(base, parts, (1.0,), 1.0) == model).all()
    assert (arithmetic.summed(base, parts * 2, (0.5, 0.5), 1.0) == model).all()


def test_the_threshold_keeps_the_share():
    sizes = list(range(100))
    random.Random(1).shuffle(sizes)
    least = arithmetic.threshold(np.array(sizes, np.float32), 0.25)
    assert sum(size >= least for size in sizes) == 25
    assert arithmetic.threshold(np.zeros(0, np.float32), 0.5) == 0.0
