"""Muon: steps of matrices made orthogonal (Jordan et al. 2024), in fp32 since not every machine has bf16."""

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

FACTORS = (
    (8.28721201814563, -23.595886519098837, 17.300387312530933),
    (4.107059111542203, -2.9478499167379106, 0.5448431082926601),
    (3.9486908534822946, -2.908902115962949, 0.5518191394370137),
    (3.3184196573706015, -2.488488024314874, 0.51004894012372),
)  # of a polynomial each (Amsel et al. 2025, "The Polar Express")


class Muon(torch.optim.Optimizer):
    """Momentum whose step has all singular values near one."""

    def __init__(
        self, matrices: Iterable[Tensor], *, rate: float, decay: float, momentum: float = 0.95
    ) -> None:
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
    """Nearly the orthogonal matrix next to a matrix, by a few polynomials of it."""
    tall = move.shape[0] > move.shape[1]
    x = move.T if tall else move
    x = x / (x.norm() * 1.02 + 1e-7)
    for a, b, c in FACTORS:
        square = x @ x.T
        x = a * x + (b * square + c * square @ square) @ x
    return x.T if tall else x
