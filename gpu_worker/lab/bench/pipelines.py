"""Subjects: the engine and the stock pipeline over the same weights, request and picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor

from gpu_worker.lab.bench import stock_pipeline as stock
from gpu_worker.lab.bench import timing as meter
from gpu_worker.media.frames import Frames
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.autoencoder import scale_factor
from gpu_worker.models.i2vgen_xl.checkpoint.traits import read_traits
from gpu_worker.models.i2vgen_xl.device import resolve_dtype
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.loading import EngineOptions
from gpu_worker.models.i2vgen_xl.memory.estimator import MemoryMode
from gpu_worker.models.i2vgen_xl.memory.fallback import MemoryFallback
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.pipeline import ClipInputs
from gpu_worker.models.i2vgen_xl.progress_tracker import ProgressTracker
from gpu_worker.models.i2vgen_xl.unet.conditioning import Conditioning
from gpu_worker.models.i2vgen_xl.unet.unet import DeepCache
from storage.catalogue_file import load_catalogue
from storage.domain.camera.motion import Camera, Motion, Reading
from storage.domain.prompt.reading import with_reading
from storage.domain.request import GenerationRequest, Preset


@dataclass(frozen=True)
class Shape:
    """The clip that everything is measured on."""

    width: int
    height: int
    frames: int
    steps: int = 50

    def request(self, **changes: Any) -> GenerationRequest:
        """Return the request with the stock pipeline's guidance and the camera off."""
        plain = GenerationRequest(
            picture="benchmark",
            prompt="a boat drifts on a lake while the camera slowly zooms in",
            negative_prompt="blurry, distorted",
            model="benchmark",
            width=self.width,
            height=self.height,
            frames=self.frames,
            fps=16,
            steps=self.steps,
            guidance=9.0,
            seed=8888,
            camera=Camera(strength=0.0),
        )
        return with_reading(replace(plain, **changes))


def picture(shape: Shape) -> Canvas:
    """Draw a soft scene at the clip's own size, so that both sides see the same pixels."""
    across, down = np.meshgrid(np.linspace(0, 6, shape.width), np.linspace(0, 6, shape.height))
    waves = [np.sin(across * rate + down * (3 - rate)) for rate in (0.7, 1.3, 2.1)]
    scene = ((np.stack(waves, axis=-1) + 1) * 127.5).astype(np.uint8)
    size = (shape.width, shape.height)
    return Canvas(scene, (0.0, 0.0, float(shape.width), float(shape.height)), size)


def engine(
    folder: Path, device: torch.device, dtype: str, levers: Optimizations, attention: str = "auto"
) -> I2VGenXL:
    """Return a loaded engine that treats any checkpoint as the stock pipeline does."""
    setup = EngineOptions(str(device), dtype, attention, levers)
    made = I2VGenXL(str(folder), "benchmark", load_catalogue().presets, setup)
    made.load()
    components = made.pipeline.components
    # The stock pipeline knows of no moved picture; both sides then do the same work.
    components.traits = replace(components.traits, moved=False, residual_scale=0.0)
    return made


def clip(
    made: I2VGenXL, shape: Shape, preset: Preset, saving: MemoryMode = MemoryMode.NONE
) -> Frames:
    """Make a whole clip with the engine, without the scores that the stock pipeline has not."""
    finished = latents(made, shape, preset, saving)
    tracker = ProgressTracker(lambda _progress, _preview: None, lambda: False, shape.steps)
    with torch.inference_mode():
        return made.pipeline.decode(finished, tracker)


def made(engine: I2VGenXL, shape: Shape) -> Frames:
    """Make a whole clip as the worker does, with all that it does for memory."""
    request = shape.request(preset=Preset.EXACT)
    return engine.generate(request, picture(shape), lambda *_: None, lambda: False).frames


@torch.inference_mode()
def latents(
    made: I2VGenXL,
    shape: Shape,
    preset: Preset,
    saving: MemoryMode = MemoryMode.NONE,
    **changes: Any,
) -> Tensor:
    """Return the engine's finished latents (4, f, h, w)."""
    own = made.pipeline
    request = shape.request(preset=preset, **changes)
    inputs = ClipInputs(request, picture(shape), Reading(Motion.ZOOM_OUT))
    tracker = ProgressTracker(lambda _progress, _preview: None, lambda: False, shape.steps)
    fallback = MemoryFallback(own.unet, own.device)
    fallback.apply(saving)
    return own.denoise_clips([inputs], made.presets[preset], fallback, tracker)[0].latents


