"""Constants: what a clip's forward passes share, computed once over diffusers' modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import torch
from diffusers.models.unets.unet_i2vgen_xl import I2VGenXLUNet
from torch import Tensor

from gpu_worker.models.i2vgen_xl.unet.attention import BATCH_LIMIT


@dataclass(frozen=True)
class Conditions:
    """What steers the denoising of c clips; b is c, or 2c (without, with) for guidance.

    text (b, n, e), image (b, 1, e), image_latents (c, 4, f, h, w), fps: the same for all clips.
    """

    text: Tensor
    image: Tensor
    image_latents: Tensor
    fps: int

    @property
    def clips(self) -> int:
        """Return the number of clips, without guidance's doubling."""
        return self.image_latents.shape[0]

    @property
    def frames(self) -> int:
        """Return the number of frames of each clip."""
        return self.image_latents.shape[2]


def context(unet: I2VGenXLUNet, conditions: Conditions) -> Tensor:
    """Join text, picture latents and picture embedding into one context (b, n, e)."""
    first = conditions.image_latents[:, :, 0]
    parts, config = cast(Any, unet), cast(Any, unet.config)
    of_latents = parts.image_latents_context_embedding(first).flatten(2).transpose(1, 2)
    of_latents = of_latents.repeat(conditions.text.shape[0] // first.shape[0], 1, 1)
    of_image = parts.context_embedding(conditions.image)
    of_image = of_image.view(-1, config.in_channels, config.cross_attention_dim)
    return torch.cat([conditions.text, of_latents, of_image], dim=1)


def image_features(unet: I2VGenXLUNet, image_latents: Tensor) -> Tensor:
    """Project the image latents (c, 4, f, h, w) and encode them along time; same shape."""
    parts = cast(Any, unet)
    clips, channels, frames, height, width = image_latents.shape
    maps = parts.image_latents_proj_in(image_latents.transpose(1, 2).flatten(0, 1))
    split = maps.view(clips, frames, channels, height, width).permute(0, 3, 4, 1, 2)
    lines = split.reshape(-1, frames, channels)
    encoder = parts.image_latents_temporal_encoder
    encoded = torch.cat([encoder(part) for part in lines.split(BATCH_LIMIT)])
    return encoded.view(clips, height, width, frames, channels).permute(0, 4, 3, 1, 2)


def embeddings(unet: I2VGenXLUNet, timesteps: Tensor, fps: int) -> Tensor:
    """Embed every timestep together with the frame rate (steps, e)."""
    parts = cast(Any, unet)
    rate = torch.full_like(timesteps[:1], fps)
    of_time = parts.time_embedding(parts.time_proj(timesteps).to(unet.dtype))
    return cast(Tensor, of_time + parts.fps_embedding(parts.time_proj(rate).to(unet.dtype)))
