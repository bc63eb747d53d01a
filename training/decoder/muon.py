"""Muon: steps of matrices made orthogonal (Jordan et al. 2024), in fp32 since not every machine has bf16."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

TURNS = 5
FACTORS = (3.4445, -4.775, 2.0315)


class Muon(torch.optim.Optimizer):
    """Momentum whose step has all singular values near one."""

    def __init__(self, matrices: Iterable[Tensor], *, rate: float, decay: float, momentum: float = 0.95) -> None:
        super().__init__(matrices, {"lr": rate, "decay": decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> None:
        """One step of every matrix."""
        for group in self.param_groups:
            for matrix in group["params"]:
                state = self.state[matrix]
                if not state:
                    state["mean"] = torch.zeros_like(matrix)
                mean = state["mean"].lerp_(matrix.grad, 1 - group["momentum"])
                move = orthogonal(matrix.grad.lerp(mean, group["momentum"]))
                matrix.mul_(1 - group["lr"] * group["decay"])
                matrix.add_(move, alpha=-group["lr"] * max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5)


def orthogonal(move: Tensor) -> Tensor:
    """Nearly the orthogonal matrix next to a matrix, by Newton's and Schulz's turns."""
    a, b, c = FACTORS
    tall = move.shape[0] > move.shape[1]
    x = move.T if tall else move
    x = x / (x.norm() + 1e-7)
    for _ in range(TURNS):
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x
