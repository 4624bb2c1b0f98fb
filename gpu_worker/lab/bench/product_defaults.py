"""What people get: the product's default clip beside the stock pipeline's own default clip."""

from __future__ import annotations

import gc
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from gpu_worker.lab.bench.clip_shape import ClipShape
from gpu_worker.lab.bench.stock_pipeline import StockPipeline
from gpu_worker.lab.bench.timing import Clock, alternate
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.hardware.device import resolve_dtype
from storage.domain.camera.motion import Camera
from storage.domain.catalogue import Model
from storage.domain.prompt.reading import with_reading
from storage.domain.request import GenerationRequest

PROMPT = "the camera slowly zooms in on a boat"
STOCK_STEPS = 50
"""What diffusers' pipeline takes where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class DefaultsResult:
    """Seconds and peak bytes of two default clips; sizes are width x height x frames."""

    model: str
    size: str
    steps: int
    seconds: float
    stock_size: str
    stock_seconds: float
    peak_vs_stock: float

    def markdown(self) -> list[str]:
        """Return a paragraph."""
        return [
            f"With every option left out, and a prompt that names a camera motion, a clip of "
            f"`{self.model}` ({self.size}, {self.steps} steps) takes {self.seconds:.1f} s from its "
            f"picture to its last frame. The stock pipeline with its own defaults "
            f"({self.stock_size}, {STOCK_STEPS} steps) takes {self.stock_seconds:.1f} s; the "
            f"peak of memory is {self.peak_vs_stock:.2f} times the stock pipeline's.",
            "",
        ]

    def as_json(self) -> dict[str, object]:
        """Return the fields by name."""
        return asdict(self)


def default_request(model: Model, size: tuple[int, int]) -> GenerationRequest:
    """Return the request of a picture of a size, as it is admitted with all options left out."""
    defaults = model.defaults
    width, height = model.size(defaults.resolution, size)
    return with_reading(
        GenerationRequest(
            picture="benchmark",
            prompt=PROMPT,
            model=model.name,
            width=width,
            height=height,
            frames=defaults.frames,
            fps=defaults.fps,
            steps=defaults.steps,
            guidance=defaults.guidance,
            seed=8888,
            preset=defaults.preset,
            camera=Camera(strength=defaults.camera_strength),
            denoised=model.denoised(width, height, defaults.frames),
        )
    )


def measure_defaults(
    model: Model, folder: Path, device: torch.device, rounds: int, clock: Clock
) -> DefaultsResult:
    """Make both default clips alternately; the stock pipeline's has the size that is denoised."""
    picture = ClipShape(768, 768, 1).canvas().fitted
    request = default_request(model, (768, 768))
    window = (0.0, 0.0, 768.0, 768.0)
    canvas = Canvas(picture, window, (request.width, request.height))
    engine = I2VGenXL(str(folder), name=model.name, device=str(device))
    engine.load()
    stock = StockPipeline(folder, device, resolve_dtype("auto", device))
    shape = request.denoised or request
    usual = ClipShape(shape.width, shape.height, shape.frames, STOCK_STEPS)
    timings = alternate(
        device,
        {
            "ours": partial(_whole_clip, engine, request, canvas),
            "stock": partial(stock.clip, usual),
        },
        rounds,
        clock,
    )
    del stock
    gc.collect()
    return DefaultsResult(
        model=model.name,
        size=ClipShape(request.width, request.height, request.frames).size,
        steps=request.steps,
        seconds=timings.median("ours"),
        stock_size=usual.size,
        stock_seconds=timings.median("stock"),
        peak_vs_stock=timings.peak("ours") / timings.peak("stock"),
    )


def _whole_clip(engine: I2VGenXL, request: GenerationRequest, canvas: Canvas) -> int:
    """Make a clip and render each of its frames; return the sum of one pixel over them."""
    result = engine.generate(request, canvas, lambda *_: None, lambda: False)
    return sum(int(np.asarray(frame)[0, 0, 0]) for frame in result.frames)
