"""Sampling as the engine does it, to measure the denoiser while it trains."""

import torch
from torch import Tensor

from gpu_worker.lab.training.networks.model_types import Denoiser
from gpu_worker.lab.training.networks.unet import scheduler


@torch.no_grad()
def sample(
    unet: Denoiser,
    moved: Tensor,
    told: tuple[Tensor, Tensor],
    scale: Tensor | float,
    steps: int = 4,
) -> Tensor:
    """Denoise from pure noise; give latents (1, 4, f, h, w) for moved latents of that shape.

    `told` holds the picture's embedding (1, width) and the prompt's features (1, length, width).
    scale is the residual's, by latent where it does not count everywhere.
    """
    clock = scheduler()
    clock.set_timesteps(steps)
    noise = torch.Generator().manual_seed(0)
    latents = torch.randn(moved.shape, generator=noise).to(moved.device)
    fps = torch.full((1,), 8.0, device=moved.device)
    for time in clock.timesteps:
        out = unet(latents, time, fps, moved, *told).sample
        latents = clock.step(out, time, latents).prev_sample
    made: Tensor = moved + latents * scale
    return made
