"""Previews of a clip: a few small frames straight from the latents, encoded in another thread."""

from __future__ import annotations

import io
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional

from gpu_worker.media.frames import Frame, Frames

FRAMES = 6
SIDE = 96
MILLISECONDS = 160
SHARES = (0.3, 0.6, 0.85)
"""After which shares of the steps a preview is made."""


@dataclass(frozen=True)
class LatentsToRgb:
    """A linear map from latents to RGB: weights (5, 3), the last row a constant."""

    weights: Tensor

    def __call__(self, latents: Tensor) -> Tensor:
        """Map latents (4, f, h, w) to small frames (f, h, w, 3) on the same device, in bytes."""
        rgb = torch.einsum("cfhw,cd->fhwd", latents.float(), self.weights[:-1]) + self.weights[-1]
        return rgb.clamp(0, 255).round().to(torch.uint8)


def fit_latents_to_rgb(latents: Tensor, picture: Frame) -> LatentsToRgb:
    """Fit the map to the clip's own opening: its latents (4, h, w) and its picture (H, W, 3)."""
    pixels = torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float()
    small = functional.interpolate(pixels, size=latents.shape[-2:], mode="area")[0]
    inputs = torch.cat([latents.float().cpu().flatten(1), torch.ones(1, small[0].numel())]).T
    # A little damping keeps a picture of one colour solvable.
    damping = 1e-3 * torch.eye(inputs.shape[1])
    solution = torch.linalg.solve(inputs.T @ inputs + damping, inputs.T @ small.flatten(1).T)
    return LatentsToRgb(solution.to(latents.device))


def encode_webp(frames: Frames) -> bytes:
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
    """Makes previews after chosen numbers of steps in a thread, and returns each once.

    to_rgb maps latents (c, f, h, w) to frames (f, h, w, 3) in bytes.
    """

    to_rgb: Callable[[Tensor], Tensor]
    at: frozenset[int]
    pool: ThreadPoolExecutor
    _pending: Future[bytes] | None = field(default=None)

    def offer(self, done: int, latents: Callable[[], Tensor]) -> bytes | None:
        """Start a preview where one is due; return the last one as soon as it is ready.

        latents returns the predicted original latents (c, f, h, w) after `done` steps.
        """
        ready = None
        if self._pending is not None and self._pending.done():
            ready = self._pending.result()
            self._pending = None
        if done in self.at and self._pending is None:
            predicted = latents()
            frames = predicted.shape[1]
            chosen = np.linspace(0, frames - 1, min(FRAMES, frames)).astype(int)
            # Plain numbers as indices: index tensors would have to be copied to the device first.
            some = torch.stack([predicted[:, int(frame)] for frame in chosen], dim=1)
            self._pending = self.pool.submit(_encode_from_device, self.to_rgb(some))
        return ready


def _encode_from_device(frames: Tensor) -> bytes:
    """Wait until the device has computed the frames, then encode them."""
    return encode_webp(frames.cpu().numpy())


def preview_steps(steps: int) -> frozenset[int]:
    """Return the numbers of done steps after which a preview is made."""
    return frozenset(max(1, round(share * steps)) for share in SHARES) if steps > 2 else frozenset()
