"""When memory runs out while a clip is made, the clip is finished, and its result says how."""

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
from torch import nn

from gpu_worker.engine.api import OutOfMemory
from gpu_worker.media.frames import Frames
from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.memory.eight_bit import quantize
from gpu_worker.models.i2vgen_xl.memory.fallback import (
    GPU_SLICES,
    MemoryFallback,
    default_slices,
    smaller_size,
)
from gpu_worker.models.i2vgen_xl.memory.offload import offload
from tests.support.models import generate, load_engine

STEPS = 4
META = torch.device("meta")
"""Stands for a GPU: a device that takes no tensors of the host."""


@pytest.fixture(scope="module")
def undisturbed(moved_engine: I2VGenXL, canvas: Canvas) -> Frames:
    """Make the clip that no lack of memory disturbs."""
    return generate(moved_engine, canvas).array


@contextmanager
def failing(module: nn.Module, when: Callable[[int, Any], bool]) -> Iterator[None]:
    """Let a module's passes lack memory, chosen by their number (from 1) and first input."""
    passes = [0]

    def fail(_module: nn.Module, inputs: tuple[Any, ...]) -> None:
        passes[0] += 1
        if when(passes[0], inputs[0] if inputs else None):
            raise torch.OutOfMemoryError("injected")

    hook = module.register_forward_pre_hook(fail)
    try:
        yield
    finally:
        hook.remove()


@pytest.mark.parametrize("step", range(1, STEPS + 1))
def test_a_step_that_fails_once_changes_no_byte(
    moved_engine: I2VGenXL, canvas: Canvas, undisturbed: Frames, step: int
) -> None:
    with failing(moved_engine.pipeline.unet, lambda number, _: number == step):
        result = generate(moved_engine, canvas)
    assert np.array_equal(result.array, undisturbed)
    assert result.adjustments == ()


def test_failures_at_every_step_change_no_byte(
    moved_engine: I2VGenXL, canvas: Canvas, undisturbed: Frames
) -> None:
    with failing(moved_engine.pipeline.unet, lambda number, _: number % 2 == 1):
        result = generate(moved_engine, canvas)
    assert np.array_equal(result.array, undisturbed)


@pytest.mark.parametrize(
    ("step", "adjustments"),
    [
        (1, ["adjusted_slices"]),
        (3, ["adjusted_slices"]),
        (2, ["adjusted_slices", "adjusted_halves"]),
    ],
)
def test_steps_that_change_no_number_give_the_undisturbed_clip(
    moved_engine: I2VGenXL,
    canvas: Canvas,
    undisturbed: Frames,
    step: int,
    adjustments: list[str],
) -> None:
    failures = range(step, step + 1 + len(adjustments))
    with failing(moved_engine.pipeline.unet, lambda number, _: number in failures):
        result = generate(moved_engine, canvas)
    assert [one.key for one in result.adjustments] == adjustments
    assert np.abs(result.array.astype(int) - undisturbed).max() <= 1


def test_eight_bit_weights_stay_near_the_undisturbed_clip_and_do_not_last(
    moved_engine: I2VGenXL, canvas: Canvas, undisturbed: Frames
) -> None:
    with failing(moved_engine.pipeline.unet, lambda number, _: number <= STEPS):
        result = generate(moved_engine, canvas)
    assert result.adjustments[-1].key == "adjusted_eight_bit"
    assert np.abs(result.array.astype(float) - undisturbed).mean() < 2.0
    assert np.array_equal(generate(moved_engine, canvas).array, undisturbed)


def test_the_last_step_is_a_smaller_clip(moved_engine: I2VGenXL, canvas: Canvas) -> None:
    large = Canvas(canvas.source, canvas.window, (128, 128))
    with failing(moved_engine.pipeline.unet, lambda _, sample: sample.shape[-1] > 24):
        result = generate(moved_engine, large, width=128, height=128, steps=2)
    assert result.array.shape == (4, 96, 96, 3)
    adjustment = result.adjustments[-1]
    assert adjustment.key == "adjusted_smaller"
    assert dict(adjustment.parameters) == {"width": "96", "height": "96"}


@pytest.mark.parametrize(
    ("size", "multiple", "smaller"),
    [
        ((128, 128), 16, (96, 96)),
        ((704, 384), 64, (512, 256)),
        ((512, 512), 64, (384, 384)),
        ((192, 128), 64, (128, 64)),
    ],
)
def test_a_smaller_size_keeps_to_the_models_multiple(
    size: tuple[int, int], multiple: int, smaller: tuple[int, int]
) -> None:
    assert smaller_size(*size, multiple) == smaller


def test_no_size_is_below_the_least() -> None:
    with pytest.raises(OutOfMemory):
        smaller_size(512, 64, 64)


