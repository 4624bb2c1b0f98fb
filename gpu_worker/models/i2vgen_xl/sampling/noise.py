"""The noise of a large clip at a smaller shape, so that both show the same where both can."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate, normalize


def reduced(noise: Tensor, shape: tuple[int, int, int, int]) -> Tensor:
    """Return noise (c, f, h, w) at a shape that is nowhere larger, of the same variance.

    Frames are taken evenly from the first to the last. Each value is the mean of those that it
    covers, scaled to unit variance.
    """
    if noise.shape == shape:
        return noise
    frames = torch.linspace(0, noise.shape[1] - 1, shape[1]).round().long()
    down, across = (
        normalize(_means(source, target), dim=1)
        for source, target in zip(noise.shape[2:], shape[2:], strict=True)
    )
    return down @ noise[:, frames] @ across.T


def _means(source: int, target: int) -> Tensor:
    """Return the matrix (target, source) that averages a line of values over fewer ones."""
    return interpolate(torch.eye(source)[None], size=target, mode="area")[0].T.contiguous()
