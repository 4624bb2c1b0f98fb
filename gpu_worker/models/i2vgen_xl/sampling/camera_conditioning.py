"""What the camera's path gives to the denoising: image latents and where it starts.

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
from gpu_worker.media.frames import Frames, stacked
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.checkpoint.traits import Traits
from gpu_worker.models.i2vgen_xl.sampling.schedule import Schedule
from gpu_worker.render.depth.inverse_depth import DepthMap
from gpu_worker.render.moved_picture import move_picture
from storage.domain.camera import path as camera_path
from storage.domain.camera.motion import Motion, Pose, Reading
from storage.domain.prompt.reading import speaks_of_camera
from storage.domain.request import GenerationRequest

LOOSE_NOISE = 0.5
"""How much noise the last frame's picture gets, for each part of strength that is missing."""

SKIPPED_SHARE = 0.55
"""The share of the steps that full strength skips, where it starts from the moved picture."""

NearestMotion = Callable[[str], Reading | None]


@dataclass(frozen=True)
class CameraConditioning:
    """The camera's part in the denoising of one clip, tensors all (4, f, h, w).

    image_latents are what the UNet is shown. base and scale turn the denoised sample into latents:
    base + scale * sample; a scale (f, h, w) tells where the sample counts. initial_latents, where
    given, are where denoising starts: noised to the level of step `start`.
    """

    image_latents: Tensor
    base: Tensor
    scale: Tensor | float
    initial_latents: Tensor | None
    start: int

    def to_latents(self, sample: Tensor) -> Tensor:
        """Return the latents that a denoised sample means."""
        return self.base + self.scale * sample

    def limited_to(self, uncovered: Tensor, strength: float) -> CameraConditioning:
        """Let the sample count where the picture shows nothing: shares (f, h, w) of each latent.

        What the picture shows is changed only as far as strength is below one.
        """
        share = uncovered.to(self.base)
        return replace(self, scale=self.scale * (share + (1 - share) * (1 - strength)))


def resolve_motion(request: GenerationRequest, nearest: NearestMotion) -> Reading:
    """Return the request's reading, else DRIFT; the nearest motion where a camera is spoken of.

    Keyframes are a path of their own, of no named motion (AUTO). An explicit motion needs no
    reading.
    """
    camera = request.camera
    if camera.keyframes:
        return Reading(Motion.AUTO, camera.speed)
    if request.reading is not None:
        return request.reading
    if camera.motion is not Motion.AUTO:
        return Reading(camera.motion, camera.speed)
    near = nearest(request.prompt) if speaks_of_camera(request.prompt) else None
    return Reading(near.motion if near else Motion.DRIFT, camera.speed)


def camera_poses(request: GenerationRequest, reading: Reading) -> tuple[Pose, ...]:
    """Return one pose for each frame; a camera of no strength stands still."""
    if request.camera.strength == 0.0:
        return (Pose(),) * request.frames
    return camera_path.plan(
        request.camera,
        reading,
        request.seed,
        request.frames,
        float(request.fps),
        continues=bool(request.source),
    )


def moved_picture(
    canvas: Canvas, poses: tuple[Pose, ...], seed: int, depth: DepthMap | None = None
) -> Frames:
    """Return the picture moved along the path (f, h, w, 3); one frame where it stands still.

    With depth the camera moves through the picture's scene.
    """
    different = poses[:1] if len(set(poses)) == 1 else poses
    if depth is not None:
        return stacked(move_picture(canvas, different, seed, depth=depth))
    return warp.move(canvas.source, canvas.window, different, canvas.size)


def uncovered_shares(canvas: Canvas, poses: tuple[Pose, ...], factor: int) -> Tensor:
    """Return the share (f, h, w) of each latent, factor pixels wide, that the picture lacks."""
    source = (canvas.source.shape[1], canvas.source.shape[0])
    masks = torch.from_numpy(warp.uncovered(source, canvas.window, poses, canvas.size))
    return avg_pool2d(masks, factor)


def condition_on_camera(
    traits: Traits,
    moved: Tensor,
    request: GenerationRequest,
    noise: Callable[[], Tensor],
    schedule: Schedule,
) -> CameraConditioning:
    """Give the moved picture's latents (4, f or 1, h, w) the form that a checkpoint takes."""
    moved = moved.expand(-1, request.frames, -1, -1).contiguous()
    if traits.moved:
        return _shown_moved(traits, moved, request.camera.strength, noise)
    return _started_from_moved(moved, request.camera.strength, schedule)


def _shown_moved(
    traits: Traits, moved: Tensor, strength: float, noise: Callable[[], Tensor]
) -> CameraConditioning:
    shown = moved
    if 0.0 < strength < 1.0:
        # The further from the opening picture, the freer: later frames are seen through noise.
        share = torch.linspace(0.0, LOOSE_NOISE * (1.0 - strength), moved.shape[1])
        share = share.to(moved)[None, :, None, None]
        shown = (1 - share**2).sqrt() * moved + share * noise().to(moved)
    if traits.residual_scale:
        return CameraConditioning(shown, moved, traits.residual_scale, None, 0)
    return CameraConditioning(shown, torch.zeros_like(moved), 1.0, None, 0)


def _started_from_moved(moved: Tensor, strength: float, schedule: Schedule) -> CameraConditioning:
    frames = moved.shape[1]
    # As the checkpoint was trained: the picture, then each later frame's place in the clip.
    later = torch.arange(1, frames, device=moved.device) / max(1, frames - 1)
    shown = moved.clone()
    shown[:, 1:] = later.to(moved)[None, :, None, None]
    zero = torch.zeros_like(moved)
    if strength == 0.0:
        return CameraConditioning(shown, zero, 1.0, None, 0)
    start = min(round(SKIPPED_SHARE * strength * schedule.steps), schedule.steps - 1)
    return CameraConditioning(shown, zero, 1.0, moved, start)