def test_no_memory_at_all_is_an_error(moved_engine: I2VGenXL, canvas: Canvas) -> None:
    unet = moved_engine.pipeline.unet
    with failing(unet, lambda _number, _sample: True), pytest.raises(OutOfMemory):
        generate(moved_engine, canvas)


def test_any_other_error_is_raised(moved_engine: I2VGenXL, canvas: Canvas) -> None:
    def fail(_module: nn.Module, _inputs: tuple[Any, ...]) -> None:
        raise RuntimeError("something else")

    hook = moved_engine.pipeline.unet.register_forward_pre_hook(fail)
    with pytest.raises(RuntimeError, match="something else"):
        generate(moved_engine, canvas)
    hook.remove()


MODULES: dict[str, Callable[[I2VGenXL], nn.Module]] = {
    "encode": lambda engine: engine.pipeline.components.vae.encoder,
    "text": lambda engine: engine.pipeline.components.text_encoder,
    "picture": lambda engine: engine.pipeline.components.image_encoder,
    "decode": lambda engine: engine.pipeline.components.vae.decoder,
}
"""What needs memory outside of the denoising steps."""


@pytest.mark.parametrize("name", list(MODULES))
def test_a_passing_lack_outside_of_the_steps_changes_no_byte(
    moved_engine: I2VGenXL, canvas: Canvas, undisturbed: Frames, name: str
) -> None:
    with failing(MODULES[name](moved_engine), lambda number, _: number == 1):
        result = generate(moved_engine, canvas)
    assert np.array_equal(result.array, undisturbed)
    assert result.adjustments == ()


@pytest.mark.parametrize("name", ["encode", "decode"])
def test_fewer_frames_at_once_give_the_same_clip(
    moved_engine: I2VGenXL, canvas: Canvas, undisturbed: Frames, name: str
) -> None:
    with failing(MODULES[name](moved_engine), lambda _, batch: len(batch) > 1):
        result = generate(moved_engine, canvas)
    assert np.abs(result.array.astype(int) - undisturbed).max() <= 1
    assert result.adjustments == ()


@pytest.mark.parametrize(
    ("name", "failures"), [("encode", 6), ("text", 3), ("picture", 3), ("decode", 6)]
)
def test_a_lasting_lack_outside_of_the_steps_makes_the_clip_smaller(
    moved_engine: I2VGenXL, canvas: Canvas, name: str, failures: int
) -> None:
    # Each call is tried twice, those of several frames with fewer and fewer, an encoder's once more
    # on the host.
    large = Canvas(canvas.source, canvas.window, (96, 96))
    with failing(MODULES[name](moved_engine), lambda number, _: number <= failures):
        result = generate(moved_engine, large, width=96, height=96, steps=2)
    assert [one.key for one in result.adjustments] == ["adjusted_smaller"]
    assert result.array.shape[1] < 96


@torch.inference_mode()
def test_offloaded_layers_can_be_quantized() -> None:
    layer = nn.Linear(64, 128)
    offloaded = offload([layer], META)
    quantize(layer)
    for modules in offloaded:
        modules.refresh()
    assert layer(torch.ones(2, 64, device=META)).device == META
    assert {tensor.device.type for tensor in layer.state_dict().values()} == {"cpu"}


def test_nothing_is_compiled_for_weights_that_do_not_last(still_checkpoint: Path) -> None:
    unet = load_engine(still_checkpoint).pipeline.unet
    for layer in unet.layers():
        layer.compile(backend="eager")
    MemoryFallback(unet, torch.device("cpu")).quantize()
    assert all(layer._compiled_call_impl is None for layer in unet.layers())


LIMITED = """
import resource, sys
from pathlib import Path
import numpy as np, torch
torch.set_num_threads(1)
from gpu_worker.media.picture import Canvas
from tests.support.models import generate, load_engine
engine = load_engine(Path(sys.argv[1]))
def clip(side):
    picture = np.full((side, side, 3), 90, np.uint8)
    canvas = Canvas(picture, (0.0, 0.0, float(side), float(side)), (side, side))
    return generate(engine, canvas, prompt="hold still", width=side, height=side, frames=8, steps=2)
clip(64)
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 160 * 2**20, resource.RLIM_INFINITY))
result = clip(512)
print(result.array.shape[1], ",".join(one.key for one in result.adjustments))
"""


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_real_limit_of_the_memory_is_survived(moved_checkpoint: Path) -> None:
    command = [sys.executable, "-c", LIMITED, str(moved_checkpoint)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    side, adjustments = done.stdout.strip().splitlines()[-1].split(" ")
    assert "adjusted" in adjustments
    assert int(side) <= 512


def test_compiled_code_is_not_sliced_while_there_is_memory() -> None:
    cuda, cpu = torch.device("cuda"), torch.device("cpu")
    assert default_slices(cuda, compiled=False) == GPU_SLICES > 1
    assert default_slices(cuda, compiled=True) == default_slices(cpu, compiled=False) == 1
