"""Previews: a few small frames straight from the latents, encoded off the critical path."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn import functional

FRAMES = 6
SIDE = 96
MILLISECONDS = 160
SHARES = (0.3, 0.6, 0.85)
"""After which shares of the steps a preview is made."""


@dataclass(frozen=True)
class Colours:
    """A linear map from latents to colours: (5, 3), the last row what no latent changes."""

    weights: Tensor

    def __call__(self, latents: Tensor) -> NDArray[np.uint8]:
        """Turn latents (4, f, h, w) into small frames (f, h, w, 3)."""
        return self.paint(latents).cpu().numpy()

    def paint(self, latents: Tensor) -> Tensor:
        """Do the same, but leave the frames on the device, without waiting for them."""
        last = self.weights[-1]
        rgb = torch.einsum("cfhw,cd->fhwd", latents.float(), self.weights[:-1]) + last
        return rgb.clamp(0, 255).round().to(torch.uint8)


def fit(latents: Tensor, picture: NDArray[np.uint8]) -> Colours:
    """Fit the map to the clip's own opening: its latents (4, h, w) and its picture (H, W, 3)."""
    pixels = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float()
    small = functional.interpolate(pixels, size=latents.shape[-2:], mode="area")[0]
    inputs = torch.cat([latents.float().cpu().flatten(1), torch.ones(1, small[0].numel())]).T
    # A little damping keeps a picture of one colour solvable.
    damping = 1e-3 * torch.eye(inputs.shape[1])
    solution = torch.linalg.solve(inputs.T @ inputs + damping, inputs.T @ small.flatten(1).T)
    return Colours(solution.to(latents.device))


def webp(frames: NDArray[np.uint8]) -> bytes:
    """Encode frames (f, h, w, 3) as a small animated WebP."""
    scale = SIDE / max(frames.shape[1:3])
    size = (max(1, round(frames.shape[2] * scale)), max(1, round(frames.shape[1] * scale)))
    images = [Image.fromarray(frame).resize(size, Image.Resampling.BICUBIC) for frame in frames]
    buffer = io.BytesIO()
    images[0].save(
        buffer,
        "WEBP",
        save_all=True,
        append_images=images[1:],
        duration=MILLISECONDS,
        loop=0,
        quality=55,
        method=0,
    )
    return buffer.getvalue()


@dataclass
class Previewer:
    """Makes previews at chosen steps in a thread of its own and hands each out once."""

    colours: Colours
    at: frozenset[int]
    pool: ThreadPoolExecutor
    _pending: Future[bytes] | None = field(default=None)

    def offer(self, done: int, look: Callable[[], Tensor]) -> bytes | None:
        """Start a preview where one is due; return the last one as soon as it is ready.

        look gives the estimated latents (4, f, h, w) after `done` steps.
        """
        ready = None
        if self._pending is not None and self._pending.done():
            ready = self._pending.result()
            self._pending = None
        if done in self.at and self._pending is None:
            clean = look()
            chosen = np.linspace(0, clean.shape[1] - 1, min(FRAMES, clean.shape[1])).astype(int)
            # Plain numbers as indices, since a device would be waited for to take up others.
            some = torch.stack([clean[:, int(frame)] for frame in chosen], dim=1)
            self._pending = self.pool.submit(_drawn, self.colours.paint(some))
        return ready


def _drawn(frames: Tensor) -> bytes:
    """Wait for the frames to be there, then encode them."""
    return webp(frames.cpu().numpy())


def due(steps: int) -> frozenset[int]:
    """Return the numbers of done steps after which a preview is made."""
    return frozenset(max(1, round(share * steps)) for share in SHARES) if steps > 2 else frozenset()
