"""The engine and the stock pipeline over the same weights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor

from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.stock_pipeline import StockPipeline
from gpu_worker.lab.bench.timing import Clock
from gpu_worker.media.frames import Frames
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.full_size import denoised_inputs
from gpu_worker.models.i2vgen_xl.hardware.device import resolve_dtype
from gpu_worker.models.i2vgen_xl.memory.estimator import MemoryMode
from gpu_worker.models.i2vgen_xl.memory.fallback import MemoryFallback
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from gpu_worker.models.i2vgen_xl.progress_tracker import ProgressTracker
from storage.domain.camera.motion import Motion, Reading
from storage.domain.catalogue import PresetRow
from storage.domain.request import Preset


@dataclass(frozen=True)
class PipelinePair:
    """Both pipelines, loaded from the same folder."""

    folder: Path
    device: torch.device
    clock: Clock
    stock: StockPipeline
    engine: I2VGenXL

    @classmethod
    def load(
        cls, folder: Path, device: torch.device, optimizations: Optimizations, clock: Clock
    ) -> PipelinePair:
        """Load both: in half precision on a GPU, in single precision on a CPU."""
        stock = StockPipeline(folder, device, resolve_dtype("auto", device))
        return cls(folder, device, clock, stock, load_engine(folder, device, optimizations))

    def move_to_device(self, name: str | None) -> None:
        """Leave only one pipeline's weights on a GPU, so that its peak is its own.

        name is `stock`, None for neither, or anything else for the engine.
        """
        if self.device.type != "cuda":
            return
        cpu = torch.device("cpu")
        self.stock.pipeline.to(self.device if name == "stock" else cpu)
        # The engine's weights were loaded in inference mode, and can be replaced in it alone.
        with torch.inference_mode():
            for module in (self.engine.pipeline.components.vae, self.engine.pipeline.unet):
                cast(Any, module).to(cpu if name in ("stock", None) else self.device)
        torch.cuda.empty_cache()


def load_engine(
    folder: Path,
    device: torch.device,
    optimizations: Optimizations,
    attention: str = "auto",
    **others: Any,
) -> I2VGenXL:
    """Return a loaded engine that treats any checkpoint as the stock pipeline does.

    others are further EngineOptions.
    """
    options: dict[str, Any] = {"attention": attention, "optimizations": optimizations}
    options = {"compiled_at_once": True, **options, **others}
    engine = I2VGenXL(str(folder), name="benchmark", device=str(device), **options)
    engine.load()
    components = engine.pipeline.components
    # The stock pipeline takes no moved picture; both then do the same work.
    components.traits = replace(components.traits, moved=False, residual_scale=0.0)
    return engine


@torch.inference_mode()
def engine_latents(
    engine: I2VGenXL,
    shape: ClipShape,
    preset: Preset,
    mode: MemoryMode = MemoryMode.NONE,
    row: PresetRow | None = None,
    **changes: Any,
) -> Tensor:
    """Return the engine's finished latents (4, f, h, w), sampled by row in the preset's place."""
    pipeline = engine.pipeline
    request = shape.request(preset=preset, **changes)
    inputs = denoised_inputs(request, shape.canvas(), Reading(Motion.ZOOM_OUT))
    fallback = MemoryFallback(pipeline.unet, pipeline.device)
    fallback.apply(mode)
    row = row or engine.presets[preset]
    return pipeline.denoise_clips([inputs], row, fallback, _tracker(shape))[0][1]


def engine_clip(
    engine: I2VGenXL, shape: ClipShape, preset: Preset, mode: MemoryMode = MemoryMode.NONE
) -> Frames:
    """Make a whole clip, without the scores that the stock pipeline does not compute."""
    latents = engine_latents(engine, shape, preset, mode)
    with torch.inference_mode():
        return engine.pipeline.decode(latents, _tracker(shape))


def _tracker(shape: ClipShape) -> ProgressTracker:
    return ProgressTracker(lambda _progress, _preview: None, lambda: False, shape.steps)
