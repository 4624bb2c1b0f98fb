"""When memory runs out in mid-clip, the clip is finished all the same, and people are told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gpu_worker.engine.api import OutOfMemory, Result
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.memory.out_of_memory import is_out_of_memory
from storage.domain.request import GenerationRequest

from .conftest import Order

STEPS = 4


def make(engine: I2VGenXL, request: GenerationRequest, canvas: Canvas) -> Result:
    """Make a clip without watching."""
    return engine.generate(request, canvas, lambda _progress, _preview: None, lambda: False)


@contextmanager
def failing(where: I2VGenXL | torch.nn.Module, when: Callable[[int, Any], bool]) -> Iterator[None]:
    """Let passes of the net, or of a part, lack memory: when gets the pass's number and sample."""
    passes = [0]

    def fail(_module: torch.nn.Module, given: tuple[Any, ...]) -> None:
        passes[0] += 1
        if when(passes[0], given[0] if given else None):
            raise torch.OutOfMemoryError("injected")

    module = where.pipeline.unet if isinstance(where, I2VGenXL) else where
    hook = module.register_forward_pre_hook(fail)
    try:
        yield
    finally:
        hook.remove()


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_step_that_fails_once_changes_no_byte(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order, step: int
) -> None:
    undisturbed = make(moved_engine, order(), canvas)
    with failing(moved_engine, lambda number, _: number == step):
        result = make(moved_engine, order(), canvas)
    assert np.array_equal(result.frames, undisturbed.frames)
    assert result.adjustments == ()


def test_failures_at_every_step_change_no_byte(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    undisturbed = make(moved_engine, order(), canvas)
    with failing(moved_engine, lambda number, _: number % 2 == 1):
        result = make(moved_engine, order(), canvas)
    assert np.array_equal(result.frames, undisturbed.frames)


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (1, ["adjusted_slices"]),
        (3, ["adjusted_slices"]),
        (2, ["adjusted_slices", "adjusted_halves"]),
    ],
)
def test_rungs_that_change_no_number_give_the_undisturbed_clip(
    moved_engine: I2VGenXL,
    canvas: Canvas,
    order: Order,
    step: int,
    told: list[str],
) -> None:
    undisturbed = make(moved_engine, order(), canvas)
    with failing(moved_engine, lambda number, _: step <= number < step + 1 + len(told)):
        result = make(moved_engine, order(), canvas)
    assert [one.key for one in result.adjustments] == told
    difference = result.frames.astype(int) - undisturbed.frames.astype(int)
    assert np.abs(difference).max() <= 1


def test_bytes_as_weights_stay_near_the_undisturbed_clip_and_do_not_last(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    undisturbed = make(moved_engine, order(), canvas)
    with failing(moved_engine, lambda number, _: number <= STEPS):
        result = make(moved_engine, order(), canvas)
    assert result.adjustments[-1].key == "adjusted_eight_bit"
    difference = result.frames.astype(float) - undisturbed.frames.astype(float)
    assert np.abs(difference).mean() < 2.0
    assert np.array_equal(make(moved_engine, order(), canvas).frames, undisturbed.frames)


def test_the_last_rung_is_a_smaller_clip(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    large = Canvas(canvas.source, canvas.window, (128, 128))
    with failing(moved_engine, lambda _, sample: sample.shape[-1] > 24):
        result = make(moved_engine, order(width=128, height=128), large)
    assert result.frames.shape == (4, 96, 96, 3)
    adjustment = result.adjustments[-1]
    assert adjustment.key == "adjusted_smaller"
    assert dict(adjustment.parameters) == {"width": "96", "height": "96"}


def test_no_memory_at_all_is_said_to_be_so(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    with failing(moved_engine, lambda _number, _sample: True), pytest.raises(OutOfMemory):
        make(moved_engine, order(), canvas)


def test_any_other_error_is_not_swallowed(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order
) -> None:
    def fail(_module: torch.nn.Module, _given: tuple[Any, ...]) -> None:
        raise RuntimeError("something else")

    hook = moved_engine.pipeline.unet.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="something else"):
        make(moved_engine, order(), canvas)
    hook.remove()


def test_a_lack_of_memory_is_told_from_other_errors() -> None:
    assert is_out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))
    assert is_out_of_memory(RuntimeError("DefaultCPUAllocator: can't allocate memory"))
    assert is_out_of_memory(MemoryError())
    assert not is_out_of_memory(RuntimeError("shape mismatch"))
    assert not is_out_of_memory(ValueError("out of memory"))


