"""Muon: momentum whose steps are orthogonalised, for convolutions and linear layers."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonal(matrix: Tensor, rounds: int = 5) -> Tensor:
    """Bring a matrix near the closest one with singular values of 1 (Newton-Schulz)."""
    a, b, c = COEFFICIENTS
    tall = matrix.shape[0] > matrix.shape[1]
    x: Tensor = matrix.T if tall else matrix
    x = x / (x.norm() + 1e-7)
    for _ in range(rounds):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Muon(torch.optim.Optimizer):
    """Muon for weights of two dimensions or more; its steps have AdamW's usual size."""

    def __init__(self, parameters: Iterable[nn.Parameter], lr: float, momentum: float = 0.95):
        """Take the weights, a learning rate as for AdamW and the momentum."""
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "weight_decay": 0.01})

    @torch.no_grad()
    def step(self, _closure: Callable[[], Any] | None = None) -> None:  # type: ignore[override] # the base class allows a loss, never used here
        """Take one step along the orthogonalised momentum."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                buffer = self.state[weight].setdefault("momentum", torch.zeros_like(weight))
                buffer.lerp_(weight.grad, 1 - group["momentum"])
                ahead = weight.grad.lerp(buffer, group["momentum"])
                matrix = ahead.reshape(ahead.shape[0], -1)
                size = 0.2 * max(matrix.shape) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"])
                update = orthogonal(matrix).reshape(weight.shape)
                weight.add_(update, alpha=-group["lr"] * size)


def optimizers(
    named: Iterable[tuple[str, nn.Parameter]], lr: float
) -> tuple[torch.optim.Optimizer, ...]:
    """Give Muon for the inner weights and AdamW for edges, biases, norms and embeddings."""
    edges = ("conv_in", "conv_out", "embed", "quant_conv")
    inner: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, weight in named:
        if weight.requires_grad:
            is_inner = weight.ndim >= 2 and not any(edge in name for edge in edges)
            (inner if is_inner else rest).append(weight)
    return (Muon(inner, lr), torch.optim.AdamW(rest, lr, betas=(0.9, 0.98), weight_decay=0.0))


def clipped_step(optimizers: Iterable[torch.optim.Optimizer], lr: float, limit: float) -> float:
    """Clip the gradients' norm, step every optimizer at a learning rate, give the norm."""
    optimizers = tuple(optimizers)
    weights = [w for o in optimizers for g in o.param_groups for w in g["params"]]
    norm = nn.utils.clip_grad_norm_(weights, limit)
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = lr
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return float(norm)
