"""What conditions the UNet on a clip's text and picture, and its part that no step changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from diffusers.models.unets.unet_i2vgen_xl import I2VGenXLUNet
from torch import Tensor

from gpu_worker.models.i2vgen_xl.unet.attention import BATCH_LIMIT


@dataclass(frozen=True)
class Conditioning:
    """What diffusers' UNet takes beside sample and timestep, of c clips.

    encoder_hidden_states (b, n, e) and image_embeddings (b, 1, e), where b is c, or 2c (without,
    then with the prompt) for guidance; image_latents (c, 4, f, h, w); fps of all clips.
    """

    encoder_hidden_states: Tensor
    image_embeddings: Tensor
    image_latents: Tensor
    fps: int


def context(unet: I2VGenXLUNet, conditioning: Conditioning) -> Tensor:
    """Join text, picture latents and picture embedding into one context (b, n, e)."""
    config = unet.config
    text, first = conditioning.encoder_hidden_states, conditioning.image_latents[:, :, 0]
    latents = unet.image_latents_context_embedding(first).flatten(2).transpose(1, 2)
    latents = latents.repeat(text.shape[0] // first.shape[0], 1, 1)
    image = unet.context_embedding(conditioning.image_embeddings)
    image = image.view(-1, config.in_channels, config.cross_attention_dim)
    return torch.cat([text, latents, image], dim=1)


def image_features(unet: I2VGenXLUNet, image_latents: Tensor) -> Tensor:
    """Project the image latents (c, 4, f, h, w) and encode them along time; same shape."""
    clips, channels, frames, height, width = image_latents.shape
    maps = unet.image_latents_proj_in(image_latents.transpose(1, 2).flatten(0, 1))
    split = maps.view(clips, frames, channels, height, width).permute(0, 3, 4, 1, 2)
    tokens = split.reshape(-1, frames, channels)
    encoder = unet.image_latents_temporal_encoder
    encoded = torch.cat([encoder(part) for part in tokens.split(BATCH_LIMIT)])
    return encoded.view(clips, height, width, frames, channels).permute(0, 4, 3, 1, 2)


def time_embeddings(unet: I2VGenXLUNet, timesteps: Tensor, fps: int) -> Tensor:
    """Embed every timestep (steps) together with the frame rate: (steps, e)."""
    rate = torch.full_like(timesteps[:1], fps)
    time = unet.time_embedding(unet.time_proj(timesteps).to(unet.dtype))
    return cast(Tensor, time + unet.fps_embedding(unet.time_proj(rate).to(unet.dtype)))
