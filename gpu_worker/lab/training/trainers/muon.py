"""The Muon optimizer: momentum with orthogonalised steps, also for convolutions.

torch.optim.Muon takes matrices alone. Source: Jordan et al. 2024, kellerjordan.github.io/posts/muon
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)
ITERATIONS = 5
EDGES = ("conv_in", "conv_out", "embed", "quant_conv")
"""Parts of the names of weights that Muon does not suit."""


def orthogonalize(matrix: Tensor) -> Tensor:
    """Return nearly the closest matrix with singular values of 1 (Newton-Schulz)."""
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x: Tensor = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Muon for weights of two dimensions or more; its steps have AdamW's usual size."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float):
        """Take the weights and a learning rate as for AdamW."""
        super().__init__(parameters, {"lr": lr, "momentum": 0.95, "weight_decay": 0.01})

    @torch.no_grad()
    def step(self, _closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override] # the base class allows a loss, never used here
        """Take one step along the orthogonalised momentum."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                buffer = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                buffer.lerp_(weight.grad, 1 - group["momentum"])
                nesterov = weight.grad.lerp(buffer, group["momentum"])
                matrix = nesterov.reshape(nesterov.shape[0], -1)
                size = 0.2 * max(matrix.shape) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                update = orthogonalize(matrix).reshape(weight.shape)
                weight.add_(update, alpha=-group["lr"] * size)


def optimizers(model: nn.Module, lr: float) -> tuple[torch.optim.Optimizer, ...]:
    """Return Muon for the inner weights and AdamW for edges, biases, norms and embeddings."""
    inner: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, weight in model.named_parameters():
        is_inner = weight.ndim >= 2 and not any(edge in name for edge in EDGES)
        (inner if is_inner else rest).append(weight)
    return (Muon(inner, lr), torch.optim.AdamW(rest, lr, betas=(0.9, 0.98), weight_decay=0.0))
