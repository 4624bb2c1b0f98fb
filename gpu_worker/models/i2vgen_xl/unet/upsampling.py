"""Doubling: growing maps to twice their size and convolving them, at the price of the small size.

After doubling by repetition, a convolution (3, 3) meets each value of the small map two or three
times. Each of the four places within a doubled pixel therefore sees a convolution (2, 2) of the
small map, whose weights are sums of the (3, 3): four times four products in place of four times
nine. The sums are made in double precision, so that the result is nearer to the exact one than
convolving the large map.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.upsampling import Upsample2D
from torch import Tensor, nn
from torch.nn import functional


class Doubling(nn.Module):
    """Upsample2D with its convolution, run over the small map where it grows to just twice."""

    def __init__(self, block: Upsample2D) -> None:
        """Share the block's convolution, whose weight stays for sizes that are not doubled."""
        super().__init__()
        convolution = cast(nn.Conv2d, cast(Any, block).conv)
        self.convolution = convolution
        self.weight: nn.Parameter | None = None
        self.bias: nn.Parameter | None = None
        if convolution.weight.device.type == "cpu":
            weight = quarters(convolution.weight.detach())
            weight = weight.contiguous(memory_format=torch.channels_last)
            self.weight = nn.Parameter(weight, requires_grad=False)
            if convolution.bias is not None:
                repeated = convolution.bias.detach().repeat(4)
                self.bias = nn.Parameter(repeated, requires_grad=False)

    def forward(self, maps: Tensor, output_size: torch.Size | None = None) -> Tensor:
        """Grow maps (n, c, h, w) to a size, else to twice theirs, and convolve them."""
        double = torch.Size(2 * length for length in maps.shape[-2:])
        size = double if output_size is None else output_size
        if self.weight is None or size != double or not _suits(maps):
            grown = functional.interpolate(maps, size=tuple(size), mode="nearest")
            return cast(Tensor, self.convolution(grown))
        return self._double(maps, self.weight)

    def _double(self, maps: Tensor, weight: Tensor) -> Tensor:
        count, _, height, width = maps.shape
        channels = len(weight) // 4
        found = functional.conv2d(maps, weight, self.bias, padding=1).permute(0, 2, 3, 1)
        places = found.reshape(count, height + 1, width + 1, 2, 2, channels)
        result = torch.empty(count, height, 2, width, 2, channels)
        for down in range(2):
            for across in range(2):
                # One row and one column more come out than are asked for: each place
                # takes those that begin where its own weights do.
                part = places[:, down : down + height, across : across + width, down, across]
                result[:, :, down, :, across] = part
        return result.view(count, 2 * height, 2 * width, channels).permute(0, 3, 1, 2)


def _suits(maps: Tensor) -> bool:
    """Tell whether maps are of the kind whose small convolution was measured to pay."""
    inner = maps.is_contiguous(memory_format=torch.channels_last)
    return maps.device.type == "cpu" and maps.dtype is torch.float32 and inner


def quarters(weight: Tensor) -> Tensor:
    """Return the weights (4 * o, i, 2, 2) of the four places, from top left to bottom right."""
    wide = weight.double()
    places = [place for row in _halves(wide, 2) for place in _halves(row, 3)]
    return torch.cat(places).to(weight.dtype)


def _halves(weight: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Sum three weights along a dimension to the two of either place within a doubled pixel."""
    first, second, third = weight.unbind(dim)
    early = torch.stack([first, second + third], dim)
    late = torch.stack([first + second, third], dim)
    return early, late


def settle(vae: AutoencoderKL) -> None:
    """Let an autoencoder's decoder double its maps in this way."""
    for block in cast(Any, vae).decoder.up_blocks:
        for at, upsampler in enumerate(block.upsamplers or ()):
            block.upsamplers[at] = Doubling(upsampler)
