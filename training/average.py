"""The mean of several runs' weights, which is often better than each of them.

    python -m training.average --weights RUN/mixture.pt RUN/sharpen.pt --output RUN/final.pt

The runs must have grown from one another or from a common start (Wortsman et al. 2022, "Model soups",
https://arxiv.org/abs/2203.05482): weights trained apart do not average.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor


def mean(states: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of each tensor.

    Raises `ValueError` where the states do not hold the same tensors in the same shapes.
    """
    shapes = [{name: tensor.shape for name, tensor in state.items()} for state in states]
    if not states or any(shape != shapes[0] for shape in shapes):
        raise ValueError("only weights of one architecture have a mean")
    return {name: torch.stack([state[name].float() for state in states]).mean(0) for name in states[0]}


def main() -> None:
    """Writes the mean of the given files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--weights", type=Path, nargs="+", required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    torch.save(mean([torch.load(path, map_location="cpu") for path in options.weights]), options.output)


if __name__ == "__main__":
    main()
