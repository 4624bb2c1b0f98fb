"""A pipeline's latents as frames, whatever order of dimensions it works in."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from gpu_worker.media.frames import Frame
from gpu_worker.models.i2vgen_xl.previews import fit_latents_to_rgb
from storage.domain.request import GenerationRequest

SPATIAL = ("vae_scale_factor_spatial", "vae_spatial_compression_ratio", "vae_scale_factor")
TEMPORAL = ("vae_scale_factor_temporal", "vae_temporal_compression_ratio")
"""By what names pipelines keep how much smaller latents are."""


def latent_frames(latents: Tensor, pipeline: Any, request: GenerationRequest) -> Tensor | None:
    """Return the latents (c, f, h, w) of a clip; None where their order cannot be told.

    They are (1, c, f, h, w), (1, f, c, h, w), or a row of tokens (1, f*h*w, c), before which there
    may be those of conditions.
    """
    spatial, temporal = _ratio(pipeline, SPATIAL), _ratio(pipeline, TEMPORAL)
    frames = (request.frames - 1) // temporal + 1
    height, width = request.height // spatial, request.width // spatial
    match latents.shape:
        case (1, _, count, _, _) if count == frames:
            return latents[0]
        case (1, count, _, _, _) if count == frames:
            return latents[0].transpose(0, 1)
        case (1, tokens, channels) if tokens >= frames * height * width:
            kept = latents[0, tokens - frames * height * width :]
            return kept.reshape(frames, height, width, channels).permute(3, 0, 1, 2)
    return None


def _ratio(pipeline: Any, names: tuple[str, ...]) -> int:
    """Return the first of a pipeline's attributes that it has, 1 for none."""
    return next((int(getattr(pipeline, name)) for name in names if hasattr(pipeline, name)), 1)


class LatentsToPicture:
    """A linear map from a clip's latents to RGB, fitted each time to the picture that it moves.

    Every frame resembles the picture, so that noise and motion even out over them.
    """

    def __init__(self, picture: Frame) -> None:
        """Take the picture (H, W, 3)."""
        self._picture = picture

    def __call__(self, latents: Tensor) -> Tensor:
        """Map latents (c, f, h, w) to small frames (f, h, w, 3) on the same device, in bytes."""
        frames, height = latents.shape[1:3]
        small = torch.from_numpy(self._picture.copy()).permute(2, 0, 1)[None].float()
        small = torch.nn.functional.interpolate(small, size=latents.shape[2:], mode="area")
        repeated = small[0].permute(1, 2, 0).round().to(torch.uint8).repeat(frames, 1, 1)
        rows = latents.reshape(latents.shape[0], frames * height, -1)
        return fit_latents_to_rgb(rows, np.asarray(repeated))(latents)
