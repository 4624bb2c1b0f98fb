"""Time reversal fusion: one clip that is denoised from its first frame and from its last one.

Each step predicts twice: forwards from the picture that the clip begins with, and with time
reversed from the picture that it ends with. The earlier a frame, the more the first prediction
counts (arXiv 2403.14611, without its injection of fresh noise).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from gpu_worker.models.i2vgen_xl.memory.fallback import MemoryFallback
from gpu_worker.models.i2vgen_xl.sampling.camera_conditioning import CameraConditioning
from gpu_worker.models.i2vgen_xl.sampling.denoise import NoisePredictor, SamplingPlan
from gpu_worker.render.dissolve import share_of_last

TIME = -3
"""The axis of frames in samples and latents (..., f, h, w)."""


@dataclass(frozen=True)
class FusedPredictor:
    """Fuses the predictions of two predictors of one plan, the second of which runs backwards.

    raise_if_cancelled is called between the two.
    """

    forwards: NoisePredictor
    backwards: NoisePredictor
    raise_if_cancelled: Callable[[], None]

    @property
    def plan(self) -> SamplingPlan:
        """Return how the clip is sampled."""
        return self.forwards.plan

    @property
    def fallback(self) -> MemoryFallback:
        """Return what is given up where memory runs out."""
        return self.forwards.fallback

    def __call__(self, index: int, sample: Tensor) -> Tensor:
        """Predict for a sample (c, 4, f, h, w) at a step."""
        first = self.forwards(index, sample)
        self.raise_if_cancelled()
        return fused(first, self.backwards(index, sample.flip(TIME)))


def fused(forwards: Tensor, backwards: Tensor) -> Tensor:
    """Return the mean (..., f, h, w) of what was found forwards and, last frame first, backwards.

    Either may have one frame, which stands for all.
    """
    frames = max(forwards.shape[TIME], backwards.shape[TIME])
    shares = [share_of_last(number, frames) for number in range(frames)]
    share = torch.tensor(shares).to(forwards)[:, None, None]
    return (1 - share) * forwards + share * backwards.flip(TIME)


def fused_conditioning(
    forwards: CameraConditioning, backwards: CameraConditioning
) -> CameraConditioning:
    """Return what turns the sample that both share into latents, and where it starts."""
    one, other = forwards.initial_latents, backwards.initial_latents
    scales = (_plane(camera.scale, forwards.base) for camera in (forwards, backwards))
    return replace(
        forwards,
        base=fused(forwards.base, backwards.base),
        scale=fused(*scales),
        initial_latents=None if one is None or other is None else fused(one, other),
    )


def _plane(scale: Tensor | float, like: Tensor) -> Tensor:
    """Return a scale as (f or 1, h or 1, w or 1)."""
    return scale if isinstance(scale, Tensor) else torch.full((1, 1, 1), scale).to(like)
