import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapter.extraction import bio

KINDS = ["condition", "medication"]
LABELS = bio.labels_of(KINDS)


def legal(path: list[int]) -> bool:
    previous = 0
    for label in path:
        inside = label > 0 and label % 2 == 0
        if inside and previous not in (label, label - 1):
            return False
        previous = label
    return True


def test_labels_and_kinds_are_each_others_inverse() -> None:
    assert LABELS == ["O", "B-condition", "I-condition", "B-medication", "I-medication"]
    assert bio.kinds_of(LABELS) == KINDS
    with pytest.raises(ValueError, match="pairs"):
        bio.kinds_of(["O", "I-condition", "B-condition"])


@given(st.lists(st.lists(st.floats(0.01, 1), min_size=5, max_size=5), min_size=1, max_size=5))
def test_the_best_path_is_the_best_of_all_legal_paths(rows: list[list[float]]) -> None:
    scores = np.log(np.array(rows, np.float32))
    found = bio.best_path(scores).tolist()
    assert legal(found)
    value = sum(scores[i, label] for i, label in enumerate(found))
    paths = (path for path in itertools.product(range(5), repeat=len(rows)) if legal(list(path)))
    best = max(sum(scores[i, label] for i, label in enumerate(path)) for path in paths)
    assert value == pytest.approx(best, abs=1e-4)


def test_an_impossible_inside_becomes_a_legal_mention() -> None:
    rows = np.array([[0.4, 0.3, 0.1, 0.1, 0.1], [0.1, 0.1, 0.6, 0.1, 0.1]], np.float32)
    assert bio.best_path(np.log(rows)).tolist() == [1, 2]


def test_neighbouring_mentions_stay_apart() -> None:
    rows = np.full((3, 5), 0.02, np.float32)
    rows[0, 1] = rows[1, 1] = rows[2, 3] = 0.92
    found = bio.chunks(bio.best_path(np.log(rows)), rows)
    assert [(one.start, one.end, one.kind) for one in found] == [(0, 1, 0), (1, 2, 0), (2, 3, 1)]
    assert found[0].probability == pytest.approx(0.92)


def test_no_words_no_path() -> None:
    empty = np.zeros((0, 5), np.float32)
    assert bio.chunks(bio.best_path(empty), empty) == []
