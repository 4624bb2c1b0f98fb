"""On a pretended GPU every preset makes its clip, and no step waits for the device."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from gpu_worker.engine.api import Result
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.checkpoint import components
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.optimizations import Optimizations
from storage.domain.camera.motion import Camera
from storage.domain.request import Preset

from .conftest import Order, engine_of
from .pretended import Gpu, pretended


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gpu]:
    """Let there be a GPU, to which weights are copied from the host."""

    def onto(file: Path, device: str) -> dict[str, Any]:
        return {name: tensor.to(device) for name, tensor in load_file(file, device="cpu").items()}

    monkeypatch.setattr(components, "load_file", onto)
    with pretended(monkeypatch) as gpu:
        yield gpu


def on_gpu(folder: Path, dtype: str = "fp16") -> I2VGenXL:
    """Return an engine on the GPU."""
    return engine_of(folder, device="cuda", dtype=dtype, attention="sdpa")


def make(engine: I2VGenXL, order: Order, canvas: Canvas, **changes: Any) -> Result:
    """Make a clip without watching."""
    return engine.generate(order(**changes), canvas, lambda *_told: None, lambda: False)


@pytest.mark.parametrize("dtype", ["fp16", pytest.param("bf16", marks=pytest.mark.slow)])
def test_every_preset_makes_its_clip(
    gpu: Gpu, stock_like: Path, order: Order, canvas: Canvas, dtype: str
) -> None:
    engine = on_gpu(stock_like, dtype)
    for preset in Preset:
        assert make(engine, order, canvas, preset=preset).frames.shape == (4, 64, 64, 3)
    components = engine.pipeline.components
    # The encoders were there only while they were used.
    assert {tensor.device.type for tensor in components.text_encoder.parameters()} == {"cpu"}
    assert {tensor.device.type for tensor in components.unet.parameters()} == {"cuda"}


@pytest.mark.slow
def test_a_camera_that_is_loose_works_too(
    gpu: Gpu, moved_like: Path, order: Order, canvas: Canvas
) -> None:
    loose = make(on_gpu(moved_like), order, canvas, camera=Camera(strength=0.5))
    assert loose.frames.shape == (4, 64, 64, 3)


def test_no_step_waits_for_the_device(
    gpu: Gpu, stock_like: Path, order: Order, canvas: Canvas
) -> None:
    def waits(engine: I2VGenXL) -> list[str]:
        gpu.waits.clear()
        make(engine, order, canvas, camera=Camera(strength=0.0))
        return [where for _, where in gpu.waits if "denoise >" in where]

    engine = on_gpu(stock_like)
    assert waits(engine) == []
    # The stock scheduler's step does, which shows that a wait would be seen.
    engine.pipeline.optimizations = Optimizations().without("scalar_steps")
    assert waits(engine)


def test_a_clip_goes_on_after_everything_but_its_size_was_given_up(
    gpu: Gpu, stock_like: Path, order: Order, canvas: Canvas
) -> None:
    engine, passes = on_gpu(stock_like), [0]

    def fail(*_given: Any) -> None:
        passes[0] += 1
        if passes[0] <= 5:
            raise torch.OutOfMemoryError("injected")

    engine.pipeline.unet.register_forward_pre_hook(fail)
    told = [note.key for note in make(engine, order, canvas).adjustments]
    assert told == [f"adjusted_{rung}" for rung in ("slices", "halves", "offload", "eight_bit")]
    # The next clip reads the weights again, and is told nothing.
    assert make(engine, order, canvas).adjustments == ()
