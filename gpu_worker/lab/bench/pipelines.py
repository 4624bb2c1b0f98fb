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
from gpu_worker.models.i2vgen_xl import autoencoder as pixels
from gpu_worker.models.i2vgen_xl import device as choosing
from gpu_worker.models.i2vgen_xl.checkpoint.locate import traits
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.memory import estimator as memory
from gpu_worker.models.i2vgen_xl.memory.fallback import Ladder
from gpu_worker.models.i2vgen_xl.optimizations import Levers
from gpu_worker.models.i2vgen_xl.pipeline import Order
from gpu_worker.models.i2vgen_xl.progress_tracker import Watch
from gpu_worker.models.i2vgen_xl.sampling.denoise import Thrift
from gpu_worker.models.i2vgen_xl.setup import Setup
from gpu_worker.models.i2vgen_xl.unet.conditions import Conditions
from gpu_worker.models.i2vgen_xl.unet.unet import Deep
from storage.catalogue_file import load_catalogue
from storage.domain.camera.motion import Camera, Motion, Reading
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
        return replace(plain, **changes)


def picture(shape: Shape) -> Canvas:
    """Draw a soft scene at the clip's own size, so that both sides see the same pixels."""
    across, down = np.meshgrid(np.linspace(0, 6, shape.width), np.linspace(0, 6, shape.height))
    waves = [np.sin(across * rate + down * (3 - rate)) for rate in (0.7, 1.3, 2.1)]
    scene = ((np.stack(waves, axis=-1) + 1) * 127.5).astype(np.uint8)
    size = (shape.width, shape.height)
    return Canvas(scene, (0.0, 0.0, float(shape.width), float(shape.height)), size)


def engine(
    folder: Path, device: torch.device, dtype: str, levers: Levers, attention: str = "auto"
) -> I2VGenXL:
    """Return a loaded engine that treats any checkpoint as the stock pipeline does."""
    setup = Setup(str(device), dtype, attention, levers)
    made = I2VGenXL(str(folder), "benchmark", load_catalogue().presets, setup)
    made.load()
    parts = made.maker.parts
    # The stock pipeline knows of no moved picture; both sides then do the same work.
    parts.traits = replace(parts.traits, moved=False, scale=0.0)
    return made


def clip(
    made: I2VGenXL, shape: Shape, preset: Preset, saving: memory.Saving = memory.Saving.NONE
) -> Frames:
    """Make a whole clip with the engine, without the scores that the stock pipeline has not."""
    finished = latents(made, shape, preset, saving)
    watch = Watch(lambda _progress, _preview: None, lambda: False, shape.steps)
    with torch.inference_mode():
        return made.maker.decoded(finished, watch)


def made(engine: I2VGenXL, shape: Shape) -> Frames:
    """Make a whole clip as the worker does, with all that it does for memory."""
    request = shape.request(preset=Preset.EXACT)
    return engine.generate(request, picture(shape), lambda *_: None, lambda: False).frames


@torch.inference_mode()
def latents(
    made: I2VGenXL,
    shape: Shape,
    preset: Preset,
    saving: memory.Saving = memory.Saving.NONE,
    **changes: Any,
) -> Tensor:
    """Return the engine's finished latents (4, f, h, w)."""
    maker = made.maker
    request = shape.request(preset=preset, **changes)
    order = Order(request, picture(shape), Reading(Motion.ZOOM_OUT))
    watch = Watch(lambda _progress, _preview: None, lambda: False, shape.steps)
    ladder = Ladder(maker.unet, Thrift(), maker.device)
    ladder.foresee(saving)
    return maker.denoised([order], made.presets[preset], ladder, watch)[0].latents


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
    def load(cls, folder: Path, device: torch.device, levers: Levers, clock: meter.Clock) -> Pair:
        """Load both: in half precision on a GPU, in single precision on a processor."""
        dtype = "fp16" if device.type == "cuda" else "fp32"
        pipeline = stock.load(folder, device, choosing.dtype(dtype, device))
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
        parts = self.engine.maker.parts
        for module in (parts.vae, self.engine.maker.unet):
            cast(Any, module).to(own)
        torch.cuda.empty_cache()

    def least_memory(self, shape: Shape) -> float:
        """Return our peak with everything given up that keeps the size, over the stock peak."""
        turns = meter.take_turns(
            self.device,
            {
                "stock": self.calls(shape)["stock"],
                "least": lambda: clip(self.engine, shape, Preset.EXACT, memory.Saving.EIGHT_BIT),
            },
            1,
            seat=self.seat,
        )
        return turns.peak("least") / turns.peak("stock")

    def calls(self, shape: Shape) -> dict[str, Callable[[], Any]]:
        """Return what takes turns: a whole clip each, in the stock way and by each preset."""
        seen, skip = picture(shape).fitted, traits(self.folder).skipped
        calls: dict[str, Callable[[], Any]] = {
            "stock": lambda: stock.clip(self.pipeline, shape.request(), seen, skip)
        }
        for preset in Preset:
            calls[preset.value] = partial(clip, self.engine, shape, preset)
        return calls


def operations(pair: Pair, shape: Shape) -> float:
    """Count the floating-point operations of the stock pipeline's denoising of a clip."""
    seen, skip = picture(shape).fitted, traits(pair.folder).skipped
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
    plain = engine(pair.folder, pair.device, pair.dtype, Levers().without("fused_gate"))
    maker, context = plain.maker, cast(Any, plain.maker.parts.unet.config).cross_attention_dim
    across = pixels.factor(maker.parts.vae)
    size = (1, 4, shape.frames, shape.height // across, shape.width // across)
    sample = torch.zeros(size, device=pair.device, dtype=maker.parts.unet.dtype)
    text, image = sample.new_zeros(1, 8, context), sample.new_zeros(1, 1, context)
    times = torch.tensor([500], device=pair.device)
    ready = maker.unet.prepare(Conditions(text, image, sample, 8), times)
    deep = Deep()
    given = (sample, ready.features, ready.table[0], ready.memories, deep)
    whole = meter.operations(lambda: maker.unet(*given))
    deep.prime(fresh=False, rows=shape.frames)
    return meter.operations(lambda: maker.unet(*given)) / whole
