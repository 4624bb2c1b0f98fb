"""From requests to latents to frames: one clip, or several candidates in shared forward passes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar, cast

import numpy as np
import torch
from torch import Tensor

from gpu_worker.media.frames import Frames, stacked
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl import autoencoder, encoders, previews
from gpu_worker.models.i2vgen_xl.checkpoint.components import Components
from gpu_worker.models.i2vgen_xl.hardware.out_of_memory import release_after, retry_once
from gpu_worker.models.i2vgen_xl.memory.fallback import MemoryFallback
from gpu_worker.models.i2vgen_xl.memory.offload import OffloadedModules
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.progress_tracker import ProgressTracker
from gpu_worker.models.i2vgen_xl.sampling.camera_conditioning import (
    CameraConditioning,
    condition_on_camera,
    moved_picture,
    uncovered_shares,
)
from gpu_worker.models.i2vgen_xl.sampling.denoise import (
    NoisePredictor,
    Predictor,
    SamplingPlan,
    denoise,
)
from gpu_worker.models.i2vgen_xl.sampling.detail import restore_detail
from gpu_worker.models.i2vgen_xl.sampling.noise import reduced
from gpu_worker.models.i2vgen_xl.sampling.schedule import Schedule, read_schedule
from gpu_worker.models.i2vgen_xl.sampling.solvers import SOLVERS, SolverState
from gpu_worker.models.i2vgen_xl.sampling.time_reversal import (
    FusedPredictor,
    fused,
    fused_conditioning,
)
from gpu_worker.models.i2vgen_xl.unet.compilation import CompiledRegions, shape_of
from gpu_worker.models.i2vgen_xl.unet.conditioning import Conditioning
from gpu_worker.models.i2vgen_xl.unet.unet import UNet
from gpu_worker.render.depth.inverse_depth import DepthMap
from gpu_worker.render.dissolve import Dissolve
from storage.domain.camera.motion import Pose
from storage.domain.catalogue import PresetRow
from storage.domain.progress import Stage
from storage.domain.request import DenoisedShape, GenerationRequest

T = TypeVar("T")


@dataclass(frozen=True)
class ClipInputs:
    """What one clip is made from: its request, its picture, and the camera's pose at each frame.

    depth is how near things in the picture are; None for a flat picture. noise is the shape of a
    larger clip whose noise is reduced to this one's; None: its own. backwards is, where the clip
    ends with a picture of its own, the same clip as it is played from there.
    """

    request: GenerationRequest
    canvas: Canvas
    poses: tuple[Pose, ...]
    depth: DepthMap | None = None
    noise: DenoisedShape | None = None
    backwards: ClipInputs | None = None

    def sized(self, size: tuple[int, int]) -> ClipInputs:
        """Return the inputs of the same clip at another (width, height)."""
        request = replace(self.request, width=size[0], height=size[1])
        backwards = self.backwards and self.backwards.sized(size)
        return replace(self, request=request, canvas=self.canvas.sized(size), backwards=backwards)


@dataclass(frozen=True)
class PreparedClip:
    """One clip before its first step.

    moved are the picture's frames along the camera's path (f or 1, h, w, 3), moved_latents theirs
    (4, f or 1, h, w), noise (4, f, h, w).
    """

    inputs: ClipInputs
    moved: Frames
    moved_latents: Tensor
    camera: CameraConditioning
    noise: Tensor

    def meeting(self, end: PreparedClip) -> PreparedClip:
        """Return the clip as one that meets another, which runs backwards from its own picture."""
        return replace(
            self,
            moved=stacked(Dissolve(*_of_equal_length(self.moved, end.moved[::-1]))),
            moved_latents=fused(self.moved_latents, end.moved_latents),
            camera=fused_conditioning(self.camera, end.camera),
        )

    def initial_sample(self, schedule: Schedule) -> Tensor:
        """Return where denoising starts: noise alone, or the moved picture under noise."""
        initial = self.camera.initial_latents
        if initial is None:
            return self.noise
        level = schedule.levels[self.camera.start]
        return level.signal * initial + level.noise * self.noise


@dataclass
class Pipeline:
    """Makes clips with the components of one checkpoint.

    pool is where previews are encoded, regions are the layers that are compiled.
    """

    components: Components
    unet: UNet
    optimizations: Optimizations
    device: torch.device
    pool: ThreadPoolExecutor
    regions: CompiledRegions | None = None
    text_encoder: OffloadedModules = field(init=False)
    image_encoder: OffloadedModules = field(init=False)

    @property
    def side_multiple(self) -> int:
        """Return what a clip's sides are multiples of, in pixels.

        The UNet halves the latents once for each of its levels after the first.
        """
        levels = len(cast(Any, self.unet.stock.config).block_out_channels)
        return int(autoencoder.scale_factor(self.components.vae) * 2 ** (levels - 1))

    def __post_init__(self) -> None:
        """Offload the encoders, which are needed at a clip's start, one after the other."""
        components = self.components
        self.text_encoder = OffloadedModules([components.text_encoder], self.device)
        self.image_encoder = OffloadedModules([components.image_encoder], self.device)

    def denoise_clips(
        self,
        inputs: Sequence[ClipInputs],
        preset_row: PresetRow,
        fallback: MemoryFallback,
        tracker: ProgressTracker,
    ) -> list[tuple[PreparedClip, Tensor]]:
        """Take all steps of one request's clips, which differ in their seeds.

        Return each clip with its latents (4, f, h, w).
        """
        tracker.enter(Stage.PREPARING)
        request = inputs[0].request
        steps = max(2, round(request.steps * preset_row.steps))
        schedule = read_schedule(self.components.scheduler, steps, preset_row.spacing)
        clips = [self._prepare(one, schedule, tracker) for one in inputs]
        plan = self._plan(request, preset_row, schedule, clips[0].camera.start)
        tracker.set_steps(plan.steps)
        on_layer = tracker.raise_if_cancelled
        forwards = self._predictor(clips, plan, fallback, on_layer)
        predictor: Predictor = forwards
        ends = [self._prepare(one.backwards, schedule, tracker) for one in inputs if one.backwards]
        if ends:
            backwards = self._predictor(ends, plan, fallback, on_layer)
            predictor = FusedPredictor(forwards, backwards, on_layer)
            clips = [clip.meeting(end) for clip, end in zip(clips, ends, strict=True)]
        on_step = self._on_step(clips[0], plan, tracker)
        sample = torch.stack([clip.initial_sample(schedule) for clip in clips])
        sample = denoise(predictor, SolverState(sample), on_step)
        return [
            (clip, clip.camera.to_latents(one)) for clip, one in zip(clips, sample, strict=True)
        ]

    def compiled(
        self,
        request: GenerationRequest,
        clips: int,
        on_compile: Callable[[], None] = lambda: None,
    ) -> AbstractContextManager[None]:
        """Let the denoising of so many clips run compiled where layers are.

        on_compile is called whenever a layer begins to be compiled.
        """
        if not self.regions:
            return nullcontext()
        return self.regions.shape(shape_of(request, clips), on_compile)

    def _prepare(
        self, inputs: ClipInputs, schedule: Schedule, tracker: ProgressTracker
    ) -> PreparedClip:
        request, components = inputs.request, self.components
        # Every random number of a clip comes from this one generator, on the host.
        generator = torch.Generator().manual_seed(request.seed)
        factor = autoencoder.scale_factor(components.vae)
        shape, drawn = (
            (4, one.frames, one.height // factor, one.width // factor)
            for one in (request, inputs.noise or request)
        )

        def draw_noise() -> Tensor:
            return reduced(torch.randn(drawn, generator=generator), shape)

        noise = draw_noise()
        moved = moved_picture(inputs.canvas, inputs.poses, request.seed, inputs.depth)
        latents = self._in_chunks(
            lambda chunk: autoencoder.encode(
                components.vae, moved, chunk, tracker.raise_if_cancelled
            )
        )
        camera = condition_on_camera(
            components.traits,
            latents,
            request,
            draw_noise,
            schedule,
        )
        if components.traits.fills_uncovered:
            uncovered = uncovered_shares(inputs.canvas, inputs.poses, factor)
            camera = camera.limited_to(uncovered, request.camera.strength)
        return PreparedClip(inputs, moved, latents, camera, noise.to(self.device))

    def _plan(
        self, request: GenerationRequest, row: PresetRow, schedule: Schedule, start: int
    ) -> SamplingPlan:
        """Return how a preset samples a request."""
        low, high = (
            round(share * schedule.steps) for share in (row.guidance.low, row.guidance.high)
        )
        if request.guidance <= 1.0:
            low = high = 0
        solver = SOLVERS[row.scheduler](schedule)
        return SamplingPlan(
            schedule, solver, request.guidance, (low, high), row.reuse, start, row.rescale
        )

    def _predictor(
        self,
        clips: Sequence[PreparedClip],
        plan: SamplingPlan,
        fallback: MemoryFallback,
        on_layer: Callable[[], None],
    ) -> NoisePredictor:
        """Return what predicts for clips at each step of a plan; on_layer is the UNet's."""
        guided = plan.guided[1] > plan.guided[0]
        conditioning = self._conditioning(clips, guided)
        timesteps = torch.tensor(plan.schedule.timesteps, device=self.device)
        prepared = retry_once(
            lambda: self.unet.prepare(conditioning, timesteps, fallback.on_device), self.device
        )
        return NoisePredictor(self.unet, prepared, plan, fallback, on_layer)

    def _conditioning(self, clips: Sequence[PreparedClip], guided: bool) -> Conditioning:
        """Encode prompts and pictures; with guidance, first everything as it is without them."""
        requests = [clip.inputs.request for clip in clips]
        prompts = [request.prompt for request in requests]
        if guided:
            prompts = [request.negative_prompt for request in requests] + prompts
        pictures = [clip.moved[0] for clip in clips]
        text = self._encoded(
            self.text_encoder, lambda: encoders.encode_prompts(self.components, prompts)
        )
        image = self._encoded(
            self.image_encoder,
            lambda: torch.cat([encoders.encode_image(self.components, one) for one in pictures]),
        )
        if guided:
            image = torch.cat([torch.zeros_like(image), image])
        latents = torch.stack([clip.camera.image_latents for clip in clips])
        return Conditioning(text, image, latents.to(self.unet.stock.dtype), requests[0].fps)

    def _encoded(self, encoder: OffloadedModules, call: Callable[[], Tensor]) -> Tensor:
        """Return what an encoder gives, on the host where the device has no memory for it."""
        return encoder.run(lambda _place: call()).to(self.device)

    def _on_step(
        self, clip: PreparedClip, plan: SamplingPlan, tracker: ProgressTracker
    ) -> Callable[[int, Tensor], None]:
        """Return what reports every step, with previews of the first clip."""
        to_rgb = previews.fit_latents_to_rgb(clip.camera.image_latents[:, 0], clip.moved[0])
        previewer = previews.Previewer(to_rgb, previews.preview_steps(plan.steps), self.pool)

        def on_step(done: int, originals: Tensor) -> None:
            preview = None
            if done:
                preview = previewer.offer(done, lambda: clip.camera.to_latents(originals[0]))
            tracker.step(done == 0, preview)

        return on_step

    def decode(self, latents: Tensor, tracker: ProgressTracker) -> Frames:
        """Return the frames (f, h, w, 3) of one clip's latents (4, f, h, w)."""
        return self._in_chunks(
            lambda chunk: autoencoder.decode(
                self.components.vae, latents, chunk, tracker.raise_if_cancelled
            )
        )

    def finish(self, clip: PreparedClip, latents: Tensor, tracker: ProgressTracker) -> Frames:
        """Return a clip's frames, with the picture's detail where the checkpoint keeps it."""
        frames, strength = self.decode(latents, tracker), clip.inputs.request.camera.strength
        if not self.components.traits.restores_detail or strength == 0.0:
            return frames
        moved = clip.moved_latents.to(latents)
        change = latents - moved
        recoded = self._recode(moved, frames, change, tracker)
        return restore_detail(frames, clip.moved, recoded, change.float().cpu().numpy(), strength)

    def _recode(
        self, moved: Tensor, frames: Frames, change: Tensor, tracker: ProgressTracker
    ) -> Frames:
        """Decode the moved picture's latents (4, f or 1, h, w), but for those without a change."""
        changed = change.ne(0).any(dim=3).any(dim=2).any(dim=0)  # (f)
        if len(changed) != moved.shape[1]:
            return self.decode(moved, tracker)
        recoded = frames.copy()
        if changed.any():
            recoded[changed.cpu().numpy()] = self.decode(moved[:, changed], tracker)
        return recoded

    def _in_chunks(self, call: Callable[[int], T]) -> T:
        """Call with a number of frames at a time, which is halved until memory suffices."""
        chunk = autoencoder.CHUNK if self.optimizations.chunked_decode else 1
        while True:
            size = chunk
            try:
                return retry_once(lambda: call(size), self.device)  # noqa: B023  # called at once
            except (RuntimeError, MemoryError) as error:
                if chunk == 1:
                    raise
                release_after(error, self.device)
            chunk //= 2


def _of_equal_length(first: Frames, last: Frames) -> tuple[Frames, Frames]:
    """Return frames of two clips, one of which may have a single frame that stands for all."""
    frames = max(len(first), len(last))
    shapes = [(frames, *clip.shape[1:]) for clip in (first, last)]
    return np.broadcast_to(first, shapes[0]), np.broadcast_to(last, shapes[1])
