"""Frames to latents and back with the autoencoder, a few frames at a time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from torch import Tensor

from gpu_worker.media.frames import Frames
from gpu_worker.models.i2vgen_xl.checkpoint.locate import locate

CHUNK = 4
"""How many frames are encoded or decoded at a time, as long as memory suffices."""


def scale_factor(vae: AutoencoderKL) -> int:
    """Return how many pixels lie along one latent."""
    return int(2 ** (len(vae.config.block_out_channels) - 1))


def encode(
    vae: AutoencoderKL,
    frames: Frames,
    chunk: int = CHUNK,
    before_chunk: Callable[[], None] = lambda: None,
) -> Tensor:
    """Encode frames (f, h, w, 3) to the most likely latents (4, f, h, w), in single precision."""
    weight = next(vae.parameters())
    parts = []
    for start in range(0, len(frames), chunk):
        before_chunk()
        batch = torch.from_numpy(np.ascontiguousarray(frames[start : start + chunk]))
        maps = batch.to(weight.device).permute(0, 3, 1, 2).to(weight.dtype) / 127.5 - 1.0
        latents = vae.encode(in_memory_format(vae, maps)).latent_dist.mode()
        parts.append(latents.float() * _scaling_factor(vae))
    return torch.cat(parts).transpose(0, 1)


def decode(
    vae: AutoencoderKL,
    latents: Tensor,
    chunk: int = CHUNK,
    before_chunk: Callable[[], None] = lambda: None,
) -> Frames:
    """Decode latents (4, f, h, w) to frames (f, h, w, 3), chunk frames at a time."""
    weight = next(vae.parameters())
    maps = (latents / _scaling_factor(vae)).transpose(0, 1).to(weight.dtype)
    parts = []
    for start in range(0, len(maps), chunk):
        before_chunk()
        part = in_memory_format(vae, maps[start : start + chunk])
        decoded = vae.decode(part).sample
        parts.append(_to_bytes(decoded).cpu())
    return torch.cat(parts).permute(0, 2, 3, 1).contiguous().numpy()


def recoder(source: str) -> Callable[[Frames], Frames]:
    """Return frames' way through a checkpoint's autoencoder and back, on the CPU.

    Raise NotUsable where the source has no checkpoint.
    """
    vae: AutoencoderKL = AutoencoderKL.from_pretrained(
        locate(source) / "vae", torch_dtype=torch.float32
    ).eval()

    @torch.inference_mode()
    def recode(frames: Frames) -> Frames:
        return decode(vae, encode(vae, frames))

    return recode


def in_memory_format(vae: AutoencoderKL, maps: Tensor) -> Tensor:
    """Return maps (n, c, h, w) in the memory order of the autoencoder's weights."""
    weight = vae.decoder.conv_in.weight
    inner = weight.is_contiguous(memory_format=torch.channels_last)
    return maps.contiguous(memory_format=torch.channels_last if inner else torch.contiguous_format)


def _scaling_factor(vae: AutoencoderKL) -> float:
    """Return by how much latents are multiplied, so that they vary by about one."""
    return float(vae.config.scaling_factor)


def _to_bytes(maps: Tensor) -> Tensor:
    """Round values of -1..1 to 0..255."""
    return ((maps.float() * 0.5 + 0.5).clamp(0, 1) * 255).round().to(torch.uint8)
