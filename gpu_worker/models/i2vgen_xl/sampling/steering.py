"""Steering: how the camera's path enters the denoising.

A checkpoint that was trained for it gets every frame's moved picture as image latents and starts
from pure noise. Any other one gets the still picture, and starts from the noised moved picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from gpu_worker.media import warp
from gpu_worker.media.frames import Frames
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.checkpoint.locate import Traits
from gpu_worker.models.i2vgen_xl.sampling.schedule import Schedule
from storage.domain.camera import path as camera_path
from storage.domain.camera.motion import Motion, Pose, Reading
from storage.domain.prompt import reading as wording
from storage.domain.request import GenerationRequest

FREEDOM = 0.5
"""How much noise the last frame's picture gets, for each part of strength that is missing."""

FIRMEST = 0.55
"""The share of the steps that a firm camera skips, where it starts from the moved picture."""

Nearest = Callable[[str], Reading | None]


@dataclass(frozen=True)
class Steering:
    """What the path gives to the denoising, all (4, f, h, w).

    image_latents are what the net is shown. base and scale turn what is denoised into clean
    latents: base + scale * sample; a scale (f, h, w) tells where the sample counts. opening, where
    given, is where denoising starts: noised to the level of step `start`.
    """

    image_latents: Tensor
    base: Tensor
    scale: Tensor | float
    opening: Tensor | None
    start: int

    def clean(self, sample: Tensor) -> Tensor:
        """Return the latents that a denoised sample means."""
        return self.base + self.scale * sample

    def filling(self, beyond: Tensor, strength: float) -> Steering:
        """Let the sample count where the picture shows nothing: beyond (f, h, w) of each latent.

        What it shows already is changed only as far as the camera is loose.
        """
        share = beyond.to(self.base)
        return replace(self, scale=self.scale * (share + (1 - share) * (1 - strength)))


def read(request: GenerationRequest, nearest: Nearest) -> Reading:
    """Return the motion that is asked for: said, or nearest to the words, or a gentle drift.

    Keyframes are a path of their own; no word names it.
    """
    if request.camera.keyframes:
        return Reading(Motion.AUTO, request.camera.speed)
    found = wording.resolve(request.camera, request.prompt)
    if found is None:
        near = nearest(request.prompt)
        found = Reading(near.motion if near else Motion.DRIFT, request.camera.speed)
    return found


def poses(request: GenerationRequest, reading: Reading) -> tuple[Pose, ...]:
    """Return the path; a camera that is off stands still."""
    if request.camera.strength == 0.0:
        return (Pose(),) * request.frames
    return camera_path.plan(request.camera, reading, request.seed, request.frames)


def moved(canvas: Canvas, path: tuple[Pose, ...]) -> Frames:
    """Return the picture moved along the path (f, h, w, 3); one frame of a path that stands."""
    poses = path[:1] if len(set(path)) == 1 else path
    return warp.move(canvas.source, canvas.window, poses, canvas.size)


def uncovered(canvas: Canvas, path: tuple[Pose, ...], factor: int) -> Tensor:
    """Return the share (f, h, w) of each latent, factor pixels wide, that the picture lacks."""
    source = (canvas.source.shape[1], canvas.source.shape[0])
    masks = torch.from_numpy(warp.uncovered(source, canvas.window, path, canvas.size))
    return avg_pool2d(masks, factor)


def steer(
    traits: Traits,
    latents: Tensor,
    request: GenerationRequest,
    noise: Callable[[], Tensor],
    schedule: Schedule,
) -> Steering:
    """Give the moved picture's latents (4, f or 1, h, w) the form that a checkpoint takes."""
    latents = latents.expand(-1, request.frames, -1, -1).contiguous()
    if traits.moved:
        return _moved(traits, latents, request.camera.strength, noise)
    return _started(latents, request.camera.strength, schedule)


def _moved(
    traits: Traits, latents: Tensor, strength: float, noise: Callable[[], Tensor]
) -> Steering:
    shown = latents
    if 0.0 < strength < 1.0:
        # The further from the opening picture, the freer: later frames are seen through noise.
        share = torch.linspace(0.0, FREEDOM * (1.0 - strength), latents.shape[1])
        share = share.to(latents)[None, :, None, None]
        shown = (1 - share**2).sqrt() * latents + share * noise().to(latents)
    if traits.scale:
        return Steering(shown, latents, traits.scale, None, 0)
    return Steering(shown, torch.zeros_like(latents), 1.0, None, 0)


def _started(latents: Tensor, strength: float, schedule: Schedule) -> Steering:
    frames = latents.shape[1]
    later = torch.arange(1, frames, device=latents.device) / max(1, frames - 1)
    shown = latents.clone()
    shown[:, 1:] = later.to(latents)[None, :, None, None]
    nothing = torch.zeros_like(latents)
    if strength == 0.0:
        return Steering(shown, nothing, 1.0, None, 0)
    start = min(round(FIRMEST * strength * schedule.steps), schedule.steps - 1)
    return Steering(shown, nothing, 1.0, latents, start)
