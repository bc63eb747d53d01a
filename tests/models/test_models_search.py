import pytest

from adapter.errors import InputError
from adapter.models.search import search


def distance(*best):
    def score(weights):
        return -sum((one / sum(weights) - other) ** 2 for one, other in zip(weights, best, strict=True))

    return score


@pytest.mark.parametrize("best", [(0.7, 0.3), (0.05, 0.95), (1.0, 0.0), (0.2, 0.5, 0.3)])
def test_the_best_shares_are_found(best):
    found = search(distance(*best), [1.0] * len(best), trials=60)
    shares = [weight / sum(found.best.weights) for weight in found.best.weights]
    assert shares == pytest.approx(best, abs=0.08)
    assert found.best.score == max(trial.score for trial in found.trials)


def test_no_more_is_tried_than_asked_and_nothing_twice():
    asked = []

    def score(weights):
        asked.append(tuple(round(weight / sum(weights), 6) for weight in weights))
        return distance(0.9, 0.1)(weights)

    assert len(search(score, (1, 1), trials=5).trials) == len(asked) == 5
    search(score, (1, 1), trials=40)
    assert len(set(asked[5:])) == len(asked[5:])


def test_one_trial_is_the_start():
    assert search(distance(0.9, 0.1), (1, 1), trials=1).best.weights == (1.0, 1.0)
    with pytest.raises(InputError):
        search(distance(0.9, 0.1), (1, 1), trials=0)
