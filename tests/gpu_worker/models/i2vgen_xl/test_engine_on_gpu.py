"""On a fake GPU every preset makes its clip, and no step waits for the device."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import pytest
import torch
from safetensors import safe_open
from torch import Tensor

from gpu_worker.media.picture import Canvas
from gpu_worker.models.i2vgen_xl.checkpoint import component_loading
from gpu_worker.models.i2vgen_xl.engine import I2VGenXL
from gpu_worker.models.i2vgen_xl.sampling.solvers import DdimSolver, SolverState
from storage.domain.camera.motion import Camera
from storage.domain.request import Preset
from tests.support.fake_gpu import FakeGpu, fake_gpu
from tests.support.models import generate, load_engine


class CopiedWeights:
    """An open file of weights that are read on the host and copied to the device."""

    def __init__(self, file: Path, framework: str, device: str) -> None:
        self._file: Any = safe_open(file, framework=framework, device="cpu")
        self._device = device

    def __enter__(self) -> Self:
        self._file.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._file.__exit__(*error)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def get_tensor(self, name: str) -> Tensor:
        """Return a tensor on the device."""
        tensor: Tensor = self._file.get_tensor(name)
        return tensor.to(self._device)


@pytest.fixture(scope="module")
def gpu() -> Iterator[FakeGpu]:
    """Install a fake GPU, to which weights are copied from the host."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(component_loading, "safe_open", CopiedWeights)
        with fake_gpu(patch) as gpu:
            yield gpu


def load_on_gpu(folder: Path, dtype: str = "fp16") -> I2VGenXL:
    """Load an engine on the GPU."""
    return load_engine(folder, device="cuda", dtype=dtype, attention="sdpa")


@pytest.fixture(scope="module")
def engine(gpu: FakeGpu, still_checkpoint: Path) -> I2VGenXL:
    """Load the tiny checkpoint that takes the still picture."""
    return load_on_gpu(still_checkpoint)


def check_presets(engine: I2VGenXL, canvas: Canvas) -> None:
    """Make a clip with every preset; the encoders are on the device only while they are used."""
    for preset in Preset:
        assert generate(engine, canvas, preset=preset, steps=2).array.shape == (4, 64, 64, 3)
    parts = engine.pipeline.components
    assert {tensor.device.type for tensor in parts.text_encoder.parameters()} == {"cpu"}
    assert {tensor.device.type for tensor in parts.unet.parameters()} == {"cuda"}


def test_every_preset_makes_its_clip(engine: I2VGenXL, canvas: Canvas) -> None:
    check_presets(engine, canvas)


@pytest.mark.slow
def test_every_preset_makes_its_clip_in_bf16(
    gpu: FakeGpu, still_checkpoint: Path, canvas: Canvas
) -> None:
    check_presets(load_on_gpu(still_checkpoint, "bf16"), canvas)


@pytest.mark.slow
def test_a_camera_of_half_strength_works_too(
    gpu: FakeGpu, moved_checkpoint: Path, canvas: Canvas
) -> None:
    clip = generate(load_on_gpu(moved_checkpoint), canvas, camera=Camera(strength=0.5))
    assert clip.array.shape == (4, 64, 64, 3)


def test_maps_are_not_turned_for_kernels_that_turn_them_back(engine: I2VGenXL) -> None:
    convolution = engine.pipeline.components.vae.decoder.conv_in
    assert convolution.weight.is_contiguous()


def test_no_step_waits_for_the_device(
    gpu: FakeGpu, engine: I2VGenXL, canvas: Canvas, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waits() -> list[str]:
        gpu.waits.clear()
        generate(engine, canvas, camera=Camera(strength=0.0), steps=2)
        return [where for _, where in gpu.waits if "denoise" in where.split(" > ")]

    assert waits() == []
    step = DdimSolver.step

    def waiting_step(
        solver: DdimSolver, index: int, state: SolverState, output: torch.Tensor
    ) -> SolverState:
        float(output.sum())
        return step(solver, index, state, output)

    # A wait would be seen.
    monkeypatch.setattr(DdimSolver, "step", waiting_step)
    assert waits()


@pytest.mark.parametrize(
    ("failures", "given_up", "side"),
    [
        (5, ["slices", "halves", "offload", "eight_bit"], 96),
        (6, ["slices", "halves", "offload", "eight_bit", "smaller"], 72),
    ],
)
def test_a_clip_is_finished_whatever_was_given_up(
    engine: I2VGenXL, canvas: Canvas, failures: int, given_up: list[str], side: int
) -> None:
    passes = [0]

    def fail(*_given: Any) -> None:
        passes[0] += 1
        if passes[0] <= failures:
            raise torch.OutOfMemoryError("injected")

    hook = engine.pipeline.unet.register_forward_pre_hook(fail)
    large = replace(canvas, size=(96, 96))
    result = generate(engine, large, steps=2, width=96, height=96)
    hook.remove()
    keys = [adjustment.key for adjustment in result.adjustments]
    assert keys == [f"adjusted_{step}" for step in given_up]
    assert result.array.shape == (4, side, side, 3)
    # The next clip loads the weights again and gives up nothing.
    assert generate(engine, canvas, steps=2).adjustments == ()


def test_an_encoder_that_does_not_fit_beside_the_rest_runs_on_the_host(
    engine: I2VGenXL, canvas: Canvas
) -> None:
    parts = engine.pipeline.components
    places: list[str] = []

    def fail(_module: Any, given: Any) -> None:
        places.append(given[0].device.type)
        if places[-1] == "cuda":
            raise torch.OutOfMemoryError("injected")

    hooks = [
        encoder.register_forward_pre_hook(fail)
        for encoder in (parts.text_encoder, parts.image_encoder)
    ]
    result = generate(engine, canvas, steps=2)
    for hook in hooks:
        hook.remove()
    assert result.array.shape == (4, 64, 64, 3)
    assert result.adjustments == ()
    assert places == ["cuda", "cuda", "cpu"] * 2
