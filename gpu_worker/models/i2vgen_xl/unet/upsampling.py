"""Nearest-neighbour upsampling by two and its convolution, fused into one on the small map.

After every pixel is repeated, a 3 x 3 convolution meets each value of the small map two or three
times. Each of the four pixels that replace one therefore sees a 2 x 2 convolution of the small map,
whose weights are sums of the 3 x 3: four times four products in place of four times nine. The sums
are made in double precision, so that the result is nearer to the exact one than convolving the
large map.
"""

from __future__ import annotations

from typing import cast

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.upsampling import Upsample2D
from torch import Tensor, nn
from torch.nn import functional


class FusedUpsample2D(nn.Module):
    """Diffusers' Upsample2D, run on the small map where the size is exactly doubled on a CPU."""

    def __init__(self, block: Upsample2D) -> None:
        """Share the block's convolution, whose weight stays for sizes that are not doubled."""
        super().__init__()
        convolution = cast(nn.Conv2d, block.conv)
        self.convolution = convolution
        self.weight: nn.Parameter | None = None
        self.bias: nn.Parameter | None = None
        if convolution.weight.device.type == "cpu":
            weight = _fused_weight(convolution.weight.detach())
            weight = weight.contiguous(memory_format=torch.channels_last)
            self.weight = nn.Parameter(weight, requires_grad=False)
            if convolution.bias is not None:
                repeated = convolution.bias.detach().repeat(4)
                self.bias = nn.Parameter(repeated, requires_grad=False)

    def refresh(self) -> None:
        """Sum the weights anew, after the convolution's has changed."""
        if self.weight is not None:
            self.weight.copy_(_fused_weight(self.convolution.weight))

    def forward(self, maps: Tensor, output_size: torch.Size | None = None) -> Tensor:
        """Upsample maps (n, c, h, w) to output_size, else to (2h, 2w), and convolve them."""
        double = torch.Size(2 * length for length in maps.shape[-2:])
        size = double if output_size is None else output_size
        if self.weight is None or size != double or not _is_supported(maps):
            upsampled = functional.interpolate(maps, size=tuple(size), mode="nearest")
            return cast(Tensor, self.convolution(upsampled))
        return self._fused(maps, self.weight)

    def _fused(self, maps: Tensor, weight: Tensor) -> Tensor:
        count, _, height, width = maps.shape
        channels = len(weight) // 4
        result = functional.conv2d(maps, weight, self.bias, padding=1).permute(0, 2, 3, 1)
        phases = result.reshape(count, height + 1, width + 1, 2, 2, channels)
        upsampled = torch.empty(count, height, 2, width, 2, channels)
        for down in range(2):
            for across in range(2):
                # The padded convolution gives one row and one column too many: each of the four
                # phases takes those that begin where its own weights do.
                phase = phases[:, down : down + height, across : across + width, down, across]
                upsampled[:, :, down, :, across] = phase
        return upsampled.view(count, 2 * height, 2 * width, channels).permute(0, 3, 1, 2)


def fuse_upsamplers(vae: AutoencoderKL) -> None:
    """Replace the upsamplers of an autoencoder's decoder by fused ones."""
    for block in vae.decoder.up_blocks:
        for index, upsampler in enumerate(block.upsamplers or ()):
            block.upsamplers[index] = FusedUpsample2D(upsampler)


def _is_supported(maps: Tensor) -> bool:
    """Tell whether the small convolution was measured to be faster for such maps."""
    channels_last = maps.is_contiguous(memory_format=torch.channels_last)
    return maps.device.type == "cpu" and maps.dtype is torch.float32 and channels_last


def _fused_weight(weight: Tensor) -> Tensor:
    """Sum a weight (o, i, 3, 3) to those of the four pixels (4 * o, i, 2, 2), top left first."""
    phases = [phase for rows in _phase_sums(weight.double(), 2) for phase in _phase_sums(rows, 3)]
    return torch.cat(phases).to(weight.dtype)


def _phase_sums(weight: Tensor, dim: int) -> tuple[Tensor, Tensor]:
    """Sum three weights along a dimension to the two of the first and of the second pixel."""
    first, second, third = weight.unbind(dim)
    early = torch.stack([first, second + third], dim)
    late = torch.stack([first + second, third], dim)
    return early, late
