"""The mean of several stages' weights."""

import pytest

torch = pytest.importorskip("torch", reason="only training needs PyTorch")

from training import average  # noqa: E402


def test_each_tensor_is_the_mean_of_its_runs():
    runs = [{"w": torch.tensor([1.0, 2.0])}, {"w": torch.tensor([3.0, 6.0])}]
    assert average.mean(runs)["w"].tolist() == [2.0, 4.0]


def test_other_shapes_are_refused():
    with pytest.raises(ValueError, match="one architecture"):
        average.mean([{"w": torch.zeros(2)}, {"w": torch.zeros(3)}])