PLACES: dict[str, Callable[[I2VGenXL], torch.nn.Module]] = {
    "encode": lambda engine: engine.pipeline.components.vae.encoder,
    "text": lambda engine: engine.pipeline.components.text_encoder,
    "picture": lambda engine: engine.pipeline.components.image_encoder,
    "decode": lambda engine: engine.pipeline.components.vae.decoder,
}
"""Where a clip needs memory outside of its steps."""


@pytest.mark.parametrize("place", list(PLACES))
def test_a_lack_outside_of_the_steps_that_passes_changes_no_byte(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order, place: str
) -> None:
    undisturbed = make(moved_engine, order(), canvas)
    with failing(PLACES[place](moved_engine), lambda number, _: number == 1):
        result = make(moved_engine, order(), canvas)
    assert np.array_equal(result.frames, undisturbed.frames)
    assert result.adjustments == ()


@pytest.mark.parametrize("place", ["encode", "decode"])
def test_fewer_frames_at_once_give_the_same_clip(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order, place: str
) -> None:
    undisturbed = make(moved_engine, order(), canvas)
    with failing(PLACES[place](moved_engine), lambda _, batch: len(batch) > 1):
        result = make(moved_engine, order(), canvas)
    difference = result.frames.astype(int) - undisturbed.frames.astype(int)
    assert np.abs(difference).max() <= 1
    assert result.adjustments == ()


@pytest.mark.parametrize("place", list(PLACES))
def test_a_lack_outside_of_the_steps_that_lasts_makes_the_clip_smaller(
    moved_engine: I2VGenXL, canvas: Canvas, order: Order, place: str
) -> None:
    large = Canvas(canvas.source, canvas.window, (96, 96))
    with failing(PLACES[place](moved_engine), lambda number, _: number <= FAILURES[place]):
        result = make(moved_engine, order(width=96, height=96), large)
    assert [one.key for one in result.adjustments] == ["adjusted_smaller"]
    assert result.frames.shape[1] < 96


FAILURES = {"encode": 6, "text": 2, "picture": 2, "decode": 6}
"""How often a place has to fail until nothing but size is left: twice for each chunk of frames."""


LIMITED = """
import resource, sys
from dataclasses import replace
from pathlib import Path
import numpy as np, torch
torch.set_num_threads(1)
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.loading import EngineOptions
from gpu_worker.media.picture import Canvas
from storage.catalogue_file import load_catalogue
from storage.domain.camera.motion import Camera, Motion
from storage.domain.request import GenerationRequest
engine = I2VGenXL(sys.argv[1], "tiny", load_catalogue().presets, EngineOptions(device="cpu"))
engine.load()
def clip(side):
    picture = np.full((side, side, 3), 90, np.uint8)
    canvas = Canvas(picture, (0.0, 0.0, float(side), float(side)), (side, side))
    request = GenerationRequest(picture="x", prompt="hold still", model="tiny", width=side,
        height=side, frames=8, fps=8, steps=2, guidance=4.0, seed=1, camera=Camera(Motion.STATIC))
    return engine.generate(request, canvas, lambda *_: None, lambda: False)
clip(64)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 160 * 2**20, resource.RLIM_INFINITY))
result = clip(512)
print(result.frames.shape[1], ",".join(one.key for one in result.adjustments))
"""


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_real_limit_of_the_memory_is_survived(moved_like: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(moved_like)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    side, told = done.stdout.strip().splitlines()[-1].split(" ")
    assert "adjusted" in told
    assert int(side) <= 512
