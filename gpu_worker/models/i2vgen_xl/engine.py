"""The I2VGen-XL engine: loads a checkpoint of its classes and makes clips with it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import torch

from gpu_worker.engine.api import Cancelled, OnProgress, OutOfMemory, Result
from gpu_worker.media.frames import Frames
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl import batch_width as sharing
from gpu_worker.models.i2vgen_xl import candidates, conditioning
from gpu_worker.models.i2vgen_xl import device as choosing
from gpu_worker.models.i2vgen_xl.candidates import Scored, listed
from gpu_worker.models.i2vgen_xl.checkpoint import loading
from gpu_worker.models.i2vgen_xl.checkpoint import locate as checkpoint
from gpu_worker.models.i2vgen_xl.checkpoint.nearest import nearest_in
from gpu_worker.models.i2vgen_xl.memory import estimator as memory
from gpu_worker.models.i2vgen_xl.memory import footprints
from gpu_worker.models.i2vgen_xl.memory import out_of_memory as faults
from gpu_worker.models.i2vgen_xl.memory.fallback import Ladder, Smaller, rest
from gpu_worker.models.i2vgen_xl.memory.footprints import Kind
from gpu_worker.models.i2vgen_xl.memory.shrinking import smaller
from gpu_worker.models.i2vgen_xl.pipeline import Maker, Order
from gpu_worker.models.i2vgen_xl.progress_tracker import Watch
from gpu_worker.models.i2vgen_xl.sampling import steering
from gpu_worker.models.i2vgen_xl.sampling.denoise import Thrift
from gpu_worker.models.i2vgen_xl.setup import Setup
from gpu_worker.models.i2vgen_xl.unet import compilation as compiling
from gpu_worker.models.i2vgen_xl.unet import upsampling as doubling
from gpu_worker.models.i2vgen_xl.unet.compilation import Regions
from gpu_worker.models.i2vgen_xl.unet.unet import UNet
from gpu_worker.models.i2vgen_xl.warming import smallest
from storage.domain.camera.motion import Reading
from storage.domain.catalogue import PresetRow
from storage.domain.clip import Adjustment
from storage.domain.progress import Progress, Stage
from storage.domain.request import GenerationRequest, Preset

__all__ = ["I2VGenXL", "Setup"]

SMALLEST = 64
"""No side is made smaller than this when memory runs out."""


class I2VGenXL:
    """Makes clips with the embedded checkpoint, the full one, or any other of these classes."""

    def __init__(
        self, source: str, name: str, presets: Mapping[Preset, PresetRow], setup: Setup
    ) -> None:
        """Remember what to load; nothing is read before load."""
        self.source = source
        self.name = name
        self.presets = presets
        self.setup = setup
        self.torch_device = choosing.device(setup.device)
        self.device = str(self.torch_device)
        self._nearest: Callable[[str], Reading | None] = lambda _prompt: None
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="previews")
        self._likeness: candidates.Likeness | None = None
        self._maker: Maker | None = None
        self._decoding: float | None = None  # seconds a pixel of a frame
        self.regions: Regions | None = None

    def load(self) -> None:
        """Bring the weights to the device; raise FileNotFoundError where there are none."""
        self._fetch()
        if self.torch_device.type == "cuda":
            self.warm_up()

    def _fetch(self) -> None:
        folder = checkpoint.locate(self.source)
        on, levers = self.torch_device, self.setup.levers
        with torch.inference_mode():
            parts = loading.load(folder, on, choosing.dtype(self.setup.dtype, on))
            if levers.short_text:
                conditioning.shorten(parts)
            kernels = choosing.attention(
                self.setup.attention if levers.attention else "sdpa", on, parts.unet.dtype
            )
            if levers.channels_last:
                cast(Any, parts.vae).to(memory_format=torch.channels_last)
            if levers.doubling:
                doubling.settle(parts.vae)
            unet = UNet(parts.unet, kernels, levers).eval()
            unet.slice(rest(on))
            if levers.compiled and on.type == "cuda":
                regions = [*unet.layers(), unet.entry]
                self.regions = Regions(regions, compiling.folder_of(on), self.setup.patient)
        self._nearest = nearest_in(folder)
        if self.setup.judge:
            self._likeness = candidates.clip_likeness(Path(self.setup.judge), on)
        self._maker = Maker(parts, unet, levers, on, self._pool)

    def warm_up(self) -> None:
        """Make the smallest clip's first step, so that the first person does not wait for it."""
        side = max(SMALLEST, self.setup.multiple)
        first = [0]

        def on_progress(progress: Progress, _preview: bytes | None) -> None:
            first[0] = progress.step

        # Nobody asks for this shape, so that nothing is compiled for it.
        with suppress(Cancelled, OutOfMemory), torch.compiler.set_stance("force_eager"):
            self.generate(*smallest(self.name, side), on_progress, lambda: first[0] >= 1)

    @torch.inference_mode()
    def generate(
        self,
        request: GenerationRequest,
        canvas: Canvas,
        on_progress: OnProgress,
        should_stop: Callable[[], bool],
    ) -> Result:
        """Make the clip, the best of its candidates.

        Raises Cancelled within one step, OutOfMemory below the ladder's last rung.
        """
        if self._maker is None:
            on_progress(Progress(Stage.LOADING, 0, request.steps), None)
            self._fetch()
        reading = steering.read(request, self._nearest)
        after, steps = self.decoding(request), request.steps
        watch = Watch(on_progress, should_stop, steps, request.candidates, after)
        orders = [
            Order(replace(request, seed=seed), canvas, reading)
            for seed in candidates.seeds(request)
        ]
        scored: list[Scored] = []
        told: dict[str, Adjustment] = {}
        made = self._made(orders, self._width(orders, watch), watch)
        for order, (frames, adjustments) in zip(orders, made, strict=True):
            told |= {adjustment.key: adjustment for adjustment in adjustments}
            scored.append(self.scored(frames, order.request, canvas, reading))
        best = candidates.best(scored)
        notes, scores = tuple(told.values()), listed(scored, best)
        return Result(best.frames, best.seed, reading.motion, notes, scores)

    def _width(self, orders: Sequence[Order], watch: Watch) -> int:
        """Return how many of these clips to make at once, as it was measured to pay here."""
        request = orders[0].request
        most = sharing.most(
            len(orders), lambda clips: self.saving(request, clips) is memory.Saving.NONE
        )
        row = self.presets[request.preset]
        return sharing.width(self.maker, orders[:most], row, self.torch_device, watch)

    def _made(
        self, orders: Sequence[Order], width: int, watch: Watch
    ) -> Iterator[tuple[Frames, list[Adjustment]]]:
        """Make clips in shared passes, and one by one where memory does not suffice for that."""
        for group in (orders[first : first + width] for first in range(0, len(orders), width)):
            shared = self._shared(group, watch) if len(group) > 1 else None
            if shared is not None:
                yield from ((frames, []) for frames in shared)
            else:
                yield from (self._surely(order, watch) for order in group)

    def _shared(self, orders: Sequence[Order], watch: Watch) -> list[Frames] | None:
        """Make clips in shared passes; return None where memory does not suffice."""
        watch.begin(len(orders))
        try:
            return self._once(orders, sharing.steep(self.maker, self.torch_device), watch)
        except Smaller:
            watch.restart()
            return None

    def scored(
        self, frames: Frames, request: GenerationRequest, canvas: Canvas, reading: Reading
    ) -> Scored:
        """Judge a clip by its picture, its motion and, where there is one, the judge."""
        size = (frames.shape[2], frames.shape[1])
        picture = Canvas(canvas.source, canvas.window, size).fitted
        fits = self._likeness(frames, request.prompt) if self._likeness else None
        return candidates.score(frames, request.seed, picture, reading.motion, fits)

    def _surely(self, order: Order, watch: Watch) -> tuple[Frames, list[Adjustment]]:
        """Make the clip, at a smaller size where nothing else helps."""
        watch.begin()
        ladder = Ladder(self.maker.unet, Thrift(), self.torch_device)
        try:
            while True:
                try:
                    self._foresee(order.request, ladder)
                    return self._once([order], ladder, watch)[0], ladder.told
                except Smaller:
                    order = smaller(order, self.setup.multiple, SMALLEST)
                    ladder.shrunk_to(order.request.width, order.request.height)
                    watch.restart()
        finally:
            self._restore(ladder)

    def _foresee(self, request: GenerationRequest, ladder: Ladder) -> None:
        """Give up beforehand what will not fit; raise Smaller where nothing fits."""
        saving = self.saving(request)
        if saving is None:
            raise Smaller
        ladder.foresee(saving)

    def saving(self, request: GenerationRequest, clips: int = 1) -> memory.Saving | None:
        """Return what must be given up so that so many clips fit, None where nothing helps."""
        estimator = self._estimator()
        room = memory.room(self.torch_device, estimator.weights.lasting)
        if self.torch_device.type == "cpu" and not estimator.measured():
            room = None  # what was calculated holds for GPUs
        if self.setup.memory_gib:
            room = min(room or math.inf, self.setup.memory_gib * memory.GIB)
        if room is None:
            return memory.Saving.NONE
        return estimator.choose(clips * _pixels(request), request.guidance > 1.0, room)

    def _estimator(self) -> memory.Estimator:
        """Return what knows how much memory a clip of this checkpoint needs here."""
        unet, parts = self.maker.unet, self.maker.parts
        kind = Kind.of(unet.stock, self.torch_device, unet.stock.dtype)
        encoders = memory.weigh([parts.text_encoder, parts.image_encoder])
        weights = memory.Weights(memory.weigh([unet, parts.vae]), encoders)
        return memory.Estimator(kind, weights, footprints.load())

    def _once(self, orders: Sequence[Order], ladder: Ladder, watch: Watch) -> list[Frames]:
        maker, row = self.maker, self.presets[orders[0].request.preset]
        try:
            with self.compiled(orders[0].request, len(orders)):
                drafts = maker.denoised(orders, row, ladder, watch)
            watch.enter(Stage.DECODING)
            began = time.monotonic()
            frames = [maker.finished(draft, watch) for draft in drafts]
        except (RuntimeError, MemoryError) as error:
            # Outside of the steps there is nothing left to give up but size.
            if not faults.lacks_memory(error):
                raise
            error.__traceback__ = None
            faults.release(self.torch_device)
            raise Smaller from None
        self._decoding = (time.monotonic() - began) / (len(orders) * _pixels(orders[0].request))
        return frames

    def decoding(self, request: GenerationRequest) -> float | None:
        """Return how many seconds the decoding of such a clip takes, where one was decoded."""
        return None if self._decoding is None else self._decoding * _pixels(request)

    def compiled(self, request: GenerationRequest, clips: int) -> AbstractContextManager[None]:
        """Let the denoising of so many clips run compiled where that pays."""
        if self.regions is None:
            return nullcontext()
        return self.regions.running(compiling.shape_of(request, clips))

    def _restore(self, ladder: Ladder) -> None:
        """Take back what a clip had to give up, so that the next one starts afresh."""
        if ladder.spoiled:
            self._maker = None  # the next clip reads the weights again
        elif self._maker is not None:
            self._maker.unet.slice(rest(self.torch_device))

    @property
    def maker(self) -> Maker:
        """Return what makes the clips; its weights are read again where a clip spoiled them."""
        if self._maker is None:
            self._fetch()
        if self._maker is None:
            raise RuntimeError("the engine did not load")
        return self._maker


def _pixels(request: GenerationRequest) -> int:
    return request.width * request.height * request.frames
