"""Pixels: frames to latents and back, a few at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from numpy.typing import NDArray
from torch import Tensor

Frames = NDArray[np.uint8]


def factor(vae: AutoencoderKL) -> int:
    """Return how many pixels lie along one latent."""
    return int(2 ** (len(cast(Any, vae.config).block_out_channels) - 1))


def scaling(vae: AutoencoderKL) -> float:
    """Return by how much latents are multiplied, so that they vary by about one."""
    return float(cast(Any, vae.config).scaling_factor)


def laid(vae: AutoencoderKL, maps: Tensor) -> Tensor:
    """Lay maps out in memory as the autoencoder's weights are."""
    weight = cast(Any, vae).decoder.conv_in.weight
    inner = weight.is_contiguous(memory_format=torch.channels_last)
    return maps.contiguous(memory_format=torch.channels_last if inner else torch.contiguous_format)


def encode(
    vae: AutoencoderKL, frames: Frames, chunk: int, between: Callable[[], None] = lambda: None
) -> Tensor:
    """Encode frames (f, h, w, 3) to the most likely latents (4, f, h, w), in single precision."""
    weight = next(vae.parameters())
    parts = []
    for start in range(0, len(frames), chunk):
        between()
        batch = torch.from_numpy(np.ascontiguousarray(frames[start : start + chunk]))
        maps = batch.to(weight.device).permute(0, 3, 1, 2).to(weight.dtype) / 127.5 - 1.0
        found = cast(Any, vae.encode(laid(vae, maps))).latent_dist.mode()
        parts.append(found.float() * scaling(vae))
    return torch.cat(parts).transpose(0, 1)


def decode(
    vae: AutoencoderKL, latents: Tensor, chunk: int, between: Callable[[], None] = lambda: None
) -> Frames:
    """Decode latents (4, f, h, w) to frames (f, h, w, 3), chunk frames at a time."""
    weight = next(vae.parameters())
    maps = (latents / scaling(vae)).transpose(0, 1).to(weight.dtype)
    parts = []
    for start in range(0, len(maps), chunk):
        between()
        part = laid(vae, maps[start : start + chunk])
        decoded = cast(Any, vae.decode(part)).sample
        parts.append(to_bytes(decoded).cpu())
    return torch.cat(parts).permute(0, 2, 3, 1).contiguous().numpy()


def to_bytes(maps: Tensor) -> Tensor:
    """Round values of -1..1 to bytes."""
    return ((maps.float() * 0.5 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