@dataclass(frozen=True)
class Pair:
    """Both sides, loaded from the same folder."""

    folder: Path
    device: torch.device
    dtype: str
    pipeline: Any
    engine: I2VGenXL
    clock: meter.Clock

    @classmethod
    def load(
        cls, folder: Path, device: torch.device, levers: Optimizations, clock: meter.Clock
    ) -> Pair:
        """Load both: in half precision on a GPU, in single precision on a processor."""
        dtype = "fp16" if device.type == "cuda" else "fp32"
        pipeline = stock.load(folder, device, resolve_dtype(dtype, device))
        stock.settle(pipeline)
        own = engine(folder, device, dtype, levers)
        return cls(folder, device, dtype, pipeline, own, clock)

    def seat(self, name: str) -> None:
        """Let only one side's weights lie on the device, so that its peak is its own.

        name is `stock`, `nobody`, or anything else for our side.
        """
        if self.device.type != "cuda":
            return
        idle, busy = torch.device("cpu"), self.device
        self.pipeline.to(busy if name == "stock" else idle)
        own = idle if name in ("stock", "nobody") else busy
        components = self.engine.pipeline.components
        for module in (components.vae, self.engine.pipeline.unet):
            cast(Any, module).to(own)
        torch.cuda.empty_cache()

    def least_memory(self, shape: Shape) -> float:
        """Return our peak with everything given up that keeps the size, over the stock peak."""
        turns = meter.take_turns(
            self.device,
            {
                "stock": self.calls(shape)["stock"],
                "least": lambda: clip(self.engine, shape, Preset.EXACT, MemoryMode.EIGHT_BIT),
            },
            1,
            seat=self.seat,
        )
        return turns.peak("least") / turns.peak("stock")

    def calls(self, shape: Shape) -> dict[str, Callable[[], Any]]:
        """Return what takes turns: a whole clip each, in the stock way and by each preset."""
        seen, skip = picture(shape).fitted, read_traits(self.folder).clip_skip
        calls: dict[str, Callable[[], Any]] = {
            "stock": lambda: stock.clip(self.pipeline, shape.request(), seen, skip)
        }
        for preset in Preset:
            calls[preset.value] = partial(clip, self.engine, shape, preset)
        return calls


def operations(pair: Pair, shape: Shape) -> float:
    """Count the floating-point operations of the stock pipeline's denoising of a clip."""
    seen, skip = picture(shape).fitted, read_traits(pair.folder).clip_skip
    pair.seat("stock")

    def counted(steps: int) -> float:
        request = shape.request(steps=steps)
        return meter.operations(lambda: stock.latents(pair.pipeline, request, seen, skip))

    # The encoders run once per clip, so only what a step adds is multiplied.
    once = counted(1)
    return once + (shape.steps - 1) * (counted(2) - once)


def work(pair: Pair, shape: Shape, preset: Preset) -> float:
    """Return the share of the stock pipeline's forward passes that a preset still makes.

    A pass without guidance counts half, one with reused features by its own operations.
    """
    row = pair.engine.presets[preset]
    steps = max(2, round(shape.steps * row.steps))
    guided = round(row.guidance.high * steps) - round(row.guidance.low * steps)
    fresh = -(-steps // row.reuse)
    reused = reused_share(pair, shape) if row.reuse > 1 else 1.0
    passes = (steps + guided) / 2
    return passes * (fresh + reused * (steps - fresh)) / steps / shape.steps


@torch.inference_mode()
def reused_share(pair: Pair, shape: Shape) -> float:
    """Return the operations of a pass with reused features as a share of a whole one's."""
    # The fused products of a processor are not counted by PyTorch, so they are left off here.
    plain = engine(pair.folder, pair.device, pair.dtype, Optimizations().without("fused_gate"))
    own, context = (
        plain.pipeline,
        cast(Any, plain.pipeline.components.unet.config).cross_attention_dim,
    )
    across = scale_factor(own.components.vae)
    size = (1, 4, shape.frames, shape.height // across, shape.width // across)
    sample = torch.zeros(size, device=pair.device, dtype=own.components.unet.dtype)
    text, image = sample.new_zeros(1, 8, context), sample.new_zeros(1, 1, context)
    times = torch.tensor([500], device=pair.device)
    ready = own.unet.prepare(Conditioning(text, image, sample, 8), times)
    cache = DeepCache()
    given = (sample, ready.image_features, ready.time_table[0], ready.contexts, cache)
    whole = meter.operations(lambda: own.unet(*given))
    cache.prime(fresh=False, frames=shape.frames)
    return meter.operations(lambda: own.unet(*given)) / whole
