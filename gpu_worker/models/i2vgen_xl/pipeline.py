"""Making: one clip, or several compatible ones at once, from requests to latents and frames."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

import torch
from torch import Tensor

from gpu_worker.media.frames import Frames
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl import autoencoder as pixels
from gpu_worker.models.i2vgen_xl import conditioning, previews
from gpu_worker.models.i2vgen_xl.checkpoint.loading import Parts
from gpu_worker.models.i2vgen_xl.memory import out_of_memory as faults
from gpu_worker.models.i2vgen_xl.memory.fallback import Ladder
from gpu_worker.models.i2vgen_xl.memory.offload import Guests
from gpu_worker.models.i2vgen_xl.optimizations import Levers
from gpu_worker.models.i2vgen_xl.progress_tracker import Watch
from gpu_worker.models.i2vgen_xl.sampling import detail, steering
from gpu_worker.models.i2vgen_xl.sampling.denoise import Plan, Predictor, denoise
from gpu_worker.models.i2vgen_xl.sampling.schedule import Schedule, schedule
from gpu_worker.models.i2vgen_xl.sampling.solvers import SOLVERS, State, Stock
from gpu_worker.models.i2vgen_xl.sampling.steering import Steering
from gpu_worker.models.i2vgen_xl.unet.conditions import Conditions
from gpu_worker.models.i2vgen_xl.unet.unet import UNet
from storage.domain.camera.motion import Reading
from storage.domain.catalogue import PresetRow
from storage.domain.progress import Stage
from storage.domain.request import GenerationRequest

T = TypeVar("T")

CHUNK = 4
"""How many frames are encoded or decoded at a time, as long as memory suffices."""


@dataclass(frozen=True)
class Order:
    """One clip that is to be made, with the motion that its words were read as."""

    request: GenerationRequest
    canvas: Canvas
    reading: Reading


@dataclass(frozen=True)
class Ready:
    """One order made ready: the picture moved for it, its steering, its noise (4, f, h, w).

    moved are frames (f or 1, h, w, 3), base their latents (4, f or 1, h, w).
    """

    order: Order
    moved: Frames
    base: Tensor
    steering: Steering
    noise: Tensor


@dataclass(frozen=True)
class Draft:
    """A clip after its last step: its latents (4, f, h, w), and what it was made from."""

    order: Order
    latents: Tensor
    moved: Frames
    base: Tensor


@dataclass
class Maker:
    """Makes clips with the parts of one checkpoint."""

    parts: Parts
    unet: UNet
    levers: Levers
    device: torch.device
    pool: ThreadPoolExecutor
    chunk: int = CHUNK
    guests: Guests = field(init=False)

    def __post_init__(self) -> None:
        """Let the encoders visit the device, which they are needed on only at a clip's start."""
        self.guests = Guests([self.parts.text_encoder, self.parts.image_encoder], self.device)

    def denoised(
        self, orders: Sequence[Order], row: PresetRow, ladder: Ladder, watch: Watch
    ) -> list[Draft]:
        """Take all steps of all clips."""
        watch.enter(Stage.PREPARING)
        request = orders[0].request
        times = schedule(self.parts.scheduler, max(2, round(request.steps * row.steps)))
        ready = [self._ready(order, times, watch) for order in orders]
        plan = planned(request, row, times, ready[0].steering.start)
        if not self.levers.scalar_steps and row.scheduler == "ddim":
            plan = replace(plan, solver=Stock(times, self.parts.scheduler))
        watch.expect(plan.steps)
        latents = torch.stack([one.steering.image_latents for one in ready])
        guided = plan.guided[1] > plan.guided[0]
        conditions = faults.twice(lambda: self._conditions(ready, latents, guided), self.device)
        steps = torch.tensor(times.timesteps, device=self.device)
        prepared = faults.twice(lambda: self.unet.prepare(conditions, steps), self.device)
        predictor = Predictor(self.unet, prepared, plan, ladder.thrift)
        watcher = self._watcher(ready, plan, watch)
        sample = torch.stack([_opening(one, times) for one in ready])
        sample = denoise(predictor, State(sample), watcher, ladder.rescue)
        return [
            Draft(one.order, one.steering.clean(part), one.moved, one.base)
            for one, part in zip(ready, sample, strict=True)
        ]

    def _ready(self, order: Order, times: Schedule, watch: Watch) -> Ready:
        request = order.request
        # Every random number of a clip comes from this one generator, on the host.
        generator = torch.Generator().manual_seed(request.seed)
        across = pixels.factor(self.parts.vae)
        shape = (4, request.frames, request.height // across, request.width // across)
        noise = torch.randn(shape, generator=generator)
        path = steering.poses(request, order.reading)
        moved = steering.moved(order.canvas, path)
        base = self._patiently(
            lambda chunk: pixels.encode(self.parts.vae, moved, chunk, watch.heed)
        )
        traits = self.parts.traits
        steered = steering.steer(
            traits, base, request, lambda: torch.randn(shape, generator=generator), times
        )
        if traits.fills:
            beyond = steering.uncovered(order.canvas, path, across)
            steered = steered.filling(beyond, request.camera.strength)
        return Ready(order, moved, base, steered, noise.to(self.device))

    def _conditions(self, ready: Sequence[Ready], latents: Tensor, guided: bool) -> Conditions:
        """Encode texts and pictures; with guidance, first everything as it is without them."""
        requests = [one.order.request for one in ready]
        with self.guests.visiting():
            texts = [request.prompt for request in requests]
            if guided:
                texts = [request.negative_prompt for request in requests] + texts
            text = conditioning.embed_texts(self.parts, texts, self.levers)
            seen = [
                conditioning.embed_picture(self.parts, one.order.canvas.fitted) for one in ready
            ]
            image = torch.cat(seen)
            if guided:
                image = torch.cat([torch.zeros_like(image), image])
        narrow = latents.to(self.unet.stock.dtype)
        return Conditions(text, image, narrow, requests[0].fps)

    def _watcher(
        self, ready: Sequence[Ready], plan: Plan, watch: Watch
    ) -> Callable[[int, Tensor], None]:
        """Return what is called at every step, with previews of the first clip."""
        first = ready[0]
        colours = previews.fit(first.steering.image_latents[:, 0], first.order.canvas.fitted)
        previewer = previews.Previewer(colours, previews.due(plan.steps), self.pool)

        def seen(done: int, clean: Tensor) -> None:
            preview = None
            if done:
                preview = previewer.offer(done, lambda: first.steering.clean(clean[0]))
            watch.step(done == 0, preview)

        return seen

    def decoded(self, latents: Tensor, watch: Watch) -> Frames:
        """Return the frames of one clip's latents (4, f, h, w)."""
        return self._patiently(
            lambda chunk: pixels.decode(self.parts.vae, latents, chunk, watch.heed)
        )

    def finished(self, draft: Draft, watch: Watch) -> Frames:
        """Return a clip's frames, with the picture's detail where the checkpoint keeps it."""
        frames, strength = self.decoded(draft.latents, watch), draft.order.request.camera.strength
        if not self.parts.traits.restores or strength == 0.0:
            return frames
        base = draft.base.to(draft.latents)
        change = draft.latents - base
        recoded = self._recoded(base, frames, change, watch)
        apart = change.float().cpu().numpy()
        return detail.restore(frames, draft.moved, recoded, apart, strength)

    def _recoded(self, base: Tensor, frames: Frames, change: Tensor, watch: Watch) -> Frames:
        """Decode latents (4, f or 1, h, w), but for those that frames were decoded from."""
        changed = change.ne(0).any(dim=3).any(dim=2).any(dim=0)
        if len(changed) != base.shape[1]:
            return self.decoded(base, watch)
        recoded = frames.copy()
        if changed.any():
            recoded[changed.cpu().numpy()] = self.decoded(base[:, changed], watch)
        return recoded

    def _patiently(self, call: Callable[[int], T]) -> T:
        """Call, and again with fewer and fewer frames at a time until memory suffices."""
        chunk = self.chunk if self.levers.chunked_decode else 1
        while True:
            size = chunk
            try:
                return faults.twice(lambda: call(size), self.device)  # noqa: B023  # called at once
            except (RuntimeError, MemoryError) as error:
                if not faults.lacks_memory(error) or chunk == 1:
                    raise
                error.__traceback__ = None
            faults.release(self.device)
            chunk //= 2


def planned(request: GenerationRequest, row: PresetRow, times: Schedule, start: int) -> Plan:
    """Return how a preset samples a request."""
    low, high = (round(share * times.steps) for share in (row.guidance.low, row.guidance.high))
    if request.guidance <= 1.0:
        low = high = 0
    solver = SOLVERS[row.scheduler](times)
    return Plan(times, solver, request.guidance, (low, high), row.reuse, start)


def _opening(ready: Ready, times: Schedule) -> Tensor:
    """Return where denoising starts: noise alone, or the moved picture under noise."""
    steered = ready.steering
    if steered.opening is None:
        return ready.noise
    level = times.levels[steered.start]
    return level.signal * steered.opening + level.noise * ready.noise
